"""Who may act on the board: whoever has a token, or whom a reverse proxy vouches for."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from time import sleep

import streamlit as st

from haaqinet_eval.store import Store, token_name, token_team

from .reading import the_store

HEADER_VARIABLE = "HAAQINET_PROXY_HEADER"
LONGEST = 100  # characters of a name from outside
SLOW = 1.0  # s to wait after a wrong token
log = logging.getLogger(__name__)


def proxy_user(headers: Mapping[str, str]) -> str | None:
    """Who the proxy says that it is; None unless HAAQINET_PROXY_HEADER names the header to trust.

    The proxy must take this header off every request that comes in, and set it for organisers only.
    """
    header = os.environ.get(HEADER_VARIABLE, "").strip()
    value = headers.get(header, "").strip() if header else ""
    return value[:LONGEST] or None


def organiser(headers: Mapping[str, str], token: str) -> str | None:
    """Name of the organiser who asks; None for everybody else.

    Args:
        headers: of the request, found whatever their case.
        token: what was typed; empty for nothing.
    """
    name = proxy_user(headers)
    if name is not None:
        return name
    return _known(token.strip()) if token.strip() else None


def team(token: str) -> str | None:
    """The team whose token this is; None for everybody else."""
    return _known(token.strip(), token_team) if token.strip() else None


def _known(token: str, find: Callable[[Store, str], str | None] = token_name) -> str | None:
    """Whose token it is. A wrong one is logged and not looked up again; after it the session has to wait."""
    if st.session_state.get("_wrong_token") == token:
        return None
    name = find(the_store(), token)
    if name is None:
        log.warning("a token that is not known was tried from %s", st.context.ip_address or "this computer")
        st.session_state["_wrong_token"], st.session_state["_must_wait"] = token, True
    return name


def wait() -> None:
    """Let a session wait whose last token was wrong, before its page is made again."""
    if st.session_state.pop("_must_wait", False):
        sleep(SLOW)
