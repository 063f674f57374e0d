"""Where two records of settings differ."""

from collections.abc import Mapping
from typing import Any


def first_difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """The first name, in the order of the alphabet, whose value differs; None where all agree.

    >>> first_difference({"a": 1, "b": 2}, {"a": 1, "c": None})
    'b'
    """
    return next(
        (name for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)), None
    )
