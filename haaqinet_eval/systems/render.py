"""From separated stems to a challenge's files: gains, remix, amplification, format.

One class per challenge, each after the challenge's own `baseline/enhance.py` (pyclarity 0.9).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..audiogram import EARS
from ..cadenza.cad1_task1 import Cad1Task1
from ..cadenza.cad2_task2 import MIXTURE, Cad2Task2
from ..cadenza.cad_icassp_2024 import CadIcassp2024
from ..cadenza.challenge import Challenge, Pair
from ..cadenza.loudness import apply_gains, compensate_gains, match_loudness
from ..cadenza.metadata import check_kind, option
from ..errors import InputError
from ..nalr import NalR
from . import VDBO, Song, System
from .flac import Output

Stems = Mapping[str, np.ndarray]  # stem -> [T, 2]


class Renderer(Protocol):
    """What `enhance` asks of a challenge."""

    challenge: Challenge

    def song(self, name: str) -> Song:
        """Read a song. Raises `Unscorable` where the music cannot be used."""
        ...

    def music(self, name: str) -> list[Path]:
        """The files of a song: mixture and true stems."""
        ...

    def files(self, pair: Pair) -> list[Path]:
        """The files of a pair, relative to `enhanced_signals`."""
        ...

    def rebalance(self, scene: str, song: Song, stems: Stems, system: System) -> Any:
        """What all listeners of a scene have in common."""
        ...

    def outputs(self, pair: Pair, shared: Any, system: System, folder: Path) -> Iterator[Output]:
        """The signals of a pair, on their way into its files below `folder`."""
        ...


class _NalrChain:
    """NAL-R for one ear, then the optional compressor: pyclarity's `apply_ha`."""

    def __init__(self, challenge: Cad1Task1 | CadIcassp2024, config: Mapping) -> None:
        self.listeners = challenge.listeners
        self.nalr = NalR(option(config, "nalr.nfir", int), option(config, "nalr.sample_rate", int))
        self.compress: Callable[[np.ndarray], np.ndarray] = lambda signal: signal
        if option(config, "apply_compressor", bool):
            from clarity.enhancer.compressor import Compressor

            compressor = Compressor(**option(config, "compressor", dict))
            self.compress = lambda signal: compressor.process(signal)[0]

    def __call__(self, signal: np.ndarray, listener: str, ear: str) -> np.ndarray:
        """[T] -> [T + nfir]."""
        fir, _ = self.nalr.build(self.listeners[listener].ear(ear))
        return self.compress(self.nalr.apply(fir, signal))


class IcasspRenderer:
    """ICASSP 2024: gains on the stems' loudness, remix as loud as the mixture, NAL-R."""

    def __init__(self, challenge: CadIcassp2024, config: Mapping) -> None:
        self.challenge = challenge
        self.amplify = _NalrChain(challenge, config)
        self.soft_clip = option(config, "soft_clip", bool)

    def song(self, name: str) -> Song:
        """The music at the microphones."""
        challenge = self.challenge
        mixture, rate = challenge.mixture(name), challenge.input_sample_rate
        return Song(name, mixture, rate, {stem: stem for stem in VDBO}, partial(challenge.load_stems, name))

    def music(self, name: str) -> list[Path]:
        """Mixture and stems at the microphones."""
        return [self.challenge.folder(name) / f"{part}.wav" for part in ("mixture", *VDBO)]

    def files(self, pair: Pair) -> list[Path]:
        """One stereo remix."""
        return [self.challenge.enhanced_file(pair, "left", "")]

    def rebalance(self, scene: str, song: Song, stems: Stems, system: System) -> np.ndarray:
        """The remix [T, 2]."""
        if not system.rebalances:
            return song.mixture
        gained = apply_gains(stems, self.challenge.gains(scene), song.sample_rate)
        return match_loudness(sum(gained.values()), song.mixture, song.sample_rate)

    def outputs(self, pair: Pair, shared: np.ndarray, system: System, folder: Path) -> Iterator[Output]:
        """The remix, amplified for both ears."""
        signal = shared
        if system.amplifies:
            ears = [self.amplify(shared[:, i], pair.listener, ear) for i, ear in enumerate(EARS)]
            signal = np.stack(ears, axis=1)
        yield Output(
            folder / self.files(pair)[0],
            signal,
            self.challenge.input_sample_rate,
            self.challenge.enhanced.sample_rate,
            soft_clip=self.soft_clip,
        )


class Cad1Task1Renderer:
    """CAD1 task 1: NAL-R on each stem and ear, the amplified stems' sum as a remix; no gains.

    With the test set's segments, stems are cut to the objective one and the remix to the
    subjective one, after the amplification (`baseline/test.py`).
    """

    def __init__(self, challenge: Cad1Task1, config: Mapping) -> None:
        self.challenge = challenge
        self.amplify = _NalrChain(challenge, config)
        self.soft_clip = option(config, "soft_clip", bool)
        self.remix_rate = option(config, "remix_sample_rate", int)

    def song(self, name: str) -> Song:
        """The whole song."""
        challenge = self.challenge
        mixture, rate = challenge.mixture(name), challenge.input_sample_rate
        return Song(name, mixture, rate, {stem: stem for stem in VDBO}, partial(challenge.load_stems, name))

    def music(self, name: str) -> list[Path]:
        """Mixture and stems."""
        return [self.challenge.folder(name) / f"{part}.wav" for part in ("mixture", *VDBO)]

    def files(self, pair: Pair) -> list[Path]:
        """Eight mono stems and a stereo remix."""
        stems = [self.challenge.enhanced_file(pair, ear, stem) for stem in VDBO for ear in EARS]
        return [*stems, stems[0].with_name(f"{pair.listener}_{pair.song}_remix.flac")]

    def rebalance(self, scene: str, song: Song, stems: Stems, system: System) -> Stems:
        """The stems as they are."""
        return stems

    def outputs(self, pair: Pair, shared: Stems, system: System, folder: Path) -> Iterator[Output]:
        """Each stem for each ear, then the remix; where there is no rebalancing, each stem is the mixture."""
        rate = self.challenge.input_sample_rate
        remix: dict[str, np.ndarray] = {}
        for stem in VDBO:
            for i, ear in enumerate(EARS):
                signal = shared[stem][:, i]
                if system.amplifies:
                    signal = self.amplify(signal, pair.listener, ear)
                path = folder / self.challenge.enhanced_file(pair, ear, stem)
                part = self._cut(pair.song, signal, "objective_evaluation")
                yield Output(path, part, rate, self.challenge.enhanced.sample_rate, scale=True)
                remix[ear] = remix[ear] + signal if ear in remix and system.rebalances else signal
        both = np.stack([remix[ear] for ear in EARS], axis=1)
        part = self._cut(pair.song, both, "subjective_evaluation")
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


class Cad2Task2Renderer:
    """CAD2 task 2: gains on the sources' loudness, sum, mean gain taken back, multiband compressor."""

    def __init__(self, challenge: Cad2Task2, config: Mapping) -> None:
        self.challenge = challenge
        self.soft_clip = option(config, "soft_clip", bool)

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

    def files(self, pair: Pair) -> list[Path]:
        """One stereo remix, in the folder of its data set."""
        return [self.challenge.enhanced_file(pair, "left", "")]

    def rebalance(self, scene: str, song: Song, stems: Stems, system: System) -> np.ndarray:
        """The remix [T, 2]."""
        if not system.rebalances:
            return song.mixture
        gains = self.challenge.gains(scene)
        shared = share_gains(gains, song.stems) if system.blind else gains
        gained = apply_gains(stems, shared, song.sample_rate)
        return compensate_gains(sum(gained.values()), gains)

    def outputs(self, pair: Pair, shared: np.ndarray, system: System, folder: Path) -> Iterator[Output]:
        """The remix, compressed for both ears."""
        signal = shared
        if system.amplifies:
            compressors = [self.challenge.compressor(pair.listener, ear) for ear in EARS]
            signal = np.stack([c(shared[:, i]) for i, c in enumerate(compressors)], axis=1)
        yield Output(
            folder / self.files(pair)[0],
            signal,
            self.challenge.input_sample_rate,
            self.challenge.enhanced.sample_rate,
            soft_clip=self.soft_clip,
        )


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


RENDERERS = {
    "cad_icassp_2024": IcasspRenderer,
    "cad1_task1": Cad1Task1Renderer,
    "cad2_task2": Cad2Task2Renderer,
}
