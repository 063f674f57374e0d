"""Options of recipes that make data: what is none is told in one line."""

from __future__ import annotations

from ..errors import InputError


def natural(value: object, name: str, least: int) -> int:
    """An option that is a whole number from `least` on.

    Raises:
        InputError: if it is something else.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InputError(f"{name}={value}: no whole number from {least} on")
    return value
