"""From a challenge's pairs and some systems' files to work for the evaluate loop."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from ..audio import resample
from ..errors import Unscorable
from ..evaluate import Work
from ..haaqi import Reference
from ..trials import Stimulus, Trial
from .challenge import Challenge, EarReference, Pair, pair_trials
from .enhanced import SignalFolder, Signals

SHARED_SECONDS = 300.0  # of reference heard for a pair; a second takes about 3 MB


def official_seed(name: str) -> int:
    """Seed of pyclarity's recipes for a scene or song, see its `set_song_seed`."""
    return int(hashlib.md5(name.encode("utf-8")).hexdigest(), 16) % 10**8


def own_seed(trial: Trial) -> int:
    """Seed of one ear: the same for every system, whatever else is scored before."""
    name = "\n".join((trial.scene, trial.listener, trial.ear, trial.stem))
    return int.from_bytes(hashlib.md5(name.encode("utf-8")).digest()[:4], "big")


@dataclass(eq=False)
class _References:
    """The references of one pair, made when they are first asked for.

    A `haaqi.Reference` is heard once and kept for the pair's other systems, as long as the
    kept ones together are no longer than `SHARED_SECONDS`.
    """

    challenge: Challenge
    pair: Pair
    shared: bool  # whether there are other systems
    seeded: bool  # whether each ear has a seed of its own
    made: dict[tuple[str, str], EarReference | Unscorable] = field(default_factory=dict)
    heard: dict[tuple[str, str], Reference] = field(default_factory=dict)
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

    def prepared(self, trial: Trial) -> Reference:
        """The same for HAAQI."""
        key = (trial.ear, trial.stem)
        if key in self.heard:
            return self.heard[key]
        ear = self.ear(trial)
        reference = Reference(
            ear.samples,
            self.challenge.sample_rate,
            self.challenge.listeners[trial.listener].ear(trial.ear),
            self.challenge.equalisation,
            ear.level1,
            own_seed(trial) if self.seeded else None,
        )
        if self.shared and (len(self.heard) + 1) * ear.seconds <= SHARED_SECONDS:
            self.heard[key] = reference
        return reference

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
    generator: np.random.RandomState | None  # one stream for all trials; None: the references' own seeds
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
        return Stimulus(
            processed=resample(samples[:, channel], challenge.enhanced.sample_rate, challenge.sample_rate),
            sample_rate=challenge.sample_rate,
            audiogram=challenge.listeners[trial.listener].ear(trial.ear),
            level1=reference.level1,
            reference=self.references.prepared(trial),
            reference_sample_rate=challenge.sample_rate,
            equalisation=challenge.equalisation,
            mixture=partial(self.references.mixture, trial.ear),
            gains=challenge.target_gains(self.pair, trial.stem),
            rng=self.generator,
        )


def works(
    challenge: Challenge,
    pairs: Sequence[Pair],
    systems: Mapping[str, Path | Signals],
    set_random_seed: bool,
) -> Iterator[Work]:
    """One piece of work per pair and system, pair by pair.

    References are made once per pair, when they are needed, and shared by all systems.

    Args:
        systems: `enhanced_signals` folder (or URL) of each system, or what else reads its files.
        set_random_seed: HAAQI's noise for all trials of a pair comes from one stream with
            pyclarity's seed, in its order; without, each ear has a seed of its own.
    """
    for pair in pairs:
        references = _References(challenge, pair, len(systems) > 1, not set_random_seed)
        for system, source in systems.items():
            signals = source if hasattr(source, "read_enhanced") else SignalFolder(source)
            seed = official_seed(challenge.seed_name(pair))
            generator = np.random.RandomState(seed) if set_random_seed else None
            loader = _Loader(challenge, pair, signals, references, generator)
            yield Work(pair_trials(challenge, pair, system), loader)
