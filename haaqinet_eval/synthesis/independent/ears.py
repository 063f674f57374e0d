"""Hearing losses of the independent set: standard audiograms and shapes that `hearing_losses` has not."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from ...audiogram import CLARITY_FREQUENCIES, Audiogram

_AT = (250, 375, 500, 750, 1000, 1500, 2000, 3000, 4000, 6000)  # Hz
BISGAARD = {  # dB HL at these; Bisgaard, Vlaming and Dahlquist, "Standard audiograms for IEC 60118-15", 2010
    "n1": (10, 10, 10, 10, 10, 10, 15, 20, 30, 40),
    "n2": (20, 20, 20, 22.5, 25, 30, 35, 40, 45, 50),
    "n3": (35, 35, 35, 35, 40, 45, 50, 55, 60, 65),
    "n4": (55, 55, 55, 55, 55, 60, 65, 70, 75, 80),
    "n5": (65, 67.5, 70, 72.5, 75, 80, 80, 80, 80, 80),
    "s1": (10, 10, 10, 10, 10, 10, 15, 30, 55, 70),
    "s2": (20, 20, 20, 22.5, 25, 35, 55, 75, 95, 95),
    "s3": (30, 30, 35, 47.5, 60, 70, 75, 80, 80, 85),
}
KINDS = (*BISGAARD, "steep_rising", "corner", "peaked", "uneven", "healthy")
JITTER = 4.0  # dB, standard deviation, at each frequency


def _levels(kind: str, rng: np.random.Generator) -> np.ndarray:
    """dB HL at `CLARITY_FREQUENCIES`, before the jitter."""
    octave = np.log2(np.array(CLARITY_FREQUENCIES) / 1000)
    if kind in BISGAARD:
        return PchipInterpolator(np.log2(np.array(_AT) / 1000), BISGAARD[kind])(octave)
    if kind == "steep_rising":
        return rng.uniform(55, 75) / (1 + np.exp(rng.uniform(1.5, 3) * (octave - rng.uniform(-0.5, 1)))) + 8
    if kind == "corner":
        return np.where(octave < rng.uniform(-0.5, 1.5), rng.uniform(20, 40), rng.uniform(70, 95))
    if kind == "peaked":  # best in the middle
        return rng.uniform(20, 35) + rng.uniform(8, 16) * np.abs(octave - rng.uniform(-0.5, 1))
    if kind == "uneven":
        return rng.uniform(20, 60) + np.cumsum(rng.normal(0, 10, len(octave)))
    return np.zeros(len(octave))


def draw_ear(split: str, rng: np.random.Generator) -> tuple[str, Audiogram]:
    """A random hearing loss, `"n3-00"`, and its audiogram; the same kinds in every split."""
    kind = KINDS[rng.integers(len(KINDS))]
    levels = _levels(kind, rng) + rng.normal(0, JITTER, len(CLARITY_FREQUENCIES))
    return f"{kind}-00", Audiogram(tuple(np.clip(np.round(levels), -10, 100).tolist()))
