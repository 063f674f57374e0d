"""JSON that a person or another program wrote, and JSON that anybody can read."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError
from .files import read_text, write_text

KINDS = {str: "text", dict: "an object", list: "a list", bool: "true or false", int: "a whole number"}
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|[{}\[\]]', re.DOTALL)


class _Repeated(Exception):
    """A key that an object has twice."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise _Repeated(Counter(key for key, _ in pairs).most_common(1)[0][0])
    return record


def _place(text: str, offset: int) -> str:
    line_start = text.rfind("\n", 0, offset) + 1
    return f"line {text.count(chr(10), 0, offset) + 1} column {offset - line_start + 1}"


def _first_repeated(text: str) -> tuple[str, int, int]:
    """The first key that its object has already, and the offsets of both, in valid JSON."""
    open_objects: list[dict[str, int]] = []
    for token in _TOKEN.finditer(text):
        if token[2]:
            key = json.loads(token[1], strict=False)
            if key in open_objects[-1]:
                return key, open_objects[-1][key], token.start()
            open_objects[-1][key] = token.start()
        elif token[0] in "{[":
            open_objects.append({})
        elif token[0] in "}]":
            open_objects.pop()
    raise ValueError("no key is there twice")


def parse_json(text: str, kind: type, name: str | Path) -> Any:
    """A JSON text whose outermost value is a `dict` or a `list`, and whose objects have each key once.

    Raises:
        InputError: with the name of the file, and both places of a key that is there twice.
    """
    try:
        content = json.loads(text, object_pairs_hook=_unique)
    except _Repeated:
        key, first, second = _first_repeated(text)
        raise InputError(
            f"{name}, {_place(text, second)}: {key!r} is there twice; first at {_place(text, first)}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: not a JSON file: {error}") from None
    if not isinstance(content, kind):
        raise InputError(f"{name}: expected {KINDS[kind]}, not {type(content).__name__}")
    return content


def read_json(path: str | Path, kind: type) -> Any:
    """Read a JSON file, see `parse_json`; in UTF-8, or what its byte order mark says.

    Raises:
        InputError: for a file that is missing, is no JSON, or holds something else.
    """
    return parse_json(read_text(path), kind, path)


def plain(value: Any) -> Any:
    """A value with None for each number that is not finite, which JSON cannot say.

    >>> plain({"lcc": float("nan"), "limits": (0.0, float("inf"))})
    {'lcc': None, 'limits': [0.0, None]}
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def json_text(value: Any, indent: int | None = 2, **options: Any) -> str:
    """JSON as its standard has it: what is not finite is null. Options are those of `json.dumps`.

    Control and invisible characters are escapes, so that it can be shown on a terminal.
    """
    text = json.dumps(plain(value), indent=indent, allow_nan=False, **{"ensure_ascii": False, **options})
    return "\n".join(line if line.isprintable() else _seen(line) for line in text.split("\n"))


def _seen(line: str) -> str:
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in line)


def write_json(path: str | Path, value: Any, **options: Any) -> None:
    """Write a JSON file, whole or not at all; see `json_text` and `files.whole`."""
    write_text(path, json_text(value, **options) + "\n")
