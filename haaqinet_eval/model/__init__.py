"""HAAQI-Net in torch: front end, network, checkpoint."""

from .asking import describe_ear, score_times
from .auditory import AuditoryFrontEnd, band_losses
from .batch import judge_ears
from .beats import load_beats
from .checkpoint import (
    WEIGHTS,
    describe_source,
    find_device,
    load_model,
    model_version,
    read_metadata,
    save_model,
    sha256,
)
from .confidence import Judgement
from .hearing import Heard, Hearing
from .loss import HaaqiNetLoss
from .net import OUTPUTS, Dimensions, HaaqiNet, frame_times, join
from .official import convert_official, load_official
from .paper import PaperDimensions, PaperNet, start_net

__all__ = [
    "OUTPUTS",
    "WEIGHTS",
    "AuditoryFrontEnd",
    "Dimensions",
    "HaaqiNet",
    "HaaqiNetLoss",
    "Heard",
    "Hearing",
    "Judgement",
    "PaperDimensions",
    "PaperNet",
    "band_losses",
    "convert_official",
    "describe_ear",
    "describe_source",
    "find_device",
    "frame_times",
    "join",
    "judge_ears",
    "load_beats",
    "load_model",
    "load_official",
    "model_version",
    "read_metadata",
    "save_model",
    "score_times",
    "sha256",
    "start_net",
]
