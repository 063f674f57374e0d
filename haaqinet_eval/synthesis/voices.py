"""Babble of recorded talkers: several at once, each at a place, a pace and a level of their own."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from ..audio import rms
from .degradations import Array, Noise, Rng, match, reverberate
from .recorded_noise import SILENT, load_recording, stretch

COUNTS = (1, 2, 3, 4, 6, 8, 12, 16)  # talkers
SPREAD_DB = 3.0  # standard deviation of the talkers' levels
KINDS = ("speech", "babble")  # of recordings with talkers


def _talker(path: Path, length: int, rate: float, rng: Rng) -> Array:
    """A stretch of a recording, [length], up to a tenth slower or quicker: RMS 1, or silence."""
    recording, pace = load_recording(path, rate), rng.uniform(0.9, 1.1)
    part = stretch(recording, rng.integers(len(recording)), int(length * pace) + 2)
    sound = np.interp(np.arange(length) * pace, np.arange(len(part)), part)
    level = rms(sound)
    return sound / level if level > SILENT else np.zeros(length)


def recorded_babble(length: int, rate: float, rng: Rng, *, paths: tuple[Path, ...]) -> Array:
    """Talkers of some recordings, [length] at Hz: RMS 1.

    Whoever speaks in the recordings speaks together, whatever the languages.
    """
    total = np.zeros(length)
    while not np.any(total):
        for _ in range(COUNTS[rng.integers(len(COUNTS))]):
            gain = 10 ** (rng.normal(0, SPREAD_DB) / 20)
            total += gain * _talker(paths[rng.integers(len(paths))], length, rate, rng)
    if rng.random() < 0.4:
        total = reverberate(total, rate, rng, t60=rng.uniform(0.2, 1.2), direct_db=rng.uniform(-4, 10))
    return match(total, np.ones(length))


def talk_of(recordings: dict[str, tuple[Path, ...]]) -> Noise | None:
    """Babble of the talkers among recordings by kind; None where nobody talks."""
    paths = tuple(path for kind in KINDS for path in recordings.get(kind, ()))
    return partial(recorded_babble, paths=paths) if paths else None
