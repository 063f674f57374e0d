"""Who may act on the board: whoever has a token, or whom a reverse proxy vouches for."""

from __future__ import annotations

import os
from collections.abc import Mapping

from haaqinet_eval.store import token_name

from .reading import the_store

HEADER_VARIABLE = "HAAQINET_PROXY_HEADER"
LONGEST = 100  # characters of a name from outside


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
    return token_name(the_store(), token.strip()) if token.strip() else None
