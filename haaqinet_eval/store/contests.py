"""Complete systems beside one another on the same trials: who is best for whom, who wins over whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ..analysis.best import Best, best_by_group
from ..analysis.pairs import Strength, strengths_with_intervals, win_rates, win_tables
from ..analysis.statistics import CONFIDENCE, compare_all
from .aggregates import PairTables, read_draws
from .challenges import find_challenge
from .opening import Store
from .schema import Aggregates, Listeners, Scorers
from .standing_row import StandingRow


@dataclass(frozen=True)
class Contest:
    """All pairs of K systems, in the order in which they were given."""

    wins: np.ndarray  # [K, K] share of trials in which row is above column, a draw half; NaN on the diagonal
    differences: np.ndarray  # [K, K] mean of row less that of column
    p: np.ndarray  # [K, K] two-sided, corrected for all pairs (Holm)
    strengths: list[Strength]  # [K] Bradley-Terry
    trials: int

    def tells_apart(self, row: int, column: int) -> bool:
        """Whether the two differ, at 95 % over all pairs."""
        return bool(self.p[row, column] < 1 - CONFIDENCE)


def complete(entries: Sequence[StandingRow], scorer: str) -> list[StandingRow]:
    """Of a board's entries those that a scorer scored here on every trial, reference rows included."""
    return [e for e in entries if e.scorer == scorer and e.origin == "here" and e.mean is not None]


def best_for(store: Store, entries: Sequence[StandingRow], by: str) -> list[Best]:
    """The best of some complete systems for each listener or severity, see `analysis.best`.

    Args:
        entries: of one challenge and one scorer, all complete; at least one.
        by: "listener", or "severity" (Humes 2019, better ear), mildest first as far as they occur.
    """
    with store.reading() as session:
        challenge = find_challenge(session, entries[0].challenge, entries[0].split)
        pairs = PairTables(session, challenge.id)
        numbers = _version_ids(session, entries)
        totals = np.stack([pairs.sums(pairs.read(*pair)) for pair in numbers])
        severities = dict(
            session.execute(
                sa.select(Listeners.name, Listeners.severity).where(Listeners.challenge_id == challenge.id)
            ).all()
        )
    groups: dict[str, list[int]] = defaultdict(list)
    for number, name in enumerate(pairs.listeners):
        groups[name if by == "listener" else severities[name]].append(number)
    return best_by_group(totals, pairs.trials, groups)


def told_apart(store: Store, entries: Sequence[StandingRow]) -> np.ndarray:
    """p-values [K, K] of the differences of complete systems, two-sided, corrected for all pairs (Holm)."""
    with store.reading() as session:
        challenge = find_challenge(session, entries[0].challenge, entries[0].split)
        draws = [
            session.scalar(
                sa.select(Aggregates.draws).where(
                    Aggregates.submission_id == submission, Aggregates.scorer_id == scorer
                )
            )
            for submission, scorer in _version_ids(session, entries)
        ]
    means = np.array([entry.mean for entry in entries])
    freedom = min((n - 1 for n in (challenge.scenes, challenge.listeners) if n > 1), default=0)
    return compare_all(means, np.stack([read_draws(blob) for blob in draws], axis=1), freedom)


def contest(store: Store, entries: Sequence[StandingRow]) -> Contest:
    """All pairs of some complete systems of one challenge and one scorer; at least two."""
    p = told_apart(store, entries)
    with store.reading() as session:
        challenge = find_challenge(session, entries[0].challenge, entries[0].split)
        pairs = PairTables(session, challenge.id)
        scores = np.stack([pairs.read(*pair) for pair in _version_ids(session, entries)])
    means = scores.mean(axis=1)
    tables, shape = win_tables(scores, *pairs.places)
    wins = win_rates(tables.sum(axis=-1))
    found = strengths_with_intervals(tables, shape)
    return Contest(wins, means[:, None] - means[None, :], p, found, scores.shape[1])


def _version_ids(session: Session, entries: Sequence[StandingRow]) -> list[tuple[int, int]]:
    """Submission and scorer version of each entry."""
    versions = {(e.scorer, e.version, e.origin) for e in entries}
    (key,) = versions
    scorer = session.scalar(
        sa.select(Scorers.id).where(
            Scorers.name == key[0], Scorers.version == key[1], Scorers.origin == key[2]
        )
    )
    return [(entry.submission, scorer) for entry in entries]
