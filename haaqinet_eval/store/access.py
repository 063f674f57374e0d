"""Tokens of organisers: random, shown once, and kept as a digest only.

A token has 256 random bits, so that a plain SHA-256 of it cannot be searched: a slow hash is
for passwords, which people choose.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from ..errors import InputError
from ..io.names import clean_name
from .opening import Store
from .schema import Teams, Tokens
from .submissions import moment

TOKEN_BYTES = 32  # 256 bit


@dataclass(frozen=True)
class Token:
    """A token, without what would let one use it."""

    name: str  # of who has it; stands in the events of what was done with it
    created: datetime
    team: str = ""  # whose submissions it shows; empty for an organiser


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def add_token(store: Store, name: str, team: str = "") -> str:
    """Make a token for an organiser, or for a team; the text that is given back is kept nowhere.

    Args:
        team: that may see its own submissions with it, and nothing else; empty for an organiser.

    Raises:
        InputError: for a bad name, or one that has a token.
    """
    text = secrets.token_urlsafe(TOKEN_BYTES)
    with store.writing() as session:
        store.lock(session)
        name = clean_name(name, "token")
        if session.scalar(sa.select(Tokens.id).where(Tokens.name == name)) is not None:
            raise InputError(f"token {name!r} is there already; revoke it first, or give another name")
        whose = clean_name(team, "team") if team else ""
        if whose and session.scalar(sa.select(Teams.id).where(Teams.name == whose)) is None:
            raise InputError(f"team {whose!r}: has handed nothing in yet")
        session.add(Tokens(name=name, digest=_digest(text), created=store.now(session), team=whose))
    return text


def tokens(store: Store) -> list[Token]:
    """All tokens, oldest first."""
    with store.reading() as session:
        rows = session.scalars(sa.select(Tokens).order_by(Tokens.id))
        return [Token(row.name, moment(row.created), row.team) for row in rows]


def revoke_token(store: Store, name: str) -> None:
    """Let a token open nothing any more, from now on.

    Raises:
        InputError: where there is none of that name.
    """
    with store.writing() as session:
        gone = session.execute(sa.delete(Tokens).where(Tokens.name == clean_name(name, "token")))
        if not gone.rowcount:
            raise InputError(f"token {name!r}: the store has none of that name")


def token_name(store: Store, text: str) -> str | None:
    """Name of the organiser's token that this is; None for any other text, a team's token too."""
    found = _find(store, text)
    return found[0] if found and not found[1] else None


def token_team(store: Store, text: str) -> str | None:
    """The team whose token this is; None for any other text, an organiser's token too."""
    found = _find(store, text)
    return (found[1] or None) if found else None


def _find(store: Store, text: str) -> tuple[str, str] | None:
    """Name and team of a token.

    Digests are compared in constant time, and all of them, so that the time taken tells nothing.
    """
    with store.reading() as session:
        known = session.execute(sa.select(Tokens.name, Tokens.team, Tokens.digest).order_by(Tokens.id)).all()
    mine = _digest(text)
    matches = [(name, team) for name, team, digest in known if hmac.compare_digest(digest, mine)]
    return matches[0] if matches else None
