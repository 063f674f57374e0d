"""Score music for hearing-impaired listeners: HAAQI, exact and fast, and HAAQI-Net, reference-free."""

from . import deprecated
from .audiogram import Audiogram, Listener, read_listeners
from .errors import InputError, Unscorable
from .scorers import load_scorer
from .trials import Result, Stimulus, Trial

__version__ = "0.1.0"

deprecated.install()

__all__ = [
    "Audiogram",
    "InputError",
    "Listener",
    "Result",
    "Stimulus",
    "Trial",
    "Unscorable",
    "load_scorer",
    "read_listeners",
]
