"""Means of a submission by group."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa

from ..errors import InputError
from .aggregates import KINDS
from .opening import Store
from .schema import GroupSums, Scorers


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
