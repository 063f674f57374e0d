"""HAAQI-Net in torch: front end, network, checkpoint."""

from .auditory import AuditoryFrontEnd, band_losses
from .beats import load_beats
from .checkpoint import load_model, read_metadata, save_model, sha256
from .net import OUTPUTS, Dimensions, HaaqiNet, frame_times, join
from .official import convert_official, load_official

__all__ = [
    "OUTPUTS",
    "AuditoryFrontEnd",
    "Dimensions",
    "HaaqiNet",
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
