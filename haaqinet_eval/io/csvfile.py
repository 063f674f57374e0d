"""Tables of comma-separated text that a program or a person wrote, read strictly."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import InputError

Row = dict[str, str]
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


class TornError(InputError):
    """The last row is not whole: a program was stopped while it wrote the file, or a copy is not complete."""


def read_rows(
    text: str, name: str | Path, columns: Sequence[str], exact: bool = False
) -> Iterator[tuple[int, Row]]:
    """The rows of a table, each with the number of its first line; empty lines are left out.

    Args:
        text: see `files.read_text`.
        name: of the file, for messages.
        columns: that it must have.
        exact: whether it must have these only, in this order.

    Raises:
        InputError: for columns that are missing, repeated or, with `exact`, not these; and as it goes on,
            for a row that is not whole or whose quotes are wrong.
        TornError: if that is the last row, and the text ends within it.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        head = next(reader, [])
        _check_head(head, name, columns, exact)
        line = reader.line_num + 1
        for row in reader:
            if row and len(row) != len(head):
                last = not text.endswith(("\n", "\r")) and reader.line_num == _lines(text)
                kind = TornError if last and len(row) < len(head) else InputError
                raise kind(f"{name}, line {line}: {len(row)} fields, not {len(head)}")
            if row:
                yield line, dict(zip(head, row, strict=True))
            line = reader.line_num + 1
    except csv.Error as error:
        kind = TornError if "unexpected end of data" in str(error) else InputError
        raise kind(f"{name}, line {line}: {error}") from None


def _lines(text: str) -> int:
    return sum(1 for _ in io.StringIO(text, newline=""))


def _check_head(head: list[str], name: str | Path, columns: Sequence[str], exact: bool) -> None:
    given = ", ".join(head) or "none"
    if len(head) == 1:
        for separator, word in _SEPARATORS.items():
            if separator in head[0]:
                raise InputError(
                    f"{name}, line 1: its columns are separated by {word}, not commas: a spreadsheet saved "
                    "it so, perhaps with decimal commas; use the file as it was before"
                )
    if exact and list(columns) != head:
        raise InputError(f"{name}, line 1: expected the columns {', '.join(columns)}; it has {given}")
    missing = [column for column in columns if column not in head]
    if missing:
        raise InputError(f"{name}, line 1: lacks the columns {', '.join(missing)}; it has {given}")
    if len(set(head)) < len(head):
        raise InputError(f"{name}, line 1: names a column twice; it has {given}")
