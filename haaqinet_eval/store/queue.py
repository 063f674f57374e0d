"""The queue: several workers on one store, each with a claim on what it scores.

A claim holds for its lease, and each heartbeat renews it. A worker that dies lets its
lease run out, and another takes over; what was scored stays. A worker whose claim was
taken, or whose submission was withdrawn, is told at its next heartbeat. All times are
the database's clock, never a worker's. Should that clock be set back, a claim whose
heartbeat lies in the future counts as run out too.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ..errors import InputError
from .intake import quota_used
from .opening import Store
from .schema import Challenges, Events, Runs, Scorers, Scores, Submissions, Systems, Trials
from .states import log_event, move
from .submissions import Submission, describe

LONGEST_LEASE = 7 * 86400.0  # s
CLAIMED, TAKEN_OVER = "claimed", "taken over from "  # messages of events
MAX_ATTEMPTS = 5  # times that a submission is taken before it counts as one that kills its workers


@dataclass(frozen=True)
class Claim:
    """The right to score a submission, until its lease runs out."""

    submission: Submission
    worker: str
    token: str  # proves the claim; another claim on the same submission has another


def _claimable(now: float, id: int | None) -> sa.Select:
    """The submission that waits longest, or the one with this id if it may be taken."""
    lapsed = sa.or_(Submissions.heartbeat + Submissions.lease < now, Submissions.heartbeat > now + 1)
    free = sa.or_(
        Submissions.state == "queued",
        sa.and_(Submissions.state == "scoring", Submissions.token != "", lapsed),
    )
    used = quota_used(Submissions.challenge_id, Systems.team_id, now)
    return (
        sa.select(Submissions)
        .join(Systems, Systems.id == Submissions.system_id)
        .join(Challenges, Challenges.id == Submissions.challenge_id)
        .where(free, sa.true() if id is None else Submissions.id == id)
        .where(sa.or_(Challenges.quota.is_(None), Submissions.scored.is_not(None), used < Challenges.quota))
        .order_by(Submissions.queued, Submissions.id)
        .limit(1)
    )


def claim(store: Store, worker: str, lease: float = 60.0, id: int | None = None) -> Claim | None:
    """Take the submission that waits longest, or None where none waits.

    A team whose quota for today is used up waits until midnight (UTC). Where nothing waits, the
    store is only read, so that idle workers are in nobody's way.

    Args:
        worker: a name for the log, e.g. host and process.
        lease: seconds after which the claim runs out without a heartbeat.
        id: only this submission.
    """
    if not 0 < lease <= LONGEST_LEASE:
        raise InputError(f"lease: {lease} s is not above 0 and at most {LONGEST_LEASE:g}")
    while True:
        with store.reading() as session:
            if session.scalar(_claimable(store.now(session), id)) is None:
                return None
        with store.writing() as session:
            store.lock(session)
            now = store.now(session)
            statement = _claimable(now, id)
            row = session.scalar(statement.with_for_update(of=Submissions, skip_locked=True))
            if row is None:
                return None
            if row.attempts and _has_got_on(session, row):
                row.attempts = 0  # its worker was well: the clock was set, or its machine slept
            if row.attempts < MAX_ATTEMPTS:
                return _take(store, session, row, worker, lease, now)
            if row.state == "queued":
                row.state = "scoring"
            reason = f"given up: {row.attempts} workers took it and none came back"
            move(store, session, row, "failed", worker, reason)


def _has_got_on(session: Session, row: Submissions) -> bool:
    """Whether the worker that had a submission last made rows of it, so that it did not end on it at once."""
    run = sa.select(sa.func.max(Runs.id)).where(Runs.submission_id == row.id).scalar_subquery()
    made = sa.select(Scores.trial_id).where(Scores.submission_id == row.id, Scores.run_id == run).limit(1)
    return session.scalar(made) is not None


def _take(store: Store, session: Session, row: Submissions, worker: str, lease: float, now: float) -> Claim:
    message = f"{TAKEN_OVER}{row.worker}, whose lease ran out" if row.state == "scoring" else CLAIMED
    row.state, row.reason, row.worker, row.token = "scoring", "", worker, secrets.token_hex(16)
    row.lease, row.heartbeat, row.attempts = lease, now, row.attempts + 1
    log_event(store, session, row, worker, message)
    return Claim(describe(session, row.id), worker, row.token)


def held_row(session: Session, claim: Claim) -> Submissions | None:
    """The row of what a claim is about, locked; None where the claim was lost."""
    return session.scalar(
        sa.select(Submissions)
        .where(
            Submissions.id == claim.submission.id,
            Submissions.state == "scoring",
            Submissions.token == claim.token,
        )
        .with_for_update()
    )


def heartbeat(store: Store, claim: Claim) -> bool:
    """Renew a claim; False where it was lost, and the worker must stop."""
    with store.writing() as session:
        row = held_row(session, claim)
        if row is None:
            return False
        row.heartbeat = store.now(session)
        return True


def release(store: Store, claim: Claim, reason: str = "") -> bool:
    """Give a submission back to the queue, e.g. when the worker is told to stop; False where it was lost."""
    with store.writing() as session:
        row = held_row(session, claim)
        if row is not None:
            queued, attempts = row.queued, row.attempts - 1
            move(store, session, row, "queued", claim.worker, reason or "released")
            row.queued, row.attempts = queued, attempts  # it keeps its place
        return row is not None


def fail(store: Store, claim: Claim, reason: str) -> bool:
    """End the scoring for a reason that concerns no single trial; False where the claim was lost."""
    with store.writing() as session:
        row = held_row(session, claim)
        if row is not None:
            move(store, session, row, "failed", claim.worker, reason)
        return row is not None


def note_findings(store: Store, claim: Claim, findings: Sequence[Any], refused: bool) -> bool:
    """Put findings in the place of those of the validation, and end as "invalid" if they refuse it.

    False where the claim was lost.
    """
    with store.writing() as session:
        row = held_row(session, claim)
        if row is not None:
            row.findings = list(findings)
            if refused:
                move(store, session, row, "invalid", claim.worker, "the worker's check of the audio")
        return row is not None


def finish(store: Store, claim: Claim) -> Submission | None:
    """End the scoring: "scored" where every trial has all its scores, else "incomplete".

    None where the claim was lost.
    """
    with store.writing() as session:
        row = held_row(session, claim)
        if row is None:
            return None
        settle(store, session, row, claim.worker)
        return describe(session, row.id)


def settle(store: Store, session: Session, row: Submissions, actor: str) -> None:
    """Let a submission that is being scored become "scored" or "incomplete", by its rows."""
    expected = session.scalar(
        sa.select(sa.func.count()).select_from(Trials).where(Trials.challenge_id == row.challenge_id)
    )
    scored = dict.fromkeys(row.scorers, 0)
    counts = session.execute(
        sa.select(Scorers.name, sa.func.count(Scores.score))
        .join(Scorers, Scorers.id == Scores.scorer_id)
        .where(Scores.submission_id == row.id)
        .group_by(Scores.scorer_id, Scorers.name)
        .order_by(Scores.scorer_id)
    )
    scored.update(dict(counts.all()))  # of several versions the newest counts
    lacking = [f"{name} {number} of {expected}" for name, number in scored.items() if number < expected]
    if lacking or not scored:
        move(store, session, row, "incomplete", actor, f"scored: {', '.join(lacking) or 'nothing'}")
        return
    move(store, session, row, "scored", actor)
    if row.scored is None:
        row.scored = store.now(session)


def start_run(store: Store, submission_id: int, provenance: dict, worker: str = "") -> int:
    """Note how scores are about to be made; gives the run's number for the rows."""
    with store.writing() as session:
        row = Runs(
            submission_id=submission_id, started=store.now(session), worker=worker, provenance=provenance
        )
        session.add(row)
        session.flush()
        return row.id


def note_run(store: Store, run_id: int, facts: Mapping[str, Any]) -> None:
    """Add facts to the provenance of a run that goes on, such as its progress."""
    with store.writing() as session:
        row = session.get_one(Runs, run_id)
        row.provenance = {**row.provenance, **facts}


def end_run(store: Store, run_id: int, facts: Mapping[str, Any] | None = None) -> None:
    """Note that a run came to its end; `facts` that only its end tells are added to its provenance."""
    with store.writing() as session:
        row = session.get_one(Runs, run_id)
        row.ended, row.provenance = store.now(session), {**row.provenance, **(facts or {})}


def runs(store: Store, submission_id: int) -> list[dict]:
    """The runs of a submission, oldest first: start, end (s since 1970), worker, provenance."""
    with store.reading() as session:
        rows = session.scalars(sa.select(Runs).where(Runs.submission_id == submission_id).order_by(Runs.id))
        return [
            {"started": r.started, "ended": r.ended, "worker": r.worker, "provenance": r.provenance}
            for r in rows
        ]


def workers(store: Store, submission_id: int) -> list[str]:
    """Names of the workers that had a submission, in the order in which they took it."""
    took = sa.or_(Events.message == CLAIMED, Events.message.startswith(TAKEN_OVER, autoescape=True))
    with store.reading() as session:
        names = session.scalars(
            sa.select(Events.actor).where(Events.submission_id == submission_id, took).order_by(Events.id)
        ).all()
        ran = sa.select(Runs.worker).where(Runs.submission_id == submission_id).order_by(Runs.id)
        return [name for name in dict.fromkeys([*names, *session.scalars(ran)]) if name]
