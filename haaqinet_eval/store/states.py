"""The states of a submission: what may follow what, and who changed it."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ..errors import InputError
from .opening import Store
from .schema import Events, Submissions
from .submissions import Submission, describe

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
