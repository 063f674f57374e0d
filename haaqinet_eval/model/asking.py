"""What differs between networks when they are asked for a score: how an ear is told, when a frame is."""

from __future__ import annotations

import numpy as np

from ..audiogram import CLARITY_FREQUENCIES, Audiogram
from ..errors import InputError
from .auditory import HAAQI_FREQUENCIES, band_losses
from .net import HaaqiNet, frame_times
from .official import OfficialAdapter
from .paper import PaperNet

AnyNet = HaaqiNet | PaperNet | OfficialAdapter


def describe_ear(net: AnyNet, audiogram: Audiogram) -> np.ndarray:
    """A network's second input: the loss in 32 bands, [32] dB, or eight hearing levels, [8] dB HL.

    Raises:
        InputError: the audiogram lacks one of HAAQI's six frequencies; none is made up.

    >>> from .paper import PaperDimensions
    >>> describe_ear(PaperNet(PaperDimensions()), Audiogram.flat(40))
    array([40., 40., 40., 40., 40., 40., 40., 40.])
    """
    missing = [f for f in HAAQI_FREQUENCIES if f not in audiogram.frequencies]
    if missing:
        raise InputError(f"no level at {missing[0]:g} Hz, which HAAQI needs")
    if isinstance(net, HaaqiNet):
        return band_losses(audiogram)
    return np.array(audiogram.resample(CLARITY_FREQUENCIES).levels)


def score_times(net: AnyNet, count: int, seconds: float) -> np.ndarray:
    """Middle of each of a clip's frame scores, [count] s."""
    if isinstance(net, HaaqiNet):
        return frame_times(count, seconds)
    frame = net.seconds if isinstance(net, OfficialAdapter) else net.front_end.seconds
    return (np.arange(count) + 0.5) * frame
