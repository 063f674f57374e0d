"""Noise reduction and hearing-loss compensation by one causal network, `model.joint`, a knob for each."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from ..audiogram import EARS, Listener
from ..errors import InputError
from ..model.joint import LEVEL1, JointFilter, load_joint
from . import Scene, Song, check_number

FITTINGS = ("nalr", "network")


class Joint:
    """The mixture, less its noise, amplified for the listener; the scene's gains are not applied.

    An output sample depends on no input from 5 ms later on.

    Args:
        noise_reduction: exponent of the mask that takes noise away; 0 leaves it out, 1 is as trained.
        compensation: exponent of the mask that amplifies; likewise.
        fitting: what amplifies: "nalr", NAL-R's gains in the network's bands, or "network", its second mask,
            which makes up for loudness and needs headroom.
        level1: dB SPL that an RMS of 1 means: the network compensates more where it is softer.
        weights: a file of recipes/joint/train.py; None for those that are shipped.

    Raises:
        InputError: for an option's value or a file.
    """

    name: ClassVar[str] = "joint"
    blind: ClassVar[bool] = True

    def __init__(
        self,
        noise_reduction: float = 1.0,
        compensation: float = 1.0,
        fitting: str = "nalr",
        level1: float = LEVEL1,
        weights: str | Path | None = None,
    ) -> None:
        check_number(noise_reduction, 0, 2, "joint.noise_reduction")
        check_number(compensation, 0, 2, "joint.compensation")
        check_number(level1, 0, 150, "joint.level1")
        if fitting not in FITTINGS:
            raise InputError(f"option joint.fitting is {fitting!r}, not one of {', '.join(FITTINGS)}")
        self.exponents, self.fitting, self.level1 = (noise_reduction, compensation), fitting, level1
        self.net = load_joint(weights)

    def process(self, signal: np.ndarray, sample_rate: float, listener: Listener) -> np.ndarray:
        """Left and right [T, 2] for a listener, each with its own ear's audiogram.

        Raises:
            InputError: for a rate that is no whole number of Hz from 8000 to 192,000.
        """
        ears = JointFilter(self.net, sample_rate, self.level1)
        with_nalr = self.fitting == "nalr"
        heard = [
            ears(signal[:, i], listener.ear(ear), *self.exponents, with_nalr) for i, ear in enumerate(EARS)
        ]
        return np.stack(heard, axis=1)

    def enhance(self, song: Song, scene: Scene) -> dict[str, np.ndarray]:
        """The listener's signals [T, 2], the same for every part."""
        return dict.fromkeys(scene.parts, self.process(song.mixture, song.sample_rate, scene.listener))
