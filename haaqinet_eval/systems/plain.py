"""Systems without a separator: the floor and the ceiling of a challenge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from . import Song


@dataclass(frozen=True)
class Passthrough:
    """The mixture, amplified for the listener: what a hearing aid without any separation gives.

    The scene's gains are not applied. Where stems are judged (CAD1 task 1), each stem is the mixture.
    """

    name: ClassVar[str] = "passthrough"
    blind: ClassVar[bool] = True
    amplifies: ClassVar[bool] = True
    rebalances: ClassVar[bool] = False

    def separate(self, song: Song) -> dict[str, np.ndarray]:
        """The mixture [T, 2] for every stem."""
        return dict.fromkeys(song.stems, song.mixture)


@dataclass(frozen=True)
class Ideal:
    """The true stems: the ceiling. Its output is the challenge's reference in 16 bits."""

    name: ClassVar[str] = "ideal"
    blind: ClassVar[bool] = False
    amplifies: ClassVar[bool] = True
    rebalances: ClassVar[bool] = True

    def separate(self, song: Song) -> dict[str, np.ndarray]:
        """The true stems, [T, 2] each."""
        return song.load_true_stems()


@dataclass(frozen=True)
class NoAmplification(Ideal):
    """The true stems, rebalanced but not amplified: what the amplification is worth."""

    name: ClassVar[str] = "no_amplification"
    amplifies: ClassVar[bool] = False
