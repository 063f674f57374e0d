"""Rows of the store as columns, for tables and plots: what a trial is once, and what a scorer says of it."""

from __future__ import annotations

import sqlalchemy as sa

from .opening import Store
from .schema import Listeners, Scenes, Scores, Trials

Columns = dict[str, list]  # of one length


def _columns(store: Store, chosen: dict[str, sa.ColumnElement], statement: sa.Select) -> Columns:
    with store.reading() as session:
        rows = session.connection().execute(statement).all()  # past the ORM, which doubles the time
    values = zip(*rows, strict=True) if rows else ((),) * len(chosen)
    return dict(zip(chosen, map(list, values), strict=True))


def trial_columns(store: Store, challenge_id: int) -> Columns:
    """The trials of a challenge in the order of their numbers: what all rows of a trial have in common.

    Returns:
        trial (its number), scene, song, genre, listener, ear, stem, severity_humes (better ear) and
        severity_clarity (pyclarity's, of this ear).
    """
    columns = {
        "trial": Trials.id,
        "scene": Scenes.name,
        "song": Scenes.song,
        "genre": Scenes.genre,
        "listener": Listeners.name,
        "ear": Trials.ear,
        "stem": Trials.stem,
        "severity_humes": Listeners.severity,
        "severity_clarity": sa.case(
            (Trials.ear == "left", Listeners.severity_left), else_=Listeners.severity_right
        ),
    }
    statement = (
        sa.select(*columns.values())
        .select_from(Trials)
        .join(Scenes, Scenes.id == Trials.scene_id)
        .join(Listeners, Listeners.id == Trials.listener_id)
        .where(Trials.challenge_id == challenge_id)
        .order_by(Trials.id)
    )
    return _columns(store, columns, statement)


def score_columns(store: Store, submission_id: int, scorer_version: int, *names: str) -> Columns:
    """Rows of a submission and one scorer version, in the order of their trials.

    Args:
        scorer_version: `board.ScorerVersion.id`.
        names: of the columns wanted; all where none is named.

    Returns:
        trial (its number), score (None where it failed), low, high (None where there is no interval),
        unfamiliar, seconds, error, message.
    """
    columns = {
        "trial": Scores.trial_id,
        "score": Scores.score,
        "low": Scores.low,
        "high": Scores.high,
        "unfamiliar": Scores.unfamiliar,
        "seconds": Scores.seconds,
        "error": Scores.error,
        "message": Scores.message,
    }
    columns = {name: column for name, column in columns.items() if not names or name in names}
    statement = (
        sa.select(*columns.values())
        .where(Scores.submission_id == submission_id, Scores.scorer_id == scorer_version)
        .order_by(Scores.trial_id)
    )
    return _columns(store, columns, statement)


def part_columns(store: Store, submission_id: int, scorer_version: int) -> Columns:
    """Parts of a submission's scores, in the order of their trials; None where a row has no such part.

    Returns:
        trial (its number), and a column for each part.
    """
    statement = (
        sa.select(Scores.trial_id, Scores.parts)
        .where(Scores.submission_id == submission_id, Scores.scorer_id == scorer_version)
        .order_by(Scores.trial_id)
    )
    with store.reading() as session:
        rows = session.connection().execute(statement).all()
    names = list(dict.fromkeys(name for _, parts in rows for name in parts or {}))
    columns: Columns = {"trial": [trial for trial, _ in rows]}
    return columns | {name: [(parts or {}).get(name) for _, parts in rows] for name in names}


def part_means(store: Store, submission_id: int, scorer_version: int) -> dict[str, float]:
    """Mean of each part of a submission's scores, over the rows that have it."""
    columns = part_columns(store, submission_id, scorer_version)
    found = {
        name: [v for v in column if v is not None] for name, column in columns.items() if name != "trial"
    }
    return {name: sum(values) / len(values) for name, values in found.items()}
