"""What a row of the store may hold, wherever it comes from: a worker, a recipe's table, an export.

The database itself takes texts for numbers and numbers out of range (SQLite more than PostgreSQL).
So each row is checked here before it is written: kinds, lengths, and what only some values may be.
`check_ranges` looks for rows that an earlier version, or another program, has let in.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ..audiogram import EARS, Listener
from ..errors import InputError
from ..io.names import MAX_LABEL, counted, printable
from ..registry import scorer_bounds
from ..scores import Score
from .aggregates import KINDS
from .schema import Scorers, Scores
from .states import STATES
from .tables import Row, kind_of

ORIGINS = ("submitted", "imported", "external")  # of submissions
SCORED = ("here", "external")  # of scorers
SEVERITIES = ("error", "warning", "note")
MAX_TEXT = 255  # characters of a name, code or digest
LONGER = {"path": 4096, "note": 4000, "message": 4000, "reason": 4000, "source": 4000}
MAX_JSON = 4 * 2**20  # bytes of a record, such as all findings or a run's configuration
MAX_BYTES = 2**20
MAX_PARTS = 64
DAYS = 86400.0 * 366
_INTEGER = 2**63


def _shown(value: object) -> str:
    return printable(repr(value)[:100], 60)


def _need(holds: bool, column: str, value: object, what: str) -> None:
    if not holds:
        raise ValueError(f"{column} is {_shown(value)}, {what}")


def _text(column: str, value: object) -> None:
    _need(isinstance(value, str), column, value, "not text")
    most = LONGER.get(column, MAX_TEXT)
    _need(len(value) <= most, column, value, f"longer than {most} characters")
    broken = "\0" in value or any("\ud800" <= char <= "\udfff" for char in value)
    _need(not broken, column, value, "no valid text")


def _number(column: str, value: object) -> None:
    _need(isinstance(value, int | float) and not isinstance(value, bool), column, value, "not a number")
    _need(math.isfinite(value), column, value, "not finite")


def _whole(column: str, value: object) -> None:
    _need(isinstance(value, int) and not isinstance(value, bool), column, value, "not a whole number")
    _need(-_INTEGER <= value < _INTEGER, column, value, "too large")


def _record(column: str, value: object) -> None:
    try:
        size = len(json.dumps(value, allow_nan=False))
    except (ValueError, TypeError, RecursionError):
        raise ValueError(f"{column} is no JSON without NaN") from None
    _need(size <= MAX_JSON, column, f"of {size} bytes", f"more than {MAX_JSON}")
    _need("\\u0000" not in json.dumps(value), column, "text with NUL", "which is no valid text")


_KINDS: dict[str, Callable[[str, Any], None]] = {
    "str": _text,
    "float": _number,
    "int": _whole,
    "json": _record,
    "bool": lambda column, value: _need(isinstance(value, bool), column, value, "neither true nor false"),
    "bytes": lambda column, value: _need(
        isinstance(value, bytes) and len(value) <= MAX_BYTES, column, type(value).__name__, "not bytes"
    ),
}


def _plain_text(most: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is str and len(value) <= most and value.isascii() and "\0" not in value


def _plain_record(value: Any) -> bool:
    """Whether it is a record of a few numbers, as the parts of a score are."""
    return type(value) is dict and len(value) <= MAX_PARTS and all(map(_plain_part, value.items()))


def _plain_part(part: tuple[Any, Any]) -> bool:
    return _PLAIN_NAME(part[0]) and type(part[1]) is float and math.isfinite(part[1])


_PLAIN_NAME = _plain_text(MAX_TEXT)
_PLAIN: dict[str, Callable[[Any], bool]] = {  # whatever is not so is looked at closely
    "float": lambda value: type(value) is float and math.isfinite(value),
    "int": lambda value: type(value) is int and -_INTEGER <= value < _INTEGER,
    "bool": lambda value: type(value) is bool,
    "json": _plain_record,
}


def _one_of(row: Mapping[str, Any], column: str, known: Collection[str]) -> None:
    _need(row[column] in known, column, row[column], f"none of {', '.join(known)}")


def _at_least_zero(row: Mapping[str, Any], *columns: str) -> None:
    for column in columns:
        _need(row[column] is None or row[column] >= 0, column, row[column], "below 0")


def _label(row: Mapping[str, Any], column: str = "name") -> None:
    """A name that was given: not empty, in one line."""
    name = row[column]
    seen = name.replace("\u200d", "").replace("\u200c", "")  # joiners, which older stores may have
    _need(bool(seen.strip()) and len(name) <= MAX_LABEL and seen.isprintable(), column, name, "no name")


def check_findings(findings: object) -> None:
    """Findings as the status page shows them. Raises ValueError."""
    _need(isinstance(findings, list), "findings", findings, "not a list")
    for item in findings:
        _need(isinstance(item, dict), "findings", item, "not a list of objects")
        for name in ("code", "severity", "file", "message"):
            _need(isinstance(item.get(name), str), f"findings: {name}", item.get(name), "not text")
        _need(item["severity"] in SEVERITIES, "findings: severity", item["severity"], "unknown")


def _check_submission(row: Mapping[str, Any]) -> None:
    _one_of(row, "state", STATES)
    _one_of(row, "origin", ORIGINS)
    _at_least_zero(row, "size", "attempts", "received", "queued", "scored", "heartbeat", "lease")
    _need(row["lease"] <= DAYS, "lease", row["lease"], "longer than a year")
    scorers = row["scorers"]
    _need(isinstance(scorers, list), "scorers", scorers, "not a list")
    for name in scorers:
        _text("scorers", name)
    check_findings(row["findings"])


def _as_most_are(row: Mapping[str, Any], low: float, high: float) -> bool:
    """Whether a row has a score, its interval, seconds and parts that nobody can mind."""
    ends = [row["low"], row["high"]]
    numbers = [row["score"], row["seconds"], *([] if ends == [None, None] else ends)]
    return (
        all(type(number) is float for number in numbers)
        and not row["error"]
        and low <= row["score"] <= high
        and 0 <= row["seconds"] <= DAYS
        and (ends == [None, None] or low <= ends[0] <= ends[1] <= high)
        and (row["parts"] is None or _plain_record(row["parts"]))
    )


def _check_values(row: Mapping[str, Any], bounds: tuple[float, float]) -> None:
    """A score, its interval, or why there is none; `seconds` and `parts`."""
    low, high = bounds
    if _as_most_are(row, low, high):
        return
    _need((row["score"] is None) == bool(row["error"]), "score", row["score"], f"with error {row['error']!r}")
    _need((row["low"] is None) == (row["high"] is None), "low", row["low"], "without the other end")
    for column in ("score", "low", "high"):
        if row[column] is not None:
            _number(column, row[column])
            _need(low <= row[column] <= high, column, row[column], f"not in [{low:g}, {high:g}]")
    if row["low"] is not None:
        _need(row["low"] <= row["high"], "low", row["low"], f"above high, {row['high']}")
    _number("seconds", row["seconds"])
    _need(0 <= row["seconds"] <= DAYS, "seconds", row["seconds"], "no time that scoring takes")
    parts = row["parts"] or {}
    _need(isinstance(parts, dict) and len(parts) <= MAX_PARTS, "parts", parts, "no record of the parts")
    for name, value in parts.items():
        _text("parts", name)
        _number(f"part {name[:40]}", value)


def check_score(score: Score) -> None:
    """Refuse a row that no scorer can have made.

    Raises:
        InputError: names the trial, the column and the value.
    """
    row = {**vars(score.trial), **vars(score)}
    try:
        for name in (*vars(score.trial), "scorer", "version", "error", "message"):
            _text(name, row[name])
        _one_of(row, "ear", EARS)
        _check_values({**row, "parts": dict(score.parts)}, scorer_bounds(score.scorer))
    except ValueError as error:
        trial = " ".join(printable(str(part), 80) for part in score.key[1:-1] if part)
        raise InputError(f"{trial}: {error}") from None


def check_ranges(session: Session) -> list[str]:
    """A sentence for each submission and scorer with scores or intervals out of the scorer's limits."""
    findings = []
    for id, name, version in session.execute(sa.select(Scorers.id, Scorers.name, Scorers.version)).all():
        low, high = scorer_bounds(name)
        if math.isinf(low):  # of a scorer that is not known here
            continue
        outside = [sa.not_(column.between(low, high)) for column in (Scores.score, Scores.low, Scores.high)]
        found = session.execute(
            sa.select(
                Scores.submission_id, sa.func.count(), sa.func.min(Scores.score), sa.func.max(Scores.score)
            )
            .where(Scores.scorer_id == id, sa.or_(*outside))
            .group_by(Scores.submission_id)
            .order_by(Scores.submission_id)
        )
        findings += [
            f"submission {submission}, scorer {name} {version}: {counted(count, 'row')} out of "
            f"[{low:g}, {high:g}], with scores from {least:g} to {most:g}"
            for submission, count, least, most in found
        ]
    return findings


class Validity:
    """Checks the rows of a whole store, table by table, parents first."""

    def __init__(self) -> None:
        self._bounds: dict[int, tuple[float, float]] = {}  # of scorers, by their number
        self._known: dict[str, list[tuple[str, bool, Callable[[Any], bool], str]]] = {}  # columns of tables

    def _columns(self, table: sa.Table) -> list[tuple[str, bool, Callable[[Any], bool], str]]:
        """Of each column its name, whether it may be empty, what its values mostly are, and its kind."""
        if table.name not in self._known:
            kinds = [(column, kind_of(column)) for column in table.columns]
            self._known[table.name] = [
                (
                    c.name,
                    bool(c.nullable),
                    _PLAIN.get(kind) or _plain_text(LONGER.get(c.name, MAX_TEXT)),
                    kind,
                )
                for c, kind in kinds
            ]
        return self._known[table.name]

    def check(self, table: sa.Table, row: Row) -> None:
        """Refuse a row that this program would not have written. Raises ValueError."""
        for name, nullable, plain, kind in self._columns(table):
            value = row[name]
            if value is None:
                _need(nullable, name, None, "which must have a value")
            elif not plain(value):
                _KINDS[kind](name, value)
        rule = getattr(self, f"_{table.name}", None)
        if rule is not None:
            rule(row)

    def checked(self, table: sa.Table, rows: Iterable[Row], where: str) -> Iterable[Row]:
        """The rows, each after its check.

        Raises:
            InputError: names the table, the number of the row, the column and the value.
        """
        for number, row in enumerate(rows, 1):
            try:
                self.check(table, row)
            except ValueError as error:
                raise InputError(f"{where}: {table.name}, row {number}: {error}") from None
            yield row

    def _challenges(self, row: Row) -> None:
        _need(bool(row["name"]), "name", row["name"], "empty")
        _at_least_zero(row, "quota")
        _need(isinstance(row["settings"], dict | None), "settings", row["settings"], "no record")

    def _listeners(self, row: Row) -> None:
        if row["audiogram"] is not None:
            Listener.from_dict(row["audiogram"], row["name"])

    def _trials(self, row: Row) -> None:
        _one_of(row, "ear", EARS)

    def _teams(self, row: Row) -> None:
        _label(row)

    def _systems(self, row: Row) -> None:
        _label(row)
        _at_least_zero(row, "model_size")

    def _submissions(self, row: Row) -> None:
        _check_submission(row)

    def _events(self, row: Row) -> None:
        _one_of(row, "state", STATES)

    def _runs(self, row: Row) -> None:
        _need(isinstance(row["provenance"], dict), "provenance", row["provenance"], "no record")

    def _scorers(self, row: Row) -> None:
        _one_of(row, "origin", SCORED)
        self._bounds[row["id"]] = scorer_bounds(row["name"])

    def _scores(self, row: Row) -> None:
        _check_values(row, self._bounds.get(row["scorer_id"], (-math.inf, math.inf)))

    def _frames(self, row: Row) -> None:
        size = len(row["scores"])
        _need(size > 0 and size % 2 == 0, "scores", f"{size} bytes", "no frame scores")
        _need(bool(np.isfinite(np.frombuffer(row["scores"], "<f2")).all()), "scores", "a frame", "not finite")
        _at_least_zero(row, "step")

    def _aggregates(self, row: Row) -> None:
        _at_least_zero(row, "expected", "scored", "failed", "unfamiliar", "seconds")

    def _group_sums(self, row: Row) -> None:
        _one_of(row, "kind", KINDS)
        _at_least_zero(row, "scored", "failed", "unfamiliar", "seconds")

    def _evaluations(self, row: Row) -> None:
        _at_least_zero(row, "signals")
        measures = row["measures"]
        _need(isinstance(measures, dict) and len(measures) <= MAX_PARTS, "measures", measures, "no record")
        for name, value in measures.items():
            _text("measures", name)
            if value is not None:
                _number(f"measure {name[:40]}", value)

    def _published(self, row: Row) -> None:
        for column in ("mean", "left", "right", "joint"):
            _need(row[column] is None or 0 <= row[column] <= 1, column, row[column], "not in [0, 1]")
        _need(row["panel"] is None or 0 <= row["panel"] <= 100, "panel", row["panel"], "not in [0, 100]")
