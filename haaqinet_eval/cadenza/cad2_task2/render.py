"""From separated stems to the challenge's files, after its `baseline/enhance.py` (pyclarity 0.9)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from ..challenge import Pair
from ..loudness import apply_gains, compensate_gains
from ..metadata import check_kind
from ..rendering import RemixRenderer, Rendered, Signals, Stems
from ..songs import Song
from .adapter import MIXTURE


class Cad2Task2Renderer(RemixRenderer):
    """CAD2 task 2: gains on the sources' loudness, sum, mean gain taken back, multiband compressor."""

    def song(self, name: str) -> Song:
        """The piece, cut to its start and duration."""
        challenge = self.challenge
        where = f"{challenge.music.path}: {name}"
        instruments = {
            source: check_kind(record.get("instrument"), str, f"{where}: {source}: field 'instrument'")
            for source, record in challenge.sources(name).items()
        }
        mixture, rate = challenge.mixture(name), challenge.input_sample_rate
        return Song(name, mixture, rate, instruments, partial(challenge.load_stems, name))

    def music(self, name: str) -> list[Path]:
        """Mixture and sources."""
        challenge = self.challenge
        where = f"{challenge.music.path}: {name}"
        parts = {**challenge.sources(name), MIXTURE: challenge.music.field(name, MIXTURE, dict)}
        tracks = [
            check_kind(record.get("track"), str, f"{where}: {part}: field 'track'")
            for part, record in parts.items()
        ]
        return [challenge.music_dir / track for track in tracks]

    def rebalance(self, scene: str, song: Song, stems: Stems, system: Rendered) -> np.ndarray:
        """The remix [T, 2]."""
        if not system.rebalances:
            return song.mixture
        gains = self.challenge.gains(scene)
        shared = share_gains(gains, song.stems) if system.blind else gains
        gained = apply_gains(stems, shared, song.sample_rate)
        return compensate_gains(sum(gained.values()), gains)

    def signals(self, pair: Pair, shared: np.ndarray, system: Rendered) -> Signals:
        """The remix, compressed for both ears."""
        return {"": self.challenge.for_both_ears(pair.listener, shared) if system.amplifies else shared}


def share_gains(gains_db: Mapping[str, float], stems: Mapping[str, str]) -> dict[str, float]:
    """Gains (dB) for a system that cannot tell two voices of one instrument apart.

    All voices of instruments with more than one voice get the mean of their gains
    (`check_repeated_source` of the challenge's recipe).

    >>> share_gains({"source_1": 6.0, "source_2": 0.0}, {"source_1": "Violin_1", "source_2": "Violin_2"})
    {'source_1': 3.0, 'source_2': 3.0}
    """
    instruments = [name.split("_")[0] for name in stems.values()]
    repeated = [stem for stem, name in zip(stems, instruments, strict=True) if instruments.count(name) > 1]
    mean = float(np.mean([gains_db[stem] for stem in repeated])) if repeated else 0.0
    return {stem: mean if stem in repeated else gain for stem, gain in gains_db.items()}
