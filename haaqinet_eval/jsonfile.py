"""Reading JSON that a person or another program wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .errors import InputError

KINDS = {str: "text", dict: "an object", list: "a list", bool: "true or false", int: "a whole number"}


def read_json(path: str | Path, kind: type) -> Any:
    """Read a JSON file whose outermost value is a `dict` or a `list`.

    Raises:
        InputError: for a file that is missing, is no JSON, or holds something else.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a JSON file: {error}") from None
    if not isinstance(content, kind):
        raise InputError(f"{path}: expected {KINDS[kind]}, not {type(content).__name__}")
    return content
