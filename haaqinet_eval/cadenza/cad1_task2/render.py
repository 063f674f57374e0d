"""From a system's output to the challenge's files, after its `baseline/enhance.py`: nothing is amplified."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..challenge import Pair
from ..rendering import Rendered, Signals, Stems, StereoRenderer
from ..songs import Scene, Song
from .adapter import Cad1Task2

WHOLE = "music"  # the only stem of a song


class Cad1Task2Renderer(StereoRenderer):
    """CAD1 task 2: what the loudspeakers play; the hearing aid is the evaluator's."""

    challenge: Cad1Task2

    def song(self, name: str) -> Song:
        """The song, of one stem: there is nothing to take apart."""
        mixture = self.challenge.mixture(name)
        return Song(name, mixture, self.challenge.input_sample_rate, {WHOLE: WHOLE}, lambda: {WHOLE: mixture})

    def music(self, name: str) -> list[Path]:
        """The song."""
        return [self.challenge.path(name)]

    def rebalance(self, scene: str, song: Song, stems: Stems, system: Rendered) -> np.ndarray:
        """The sum of what a system made [T, 2]."""
        return np.sum(list(stems.values()), axis=0)

    def signals(self, pair: Pair, shared: np.ndarray, system: Rendered) -> Signals:
        """The same for every listener."""
        return {"": shared}

    def scene(self, pair: Pair) -> Scene:
        """One listener of a scene; no gains."""
        return Scene(pair.scene, self.challenge.listeners[pair.listener], {}, ("",))
