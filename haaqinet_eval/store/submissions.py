"""Submissions as they stand, and what happened to them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ..errors import InputError
from .clock import database_now
from .opening import Store
from .schema import Challenges, Events, Submissions, Systems, Teams
from .systems import FACTS, System


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
            **{name: getattr(system, name) for name in FACTS},
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
