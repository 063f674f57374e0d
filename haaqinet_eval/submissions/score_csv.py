"""Tables of scores that a team or another program made, read strictly.

Any challenge's own dialect is understood: the columns say which. All that is wrong is
reported at once, as for a submission of audio; codes are in `CSV_CODES`.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .findings import Fault, Finding, printable

MAX_CSV_BYTES = 64 * 2**20
MAX_CSV_ROWS = 1_000_000
_MAX_FIELD = 1024  # characters

CSV_CODES: dict[str, tuple[str, str]] = {
    "csv_too_large": ("error", "The table has more bytes or rows than any challenge needs."),
    "csv_not_text": ("error", "The table is not UTF-8 text."),
    "csv_no_rows": ("error", "The table has no rows."),
    "csv_unknown_columns": ("error", "The columns are no challenge's."),
    "csv_malformed": ("error", "A row has too many, too few or too long fields."),
    "csv_not_a_number": ("error", "A score is no number with a decimal point."),
    "csv_not_finite": ("error", "A score is NaN or infinite, or too large to be a number."),
    "csv_out_of_range": ("error", "A score is outside [0, 1]."),
    "csv_duplicate_row": ("error", "The same scene, listener and ear stand in two rows."),
    "csv_byte_order_mark": ("note", "The file begins with a byte order mark, left out."),
    "csv_semicolons": ("note", "Fields are separated by semicolons, read as such."),
}

_STEMS = ("bass", "drums", "other", "vocals")
# columns that hold one ear's score -> ear and stem; each line is one dialect
DIALECTS: dict[str, Mapping[str, tuple[str, str]]] = {
    "cad_icassp_2024": {"left_score": ("left", ""), "right_score": ("right", "")},
    "cad2_task2": {"left_haaqi": ("left", ""), "right_haaqi": ("right", "")},
    "cad2_task1 or cad1_task2": {"haaqi_left": ("left", ""), "haaqi_right": ("right", "")},
    "cad1_task1": {f"{ear}_{stem}": (ear, stem) for stem in _STEMS for ear in ("left", "right")},
}


@dataclass(frozen=True)
class ScoreRow:
    """One ear's score."""

    scene: str  # for CAD1 task 1, the song
    listener: str
    ear: str
    stem: str
    score: float  # in [0, 1]


def read_score_csv(data: bytes, file: str = "scores.csv") -> tuple[list[ScoreRow], list[Finding]]:
    """Read a table of scores.

    Returns:
        The rows that can be used, and all findings; a table with an error is to be refused.
    """
    faults: list[Fault] = []
    rows: list[ScoreRow] = []
    try:
        for item in _rows(data):
            (faults if isinstance(item, Fault) else rows).append(item)
    except Fault as fault:
        faults.append(fault)
    rows, repeated = _without_duplicates(rows)
    return rows, [
        Finding(f.code, CSV_CODES[f.code][0], file, printable(f.message)) for f in faults + repeated
    ]


def _rows(data: bytes) -> Iterator[ScoreRow | Fault]:
    if len(data) > MAX_CSV_BYTES:
        raise Fault("csv_too_large", f"{len(data)} bytes; {MAX_CSV_BYTES} are allowed")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Fault("csv_not_text", f"byte {error.start} is no UTF-8") from None
    if text.startswith("\ufeff"):
        text = text[1:]
        yield Fault("csv_byte_order_mark", "the file begins with a byte order mark")
    header = text.split("\n", 1)[0]
    delimiter = ";" if ";" in header and "," not in header else ","
    if delimiter == ";":
        yield Fault("csv_semicolons", "fields are separated by semicolons")
    lines = csv.reader(text.splitlines(), delimiter=delimiter, strict=True)
    try:
        columns = [name.strip() for name in next(lines, [])]
        scene, listener, scores = _find_columns(columns)
        for count, fields in enumerate(lines, 1):
            if count > MAX_CSV_ROWS:
                raise Fault("csv_too_large", f"more than {MAX_CSV_ROWS} rows")
            if fields:
                yield from _scores_of(fields, columns, (scene, listener), scores, lines.line_num)
    except csv.Error as error:
        raise Fault("csv_malformed", f"line {lines.line_num}: {error}") from None


def _find_columns(columns: list[str]) -> tuple[int, int, dict[int, tuple[str, str]]]:
    """Positions of the scene, the listener and the scores."""
    if not any(columns):
        raise Fault("csv_no_rows", "the table is empty")
    if len(set(columns)) < len(columns):
        raise Fault("csv_unknown_columns", f"a column is there twice: {', '.join(columns)[:300]}")
    for dialect in DIALECTS.values():
        key = "scene" if "scene" in columns else "song"
        if {key, "listener", *dialect} <= set(columns):
            scores = {columns.index(name): ear_and_stem for name, ear_and_stem in dialect.items()}
            return columns.index(key), columns.index("listener"), scores
    wanted = "; ".join(f"{name}: {', '.join(dialect)}" for name, dialect in DIALECTS.items())
    raise Fault("csv_unknown_columns", f"{', '.join(columns)[:300]} has no challenge's columns ({wanted})")


def _scores_of(
    fields: list[str],
    columns: list[str],
    ids: tuple[int, int],
    scores: Mapping[int, tuple[str, str]],
    line: int,
) -> Iterator[ScoreRow | Fault]:
    if len(fields) != len(columns) or max(map(len, fields)) > _MAX_FIELD:
        yield Fault(
            "csv_malformed", f"line {line}: {len(fields)} fields for {len(columns)} columns, or too long"
        )
        return
    scene, listener = (fields[i].strip() for i in ids)
    if not scene or not listener:
        yield Fault("csv_malformed", f"line {line}: no scene or no listener")
        return
    for column, (ear, stem) in scores.items():
        where = f"line {line}: {scene}, {listener}, {columns[column]}"
        try:
            yield ScoreRow(scene, listener, ear, stem, parse_score(fields[column].strip()))
        except Fault as fault:
            yield Fault(fault.code, f"{where}: {fault.message}")


def parse_score(text: str) -> float:
    """A score in [0, 1].

    Raises:
        Fault: `csv_not_a_number`, `csv_not_finite` or `csv_out_of_range`.
    """
    try:
        value = float("?" if "_" in text else text)
    except ValueError:
        raise Fault("csv_not_a_number", f"{text[:40]!r} is no number") from None
    if not math.isfinite(value):
        raise Fault("csv_not_finite", f"{text[:40]} is no finite number")
    if not 0 <= value <= 1:
        raise Fault("csv_out_of_range", f"{text[:40]} is outside [0, 1]")
    return value


def _without_duplicates(rows: list[ScoreRow]) -> tuple[list[ScoreRow], list[Fault]]:
    seen: dict[tuple[str, ...], ScoreRow] = {}
    faults = []
    for row in rows:
        key = row.scene, row.listener, row.ear, row.stem
        if key in seen:
            faults.append(Fault("csv_duplicate_row", f"{', '.join(filter(None, key))}: there twice"))
        seen.setdefault(key, row)
    return list(seen.values()), faults
