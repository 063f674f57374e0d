"""Reading a challenge's JSON files, with errors that name the file, the field and the value."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from ..errors import InputError
from ..io.jsonfile import KINDS, read_json
from ..io.location import locate


def check_kind(value: Any, kind: type, where: str) -> Any:
    """The value itself, if it is of that kind; a float may be given as an integer, and is finite."""
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        if math.isfinite(value):
            return float(value)
        raise InputError(f"{where} is {value}, not a finite number")
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InputError(f"{where} is {value!r}, not {KINDS.get(kind, 'a number')}")
    return value


def check_name(value: Any, where: str) -> str:
    """The value itself, if it may stand in a file name."""
    name = check_kind(value, str, where)
    if not name or "/" in name or "\\" in name or name in (".", ".."):
        raise InputError(f"{where} is {value!r}, which cannot be part of a file name")
    return name


def check_path(value: Any, where: str, option: str) -> str:
    """The value itself, if it is a path below a folder, which an option of `path` names."""
    path = check_kind(value, str, where)
    if not path or PurePath(path).is_absolute() or ".." in PurePath(path).parts:
        raise InputError(f"{where} is {path!r}, not below {option}")
    return path


class Table(Mapping):
    """A JSON object of records by id, which knows the file it came from.

    Raises:
        InputError: on reading, see `read_json`; on asking for what is not there.
    """

    def __init__(self, path: str | Path, records: dict | None = None) -> None:
        self.path = Path(path)
        self._records = read_json(path, dict) if records is None else records

    def __getitem__(self, id: str) -> Any:
        if id not in self._records:
            raise InputError(f"{self.path}: there is no {id!r}")
        return self._records[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, id: object) -> bool:
        return id in self._records

    def record(self, id: str) -> dict:
        """One record, checked to be an object."""
        return check_kind(self[id], dict, f"{self.path}: {id}")

    def field(self, id: str, name: str, kind: type = str) -> Any:
        """One field of one record, checked to be of a kind."""
        record = self.record(id)
        if name not in record:
            raise InputError(f"{self.path}: {id}: field {name!r} is missing")
        return check_kind(record[name], kind, f"{self.path}: {id}: field {name!r}")


def option(config: Mapping, name: str, kind: type) -> Any:
    """An option of a recipe's configuration by its dotted name, checked to be of a kind.

    >>> option({"evaluate": {"batch": 0}}, "evaluate.batch", int)
    0
    """
    value: Any = config
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise InputError(f"option {name} is missing")
        value = value[part]
    return check_kind(value, kind, f"option {name}")


def path_option(config: Mapping, name: str) -> Path:
    """An option that is a path or a URL."""
    return locate(option(config, name, str))
