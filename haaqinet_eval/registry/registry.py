"""A table of records by name: the built-in ones and those of other packages."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, Protocol, TypeVar

from ..errors import InputError


class Named(Protocol):
    """What every record has."""

    @property
    def name(self) -> str:
        """The name that people type."""
        ...


Record = TypeVar("Record", bound=Named)


def check_name(what: str, name: str) -> None:
    """Refuse a name that cannot be a column and a file name.

    Raises:
        InputError: says what names may be.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise InputError(f"{what} {name!r}: a name is of a-z, 0-9 and _, at most 40 characters")


def find_factory(what: str, name: str, factory: str, extra: str) -> Callable:
    """Import "module:class".

    Raises:
        InputError: for a missing package (names the extra) or a class that is not there.
    """
    module, _, attribute = factory.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise missing_package(what, name, error, extra) from None
    except AttributeError:
        raise InputError(f"{what} {name}: {module} has no {attribute}") from None


def missing_package(what: str, name: str, error: ModuleNotFoundError, extra: str) -> InputError:
    """What to say of a record whose package is not installed."""
    advice = f": pip install 'haaqinet-eval[{extra}]'" if extra else ""
    return InputError(f"{what} {name} needs {error.name}{advice}")


def find_part(challenge: str, part: str, path: str, extra: str = "") -> Callable:
    """Import a part of a challenge, "module:name".

    Raises:
        InputError: where it has none, or a package is missing.
    """
    if not path:
        raise InputError(f"challenge {challenge!r} has no {part}")
    return find_factory(f"{part} of challenge", challenge, path, extra)


class Registry(Generic[Record]):
    """Records by name: ours first, then those of other packages.

    Args:
        what: "scorer", "system" or "challenge", for messages.
        record_type: of its records.
        ours: the built-in ones: records, or "module:name" of one, imported when the registry is first read.
    """

    def __init__(self, what: str, record_type: type[Record], ours: tuple[Record | str, ...]) -> None:
        self.what, self.record_type = what, record_type
        self._given = ours
        self.group = f"haaqinet_eval.{what}s"  # of entry points

    @cached_property
    def ours(self) -> dict[str, Record]:
        """The built-in records by name."""
        records: list[Record] = []
        for given in self._given:
            if isinstance(given, str):
                module, _, name = given.partition(":")
                given = getattr(import_module(module), name)
            records.append(given)
        return {record.name: record for record in records}

    @cached_property
    def _theirs(self) -> dict[str, Record | str]:
        """Entry points of other packages by name: their record, or why it cannot be used."""
        found: dict[str, Record | str] = {}
        for entry in sorted(entry_points(group=self.group), key=lambda entry: (entry.name, entry.value)):
            found[entry.name] = self._read(entry, {*self.ours, *found})
        return found

    def _read(self, entry: EntryPoint, taken: set[str]) -> Record | str:
        where = f"entry point {entry.name} = {entry.value}"
        if entry.name in taken:
            fault = f"{where}: the name {entry.name!r} is taken"
        else:
            try:
                record = entry.load()
            except Exception as error:  # another package's code may fail in any way; the others must go on
                fault = f"{where}: {type(error).__name__}: {error}"
            else:
                if isinstance(record, self.record_type) and record.name == entry.name:
                    return record
                fault = f"{where}: is no {self.record_type.__name__} of that name"
        warnings.warn(f"{fault}; it is left out", RuntimeWarning, stacklevel=2)
        return fault

    def records(self) -> dict[str, Record]:
        """All records by name."""
        theirs = {name: r for name, r in self._theirs.items() if isinstance(r, self.record_type)}
        return {**self.ours, **theirs}

    def record(self, name: str) -> Record:
        """The record of a name.

        Raises:
            InputError: for an unknown name (lists the known ones), or one whose package is broken.
        """
        if name in (records := self.records()):
            return records[name]
        fault = self._theirs.get(name)
        known = ", ".join(records)
        raise InputError(str(fault) if fault else f"{self.what} {name!r} is unknown; known: {known}")
