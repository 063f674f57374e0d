"""Addresses within the board: a page and what is chosen on it."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from haaqinet_eval.store import Challenge


def to(page: str, challenge: Challenge, **chosen: str) -> str:
    """Address of a page, from any other page of the board; empty choices are left out."""
    told = {"challenge": challenge.title} | {name: value for name, value in chosen.items() if value}
    return f"{page}?{urlencode(told, quote_via=quote)}"
