"""A system's worst trials, scenes, listeners and ears, and which part of the score is low there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..audiogram import Listener
from ..errors import InputError
from ..scores import Score
from .comparison import value_of
from .standings import current_versions
from .summary import severity_of

# parts of HAAQI and HASQI, 1 where nothing differs from the reference: what a low one points to
MEANING = {
    "mel_cepstral_high": "envelopes: noise, compression, artefacts",
    "cep_corr": "envelopes: noise, compression, artefacts",
    "bm_sync5": "fine structure: phase, noise, other sources",
    "d_loud": "spectrum: some bands too loud or too soft",
    "d_norm": "spectrum: its shape differs",
    "d_slope": "spectrum: its slope differs",
}


@dataclass(frozen=True)
class WorstTrial:
    """A trial with a low score.

    `low_part` is the part that lies furthest below its mean over the system's trials, in standard
    deviations; empty where no part does, or the scorer tells of none that is explained in `MEANING`.
    """

    score: Score
    severity: str
    low_part: str
    below: float  # standard deviations below the part's mean


@dataclass(frozen=True)
class WorstGroup:
    """A scene, listener or ear, and its mean."""

    kind: str
    name: str
    mean: float
    n: int


@dataclass(frozen=True)
class Worst:
    """A system's low scores by one scorer, lowest first, and why some trials have none."""

    system: str
    scorer: str
    mean: float
    n: int
    failed: Mapping[str, int]  # error code -> trials
    trials: tuple[WorstTrial, ...]
    groups: tuple[WorstGroup, ...]


def find_worst(
    scores: Sequence[Score], system: str, scorer: str, listeners: Mapping[str, Listener], most: int
) -> Worst:
    """The `most` worst trials, scenes and listeners, and both ears, of a system.

    Raises:
        InputError: where the system has no score of this scorer.
    """
    rows = [s for s in current_versions(scores) if s.trial.system == system and s.scorer == scorer]
    scored = sorted((s for s in rows if s.score is not None), key=value_of)
    if not scored:
        have = sorted({s.trial.system for s in scores if s.scorer == scorer and not s.failed})
        known = ", ".join(have) or "none"
        raise InputError(f"system {system!r} has no score of {scorer}; systems that have: {known}")
    unusual, severity = _unusual_parts(scored), severity_of(listeners)
    trials = tuple(WorstTrial(s, severity(s), *unusual(s)) for s in scored[:most])
    return Worst(
        system,
        scorer,
        float(np.mean([value_of(s) for s in scored])),
        len(scored),
        Counter(s.error for s in rows if s.failed),
        trials,
        tuple(_groups(scored, most)),
    )


def _groups(scored: Sequence[Score], most: int) -> list[WorstGroup]:
    found = []
    for kind in ("scene", "listener", "ear"):
        members = defaultdict(list)
        for score in scored:
            members[getattr(score.trial, kind)].append(value_of(score))
        groups = [WorstGroup(kind, name, float(np.mean(v)), len(v)) for name, v in members.items()]
        found += sorted(groups, key=lambda group: (group.mean, group.name))[:most]
    return found


def low_parts(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each row the part that lies furthest below its mean: its column [R], and by how much [R].

    Args:
        table: [R, P] parts of a system's rows.

    Returns:
        Columns, -1 where no part lies below; standard deviations below the part's mean.
    """
    mean, spread = table.mean(0), table.std(0)
    below = np.divide(mean - table, spread, out=np.zeros_like(table), where=spread > 0)
    lowest = below.argmax(axis=1)
    most = below[np.arange(len(table)), lowest]
    return np.where(most > 0, lowest, -1), np.maximum(most, 0.0)


def _unusual_parts(scored: Sequence[Score]) -> Callable[[Score], tuple[str, float]]:
    """A function from a row to its lowest explained part, and how far that lies below the mean."""
    names = [name for name in MEANING if all(name in score.parts for score in scored)]
    table = np.array([[score.parts[name] for name in names] for score in scored], dtype=float)
    if not names or not np.isfinite(table).all():
        return lambda score: ("", 0.0)
    places, most = low_parts(table)
    found = {
        id(score): (names[i] if i >= 0 else "", float(below))
        for score, i, below in zip(scored, places, most, strict=True)
    }
    return lambda score: found[id(score)]
