"""HAAQI-Net as published: the paper's design on our data, and its authors' checkpoints. Scoring with the
weights that are shipped imports nothing of it."""

from .beats import load_beats
from .net import PaperDimensions, PaperNet, start_net
from .official import OfficialAdapter, convert_official, load_official

__all__ = [
    "OfficialAdapter",
    "PaperDimensions",
    "PaperNet",
    "convert_official",
    "load_beats",
    "load_official",
    "start_net",
]
