"""HAAQI-Net in torch: front end, network, checkpoint. What reproduces the paper is in `model.paper`."""

from ..deprecated import old_names
from ..io.files import sha256
from .auditory import AuditoryFrontEnd, band_losses
from .checkpoint import (
    WEIGHTS,
    describe_source,
    find_device,
    load_model,
    model_version,
    read_metadata,
    save_model,
)
from .confidence import Prediction
from .dimensions import OUTPUTS, Dimensions
from .front_end import FrontEnd, FrontEndOutput
from .loss import HaaqiNetLoss
from .net import HaaqiNet, frame_times, join
from .network import Network

__getattr__ = old_names(__name__)

__all__ = [
    "OUTPUTS",
    "WEIGHTS",
    "AuditoryFrontEnd",
    "Dimensions",
    "FrontEnd",
    "FrontEndOutput",
    "HaaqiNet",
    "HaaqiNetLoss",
    "Network",
    "Prediction",
    "band_losses",
    "describe_source",
    "find_device",
    "frame_times",
    "join",
    "load_model",
    "model_version",
    "read_metadata",
    "save_model",
    "sha256",
]
