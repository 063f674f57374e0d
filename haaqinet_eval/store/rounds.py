"""Rounds: when a split takes submissions, and whether its scores are anybody's before it closes."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ..errors import InputError
from .challenges import Challenge, describe_challenge, find_challenge
from .clock import database_now
from .opening import Store
from .schema import Challenges, Submissions

PHASES = ("not yet open", "open", "closed")
KEEP = "keep"  # as it is
_ADDRESS = re.compile(r"https?://\S+|mailto:[^\s@,;<>]+@[^\s@,;<>?]+")


@dataclass(frozen=True)
class Health:
    """What scores a split's submissions: numbers only, since workers' names tell hosts."""

    queued: int
    scoring: int
    lapsed: int  # of those being scored: their worker has not been heard of for longer than its lease
    heard: float | None  # s since the last sign of life of any worker that scores here


def phase(challenge: Challenge, now: float | None = None) -> str:
    """One of `PHASES`; a split without times is open.

    Args:
        now: s since 1970, UTC; None for this moment.
    """
    moment = time.time() if now is None else now
    if challenge.opens is not None and moment < challenge.opens:
        return PHASES[0]
    return PHASES[2] if challenge.closes is not None and moment >= challenge.closes else PHASES[1]


def is_hidden(challenge: Challenge, now: float | None = None) -> bool:
    """Whether a split's scores are its organisers' alone: private, and not yet closed.

    A private split without a time of closing stays hidden until an organiser makes it public.
    """
    if challenge.settings.get("private", False):  # of tables of predictions: never anybody's
        return True
    return challenge.private and phase(challenge, now) != PHASES[2]


def when(text: str) -> float:
    """A time as ISO 8601, in UTC where it names no zone, as s since 1970.

    Raises:
        InputError: for anything else.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"time {text!r}: not ISO 8601, as 2026-03-01T12:00 is") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def set_round(
    store: Store,
    challenge: str,
    split: str = "",
    *,
    opens: float | str | None = KEEP,
    closes: float | str | None = KEEP,
    private: bool | None = None,
) -> Challenge:
    """Say when a split takes submissions, and whether its scores wait for the close.

    Args:
        opens, closes: s since 1970, UTC; None for no such time, "keep" for what is there.
        private: None for what is there.

    Raises:
        InputError: for an unknown challenge, or a close that is not after the opening.
    """
    with store.writing() as session:
        store.lock(session)
        row = session.get_one(Challenges, find_challenge(session, challenge, split).id)
        row.opens = row.opens if opens == KEEP else opens
        row.closes = row.closes if closes == KEEP else closes
        row.private = row.private if private is None else private
        if row.opens is not None and row.closes is not None and row.closes <= row.opens:
            raise InputError(f"challenge {challenge}: it would close before it opens")
        session.flush()
        return describe_challenge(session, row)


def set_webhook(store: Store, challenge: str, split: str, address: str) -> None:
    """Say where a finished submission is told, or nowhere for an empty text.

    Args:
        address: of http, https or `mailto:`; several are separated by blanks.

    Raises:
        InputError: for another address.
    """
    for one in address.split():
        if not _ADDRESS.fullmatch(one):
            raise InputError(f"webhook {one!r}: not an address of http or https, nor mailto:name@example.org")
    with store.writing() as session:
        row = session.get_one(Challenges, find_challenge(session, challenge, split).id)
        row.webhook = " ".join(address.split())


def webhook_of(store: Store, challenge: str, split: str) -> str:
    """The addresses that are told; empty for none. They may hold a secret: no page shows it."""
    with store.reading() as session:
        return session.get_one(Challenges, find_challenge(session, challenge, split).id).webhook


def check_open(store: Store, session: Session, challenge: Challenge) -> None:
    """Refuse what is handed in outside of the round.

    Raises:
        InputError: with the time at which it opens or closed.
    """
    found = phase(challenge, store.now(session))
    if found == PHASES[1]:
        return
    moment = challenge.opens if found == PHASES[0] else challenge.closes
    told = "opens" if found == PHASES[0] else "closed"
    raise InputError(f"{challenge.title} {told} at {datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC")


def queue_places(store: Store) -> dict[int, int]:
    """Place in the queue, from 1, of every submission that waits, of whatever challenge."""
    with store.reading() as session:
        ids = session.scalars(
            sa.select(Submissions.id)
            .where(Submissions.state == "queued")
            .order_by(Submissions.queued, Submissions.id)
        )
        return {id: place for place, id in enumerate(ids, 1)}


def health(store: Store, challenge: Challenge) -> Health:
    """How scoring goes, see `Health`."""
    quiet = database_now() - Submissions.heartbeat
    held = Submissions.state == "scoring"

    def number(condition: sa.ColumnElement) -> sa.ColumnElement:
        return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)

    columns = (
        number(Submissions.state == "queued"),
        number(held),
        number(sa.and_(held, quiet > Submissions.lease)),
        sa.func.min(sa.case((held, quiet))),
    )
    with store.reading() as session:
        found = session.execute(sa.select(*columns).where(Submissions.challenge_id == challenge.id)).one()
    return Health(*map(int, found[:3]), None if found[3] is None else float(found[3]))
