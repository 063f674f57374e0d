"""A team's table of predictions, in every form that the challenges' pages, recipes and EvalAI ask for.

Two columns: the signal, and the per cent of its words that listeners get right. With a head or without, in
any case, with blanks round the comma, in UTF-8 or with a byte order mark. Everything wrong with a table is
found at once.
"""

from __future__ import annotations

import csv
import io
import math
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..io.files import read_text, write_text
from ..io.names import nfc, printable
from ..submissions.findings import Finding, finding, has_errors, in_order
from .labels import Labels

HEADS = ("signal", "signal_id")  # of the first column, in lower case
FEW = 5  # missing signals that are named
MOST_ROWS = 3  # times the signals of the split; what follows is not read
MAX_BYTES = 2**24  # of a table; the largest official split has 8,802 signals


@dataclass(frozen=True)
class Table:
    """What a file says: per cent of words by signal, in the file's order; only what could be read."""

    name: str
    values: Mapping[str, float]


def read_predictions(path: str | Path, labels: Labels) -> tuple[Table, tuple[Finding, ...]]:
    """Read a table and list everything that is wrong with it; with errors, it must not be judged.

    Raises:
        InputError: for a file that is not there or no text.
    """
    path = Path(path)
    if not path.is_file():
        kind = (
            "is no ordinary file; a table of predictions is one CSV file" if path.exists() else "no such file"
        )
        raise InputError(f"{path}: {kind}")
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path}: has {path.stat().st_size} bytes; a table has at most {MAX_BYTES}")
    if zipfile.is_zipfile(path):
        raise InputError(f"{path}: is a zip; hand in the CSV file itself")
    return check_predictions(read_text(path), path.name, labels)


def check_predictions(text: str, name: str, labels: Labels) -> tuple[Table, tuple[Finding, ...]]:
    """The same of a text; see `read_predictions`."""
    found: list[Finding] = []
    values: dict[str, float] = {}
    lines: dict[str, int] = {}
    try:
        for line, signal, value in _cells(text, name, found):
            if len(lines) > MOST_ROWS * len(labels.signals):
                found.append(_of(line, "no_table", f"{labels.split} has {len(labels.signals)} signals only"))
                break
            if signal in lines:
                found.append(_of(line, "duplicate_signal", f"{signal} is on line {lines[signal]} already"))
                continue
            lines[signal] = line
            if signal not in labels.signals:
                found.append(_of(line, "unknown_signal", f"{signal} is no signal of {labels.split}"))
            elif (number := _number(value, line, found)) is not None:
                values[signal] = number
    except csv.Error as error:
        found.append(finding("no_table", name, str(error)))
    missing = [signal for signal in labels.signals if signal not in lines]
    if not lines and not found:
        found.append(finding("no_table", name, "the table is empty"))
    elif len(missing) > FEW:
        found.append(
            finding("missing_signal", name, f"{len(missing)} signals have no prediction: {missing[0]}, …")
        )
    else:
        found += [finding("missing_signal", name, f"{signal} has no prediction") for signal in missing]
    found += _suspicions(values, name)
    return Table(name, values), tuple(in_order(found))


def _of(line: int, code: str, message: str) -> Finding:
    return finding(code, f"line {line}", f"line {line}: {message}")


def _cells(text: str, name: str, found: list[Finding]) -> Iterator[tuple[int, str, str]]:
    """Line, signal and value of each row; a head is left out."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    line = 1
    for number, row in enumerate(reader):
        cells = [cell.strip() for cell in row]
        head = number == 0 and cells[:1] and cells[0].lower() in HEADS
        if any(cells) and len(cells) != 2:
            separator = next((f"; use commas, not {s!r}" for s in ";\t" if s in (row[0] or "")), "")
            found.append(_of(line, "no_table", f"{len(cells)} columns, not signal and per cent{separator}"))
            if separator:
                return
        elif any(cells) and not head:
            yield line, nfc(cells[0]), cells[1]
        line = reader.line_num + 1


def _number(text: str, line: int, found: list[Finding]) -> float | None:
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        found.append(_of(line, "not_a_number", f"{printable(text, 40)!r} is no number"))
        return None
    if not 0 <= value <= 100:
        found.append(_of(line, "out_of_range", f"{printable(text, 40)} is outside 0 to 100 %"))
        return None
    return value


def _suspicions(values: Mapping[str, float], name: str) -> Iterator[Finding]:
    if len(values) < 2:
        return
    if max(values.values()) <= 1:
        yield finding(
            "scale_0_to_1", name, f"no value is above {max(values.values()):g}; per cent are asked for"
        )
    if len(set(values.values())) == 1:
        yield finding("constant_predictions", name, f"all values are {next(iter(values.values())):g}")


def write_evalai(table: Table, labels: Labels, path: str | Path) -> None:
    """Write what EvalAI takes: no head, no blanks, the signals in the order of the metadata.

    Raises:
        InputError: where a signal has no prediction, or the file cannot be written.
    """
    values = labels.values_of(table.values, table.name, "prediction")
    write_table(path, zip(labels.signals, values, strict=True), head=False)


def write_table(path: str | Path, rows: Iterable[tuple[str, float]], head: bool = True) -> None:
    """Write a table with the head of the official submission pages, or none."""
    lines = ["signal_id,intelligibility_score"] if head else []
    lines += [f"{signal},{value:.6g}" for signal, value in rows]
    write_text(path, "\n".join(lines) + "\n")


def read_checked(path: str | Path, labels: Labels) -> Table:
    """A table without errors.

    Raises:
        InputError: names the first error, and how many there are.
    """
    table, found = read_predictions(path, labels)
    if has_errors(found):
        errors = [item for item in found if item.severity == "error"]
        first = errors[0]
        more = f" ({len(errors)} errors)" if len(errors) > 1 else ""
        raise InputError(f"{path}, {first.message}{more}")
    return table
