"""From separated stems to the challenge's files, after its `baseline/enhance.py` (pyclarity 0.9)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...audiogram import EARS
from ..challenge import Pair
from ..loudness import apply_gains, match_loudness
from ..rendering import MusdbSongs, NalrChain, RemixRenderer, Rendered, Signals, Stems
from ..songs import Song
from .adapter import CadIcassp2024


class IcasspRenderer(MusdbSongs, RemixRenderer):
    """ICASSP 2024: gains on the stems' loudness, remix as loud as the mixture, NAL-R."""

    def __init__(self, challenge: CadIcassp2024, config: Mapping) -> None:
        super().__init__(challenge, config)
        self.amplify = NalrChain(challenge, config)

    def rebalance(self, scene: str, song: Song, stems: Stems, system: Rendered) -> np.ndarray:
        """The remix [T, 2]."""
        if not system.rebalances:
            return song.mixture
        gained = apply_gains(stems, self.challenge.gains(scene), song.sample_rate)
        return match_loudness(sum(gained.values()), song.mixture, song.sample_rate)

    def signals(self, pair: Pair, shared: np.ndarray, system: Rendered) -> Signals:
        """The remix, amplified for both ears."""
        if not system.amplifies:
            return {"": shared}
        ears = [self.amplify(shared[:, i], pair.listener, ear) for i, ear in enumerate(EARS)]
        return {"": np.stack(ears, axis=1)}
