"""HAAQI-Net in torch: front end, network, checkpoint."""

from .auditory import AuditoryFrontEnd, band_losses
from .beats import load_beats
from .checkpoint import WEIGHTS, load_model, read_metadata, save_model, sha256
from .loss import HaaqiNetLoss
from .net import OUTPUTS, Dimensions, HaaqiNet, frame_times, join
from .official import convert_official, load_official

__all__ = [
    "OUTPUTS",
    "WEIGHTS",
    "AuditoryFrontEnd",
    "Dimensions",
    "HaaqiNet",
    "HaaqiNetLoss",
    "band_losses",
    "convert_official",
    "frame_times",
    "join",
    "load_beats",
    "load_model",
    "load_official",
    "read_metadata",
    "save_model",
    "sha256",
]
