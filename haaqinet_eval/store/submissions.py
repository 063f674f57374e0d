"""Submissions, and what may happen to one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ..errors import InputError
from ..io.names import clean_name, counted
from .challenges import find_challenge
from .clock import database_now
from .opening import Store
from .schema import Challenges, Events, Submissions, Systems, Teams
from .systems import System, save_system

# state -> states that may follow
STATES = {
    "invalid": ("withdrawn",),  # the validation found errors; never scored
    "queued": ("scoring", "withdrawn"),
    "scoring": ("queued", "scored", "incomplete", "failed", "withdrawn", "invalid"),  # at the worker's check
    "scored": ("queued", "withdrawn"),  # every expected trial has a score of every scorer
    "incomplete": ("queued", "withdrawn"),  # scored, but some trials have a reason instead
    "failed": ("queued", "withdrawn"),  # the scoring stopped for a reason that is no trial's
    "withdrawn": ("queued", "scoring"),  # "scoring": its rows are imported again
}
DAY = 86400.0


class Refused(InputError):
    """A submission that is not taken, although nobody made a mistake in the call."""

    exit_code = 1

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code  # one of `reasons.CODES`


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
    lapsed: bool  # its worker has not been heard of for longer than its lease


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
            f"team {team}: {counted(used, 'scored submission')} today; "
            f"{challenge.title} allows {challenge.quota} per day (UTC)"
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
    visitor: bool = False,
) -> tuple[Submission, bool]:
    """Take a submission; the same bytes again give the earlier submission of the same team.

    Bytes that were withdrawn or found invalid are queued again as the submission they were,
    for the team that now hands them in. What is invalid changes nothing that is known of a system.

    Args:
        sha256: digest of the bytes that were handed in; path, size: where they are, and how many.
        scorers: names of the scorers that are to score it.
        findings: of the validation, as JSON.
        state: "queued", "invalid", or "scoring" for rows that are imported in the same step.
        visitor: it comes from somebody of whom nothing is known: what an organiser withdrew stays
            withdrawn, and what is known of the system is added to, not changed.

    Returns:
        The submission, and whether it is new.

    Raises:
        InputError: for an unknown challenge, a bad name, or a quota that is used up.
        Refused: `other_team`, the bytes are another team's; `withdrawn`, and the visitor may not
            bring them back.
    """
    given = {"sha256": sha256, "path": path, "size": size, "findings": list(findings)}
    with store.writing() as session:
        store.lock(session)
        found = find_challenge(session, challenge, split)
        team = clean_name(system.team, "team")
        row, owner = _same_bytes(session, found.id, sha256)
        if row is not None and not _comes_back(row, owner == team, state, visitor):
            return describe(session, row.id), False
        if state == "queued":
            _check_quota(store, session, found, team)
        told = System(system.team, system.name) if state == "invalid" else system
        about = {"system_id": save_system(store, session, told, visitor=visitor), **given}
        if row is None:
            row = _add(store, session, found.id, state, {**about, "origin": origin}, scorers)
            log_event(store, session, row, actor, origin)
            return describe(session, row.id), True
        for name, value in about.items():
            setattr(row, name, value)
        row.scorers = list(scorers) or row.scorers
        row.state = "withdrawn"  # from where it may come back
        move(store, session, row, state, actor, "" if state == "scoring" else "submitted again")
        return describe(session, row.id), False


def _same_bytes(session: Session, challenge_id: int, sha256: str) -> tuple[Submissions | None, str]:
    """The submission that has these bytes, and whose it is."""
    found = session.execute(
        sa.select(Submissions, Teams.name)
        .join(Systems, Systems.id == Submissions.system_id)
        .join(Teams, Teams.id == Systems.team_id)
        .where(Submissions.challenge_id == challenge_id, Submissions.sha256 == sha256)
    ).one_or_none()
    return (None, "") if found is None else (found[0], found[1])


def _comes_back(row: Submissions, own: bool, state: str, visitor: bool) -> bool:
    """Whether bytes that are there already are taken again; if not, the earlier submission stands.

    Raises:
        Refused: where neither may be, see `submit`.
    """
    if row.state == "withdrawn" and visitor:
        raise Refused("withdrawn_bytes", "these bytes were withdrawn; only organisers can bring them back")
    if row.state in ("withdrawn", "invalid") and state != "invalid":
        return True
    if not own:
        raise Refused("other_team", "the same bytes were handed in before by another team")
    return False


def _add(
    store: Store,
    session: Session,
    challenge_id: int,
    state: str,
    given: dict[str, Any],
    scorers: Sequence[str],
) -> Submissions:
    now = store.now(session)
    row = Submissions(
        challenge_id=challenge_id,
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
    lapsed = sa.and_(
        Submissions.state == "scoring",
        Submissions.token != "",
        Submissions.heartbeat + Submissions.lease < database_now(),
    )
    return (
        sa.select(
            *(Submissions, Systems, Teams.name, Challenges.name, Challenges.split),
            sa.func.coalesce(lapsed, sa.false()),
        )
        .join(Systems, Systems.id == Submissions.system_id)
        .join(Teams, Teams.id == Systems.team_id)
        .join(Challenges, Challenges.id == Submissions.challenge_id)
    )


def _reason(row: Submissions, lapsed: bool) -> str:
    if row.state == "invalid":
        codes = Counter(item["code"] for item in row.findings if item["severity"] == "error")
        return ", ".join(f"{code} {count}" for code, count in sorted(codes.items())) or row.reason
    if lapsed:
        heard = f"{moment(row.heartbeat):%Y-%m-%d %H:%M:%S} UTC"
        return f"not heard of its worker {row.worker} since {heard}; the next worker goes on"
    return row.reason


def _submission(
    row: Submissions, system: Systems, team: str, challenge: str, split: str, lapsed: bool
) -> Submission:
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
        **{f: getattr(row, f) for f in ("sha256", "path", "size", "origin", "state")},
        reason=_reason(row, lapsed),
        lapsed=bool(lapsed),
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
