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
from .schema import Tokens
from .submissions import moment

TOKEN_BYTES = 32  # 256 bit


@dataclass(frozen=True)
class Token:
    """A token, without what would let one use it."""

    name: str  # of who has it; stands in the events of what was done with it
    created: datetime


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def add_token(store: Store, name: str) -> str:
    """Make a token for an organiser; the text that is given back is kept nowhere.

    Raises:
        InputError: for a bad name, or one that has a token.
    """
    text = secrets.token_urlsafe(TOKEN_BYTES)
    with store.writing() as session:
        store.lock(session)
        name = clean_name(name, "token")
        if session.scalar(sa.select(Tokens.id).where(Tokens.name == name)) is not None:
            raise InputError(f"token {name!r} is there already; revoke it first, or give another name")
        session.add(Tokens(name=name, digest=_digest(text), created=store.now(session)))
    return text


def tokens(store: Store) -> list[Token]:
    """All tokens, oldest first."""
    with store.reading() as session:
        rows = session.scalars(sa.select(Tokens).order_by(Tokens.id))
        return [Token(row.name, moment(row.created)) for row in rows]


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
    """Name of the token that this is; None for any other text.

    Digests are compared in constant time, and all of them, so that the time taken tells nothing.
    """
    with store.reading() as session:
        known = session.execute(sa.select(Tokens.name, Tokens.digest).order_by(Tokens.id)).all()
    mine = _digest(text)
    matches = [name for name, digest in known if hmac.compare_digest(digest, mine)]
    return matches[0] if matches else None
