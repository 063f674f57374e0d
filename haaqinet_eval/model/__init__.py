"""HAAQI-Net in torch: front end, network, checkpoint."""

from .auditory import AuditoryFrontEnd, band_losses
from .checkpoint import load_model, read_metadata, save_model, sha256
from .net import OUTPUTS, Dimensions, HaaqiNet, frame_times

__all__ = [
    "OUTPUTS",
    "AuditoryFrontEnd",
    "Dimensions",
    "HaaqiNet",
    "band_losses",
    "frame_times",
    "load_model",
    "read_metadata",
    "save_model",
    "sha256",
]
