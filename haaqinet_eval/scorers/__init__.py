"""The table of scorers. A scorer turns a stimulus into a number.

Each scorer is one file and is imported only when it is asked for, so that
importing the package needs neither torch nor numba.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, runtime_checkable

from ..errors import InputError, Unscorable
from ..trials import Result, Stimulus

_SCORERS = {  # name -> module and class
    "haaqi": ("haaqi", "HaaqiScorer"),
    "haaqinet": ("haaqinet", "HaaqiNetScorer"),
    "haaqinet_target": ("haaqinet_target", "TargetScorer"),
}


@runtime_checkable
class Scorer(Protocol):
    """What every scorer offers; see the contract test."""

    name: str  # the `scorer` column
    version: str  # digest of the weights, or the backend's version
    sample_rate: float  # Hz it works at; it resamples what it is given
    needs: frozenset[str]  # {"reference"}, {"mixture", "gains"}, or nothing
    limits: tuple[float, float]  # (worst, best)

    def __call__(self, stimulus: Stimulus) -> Result:
        """Score one ear.

        Raises:
            Unscorable: for input that has no score; with a reason code.
        """
        ...


@runtime_checkable
class BatchScorer(Scorer, Protocol):
    """A scorer that takes many ears in one call."""

    at_once: bool  # whether that is quicker where it runs

    def score_batch(self, stimuli: Sequence[Stimulus]) -> list[Result | Unscorable]:
        """What each ear would get by itself, or why it has no score."""
        ...


def scorer_names() -> tuple[str, ...]:
    """Names that `load_scorer` knows."""
    return tuple(_SCORERS)


def load_scorer(name: str, **options) -> Scorer:
    """Load a scorer by name; options go to the scorer's own class.

    Raises:
        InputError: for an unknown name (lists the known ones) or a missing package.
    """
    if name not in _SCORERS:
        raise InputError(f"scorer {name!r} is unknown; known: {', '.join(_SCORERS)}")
    module, cls = _SCORERS[name]
    return getattr(import_module(f".{module}", __name__), cls)(**options)
