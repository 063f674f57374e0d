"""Gains and levels on the scale of programme loudness (LUFS, ITU-R BS.1770-4).

The same steps as pyclarity's recipes for the ICASSP 2024 and CAD2 challenges
(`apply_gains`, `level_normalisation`, `adjust_level`). Signals are [T, 2] at Hz.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import Unscorable

SILENCE_LUFS = -80.0  # what the recipes take for a signal that is all below the gate
BLOCK = 0.4  # s, the shortest signal that has a loudness


def loudness(signal: np.ndarray, sample_rate: int) -> float:
    """Integrated loudness (LUFS); -80 for silence.

    Raises:
        Unscorable: `reference_too_short` for less than one gating block of 0.4 s.
    """
    import pyloudnorm

    if len(signal) < BLOCK * sample_rate:
        seconds = len(signal) / sample_rate
        raise Unscorable("reference_too_short", f"{seconds:.3f} s have no loudness; {BLOCK} s are needed")
    lufs = pyloudnorm.Meter(sample_rate).integrated_loudness(signal)
    return SILENCE_LUFS if lufs == -np.inf else float(lufs)


def _gain(from_lufs: float, to_lufs: float) -> np.float64:
    # The difference of the two levels, not the wanted change itself: the same rounding as the recipes.
    return np.power(10.0, np.float64(to_lufs - from_lufs) / 20.0)


def apply_gains(
    stems: Mapping[str, np.ndarray], gains_db: Mapping[str, float], sample_rate: int
) -> dict[str, np.ndarray]:
    """Raise the loudness of each stem by its gain (dB)."""
    amplified = {}
    for name, stem in stems.items():
        lufs = loudness(stem, sample_rate)
        amplified[name] = _gain(lufs, lufs + gains_db[name]) * stem
    return amplified


def match_loudness(signal: np.ndarray, target: np.ndarray, sample_rate: int) -> np.ndarray:
    """Give a signal the loudness of another one."""
    from_lufs, to_lufs = loudness(signal, sample_rate), loudness(target, sample_rate)
    return _gain(from_lufs, from_lufs + (to_lufs - from_lufs)) * signal


def at_loudness(signal: np.ndarray, lufs: float, sample_rate: int) -> tuple[np.ndarray, np.float64]:
    """A signal at a loudness (LUFS), and the factor that brought it there; CAD2's `normalise_luft`.

    Raises:
        Unscorable: `reference_too_short`; `silent_reference` where nothing is above the gate: pyclarity makes
            NaN of it.
    """
    found = loudness(signal, sample_rate)
    if found == SILENCE_LUFS:
        raise Unscorable("silent_reference", f"nothing to bring to {lufs:g} LUFS: the music is silent")
    gain = _gain(found, lufs)
    return signal * gain, gain


def compensate_gains(signal: np.ndarray, gains_db: Mapping[str, float]) -> np.ndarray:
    """CAD2: take back the mean power gain of the sources, `-10 log10(mean(10^(g/10)))` dB."""
    gains = np.array(list(gains_db.values()))
    mean_power = np.sum(10 ** (gains / 10)) / len(gains)
    return signal * 10 ** (-10 * np.log10(mean_power) / 20)
