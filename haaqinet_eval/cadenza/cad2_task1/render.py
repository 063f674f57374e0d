"""From separated stems to the challenge's files, after its `baseline/enhance.py` (pyclarity 0.9)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from ...errors import InputError
from ..challenge import Pair
from ..rendering import RemixRenderer, Rendered, Signals, Stems
from ..songs import MUSDB_STEMS, Scene, Song
from .segments import GAINS, LyricsScenes

DOWNMIXES = ("alpha", "reference")


class Cad2Task1Renderer(RemixRenderer):
    """CAD2 task 1: vocals up and the rest down, by the scene's alpha, multiband compressor.

    With the option `downmix=reference` the gains are those of HAAQI's reference, +1 and -1 dB, for all alpha.
    """

    challenge: LyricsScenes

    def __init__(self, challenge: LyricsScenes, config: Mapping) -> None:
        super().__init__(challenge, config)
        self.downmix = config.get("downmix", "alpha")
        if self.downmix not in DOWNMIXES:
            raise InputError(f"option downmix is {self.downmix!r}; known: {', '.join(DOWNMIXES)}")

    def song(self, name: str) -> Song:
        """The segment at -40 LUFS."""
        challenge = self.challenge
        stems = {stem: stem for stem in MUSDB_STEMS}
        mixture, rate = challenge.mixture(name), challenge.input_sample_rate
        return Song(name, mixture, rate, stems, partial(challenge.load_stems, name))

    def music(self, name: str) -> list[Path]:
        """Mixture and stems."""
        return [self.challenge.folder(name) / f"{part}.flac" for part in ("mixture", *MUSDB_STEMS)]

    def scene(self, pair: Pair) -> Scene:
        """The reference's gains and the scene's alpha, for one listener."""
        challenge = self.challenge
        alpha = float(challenge.alpha(pair.scene))
        return Scene(pair.scene, challenge.listeners[pair.listener], dict(GAINS), ("",), alpha)

    def rebalance(self, scene: str, song: Song, stems: Stems, system: Rendered) -> np.ndarray:
        """The remix [T, 2]."""
        if not system.rebalances:
            return song.mixture
        if self.downmix == "reference":
            return sum(10 ** (GAINS[stem] / 20) * samples for stem, samples in stems.items())
        accompaniment = sum(samples for stem, samples in stems.items() if stem != "vocals")
        return by_alpha(stems["vocals"], accompaniment, self.challenge.alpha(scene))

    def signals(self, pair: Pair, shared: np.ndarray, system: Rendered) -> Signals:
        """The remix, compressed for both ears."""
        return {"": self.challenge.for_both_ears(pair.listener, shared) if system.amplifies else shared}


def by_alpha(vocals: np.ndarray, accompaniment: np.ndarray, alpha: float) -> np.ndarray:
    """The baseline's remix: the mixture for an alpha of 0, twice the vocals for 1 (`downmix_signal`).

    >>> by_alpha(np.array([1.0]), np.array([1.0]), 0.5)
    array([2.])
    """
    return vocals * (1 + alpha**2) + accompaniment * (1 - alpha**2)
