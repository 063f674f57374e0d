"""What is odd about a score that pyclarity gives without a word."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from ..audio import rms
from ..errors import InputError
from ..io.names import plain_number
from .prepare import LENGTH_TOLERANCE, clock, is_finite

LOUDEST = 140.0  # dB SPL; no music is as loud, amplified or not
INAUDIBLE = "this ear hears nothing of the reference: its score is no judgement of the sound; see level1"
SHORTEST_SEGMENT = 2.1  # ms: half a segment holds the lags of the covariances, 1 ms
_HERE = tuple(str(Path(__file__).parents[1] / name) for name in ("haaqi", "hasqi", "haspi"))


class HaaqiWarning(UserWarning):
    """HAAQI, HASQI or HASPI gave a number that says little about the sound."""


def check_more_options(silence_threshold: float, add_noise: float, segment_covariance: float) -> None:
    """InputError for options of `haaqi_v1` and `hasqi_v2` that are no numbers or out of range."""
    if not is_finite(silence_threshold):
        raise InputError(f"silence_threshold {silence_threshold!r} dB SL is not a finite number")
    if not (is_finite(add_noise) and add_noise >= 0):
        raise InputError(f"add_noise {add_noise!r} dB is not a number from 0 on")
    if not (is_finite(segment_covariance) and segment_covariance >= SHORTEST_SEGMENT):
        told = f"segment_covariance {segment_covariance!r} ms is not a number from {SHORTEST_SEGMENT} on"
        raise InputError(told)


def inaudible(parts: Mapping[str, float]) -> bool:
    """Whether HAAQI or HASQI found nothing in the reference that the ear can hear."""
    return parts.get("nonlinear") == 0 and parts.get("bm_sync5") == 0


def doubts(
    reference: np.ndarray,
    rates: tuple[float, float],
    level1: float,
    parts: Mapping[str, float],
    seconds: tuple[float, float] | None = None,
) -> Iterator[str]:
    """What is odd about a score.

    Args:
        reference: [T], one ear.
        rates: Hz, of reference and processed signal.
        level1: dB SPL of RMS 1.
        parts: of the score.
        seconds: durations of reference and processed signal, where they may be far apart.
    """
    if seconds and abs(seconds[1] - seconds[0]) > LENGTH_TOLERANCE * seconds[0]:
        yield (
            f"the reference has {seconds[0]:.2f} s, the processed signal {seconds[1]:.2f} s: "
            "both are cut to the shorter, as pyclarity does, and the rest is not heard"
        )
    if clock(rates[0]) != clock(rates[1]):
        yield (
            f"reference at {plain_number(rates[0])} Hz, processed signal at {plain_number(rates[1])} Hz: "
            "rates are rounded to whole kHz, so they are compared at different tempos and the score is far "
            "too low; resample to one rate first, or use the package's Reference"
        )
    size = rms(np.asarray(reference))
    level = level1 + 20 * math.log10(size) if size > 0 else -math.inf
    if level > LOUDEST:
        yield (
            f"the reference plays at {level:.0f} dB SPL: its RMS is {size:.3g}, "
            f"level1 is {plain_number(level1)} dB SPL; give samples as fractions of full scale"
        )
    if inaudible(parts):
        yield INAUDIBLE


def warn_of(
    reference: np.ndarray,
    rates: tuple[float, float],
    level1: float,
    parts: Mapping[str, float],
    seconds: tuple[float, float] | None = None,
) -> None:
    """Warn of `doubts`, at the line that called one of these packages."""
    for doubt in doubts(reference, rates, level1, parts, seconds):
        warnings.warn(doubt, HaaqiWarning, stacklevel=_frames_of_ours())


def _frames_of_ours() -> int:
    """How many calls up the first one outside these packages is, as `stacklevel` counts for our caller."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_code.co_filename.startswith(_HERE):
        frame, level = frame.f_back, level + 1
    return level
