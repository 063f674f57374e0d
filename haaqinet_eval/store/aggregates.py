"""What a leaderboard reads: sums by listener, scene, severity and genre, means, and bootstrap draws.

All of it follows from the scores and is made by set-based statements: two passes over the
rows (by listener, by scene), and everything else from these sums. The bootstrap means of
each submission that is complete are kept too. They come from the same draws of scenes and
listeners, so the difference of any two submissions is a difference of their vectors.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ..analysis.statistics import Resampling, pair_sums
from .opening import Store
from .schema import Aggregates, GroupSums, Listeners, Scenes, Scores, Submissions, Trials

# what `GroupSums.kind` may be
KINDS = (
    "listener",
    "scene",
    "genre",
    "severity_humes",  # the challenge's words: better ear, both ears of a listener together
    "severity_clarity",  # pyclarity's: each ear by itself
    "error",  # reason codes; `failed` counts, the rest is 0
)
_SUMS = ("scored", "failed", "unfamiliar", "total", "seconds")
_COLUMNS = ("submission_id", "scorer_id", "kind", "name", "ear", *_SUMS)


def refresh(store: Store, submissions: Collection[int] | None = None) -> None:
    """Make the aggregates again.

    Args:
        submissions: their ids; None for all.
    """
    with store.writing() as session:
        store.lock(session)
        if submissions is None:
            submissions = session.scalars(sa.select(Scores.submission_id).distinct()).all()
            _clear(session, None)
        else:
            _clear(session, submissions)
        for id in sorted(submissions):
            _sum_rows(session, id)
        _roll_up(session, submissions)
        _aggregate(store, session, submissions)
        _draw(session, submissions)


def _clear(session: Session, submissions: Collection[int] | None) -> None:
    for table in (GroupSums, Aggregates):
        statement = sa.delete(table)
        if submissions is not None:
            statement = statement.where(table.submission_id.in_(submissions))
        session.execute(statement)


def _insert(session: Session, select: sa.Select) -> None:
    session.execute(sa.insert(GroupSums.__table__).from_select(_COLUMNS, select))


def _sum_rows(session: Session, submission: int) -> None:
    """The two passes over a submission's rows, and the count of its errors."""
    scored = sa.func.count(Scores.score)
    sums = (
        scored,
        sa.func.count() - scored,
        sa.func.sum(sa.case((Scores.unfamiliar, 1), else_=0)),
        sa.func.coalesce(sa.func.sum(Scores.score), 0.0),
        sa.func.sum(Scores.seconds),
    )
    mine = Scores.submission_id == submission
    for kind, table, key in (
        ("listener", Listeners, Trials.listener_id),
        ("scene", Scenes, Trials.scene_id),
    ):
        cells = (
            sa.select(Scores.scorer_id, key.label("key"), Trials.ear, *_labelled(sums))
            .join(Trials, Trials.id == Scores.trial_id)
            .where(mine)
            .group_by(Scores.scorer_id, key, Trials.ear)
            .subquery()
        )
        named = sa.select(
            *(sa.literal(submission), cells.c.scorer_id, sa.literal(kind), table.name, cells.c.ear),
            *(cells.c[name] for name in _SUMS),
        ).join(table, table.id == cells.c.key)
        _insert(session, named)
    failed = (
        sa.select(
            *(sa.literal(submission), Scores.scorer_id, sa.literal("error"), Scores.error, Trials.ear),
            *(sa.literal(0), sa.func.count(), sa.literal(0), sa.literal(0.0), sa.func.sum(Scores.seconds)),
        )
        .join(Trials, Trials.id == Scores.trial_id)
        .where(mine, Scores.score.is_(None))
        .group_by(Scores.scorer_id, Scores.error, Trials.ear)
    )
    _insert(session, failed)


def _labelled(sums: tuple) -> list[sa.Label]:
    return [value.label(name) for name, value in zip(_SUMS, sums, strict=True)]


def _roll_up(session: Session, submissions: Collection[int]) -> None:
    """Severities from the sums by listener, genres from those by scene."""
    ear = sa.case((GroupSums.ear == "left", Listeners.severity_left), else_=Listeners.severity_right)
    for kind, source, table, name in (
        ("severity_humes", "listener", Listeners, Listeners.severity),
        ("severity_clarity", "listener", Listeners, ear),
        ("genre", "scene", Scenes, Scenes.genre),
    ):
        keys = (GroupSums.submission_id, GroupSums.scorer_id)
        statement = (
            sa.select(
                *(*keys, sa.literal(kind), name, GroupSums.ear),
                *(sa.func.sum(getattr(GroupSums, column)) for column in _SUMS),
            )
            .join(Submissions, Submissions.id == GroupSums.submission_id)
            .join(
                table,
                sa.and_(table.challenge_id == Submissions.challenge_id, table.name == GroupSums.name),
            )
            .where(GroupSums.kind == source, GroupSums.submission_id.in_(submissions))
            .group_by(*keys, name, GroupSums.ear)
        )
        _insert(session, statement)


def _aggregate(store: Store, session: Session, submissions: Collection[int]) -> None:
    """One row per submission and scorer version, from the sums by listener."""
    expected = (
        sa.select(Trials.challenge_id, sa.func.count().label("number"))
        .group_by(Trials.challenge_id)
        .subquery()
    )

    def mean(*ears: str) -> sa.ColumnElement:
        chosen = GroupSums.ear.in_(ears)
        count = sa.func.sum(sa.case((chosen, GroupSums.scored), else_=0))
        return sa.func.sum(sa.case((chosen, GroupSums.total), else_=0.0)) / sa.func.nullif(count, 0)

    columns = {
        "submission_id": GroupSums.submission_id,
        "scorer_id": GroupSums.scorer_id,
        "expected": sa.func.max(expected.c.number),
        "scored": sa.func.sum(GroupSums.scored),
        "failed": sa.func.sum(GroupSums.failed),
        "unfamiliar": sa.func.sum(GroupSums.unfamiliar),
        "mean": mean("left", "right"),
        "left": mean("left"),
        "right": mean("right"),
        "seconds": sa.func.sum(GroupSums.seconds),
        "refreshed": sa.literal(store.now(session)),
    }
    statement = (
        sa.select(*columns.values())
        .join(Submissions, Submissions.id == GroupSums.submission_id)
        .join(expected, expected.c.challenge_id == Submissions.challenge_id)
        .where(GroupSums.kind == "listener", GroupSums.submission_id.in_(submissions))
        .group_by(GroupSums.submission_id, GroupSums.scorer_id)
    )
    session.execute(sa.insert(Aggregates.__table__).from_select(list(columns), statement))


@dataclass(frozen=True)
class TrialFilter:
    """Some of a challenge's trials; an empty field leaves all in."""

    ear: str = ""
    listener: str = ""
    severity: str = ""  # Humes 2019, better ear
    genre: str = ""


class PairTables:
    """Reads scores of complete submissions as tables of scenes [S] by listeners [L].

    Args:
        subset: of the challenge's trials.
    """

    def __init__(self, session: Session, challenge_id: int, subset: TrialFilter = TrialFilter()) -> None:
        columns = {
            "ear": Trials.ear,
            "listener": Listeners.name,
            "severity": Listeners.severity,
            "genre": Scenes.genre,
        }
        rows = session.execute(
            sa.select(Scenes.name, *columns.values())
            .select_from(Trials)
            .join(Scenes, Scenes.id == Trials.scene_id)
            .join(Listeners, Listeners.id == Trials.listener_id)
            .where(Trials.challenge_id == challenge_id)
            .order_by(Trials.id)
        ).all()
        wanted = [(i, getattr(subset, n)) for i, n in enumerate(columns, 1) if getattr(subset, n)]
        kept = [i for i, row in enumerate(rows) if all(row[k] == value for k, value in wanted)]
        self._connection = session.connection()
        self._kept = np.array(kept, dtype=int)  # trials [N] by their place in the challenge
        self.ears = np.array([rows[i][1] for i in kept])  # [N]
        # in the order of the names, so that the draws do not depend on the order of registration
        self._scenes, self._scene = np.unique([rows[i][0] for i in kept], return_inverse=True)
        self._listeners, self._listener = np.unique([rows[i][2] for i in kept], return_inverse=True)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def shape(self) -> tuple[int, int]:
        """(S, L)."""
        return len(self._scenes), len(self._listeners)

    @property
    def listeners(self) -> list[str]:
        """Names [L] of the listeners."""
        return self._listeners.tolist()

    @property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """Number of the scene and of the listener of each trial, two arrays [N]."""
        return self._scene, self._listener

    @property
    def trials(self) -> np.ndarray:
        """Number of trials per scene and listener, [S, L]."""
        return pair_sums(np.zeros(len(self)), self._scene, self._listener, self.shape)[1]

    def read(self, submission: int, scorer: int) -> np.ndarray:
        """Scores [N] of a submission that lacks none."""
        scores = self._connection.execute(
            sa.select(Scores.score)
            .where(Scores.submission_id == submission, Scores.scorer_id == scorer)
            .order_by(Scores.trial_id)
        )
        return np.array(scores.scalars().all())[self._kept]

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sum per scene and listener, [S, L], of values [N]."""
        return pair_sums(values, self._scene, self._listener, self.shape)[0]


def _draw(session: Session, submissions: Collection[int]) -> None:
    """Bootstrap means of the submissions that have a score for every trial."""
    complete = session.execute(
        sa.select(Submissions.challenge_id, Aggregates.submission_id, Aggregates.scorer_id)
        .join(Submissions, Submissions.id == Aggregates.submission_id)
        .where(Aggregates.submission_id.in_(submissions), Aggregates.scored == Aggregates.expected)
        .order_by(Submissions.challenge_id)
    ).all()
    present = None
    for challenge, submission, scorer in complete:
        if challenge != present:
            present = challenge
            pairs = PairTables(session, challenge)
            resampling = Resampling.from_shape(pairs.shape)
            counts = resampling.sums(pairs.trials)
        with np.errstate(invalid="ignore"):  # no trial at all in a draw of a small sparse challenge
            draws = resampling.sums(pairs.sums(pairs.read(submission, scorer))) / counts
        session.execute(
            sa.update(Aggregates)
            .where(Aggregates.submission_id == submission, Aggregates.scorer_id == scorer)
            .values(draws=draws.astype("<f8").tobytes())
        )


def read_draws(blob: bytes) -> np.ndarray:
    """Bootstrap means [B] as they are kept in `Aggregates.draws`."""
    return np.frombuffer(blob, dtype="<f8")
