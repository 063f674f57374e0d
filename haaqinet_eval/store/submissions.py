"""Submissions, and what may happen to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ..errors import InputError
from ..names import clean_name
from .challenges import find_challenge
from .opening import Store
from .schema import Challenges, Events, Submissions, Systems, Teams
from .systems import System, save_system

# state -> states that may follow
STATES = {
    "invalid": ("withdrawn",),  # the validation found errors; never scored
    "queued": ("scoring", "withdrawn"),
    "scoring": ("queued", "scored", "incomplete", "failed", "withdrawn"),
    "scored": ("queued", "withdrawn"),  # every expected trial has a score of every scorer
    "incomplete": ("queued", "withdrawn"),  # scored, but some trials have a reason instead
    "failed": ("queued", "withdrawn"),  # the scoring stopped for a reason that is no trial's
    "withdrawn": ("queued",),
}
DAY = 86400.0


@dataclass(frozen=True)
class Submission:
    """A submission as it stands."""

    id: int
    challenge: str
    split: str
    system: System
    sha256: str
    path: str
    size: int  # bytes
    origin: str  # "submitted", "imported" or "external"
    scorers: tuple[str, ...]
    findings: tuple[Any, ...]
    state: str
    reason: str
    received: datetime
    scored: datetime | None  # when all was scored for the first time
    attempts: int
    worker: str


@dataclass(frozen=True)
class Event:
    """Something that happened to a submission."""

    time: datetime
    state: str
    actor: str
    message: str


def moment(seconds: float | None) -> datetime | None:
    """A time of the store as a date in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def log_event(store: Store, session: Session, row: Submissions, actor: str, message: str) -> None:
    """Note what happened to a submission, with the state it now has."""
    session.add(
        Events(submission_id=row.id, time=store.now(session), state=row.state, actor=actor, message=message)
    )


def move(store: Store, session: Session, row: Submissions, state: str, actor: str, message: str = "") -> None:
    """Give a submission another state, and note it.

    Raises:
        InputError: where its present state does not allow that.
    """
    if state not in STATES[row.state]:
        raise InputError(f"submission {row.id} is {row.state}; it cannot become {state}")
    row.state, row.reason = state, message
    if state == "queued":
        row.queued, row.attempts = store.now(session), 0
    if state != "scoring":
        row.worker, row.token, row.heartbeat = "", "", None
    log_event(store, session, row, actor, message)


def quota_used(challenge_id: Any, team_id: Any, now: float) -> sa.ScalarSelect:
    """Number of a team's submissions that were scored since midnight (UTC), as a scalar query."""
    other, system = sa.orm.aliased(Submissions), sa.orm.aliased(Systems)
    return (
        sa.select(sa.func.count())
        .select_from(other)
        .join(system, system.id == other.system_id)
        .where(
            other.challenge_id == challenge_id,
            other.origin == "submitted",
            system.team_id == team_id,
            other.scored >= now - now % DAY,
        )
        .scalar_subquery()
    )


def _check_quota(store: Store, session: Session, challenge: Any, team: str) -> None:
    if challenge.quota is None:
        return
    team_id = session.scalar(sa.select(Teams.id).where(Teams.name == team))
    used = session.scalar(sa.select(quota_used(challenge.id, team_id, store.now(session))))
    if used >= challenge.quota:
        raise InputError(
            f"team {team}: {used} submissions were scored today; {challenge.title} allows {challenge.quota} "
            "per day (UTC)"
        )


def submit(
    store: Store,
    challenge: str,
    system: System,
    *,
    sha256: str,
    path: str = "",
    size: int = 0,
    scorers: Sequence[str] = (),
    findings: Sequence[Any] = (),
    split: str = "",
    origin: str = "submitted",
    state: str = "queued",
    actor: str = "",
) -> tuple[Submission, bool]:
    """Take a submission; the same bytes again give the earlier submission.

    A submission that was withdrawn or found invalid is queued again by its bytes.

    Args:
        sha256: digest of the bytes that were handed in; path, size: where they are, and how many.
        scorers: names of the scorers that are to score it.
        findings: of the validation, as JSON.
        state: "queued", "invalid", or "scoring" for rows that are imported in the same step.

    Returns:
        The submission, and whether it is new.

    Raises:
        InputError: for an unknown challenge, a bad name, or a quota that is used up.
    """
    given = {"sha256": sha256, "path": path, "size": size, "findings": list(findings)}
    with store.writing() as session:
        store.lock(session)
        found = find_challenge(session, challenge, split)
        row = session.scalar(
            sa.select(Submissions).where(Submissions.challenge_id == found.id, Submissions.sha256 == sha256)
        )
        if row is not None and not (row.state in ("withdrawn", "invalid") and state == "queued"):
            return describe(session, row.id), False
        if state == "queued":
            _check_quota(store, session, found, clean_name(system.team, "team"))
        if row is None:
            row = _add(store, session, found.id, system, state, {**given, "origin": origin}, scorers)
            log_event(store, session, row, actor, origin)
            return describe(session, row.id), True
        row.path, row.size, row.findings = path, size, list(findings)
        row.state = "withdrawn"  # from where it may be queued again
        move(store, session, row, "queued", actor, "submitted again")
        return describe(session, row.id), False


def _add(
    store: Store,
    session: Session,
    challenge_id: int,
    system: System,
    state: str,
    given: dict[str, Any],
    scorers: Sequence[str],
) -> Submissions:
    now = store.now(session)
    row = Submissions(
        challenge_id=challenge_id,
        system_id=save_system(store, session, system),
        **given,
        scorers=list(scorers),
        state=state,
        reason="",
        received=now,
        queued=now if state == "queued" else None,
        attempts=0,
        worker="",
        token="",
        lease=0.0,
    )
    session.add(row)
    session.flush()
    return row


def _select() -> sa.Select:
    return (
        sa.select(Submissions, Systems, Teams.name, Challenges.name, Challenges.split)
        .join(Systems, Systems.id == Submissions.system_id)
        .join(Teams, Teams.id == Systems.team_id)
        .join(Challenges, Challenges.id == Submissions.challenge_id)
    )


def _submission(row: Submissions, system: Systems, team: str, challenge: str, split: str) -> Submission:
    return Submission(
        id=row.id,
        challenge=challenge,
        split=split,
        system=System(
            team,
            system.name,
            system.causal,
            system.augmented,
            system.model_size,
            system.note,
            system.reference,
        ),
        **{f: getattr(row, f) for f in ("sha256", "path", "size", "origin", "state", "reason")},
        **{f: getattr(row, f) for f in ("attempts", "worker")},
        scorers=tuple(row.scorers),
        findings=tuple(row.findings),
        received=moment(row.received),
        scored=moment(row.scored),
    )


def describe(session: Session, id: int) -> Submission:
    """A submission by its id.

    Raises:
        InputError: where there is none.
    """
    session.flush()
    found = session.execute(_select().where(Submissions.id == id)).one_or_none()
    if found is None:
        raise InputError(f"submission {id}: the store has none of that number")
    return _submission(*found)


def submission(store: Store, id: int) -> Submission:
    """A submission by its id, see `describe`."""
    with store.reading() as session:
        return describe(session, id)


def submissions(
    store: Store,
    *,
    challenge: str | None = None,
    split: str | None = None,
    team: str | None = None,
    state: str | None = None,
) -> list[Submission]:
    """Submissions, newest first."""
    statement = _select().order_by(Submissions.id.desc())
    wanted = {Challenges.name: challenge, Challenges.split: split, Teams.name: team, Submissions.state: state}
    for column, value in wanted.items():
        if value is not None:
            statement = statement.where(column == value)
    with store.reading() as session:
        return [_submission(*row) for row in session.execute(statement)]


def events(store: Store, id: int) -> list[Event]:
    """What happened to a submission, oldest first."""
    with store.reading() as session:
        rows = session.scalars(sa.select(Events).where(Events.submission_id == id).order_by(Events.id))
        return [Event(moment(e.time), e.state, e.actor, e.message) for e in rows]


def _lock(session: Session, id: int) -> Submissions:
    row = session.scalar(sa.select(Submissions).where(Submissions.id == id).with_for_update())
    if row is None:
        raise InputError(f"submission {id}: the store has none of that number")
    return row


def withdraw(store: Store, id: int, actor: str = "", reason: str = "") -> Submission:
    """Take a submission off the board; a worker that scores it finds out at its next heartbeat."""
    with store.writing() as session:
        move(store, session, _lock(session, id), "withdrawn", actor, reason)
        return describe(session, id)


def rescore(store: Store, id: int, actor: str = "", scorers: Sequence[str] | None = None) -> Submission:
    """Queue a submission again; rows that are there are kept, what is missing or failed is scored.

    Only what was handed in as audio can be scored again. The quota does not count it twice.
    """
    with store.writing() as session:
        row = _lock(session, id)
        if row.origin != "submitted":
            raise InputError(f"submission {id} is {row.origin}: the store has its scores, but not its audio")
        if scorers is not None:
            row.scorers = list(scorers)
        move(store, session, row, "queued", actor, "to be scored again")
        return describe(session, id)
