"""What mixing desks do besides: compressors, gates, equalisers and soft overdrive.

As in `degradations`, functions of a signal [T], its sample rate (Hz), a generator and settings.
"""

from __future__ import annotations

import numpy as np

from ..audio import rms
from .conditions import Condition
from .degradations import Array, Rng, hilly, match

HOP = 0.002  # s, between levels


def _level(x: Array, rate: float, attack: float, release: float) -> Array:
    """Level [T] in dB re the RMS, which rises and falls with time constants (s)."""
    hop = max(round(HOP * rate), 1)
    power = np.add.reduceat(np.square(x), np.arange(0, len(x), hop)) / hop
    rise, fall = np.exp(-hop / rate / attack), np.exp(-hop / rate / release)
    level, state = np.empty_like(power), power[0]
    for n, p in enumerate(power):
        keep = rise if p > state else fall
        level[n] = state = keep * state + (1 - keep) * p
    decibels = 10 * np.log10(level / (rms(x) ** 2 + 1e-12) + 1e-9)
    return np.interp(np.arange(len(x)), (np.arange(len(level)) + 0.5) * hop, decibels)


def compress(
    x: Array, rate: float, rng: Rng, *, threshold_db: float, ratio: float, attack: float, release: float
) -> Array:
    """A compressor of the whole band above a threshold (dB re the RMS), with make-up gain."""
    over = np.maximum(_level(x, rate, attack, release) - threshold_db, 0)
    return match(x * 10 ** (over * (1 / ratio - 1) / 20), x)


def gate(
    x: Array, rate: float, rng: Rng, *, threshold_db: float, ratio: float, attack: float, release: float
) -> Array:
    """A gate: what is below a threshold (dB re the RMS) falls further, by `ratio` dB a dB, 60 at most."""
    under = np.maximum(threshold_db - _level(x, rate, attack, release), 0)
    return match(x * 10 ** (-np.minimum(under * (ratio - 1), 60) / 20), x)


def equalise(x: Array, rate: float, rng: Rng, *, spread_db: float, count: int = 10) -> Array:
    """An equaliser whose bands are set at random, with a standard deviation."""
    return match(hilly(x, rate, rng, slope=(-0.5, 0.5), spread_db=spread_db, count=count), x)


def overdrive(x: Array, rate: float, rng: Rng, *, drive: float) -> Array:
    """Soft saturation: the RMS is at so many times the knee."""
    return match(np.tanh(drive * x / (rms(x) or 1.0)), x)


def _times(attack: float, release: float) -> dict[str, float]:
    return {"attack": attack, "release": release}


_STEPS = {
    ("compression", "nonlinear"): [
        (compress, {"threshold_db": -6, "ratio": 2, **_times(0.01, 0.1)}),
        (compress, {"threshold_db": -12, "ratio": 4, **_times(0.003, 0.06)}),
        (compress, {"threshold_db": -20, "ratio": 8, **_times(0.001, 0.03)}),
        (compress, {"threshold_db": -25, "ratio": 12, **_times(0.03, 0.3)}),
    ],
    ("gate", "nonlinear"): [
        (gate, {"threshold_db": -15, "ratio": 2, **_times(0.002, 0.05)}),
        (gate, {"threshold_db": -6, "ratio": 4, **_times(0.002, 0.03)}),
        (gate, {"threshold_db": 0, "ratio": 6, **_times(0.001, 0.08)}),
    ],
    ("overdrive", "nonlinear"): [(overdrive, {"drive": drive}) for drive in (0.4, 1, 2.5, 8)],
    ("equaliser", "linear"): [(equalise, {"spread_db": spread}) for spread in (3, 6, 9, 13)],
}
STUDIO: dict[str, Condition] = {
    (name := f"{kind}-{n}"): Condition(name, group, (step,))
    for (kind, group), steps in _STEPS.items()
    for n, step in enumerate(steps, 1)
}
