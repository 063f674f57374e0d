"""The degradations: the grid of a student's report on neural embeddings, and the project's conditions.

S. Ghosh, "Implementation of a Neural Network-Based Perceptual Loss for Audio" (seminar report, TU Ilmenau):
noise, "bitrate" (resampling) and "compression" (bit depth) at three levels, each normalised to its peak
afterwards, on mono files at 16 kHz.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from ..audio import resample
from ..audiogram import Audiogram
from ..nalr import NalR
from ..synthesis.conditions import CONDITIONS, Condition
from ..synthesis.hearing_losses import pattern
from ..synthesis.render import NFIR, SAMPLE_RATE

PAPER_RATE = 16_000  # Hz
LEVELS = ("low", "high", "extreme")
GRID = {"noise": (0.002, 0.01, 0.02), "bitrate": (2, 4, 6), "compression": (12, 8, 4)}  # by level
PAPER = tuple(f"paper_{kind}-{level}" for kind in GRID for level in LEVELS)
NORMAL = "normal"
PATTERN = 9  # of hearing losses, which no training has seen
OTHER = Audiogram.flat(60)  # who is fitted where the fitting is another listener's


@dataclass(frozen=True)
class Degraded:
    """One degraded sound in one ear."""

    processed: np.ndarray  # [T], amplified for the ear as the condition says
    reference: np.ndarray  # [T], the undistorted sound without amplification
    sample_rate: int  # Hz


def kind_and_level(name: str) -> tuple[str, str]:
    """A degradation's kind and level.

    >>> kind_and_level("paper_noise-high"), kind_and_level("babble+tilt_up"), kind_and_level("mp3-2")
    (('paper_noise', 'high'), ('babble+tilt_up', ''), ('mp3', '2'))
    """
    kind, dash, level = name.rpartition("-")
    return (kind, level) if dash else (name, "")


def group_of(name: str) -> str:
    """What degradations are grouped by: the report's three kinds, or the group of a condition.

    >>> group_of("paper_noise-high"), group_of("babble+tilt_up"), group_of("mp3-2")
    ('paper_noise', 'combined', 'coding')
    """
    return name.rpartition("-")[0] if name in PAPER else CONDITIONS[name].group


def listener_of(name: str) -> Audiogram:
    """An ear without a loss ("normal"), or pattern 9 of a family of `synthesis.hearing_losses`.

    Raises:
        InputError: for an unknown family.
    """
    return Audiogram.flat(0) if name == NORMAL else pattern(name, PATTERN)


def as_in_the_report(signal: np.ndarray, rng: np.random.Generator, kind: str, level: str) -> np.ndarray:
    """One of the report's nine degradations of a signal [T] at 16 kHz, peak 1."""
    value = GRID[kind][LEVELS.index(level)]
    if kind == "noise":
        signal = signal + rng.normal(0, value, len(signal))
    elif kind == "bitrate":
        low = PAPER_RATE // int(value)
        signal = np.resize(resample(resample(signal, PAPER_RATE, low), low, PAPER_RATE), len(signal))
    else:
        steps = 2 ** (int(value) - 1) - 1
        signal = np.clip(np.round(signal * steps) / steps, -1, 1)
    return signal / max(float(np.abs(signal).max()), 1e-9)


def degrade(signal: np.ndarray, rate: float, name: str, audiogram: Audiogram) -> Degraded:
    """A degradation by name, in one ear.

    Args:
        signal: [T], one channel of full scale 1.
        rate: Hz.
        name: of `PAPER`, at 16 kHz, or of `CONDITIONS`, at 24 kHz.
    """
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if name in PAPER:
        sound = resample(signal, rate, PAPER_RATE)
        kind, level = kind_and_level(name.removeprefix("paper_"))
        made = as_in_the_report(sound, rng, kind, level)
        return Degraded(_amplified(made, PAPER_RATE, audiogram), sound, PAPER_RATE)
    condition: Condition = CONDITIONS[name]
    sound = resample(signal, rate, SAMPLE_RATE)
    ear = {"own": audiogram, "none": None, "other": OTHER}[condition.fitting]
    made = condition.process(sound, SAMPLE_RATE, rng)
    made = condition.finish(_amplified(made, SAMPLE_RATE, ear) if ear else made, SAMPLE_RATE, rng)
    return Degraded(made, sound, SAMPLE_RATE)


def _amplified(signal: np.ndarray, rate: int, audiogram: Audiogram) -> np.ndarray:
    return NalR(2 * round(NFIR * rate / SAMPLE_RATE / 2), rate).amplify(audiogram, signal)
