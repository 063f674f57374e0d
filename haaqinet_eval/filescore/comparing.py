"""Which of two files sounds better to a listener, though they need not be the same music."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..audio import SUFFIXES
from ..errors import InputError
from ..scorers import load_scorer
from ..trials import Result, Stimulus
from .options import EarSetup, ScoreOptions
from .places import Place
from .scoring import FileScorer


@dataclass(frozen=True)
class EarPreference:
    """One ear's comparison of two files, the first against the second."""

    ear: str
    probability: float  # that the first is better
    difference: float  # expected, of HAAQI: first less second
    scores: tuple[float, float]  # HAAQI-Net's


@dataclass
class _Keeper:
    """A scorer that keeps what it would score."""

    name: str = "noresqa"
    version: str = ""
    needs: frozenset[str] = frozenset()
    limits: tuple[float, float] = (0.0, 1.0)
    sample_rate: float = 24_000.0
    kept: list[Stimulus] = field(default_factory=list)

    def __call__(self, stimulus: Stimulus) -> Result:
        self.kept.append(stimulus)
        return Result(0.0)


def is_audio(given: str) -> bool:
    """Whether an argument is an audio file, by its name and being there.

    >>> is_audio("exp/results.csv")
    False
    """
    return Path(given).suffix.lower() in SUFFIXES and Path(given).is_file()


def compare_files(
    first: str, second: str, listening: EarSetup, level1: float | None = None
) -> list[EarPreference]:
    """What each ear prefers.

    Args:
        first, second: hearing-aid outputs, both stereo or both mono.
        listening: who hears them.
        level1: dB SPL that an RMS of 1 means, in both.

    Raises:
        InputError: for a file that cannot be scored, or files of different numbers of channels.
    """
    given = {path: _ears(path, listening, level1) for path in (first, second)}
    if len(set(map(tuple, given.values()))) > 1:
        told = "; ".join(f"{path}: {', '.join(ears)}" for path, ears in given.items())
        raise InputError(f"the files are not for the same ears: {told}")
    pairs, net = load_scorer("noresqa"), load_scorer("haaqinet")
    found = []
    for ear, one in given[first].items():
        both = one, given[second][ear]
        probability, difference = pairs.compare(*both)  # type: ignore[attr-defined]
        scores = tuple(net(stimulus).value for stimulus in both)
        found.append(EarPreference(ear, probability, difference, scores))  # type: ignore[arg-type]
    return found


def _ears(path: str, listening: EarSetup, level1: float | None) -> Mapping[str, Stimulus]:
    """What each ear hears of a file."""
    keeper = _Keeper()
    scorer = FileScorer(listening, ScoreOptions(("noresqa",), level1=level1), lambda name: keeper)
    rows = list(scorer(Place(path, Path(path).name)))
    for row in rows:
        if row.error:
            raise InputError(row.message)
    return dict(zip([row.ear for row in rows], keeper.kept, strict=True))
