"""From a challenge's pairs and some systems' files to the stimuli of their trials."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..audio import resample
from ..errors import Unscorable
from ..evaluate import Load
from ..trials import SharedReference, Stimulus, Trial
from .challenge import Challenge, EarReference, Pair
from .enhanced import SignalFolder, Signals
from .playing import PlayedLoader, Playing

SHARED_SECONDS = 300.0  # of reference heard for a pair; a second takes about 3 MB


def official_seed(name: str) -> int:
    """Seed of pyclarity's recipes for a scene or song, see its `set_song_seed`."""
    return int(hashlib.md5(name.encode("utf-8")).hexdigest(), 16) % 10**8


def own_seed(trial: Trial) -> int:
    """Seed of one ear: the same for every system, whatever else is scored before."""
    name = "\n".join((trial.scene, trial.listener, trial.ear, trial.stem))
    return int.from_bytes(hashlib.md5(name.encode("utf-8")).digest()[:4], "big")


class _Kept(dict):
    """What scorers heard of a pair's references, for its other systems; `SHARED_SECONDS` at most."""

    seconds = math.inf  # of a reference

    def __setitem__(self, key: tuple, heard: Any) -> None:
        if (len(self) + 1) * self.seconds <= SHARED_SECONDS:
            super().__setitem__(key, heard)


@dataclass(eq=False)
class _References:
    """The references of one pair, made when they are first asked for."""

    challenge: Challenge
    pair: Pair
    shared: bool  # whether there are other systems
    made: dict[tuple[str, str], EarReference | Unscorable] = field(default_factory=dict)
    kept: _Kept = field(default_factory=_Kept)
    mixtures: dict[str, np.ndarray] = field(default_factory=dict)

    def ear(self, trial: Trial) -> EarReference:
        """The reference of one ear; raises `Unscorable` every time if it did once."""
        key = (trial.ear, trial.stem)
        if key not in self.made:
            try:
                self.made[key] = self.challenge.reference(self.pair, *key)
            except Unscorable as error:
                self.made[key] = error
        found = self.made[key]
        if isinstance(found, Unscorable):
            raise found
        return found

    def lazy(self, trial: Trial, noise: np.random.RandomState | int) -> SharedReference:
        """The same for scorers, which hear it when they need it."""
        ear = self.ear(trial)
        self.kept.seconds = ear.seconds
        key = (trial.ear, trial.stem)
        return SharedReference(lambda: ear.samples, noise, self.kept if self.shared else None, key)

    def mixture(self, ear: str) -> np.ndarray:
        """What there was to process at one ear [T]; made for the scorers that ask."""
        if ear not in self.mixtures:
            self.mixtures[ear] = self.challenge.ear_mixture(self.pair, ear)
        return self.mixtures[ear]


@dataclass(eq=False)
class _Loader:
    """Loads the trials of one pair and one system."""

    challenge: Challenge
    pair: Pair
    signals: Signals
    references: _References
    generator: np.random.RandomState | None  # one stream for all trials; None: each ear has a seed of its own
    _last: tuple[Path, np.ndarray] | None = None  # both ears may be in one file

    def _read(self, name: Path, seconds: float) -> np.ndarray:
        if self._last is None or self._last[0] != name:
            self._last = name, self.signals.read_enhanced(name, self.challenge.enhanced, seconds)
        return self._last[1]

    def __call__(self, trial: Trial) -> Stimulus:
        challenge = self.challenge
        name = challenge.enhanced_file(self.pair, trial.ear, trial.stem)
        self.signals.check_format(name, challenge.enhanced)  # cheap, so before the reference is made
        reference = self.references.ear(trial)
        samples = self._read(name, reference.seconds)
        channel = ("left", "right").index(trial.ear) if samples.shape[1] == 2 else 0
        noise = own_seed(trial) if self.generator is None else self.generator
        return Stimulus(
            processed=resample(samples[:, channel], challenge.enhanced.sample_rate, challenge.sample_rate),
            sample_rate=challenge.sample_rate,
            audiogram=challenge.listeners[trial.listener].ear(trial.ear),
            level1=reference.level1,
            reference=self.references.lazy(trial, noise),
            reference_sample_rate=challenge.sample_rate,
            amplified=challenge.equalisation == 2,
            mixture=partial(self.references.mixture, trial.ear),
            gains=challenge.target_gains(self.pair, trial.stem),
        )


def pair_loaders(
    challenge: Challenge, pair: Pair, systems: Mapping[str, Path | Signals], set_random_seed: bool
) -> Iterator[Load]:
    """What loads the trials of a pair, a loader for each system.

    References are made once per pair, when they are needed, and shared by all systems.

    Args:
        systems: `enhanced_signals` folder (or URL) of each system, or what else reads its files.
        set_random_seed: HAAQI's noise for all trials of a pair comes from one stream with
            pyclarity's seed, in its order; without, each ear has a seed of its own.
    """
    if isinstance(challenge, Playing):
        seeding = None if set_random_seed else own_seed
        for source in systems.values():  # each system has its own reference
            yield PlayedLoader(challenge, challenge, pair, _signals(source), seeding)
        return
    references = _References(challenge, pair, len(systems) > 1)
    seed = official_seed(challenge.seed_name(pair))
    for source in systems.values():
        generator = np.random.RandomState(seed) if set_random_seed else None
        yield _Loader(challenge, pair, _signals(source), references, generator)


def _signals(source: Path | Signals) -> Signals:
    return source if hasattr(source, "read_enhanced") else SignalFolder(source)
