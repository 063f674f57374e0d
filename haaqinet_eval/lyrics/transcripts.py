"""Tables of what was written down of a system's output, one row per ear.

The columns `scene`, `listener`, `ear` and `text` are needed; `system` where a table holds several; `made`,
how a recogniser of ours made the row, and `audio`, the SHA-256 of the file that it heard, are in our own.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from ..errors import InputError
from ..io.csvfile import TornError, read_rows
from ..io.files import cannot_write, read_text, written
from .words import EARS


@dataclass(frozen=True)
class Transcript:
    """What was written down of one ear."""

    scene: str
    listener: str
    ear: str  # "left" or "right"
    text: str
    system: str = ""  # empty where all rows are of one
    made: str = ""
    audio: str = ""


COLUMNS = tuple(f.name for f in fields(Transcript))
NEEDED = COLUMNS[:4]


def read_transcripts(path: str | Path, torn: bool = False) -> list[Transcript]:
    """Read a table of transcripts; columns that it has besides do not matter.

    Args:
        torn: whether a last row that is not whole, as a crash leaves it, may be left out.

    Raises:
        InputError: for a column that is missing, an ear that is none, or an ear that stands twice.
    """
    found: list[Transcript] = []
    lines: dict[tuple[str, ...], int] = {}
    try:
        for line, row in read_rows(read_text(path, torn), path, NEEDED):
            one = Transcript(**{name: row[name] for name in COLUMNS if name in row})
            if one.ear not in EARS:
                raise InputError(f"{path}, line {line}: column ear: {one.ear!r} is neither left nor right")
            key = (one.system, one.scene, one.listener, one.ear)
            if key in lines:
                raise InputError(
                    f"{path}, line {line}: {' '.join(filter(None, key))} stood in line {lines[key]} already"
                )
            lines[key] = line
            found.append(one)
    except TornError:
        if not torn:
            raise
    return found


class TranscriptFile:
    """Our own table, which grows row by row; a run that is stopped goes on with it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = read_transcripts(path, torn=True) if path.exists() else []

    def keep(self, rows: Iterable[Transcript]) -> None:
        """Write the table anew, with these rows only."""
        self.rows = list(rows)
        with written(self.path) as file:
            csv.writer(file).writerows([COLUMNS, *map(astuple, self.rows)])

    def append(self, rows: Iterable[Transcript]) -> None:
        """Add rows. Raises `Stopped` where the disk does not take them."""
        rows = list(rows)
        try:
            with self.path.open("a", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(map(astuple, rows))
        except OSError as error:
            raise cannot_write(self.path, error) from None
        self.rows += rows
