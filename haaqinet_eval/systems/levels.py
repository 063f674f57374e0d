"""Systems that change nothing but the level, for music that is to stay as it was mixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..audiogram import Listener
from ..cadenza.loudness import loudness
from . import Scene, Song, check_number

LOUDNESS_LIMITS = (-60.0, 0.0)  # LUFS
SEVERE = 50.0  # dB HL, from which the baseline turns down further
_PER_LUFS = 5.0  # dB HL
_FREQUENCIES = (500.0, 1000.0, 2000.0, 4000.0)  # Hz


def _turned(song: Song, lufs: float, target: float) -> np.ndarray:
    return song.mixture * 10.0 ** ((target - lufs) / 20.0)


@dataclass(frozen=True)
class CarBaseline:
    """The baseline of CAD1 task 2: turns down a song that is louder than a listener's goal.

    The goal is `average_level`, and from 50 dB HL on (the worse ear's mean at 500 Hz to 4 kHz) `min_level`,
    less 1 LUFS for every 5 dB of further loss. What is softer stays as it is.

    Args:
        average_level, min_level: LUFS.
    """

    average_level: float = -14.0
    min_level: float = -19.0
    name: ClassVar[str] = "car_baseline"
    blind: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for option in ("average_level", "min_level"):
            check_number(getattr(self, option), *LOUDNESS_LIMITS, f"enhance.{option}")

    def goal(self, listener: Listener) -> float:
        """The loudness (LUFS) that a song is not to exceed."""
        loss = max(ear.mean_level(_FREQUENCIES) for ear in (listener.left, listener.right))
        return self.average_level if loss < SEVERE else self.min_level - (loss - SEVERE) / _PER_LUFS

    def enhance(self, song: Song, scene: Scene) -> dict[str, np.ndarray]:
        """The song [T, 2] for every part."""
        lufs, goal = loudness(song.mixture, song.sample_rate), self.goal(scene.listener)
        return dict.fromkeys(scene.parts, _turned(song, lufs, goal) if lufs > goal else song.mixture)


@dataclass(frozen=True)
class LevelOnly:
    """The mixture at one loudness, for every listener: what level alone is worth.

    Args:
        lufs: the loudness.
    """

    lufs: float = -23.0
    name: ClassVar[str] = "level_only"
    blind: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_number(self.lufs, *LOUDNESS_LIMITS, "level_only.lufs")

    def enhance(self, song: Song, scene: Scene) -> dict[str, np.ndarray]:
        """The mixture [T, 2] for every part."""
        lufs = loudness(song.mixture, song.sample_rate)
        return dict.fromkeys(scene.parts, _turned(song, lufs, self.lufs))
