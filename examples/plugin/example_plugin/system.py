"""The mixture at half its amplitude, with the listener's NAL-R: an end-to-end enhancer in thirty lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from haaqinet_eval.audiogram import EARS
from haaqinet_eval.nalr import NalR
from haaqinet_eval.systems import Scene, Song


@dataclass(frozen=True)
class Softer:
    """The amplified mixture for every part that is handed in.

    Args:
        softer_db: how much softer (dB); `enhance.py +softer.softer_db=3` sets it.
    """

    softer_db: float = 6.0
    name: ClassVar[str] = "softer"
    blind: ClassVar[bool] = True

    def enhance(self, song: Song, scene: Scene) -> dict[str, np.ndarray]:
        """[T, 2] for each of the scene's parts."""
        nalr = NalR(220, song.sample_rate)
        gain = 10 ** (-self.softer_db / 20)
        ears = [nalr.amplify(scene.listener.ear(ear), song.mixture[:, i]) for i, ear in enumerate(EARS)]
        return dict.fromkeys(scene.parts, gain * np.stack(ears, axis=1))
