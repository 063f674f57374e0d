"""Rows as they come: to a reader, as JSON, and to a CSV file."""

from __future__ import annotations

import csv
import json
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TextIO

from ..errors import InputError, Stopped
from ..io.jsonfile import plain
from ..trials import Result
from .scoring import Row

COLUMNS = (
    *("file", "ear", "scorer", "version", "score", "low", "high", "unfamiliar", "parts"),
    *("level1", "level_from", "level_db_spl", "sample_rate", "error", "message", "warnings"),
)


class Writer(Protocol):
    """Takes rows, one at a time."""

    def write(self, row: Row) -> None:
        """Take a row."""
        ...

    def close(self) -> None:
        """The rows are over, or Ctrl-C ended them."""
        ...


def record(row: Row) -> dict:
    """A row as plain data; a failed row's `score` is None."""
    result = row.result
    out = {k: v for k, v in vars(row).items() if k != "result"}
    out["warnings"] = list(row.warnings)
    out["score"] = None if result is None else result.value
    out["parts"] = {} if result is None else dict(result.parts)
    out["low"], out["high"] = (result and result.interval) or (None, None)
    out["unfamiliar"] = None if result is None else result.unfamiliar
    return out


class JsonRows:
    """A JSON list, written row by row; a failed row has `"score": null` and its reason."""

    def __init__(self, out: TextIO, frames: bool = False) -> None:
        self._out, self._frames, self._begun = out, frames, False

    def write(self, row: Row) -> None:
        """Write a row."""
        item, result = record(row), row.result
        if self._frames and result is not None and result.frames is not None:
            item["frames"] = [round(float(f), 4) for f in result.frames]
            item["frame_times"] = [round(float(t), 4) for t in result.frame_times]
        text = json.dumps(plain(item), indent=2, allow_nan=False).replace("\n", "\n  ")
        print(f"{',' if self._begun else '['}\n  {text}", end="", file=self._out, flush=True)
        self._begun = True

    def close(self) -> None:
        """End the list."""
        print("\n]" if self._begun else "[]", file=self._out, flush=True)


class TextRows:
    """A line per row with the parts, and per ear how loud it was played."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._last = out, ("", "")

    def write(self, row: Row) -> None:
        """Write a row."""
        print("\n".join(self._lines(row)), file=self._out, flush=True)

    def close(self) -> None:
        """Nothing is left to say."""

    def _lines(self, row: Row) -> list[str]:
        if row.result is None:
            where = " ".join(filter(None, (row.file, row.ear, row.scorer)))
            return [f"{where}: not scored ({row.error}): {row.message}"]
        score = f"{row.result.value:.4f}{_doubt(row.result)}"
        lines = [f"{row.file} {row.ear:5} {row.scorer} {score}  [{row.version}]"]
        if row.result.parts:
            lines.append("    " + "  ".join(f"{k} {v:.4f}" for k, v in row.result.parts.items()))
        if self._last != (row.file, row.ear):  # once for all scorers
            self._last = row.file, row.ear
            lines.append(f"    {_level(row)}")
            lines += [f"    warning: {warning}" for warning in row.warnings]
        return lines


def _level(row: Row) -> str:
    plays = "is silent" if row.level_db_spl is None else f"plays at {row.level_db_spl:.0f} dB SPL"
    return f"{plays}: an RMS of 1 is {row.level1:.1f} dB SPL ({row.level_from})"


def _doubt(result: Result) -> str:
    """How sure a prediction is, where the scorer can tell."""
    if result.interval is None:
        return ""
    low, high = result.interval
    strange = "; unlike what it was trained on" if result.unfamiliar else ""
    return f" (true score in {low:.2f} to {high:.2f}, 9 times in 10{strange})"


class CsvRows:
    """A CSV file, on the disk row by row.

    Raises:
        InputError: where the file cannot be written.
        Stopped: where the disk takes no more.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise InputError(f"--csv {path}: {error.strerror or error}") from None
        self._writer = csv.DictWriter(self._file, COLUMNS, lineterminator="\n")
        self._flushed(self._writer.writeheader)

    def write(self, row: Row) -> None:
        """Write a row."""
        item = record(row)
        item["parts"] = json.dumps(item["parts"]) if item["parts"] else ""
        item["unfamiliar"] = "" if item["unfamiliar"] is None else int(item["unfamiliar"])
        item["warnings"] = "; ".join(item["warnings"])
        self._flushed(lambda: self._writer.writerow(item))

    def close(self) -> None:
        """Close the file."""
        self._flushed(self._file.close)

    def _flushed(self, action) -> None:
        try:
            action()
            if not self._file.closed:
                self._file.flush()
        except OSError as error:
            with suppress(OSError):
                self._file.close()
            raise Stopped(f"--csv {self._path}: {error.strerror or error}") from None
