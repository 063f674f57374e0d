"""Hearing-loss patterns: audiograms of six families, and normal and near-normal hearing.

The families are those of the HAAQI-Net paper (after Alshuaib et al. 2015). Each pattern is a
function of its family, its number and a seed, so that pattern 7 of a family is always the same;
`split_of` keeps the patterns of training, validation and test apart.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

from ..audiogram import CLARITY_FREQUENCIES, Audiogram
from ..errors import InputError

_OCTAVE = np.log2(np.array(CLARITY_FREQUENCIES) / 1000)  # re 1 kHz, -2 to 3


def _flat(rng: np.random.Generator) -> np.ndarray:
    return np.full(8, rng.uniform(25, 80))


def _sloping(rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(15, 45) + rng.uniform(6, 16) * (_OCTAVE + 2)


def _rising(rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(50, 85) - rng.uniform(5, 13) * (_OCTAVE + 2)


def _cookie_bite(rng: np.random.Generator) -> np.ndarray:
    bite = np.exp(-0.5 * ((_OCTAVE - rng.uniform(0, 1.5)) / rng.uniform(0.8, 1.4)) ** 2)
    return rng.uniform(10, 30) + rng.uniform(25, 50) * bite


def _noise_notched(rng: np.random.Generator) -> np.ndarray:
    notch = np.exp(-0.5 * ((_OCTAVE - rng.uniform(1.6, 2.6)) / rng.uniform(0.35, 0.6)) ** 2)
    return rng.uniform(5, 30) + rng.uniform(25, 60) * notch


def _high_frequency(rng: np.random.Generator) -> np.ndarray:
    knee = rng.uniform(-0.3, 1.3)
    return rng.uniform(5, 25) + rng.uniform(18, 35) * np.maximum(_OCTAVE - knee, 0)


def _normal(rng: np.random.Generator) -> np.ndarray:
    return np.zeros(8)


def _near_normal(rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(0, 12) + rng.uniform(0, 4) * (_OCTAVE + 2) * rng.random()


_SHAPES: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "flat": _flat,
    "sloping": _sloping,
    "rising": _rising,
    "cookie_bite": _cookie_bite,
    "noise_notched": _noise_notched,
    "high_frequency": _high_frequency,
    "normal": _normal,
    "near_normal": _near_normal,
}

FAMILIES = tuple(_SHAPES)
PATTERNS = 50  # per family
_LIMITS = (-10.0, 105.0)  # dB HL


def split_of(number: int) -> str:
    """Which split a pattern belongs to: of ten, eight train, one validation, one test."""
    return {8: "validation", 9: "test"}.get(number % 10, "train")


def pattern(family: str, number: int) -> Audiogram:
    """One pattern of a family, levels at the eight usual frequencies rounded to 1 dB HL.

    Raises:
        InputError: for an unknown family; lists the known ones.

    >>> pattern("normal", 0).levels[0]
    0.0
    """
    if family not in _SHAPES:
        raise InputError(f"hearing-loss family {family!r} is unknown; known: {', '.join(FAMILIES)}")
    rng = np.random.default_rng([zlib.crc32(family.encode()), number])
    levels = _SHAPES[family](rng)
    if family != "normal":
        levels = levels + rng.normal(0, 2.5, 8)
    return Audiogram(tuple(np.clip(np.round(levels), *_LIMITS).tolist()))


def draw(split: str, rng: np.random.Generator) -> tuple[str, Audiogram]:
    """A random pattern of a split: its name, `"sloping-07"`, and the audiogram.

    One in eight draws has normal or near-normal hearing; the six families share the rest.
    """
    families = FAMILIES[6:] if rng.random() < 0.125 else FAMILIES[:6]
    family = families[rng.integers(len(families))]
    number = int(rng.choice([n for n in range(PATTERNS) if split_of(n) == split]))
    return f"{family}-{number:02d}", pattern(family, number)


def draw_varied(rng: np.random.Generator) -> tuple[str, Audiogram]:
    """A hearing loss to train on that is no pattern: of a family, or between two; one in eight is `draw`'s.

    The families' numbers are beyond the patterns', so none of a split's patterns is drawn.
    """
    first, second = (
        pattern(FAMILIES[rng.integers(len(FAMILIES) - 2)], int(PATTERNS + rng.integers(2**31)))
        for _ in range(2)
    )
    if rng.random() < 0.125:
        return draw("train", rng)
    share = rng.uniform() if rng.random() < 0.5 else 0.0
    levels = (1 - share) * np.array(first.levels) + share * np.array(second.levels)
    return "varied-00", Audiogram(tuple(np.clip(np.round(levels), *_LIMITS).tolist()))
