"""From a system's output to a challenge's files: gains, remix, amplification, format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..nalr import NalR
from .challenge import Challenge, Pair
from .flac import Output
from .metadata import option
from .remix import RemixChallenge
from .songs import MUSDB_STEMS, Scene, Song

Stems = Mapping[str, np.ndarray]  # stem -> [T, 2]
Signals = Mapping[str, np.ndarray]  # part -> [T, 2], left and right; "" is the remix


class Rendered(Protocol):
    """What a renderer asks of a separator, see `systems.Separator`."""

    blind: bool
    amplifies: bool
    rebalances: bool


class Renderer(Protocol):
    """What `enhance` asks of a challenge."""

    challenge: Challenge

    @staticmethod
    def prepare_folders(config: Mapping, folders: Iterable[Path]) -> None:
        """Make the folders that tell the adapter how the files lie; none, unless a challenge says so."""

    def song(self, name: str) -> Song:
        """Read a song. Raises `Unscorable` where the music cannot be used."""
        ...

    def music(self, name: str) -> list[Path]:
        """The files of a song: mixture and true stems."""
        ...

    def files(self, pair: Pair) -> list[Path]:
        """The files of a pair, relative to `enhanced_signals`."""
        ...

    def rebalance(self, scene: str, song: Song, stems: Stems, system: Rendered) -> Any:
        """What all listeners of a scene have in common."""
        ...

    def signals(self, pair: Pair, shared: Any, system: Rendered) -> Signals:
        """What the listener of a pair hears after the challenge's own chain."""
        ...

    def scene(self, pair: Pair) -> Scene:
        """What an enhancer may know of a pair."""
        ...

    def outputs(self, pair: Pair, signals: Signals, folder: Path) -> Iterator[Output]:
        """The signals of a pair, on their way into its files below `folder`."""
        ...


class StereoRenderer(Renderer):
    """A part of the renderers of challenges with one stereo file a pair."""

    def __init__(self, challenge: Any, config: Mapping) -> None:
        self.challenge = challenge
        self.soft_clip = option(config, "soft_clip", bool)

    def files(self, pair: Pair) -> list[Path]:
        """One stereo file."""
        return [self.challenge.enhanced_file(pair, "left", "")]

    def outputs(self, pair: Pair, signals: Signals, folder: Path) -> Iterator[Output]:
        """One stereo file."""
        yield Output(
            folder / self.files(pair)[0],
            signals[""],
            self.challenge.input_sample_rate,
            self.challenge.enhanced.sample_rate,
            soft_clip=self.soft_clip,
        )


class RemixRenderer(StereoRenderer):
    """A part of the renderers of `remix.RemixChallenge`."""

    challenge: RemixChallenge

    def scene(self, pair: Pair) -> Scene:
        """The scene's gains by stem, for one listener."""
        challenge = self.challenge
        return Scene(pair.scene, challenge.listeners[pair.listener], challenge.gains(pair.scene), ("",))


class MusdbSongs:
    """A part of the renderers of challenges whose songs lie as MUSDB18's: a mixture and four stems."""

    challenge: Any  # its `folder` and `load_stems` are a song's

    def song(self, name: str) -> Song:
        """The whole song."""
        challenge, stems = self.challenge, {stem: stem for stem in MUSDB_STEMS}
        mixture, rate = challenge.mixture(name), challenge.input_sample_rate
        return Song(name, mixture, rate, stems, partial(challenge.load_stems, name))

    def music(self, name: str) -> list[Path]:
        """Mixture and stems."""
        return [self.challenge.folder(name) / f"{part}.wav" for part in ("mixture", *MUSDB_STEMS)]


class NalrChain:
    """NAL-R for one ear, then the optional compressor: pyclarity's `apply_ha`."""

    def __init__(self, challenge: Challenge, config: Mapping) -> None:
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
