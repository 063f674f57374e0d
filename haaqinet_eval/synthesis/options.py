"""Options of recipes that make data or train on it: what is none is told in one line."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from ..errors import InputError


def natural(value: object, name: str, least: int) -> int:
    """An option that is a whole number from `least` on.

    Raises:
        InputError: if it is something else.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InputError(f"{name}={value}: no whole number from {least} on")
    return value


def naturals(options: dict[str, Any], where: str, *names: str) -> dict[str, Any]:
    """A recipe's options, of which some are whole numbers from 1 on; errors as of `natural`."""
    for name in names:
        natural(options[name], f"{where}.{name}", 1)
    return options


def number(value: object, name: str, least: float, most: float = math.inf) -> float:
    """An option that is a number from `least` to `most`.

    Raises:
        InputError: if it is something else.
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        raise InputError(f"{name}={value}: no number from {least:g} to {most:g}")
    return value


def several(value: str | Iterable[str] | None) -> list[str]:
    """An option that is a list of texts, or one text without the brackets.

    >>> several("index.csv")
    ['index.csv']
    """
    return [value] if isinstance(value, str) else list(value or ())


def chosen(value: str | Iterable[str] | None, name: str, known: Collection[str]) -> list[str]:
    """An option that is a list of known names, or one of them.

    Raises:
        InputError: for another name; lists the known.
    """
    for one in several(value):
        if one not in known:
            raise InputError(f"{name}={one}: none of {', '.join(known)}")
    return several(value)


def writable(folder: str | Path, name: str) -> Path:
    """A folder that an option names; made where it is not there.

    Raises:
        InputError: if it cannot be made.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{name}={folder}: {error.strerror}") from None
    return Path(folder)
