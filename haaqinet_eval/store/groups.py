"""Means of a submission by group, and two sources of scores on the same trials."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from ..errors import InputError
from ..statistics import Difference, paired_difference
from .aggregates import KINDS
from .opening import Store
from .schema import GroupSums, Listeners, Scenes, Scorers, Scores, Trials


@dataclass(frozen=True)
class GroupMean:
    """Means over a group of a submission's rows; None where nothing was scored."""

    scorer: str
    version: str
    origin: str
    name: str  # of the listener, scene, severity, genre, or reason code
    scored: int
    failed: int
    mean: float | None
    left: float | None
    right: float | None


def group_table(store: Store, submission: int, kind: str) -> list[GroupMean]:
    """Means of a submission by listener, scene, genre, severity (two definitions) or error.

    Args:
        kind: one of `aggregates.KINDS`.
    """
    if kind not in KINDS:
        raise InputError(f"groups by {kind!r}: known are {', '.join(KINDS)}")
    groups: dict[tuple, dict[str, GroupSums]] = defaultdict(dict)
    with store.reading() as session:
        rows = session.execute(
            sa.select(Scorers.name, Scorers.version, Scorers.origin, GroupSums)
            .join(Scorers, Scorers.id == GroupSums.scorer_id)
            .where(GroupSums.submission_id == submission, GroupSums.kind == kind)
            .order_by(GroupSums.scorer_id, GroupSums.name, GroupSums.ear)
        )
        for *scorer, sums in rows:
            groups[*scorer, sums.name][sums.ear] = sums
    return [_group_mean(key, ears) for key, ears in groups.items()]


def _group_mean(key: tuple, ears: dict[str, GroupSums]) -> GroupMean:
    def mean(sums: list[GroupSums]) -> float | None:
        scored = sum(s.scored for s in sums)
        return sum(s.total for s in sums) / scored if scored else None

    sums = list(ears.values())
    sides = {ear: mean([ears[ear]]) if ear in ears else None for ear in ("left", "right")}
    counts = {name: sum(getattr(s, name) for s in sums) for name in ("scored", "failed")}
    return GroupMean(*key, **counts, mean=mean(sums), **sides)


@dataclass(frozen=True)
class PairedRow:
    """A trial that both of two sources scored."""

    scene: str
    song: str
    listener: str
    ear: str
    stem: str
    first: float
    second: float
    low: float | None  # interval of the first, where that is a prediction with one
    high: float | None
    unfamiliar: bool  # the sound is unlike what the first was trained on


def paired_rows(store: Store, first: tuple[int, int], second: tuple[int, int]) -> list[PairedRow]:
    """Scores of the trials that two sources share, e.g. two systems, or two scorers of one system.

    Args:
        first, second: submission and scorer version (`ScorerVersion.id`).
    """
    a, b = aliased(Scores), aliased(Scores)
    statement = (
        sa.select(
            *(Scenes.name, Scenes.song, Listeners.name, Trials.ear, Trials.stem),
            *(a.score, b.score, a.low, a.high, a.unfamiliar),
        )
        .select_from(a)
        .join(b, b.trial_id == a.trial_id)
        .join(Trials, Trials.id == a.trial_id)
        .join(Scenes, Scenes.id == Trials.scene_id)
        .join(Listeners, Listeners.id == Trials.listener_id)
        .where(a.submission_id == first[0], a.scorer_id == first[1], a.score.is_not(None))
        .where(b.submission_id == second[0], b.scorer_id == second[1], b.score.is_not(None))
        .order_by(a.trial_id)
    )
    with store.reading() as session:
        return [PairedRow(*row) for row in session.execute(statement)]


def compare(rows: Sequence[PairedRow]) -> Difference:
    """Mean difference (first minus second) with its interval, resampled over scenes and listeners."""
    return paired_difference(
        [r.first for r in rows],
        [r.second for r in rows],
        [r.scene for r in rows],
        [r.listener for r in rows],
    )
