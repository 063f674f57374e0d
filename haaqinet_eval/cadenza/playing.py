"""Challenges that play a system's output to the listener themselves, and compare with what follows from it.

Elsewhere a system hands in what the ears hear, and the reference is the same for all systems.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np

from ..audiogram import EARS
from ..errors import Unscorable
from ..trials import SharedReference, Stimulus, Trial
from .challenge import Challenge, Pair
from .enhanced import Signals


@dataclass(frozen=True, eq=False)
class EarSignals:
    """What reaches the ears, and what each is compared with."""

    processed: np.ndarray  # [T, 2] at the challenge's `sample_rate`
    reference: np.ndarray  # [T', 2]; the longer is cut to the shorter, whatever is lost
    level1: tuple[float, float]  # dB SPL that an RMS of 1 means, by ear


@runtime_checkable
class Playing(Protocol):
    """What a challenge has besides, if it plays the output itself."""

    def hear(self, pair: Pair, samples: np.ndarray) -> EarSignals:
        """Play a system's file [T, C], full scale 1, as it was read. Raises `Unscorable`."""
        ...

    def generator(self, pair: Pair) -> np.random.RandomState:
        """The official stream of random numbers of a pair, where HAAQI goes on. Raises `Unscorable`."""
        ...


@dataclass(eq=False)
class PlayedLoader:
    """Loads the trials of one pair and one system."""

    challenge: Challenge
    playing: Playing  # the same
    pair: Pair
    signals: Signals
    own_seed: Callable[[Trial], int] | None  # of one ear; None: one stream for all trials, pyclarity's
    _made: tuple[EarSignals, np.random.RandomState | None] | Unscorable | None = None

    def _hear(self) -> tuple[EarSignals, np.random.RandomState | None]:
        name = self.challenge.enhanced_file(self.pair, EARS[0], "")
        self.signals.check_format(name, self.challenge.enhanced)  # cheap, so before the reference is made
        seconds = self.challenge.reference(self.pair, EARS[0], "").seconds
        samples = self.signals.read_enhanced(name, self.challenge.enhanced, seconds)
        heard = self.playing.hear(self.pair, samples)
        return heard, None if self.own_seed else self.playing.generator(self.pair)

    def _once(self) -> tuple[EarSignals, np.random.RandomState | None]:
        if self._made is None:
            try:
                self._made = self._hear()
            except Unscorable as error:
                self._made = error
        if isinstance(self._made, Unscorable):
            raise self._made
        return self._made

    def __call__(self, trial: Trial) -> Stimulus:
        heard, generator = self._once()
        challenge, index = self.challenge, EARS.index(trial.ear)
        audiogram = challenge.listeners[trial.listener].ear(trial.ear)
        noise = self.own_seed(trial) if self.own_seed else generator
        clean = heard.reference[:, index]
        return Stimulus(
            processed=np.ascontiguousarray(heard.processed[:, index]),
            sample_rate=challenge.sample_rate,
            audiogram=audiogram,
            level1=heard.level1[index],
            reference=SharedReference(lambda: clean, noise, any_length=True),
            amplified=challenge.equalisation == 2,
            mixture=partial(challenge.ear_mixture, self.pair, trial.ear),
            gains=challenge.target_gains(self.pair, trial.stem) or None,
        )
