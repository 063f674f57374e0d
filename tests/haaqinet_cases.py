"""Signals whose scores by the shipped HAAQI-Net are stored: see `golden/make_haaqinet.py`."""

import numpy as np

from haaqinet_eval import Audiogram, Stimulus

RATE = 32_000


def stimuli() -> list[Stimulus]:
    """Tones in more and more noise, for three listeners: arithmetic of numpy alone."""
    t = np.arange(2 * RATE) / RATE
    rng = np.random.default_rng(0)
    made = []
    for loss, noise in ((0, 0.0), (40, 0.02), (70, 0.1)):
        tone = 0.1 * np.sin(2 * np.pi * 220 * t) * (1 + np.sin(2 * np.pi * 3 * t))
        signal = (tone + noise * rng.standard_normal(t.size)).astype(np.float32)
        made.append(Stimulus(signal, RATE, Audiogram.flat(loss), level1=85.0))
    return made


def scores(scorer) -> list[list[float]]:
    """Score and parts of each."""
    return [[result.value, *result.parts.values()] for result in map(scorer, stimuli())]
