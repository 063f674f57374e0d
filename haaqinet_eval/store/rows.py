"""Score rows of a submission: writing them as they are made, reading them back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ..errors import InputError
from ..scores import Key, Score
from ..trials import Trial
from .challenges import TrialKey, trial_ids, trial_key
from .frames import insert_frames
from .opening import Store
from .schema import Listeners, Scenes, Scorers, Scores, Submissions, Trials
from .submissions import Submission, submission
from .validity import check_score

BATCH = 10_000  # rows per statement
HERE, EXTERNAL = "here", "external"  # origins of scores


def scorer_id(store: Store, session: Session, name: str, version: str, origin: str) -> int:
    """Row id of a scorer's version, which is added where it is new."""
    key = {"name": name, "version": version, "origin": origin}
    known = sa.select(Scorers.id).filter_by(**key)
    found = session.scalar(known)
    if found is None:
        session.execute(store.insert(Scorers).values(**key).on_conflict_do_nothing())
        found = session.scalar(known)
    return found


class StoredScores:
    """The rows of one submission in the store; the evaluate loop fills it as it fills a `ScoreFile`.

    Rows that failed earlier are not in it, so they are tried again; a scored row is never
    scored twice, nor overwritten.

    Args:
        submission: whose rows.
        run: number of the run that makes them, see `queue.start_run`.
        origin: "here", or "external" for scores that were made elsewhere.
    """

    def __init__(
        self, store: Store, submission: Submission, run: int | None = None, origin: str = HERE
    ) -> None:
        self.store, self.submission, self.run, self.origin = store, submission, run, origin
        with store.reading() as session:
            challenge_id = session.scalar(_challenge_id(submission.id))
            self._trials: dict[TrialKey, int] = trial_ids(session, challenge_id)
            done = sa.select(Scores.scorer_id, Scores.trial_id).where(
                Scores.submission_id == submission.id, Scores.score.is_not(None)
            )
            self._scored = {(scorer, trial) for scorer, trial in session.execute(done)}
            known = sa.select(Scorers.name, Scorers.version, Scorers.id).where(Scorers.origin == origin)
            self._scorers = {(name, version): id for name, version, id in session.execute(known)}

    def __contains__(self, key: Key) -> bool:
        challenge, system, *trial, scorer, version = key
        if challenge != self.submission.challenge or system != self.submission.system.name:
            return False
        return (self._scorers.get((scorer, version)), self._trials.get(tuple(trial))) in self._scored

    def __len__(self) -> int:
        return len(self._scored)

    def __iter__(self) -> Iterator[Score]:
        return (s for s in read_rows(self.store, self.submission.id, self.origin) if not s.failed)

    def append(self, scores: Iterable[Score]) -> None:
        """Add rows with their frames, all or none; those that are there already are left as they are.

        Raises:
            InputError: for a row of another challenge or system, a trial that is not expected, or values
                that no scorer gives.
        """
        scores = list(scores)
        for score in scores:
            check_score(score)
        scorers = dict(self._scorers)
        with self.store.writing() as session:
            for name, version in sorted({(s.scorer, s.version) for s in scores} - scorers.keys()):
                scorers[name, version] = scorer_id(self.store, session, name, version, self.origin)
            rows = [self._row(score, scorers[score.scorer, score.version]) for score in scores]
            insert_rows(self.store, session, rows)
            insert_frames(self.store, session, zip(rows, (s.frames for s in scores), strict=True))
        self._scorers = scorers
        self._scored.update((r["scorer_id"], r["trial_id"]) for r in rows if r["score"] is not None)

    def _row(self, score: Score, scorer: int) -> dict[str, Any]:
        mine, asked = self.submission, score.trial
        if (asked.challenge, asked.system) != (mine.challenge, mine.system.name):
            raise InputError(
                f"a row of {asked.challenge}, system {asked.system}, in submission {mine.id} of "
                f"{mine.challenge}, system {mine.system.name}"
            )
        trial = self._trials.get(trial_key(asked))
        if trial is None:
            raise InputError(
                f"{mine.challenge} does not expect scene {asked.scene!r} ({asked.song!r}), listener "
                f"{asked.listener!r}, {asked.ear} ear{f', stem {asked.stem}' if asked.stem else ''}"
            )
        return {
            "submission_id": mine.id,
            "scorer_id": scorer,
            "trial_id": trial,
            "run_id": self.run,
            "score": score.score,
            "seconds": score.seconds,
            "error": score.error,
            "message": score.message,
            "parts": dict(score.parts) or None,
            "low": score.low,
            "high": score.high,
            "unfamiliar": score.unfamiliar,
        }


def insert_rows(store: Store, session: Session, rows: list[dict[str, Any]]) -> None:
    """Insert rows of scores; a row that is there stays, unless it failed and the new one did not."""
    statement = store.insert(Scores)
    keys = ("submission_id", "scorer_id", "trial_id")
    fields = [column.name for column in Scores.__table__.columns if column.name not in keys]
    statement = statement.on_conflict_do_update(
        index_elements=list(keys),
        set_={name: statement.excluded[name] for name in fields},
        where=sa.and_(Scores.score.is_(None), statement.excluded.score.is_not(None)),
    )
    for start in range(0, len(rows), BATCH):
        session.execute(statement, rows[start : start + BATCH])


def _challenge_id(submission_id: int) -> sa.Select:
    return sa.select(Submissions.challenge_id).where(Submissions.id == submission_id)


def read_rows(
    store: Store,
    submission_id: int,
    origin: str = HERE,
    scorer: str | None = None,
    version: str | None = None,
) -> list[Score]:
    """Rows of a submission in the order of its challenge's trials, per scorer version; without frames.

    Args:
        scorer, version: only these.
    """
    mine = submission(store, submission_id)
    statement = (
        sa.select(
            *(Scenes.name, Scenes.song, Listeners.name, Trials.ear, Trials.stem),
            *(Scorers.name, Scorers.version),
            *(Scores.score, Scores.parts, Scores.seconds, Scores.error, Scores.message),
            *(Scores.low, Scores.high, Scores.unfamiliar),
        )
        .select_from(Scores)
        .join(Trials, Trials.id == Scores.trial_id)
        .join(Scenes, Scenes.id == Trials.scene_id)
        .join(Listeners, Listeners.id == Trials.listener_id)
        .join(Scorers, Scorers.id == Scores.scorer_id)
        .where(Scores.submission_id == submission_id, Scorers.origin == origin)
        .order_by(Scores.scorer_id, Scores.trial_id)
    )
    for column, value in ((Scorers.name, scorer), (Scorers.version, version)):
        if value is not None:
            statement = statement.where(column == value)
    with store.reading() as session:
        return [
            Score(Trial(mine.challenge, mine.system.name, *row[:5]), *row[5:8], row[8] or {}, *row[9:])
            for row in session.execute(statement)
        ]
