"""Scorers: each turns a stimulus into a number.

Each scorer is one file and is imported only when it is asked for, so that importing the package needs
neither torch nor numba. What is known of a scorer before that is its record in `registry`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from ..errors import Unscorable
from ..registry import scorer_names, scorer_record
from ..trials import Result, Stimulus

__all__ = ["BatchScorer", "Scorer", "load_scorer", "scorer_names"]


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

    prefers_batches: bool  # whether that is quicker where it runs

    def score_batch(self, stimuli: Sequence[Stimulus]) -> list[Result | Unscorable]:
        """What each ear would get by itself, or why it has no score."""
        ...


def load_scorer(name: str, **options: Any) -> Scorer:
    """Load a scorer by name, ours or another package's; options go to the scorer's own class.

    Raises:
        InputError: for an unknown name (lists the known ones) or a missing package.
    """
    return scorer_record(name).load(**options)
