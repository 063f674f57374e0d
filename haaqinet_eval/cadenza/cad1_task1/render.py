"""From separated stems to the challenge's files, after its `baseline/enhance.py` (pyclarity 0.9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from ...audiogram import EARS
from ...errors import InputError
from ..challenge import Pair
from ..flac import Output
from ..metadata import check_kind, option
from ..rendering import MusdbSongs, NalrChain, Rendered, Renderer, Signals, Stems
from ..songs import MUSDB_STEMS, Scene, Song
from .adapter import TEST_FOLDER, Cad1Task1


class Cad1Task1Renderer(MusdbSongs, Renderer):
    """CAD1 task 1: NAL-R on each stem and ear, the amplified stems' sum as a remix; no gains.

    With the test set's segments, stems are cut to the objective one and the remix to the
    subjective one, after the amplification (`baseline/test.py`).
    """

    @staticmethod
    def prepare_folders(config: Mapping, folders: Iterable[Path]) -> None:
        """With `evaluate.segments=true`, the folder of segments."""
        if config["evaluate"].get("segments") is True:
            for folder in folders:
                (folder / TEST_FOLDER).mkdir(parents=True, exist_ok=True)

    def __init__(self, challenge: Cad1Task1, config: Mapping) -> None:
        self.challenge = challenge
        self.amplify = NalrChain(challenge, config)
        self.soft_clip = option(config, "soft_clip", bool)
        self.remix_rate = option(config, "remix_sample_rate", int)

    def files(self, pair: Pair) -> list[Path]:
        """Eight mono stems and a stereo remix."""
        stems = [self.challenge.enhanced_file(pair, ear, stem) for stem in MUSDB_STEMS for ear in EARS]
        return [*stems, stems[0].with_name(f"{pair.listener}_{pair.song}_remix.flac")]

    def rebalance(self, scene: str, song: Song, stems: Stems, system: Rendered) -> Stems:
        """The stems as they are."""
        return stems

    def signals(self, pair: Pair, shared: Stems, system: Rendered) -> Signals:
        """Each stem, then the remix; where there is no rebalancing, each is the mixture."""
        signals = dict(shared)
        if system.amplifies:
            for stem in MUSDB_STEMS:
                ears = [self.amplify(shared[stem][:, i], pair.listener, ear) for i, ear in enumerate(EARS)]
                signals[stem] = np.stack(ears, axis=1)
        remix = signals[MUSDB_STEMS[0]]
        for stem in MUSDB_STEMS[1:]:
            remix = remix + signals[stem] if system.rebalances else signals[stem]
        return {**signals, "": remix}

    def scene(self, pair: Pair) -> Scene:
        """One listener of a song; nothing is to be rebalanced."""
        return Scene(pair.scene, self.challenge.listeners[pair.listener], {}, (*MUSDB_STEMS, ""))

    def outputs(self, pair: Pair, signals: Signals, folder: Path) -> Iterator[Output]:
        """Each stem for each ear, then the remix."""
        rate = self.challenge.input_sample_rate
        for stem in MUSDB_STEMS:
            for i, ear in enumerate(EARS):
                path = folder / self.challenge.enhanced_file(pair, ear, stem)
                part = self._cut(pair.song, signals[stem][:, i], "objective_evaluation")
                yield Output(path, part, rate, self.challenge.enhanced.sample_rate, scale=True)
        part = self._cut(pair.song, signals[""], "subjective_evaluation")
        yield Output(folder / self.files(pair)[-1], part, rate, self.remix_rate, soft_clip=self.soft_clip)

    def _cut(self, song: str, signal: np.ndarray, segment: str) -> np.ndarray:
        segments = self.challenge.segments
        if segments is None:
            return signal
        record = segments.field(song, segment, dict)
        where = f"{segments.path}: {song}: {segment}: field"
        start = check_kind(record.get("start"), float, f"{where} 'start'")
        end = check_kind(record.get("end"), float, f"{where} 'end'")
        rate = self.challenge.input_sample_rate
        if not 0 <= start < end <= len(signal) / rate:
            raise InputError(
                f"{where}s 'start' {start} and 'end' {end}: the song has {len(signal) / rate:.2f} s"
            )
        return signal[int(start * rate) : int(end * rate)]
