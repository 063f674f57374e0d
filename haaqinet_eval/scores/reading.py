"""Reading results files, strictly: what a spreadsheet, an editor or a crash changed is told by its place."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from ..audiogram import EARS
from ..errors import InputError
from ..io.csvfile import TornError, read_rows
from ..io.files import read_text
from ..registry import scorer_bounds
from ..trials import Trial
from .row import COLUMNS, KEY_COLUMNS, TRIAL_COLUMNS, Key, Score
from .writing import times_file

RESULTS = "results.csv"  # in the folder of a run
_NEEDED = ("challenge", "system", "scene", "listener", "scorer")
_BOOLEANS = {"0": False, "1": True, "false": False, "true": True}


def results_path(path: str | Path) -> Path:
    """A results file that a user names: the file, or the folder of a run that holds `results.csv`.

    Raises:
        InputError: for a folder without one.
    """
    path = Path(path)
    if not path.is_dir():
        return path
    if not (path / RESULTS).is_file():
        raise InputError(f"{path}: is a folder without {RESULTS}")
    return path / RESULTS


def read_scores(path: str | Path, torn: bool = False) -> list[Score]:
    """Read a results file; UTF-8, or what its byte order mark says.

    A last line needs no line end if it is whole.

    Args:
        torn: whether a last row that is not whole, as a crash leaves it, may be left out.

    Raises:
        InputError: names the file, the line, the column and what is wrong there.
    """
    path = Path(path)
    text = read_text(path, torn)
    _check_kind(text, path)
    scores: list[Score] = []
    lines: dict[Key, int] = {}
    rows = read_rows(text, path, COLUMNS, exact=True)
    try:
        for line, row in rows:
            try:
                score = _from_row(row)
            except ValueError as error:
                said = f"{path}, line {line}, {error}"
                last = not text.endswith(("\n", "\r")) and next(rows, None) is None
                raise (TornError if last else InputError)(said) from None
            if score.key in lines:
                again = " ".join(filter(None, score.key[1:]))
                raise InputError(
                    f"{path}, line {line}: the trial and scorer of line {lines[score.key]} again ({again})"
                )
            lines[score.key] = line
            scores.append(score)
    except TornError as error:
        if not torn:
            raise InputError(f"{error}; the last line is not whole: evaluate again, or take it out") from None
    times = _read_times(path)
    return [replace(s, seconds=times[s.key]) if not s.seconds and s.key in times else s for s in scores]


def _check_kind(text: str, path: Path) -> None:
    """Refuse what is a table of another kind, or of an earlier version."""
    head = tuple(text.partition("\n")[0].strip().split(","))
    lacking = [name for name in COLUMNS if name not in head]
    if lacking and head[: len(KEY_COLUMNS)] == KEY_COLUMNS:
        lacks = f"lacks the columns {', '.join(lacking)}"
        raise InputError(f"{path}: {lacks}: made by an earlier version; evaluate again")
    if {"song", "listener"} <= set(head) and {"score", "avg_haaqi"} & set(head) and "scorer" not in head:
        raise InputError(
            f"{path}: is a challenge's own table of scores, not {RESULTS}; "
            "haaqinet import-scores takes it into a store"
        )


_bounds = cache(scorer_bounds)


def _from_row(row: Mapping[str, str]) -> Score:
    """A row of the file.

    Raises:
        ValueError: names the column and the value.
    """
    for name in _NEEDED:
        if not row[name].strip():
            raise ValueError(f"column {name}: is empty")
    if row["ear"] not in EARS:
        raise ValueError(f"column ear: {row['ear']!r} is neither left nor right")
    limits = _bounds(row["scorer"])
    numbers: dict[str, Any] = {name: _number(row, name, limits) for name in ("score", "low", "high")}
    if (numbers["score"] is None) != bool(row["error"]):
        raise ValueError("columns score and error: a row has either a score or an error")
    low, high = numbers["low"], numbers["high"]
    if (low is None) != (high is None) or (low is not None and high is not None and low > high):
        raise ValueError(f"columns low and high: {row['low']!r} and {row['high']!r} are no interval")
    unfamiliar = _BOOLEANS.get(row["unfamiliar"].lower())
    if unfamiliar is None:
        raise ValueError(f"column unfamiliar: {row['unfamiliar']!r} is neither 0 nor 1")
    fields: dict[str, Any] = {name: row[name] for name in ("scorer", "version", "error", "message")}
    fields["seconds"] = _number(row, "seconds", (0.0, math.inf)) or 0.0
    trial = Trial(*(row[name] for name in TRIAL_COLUMNS))
    return Score(trial, **fields, **numbers, parts=_parts(row["parts"]), unfamiliar=unfamiliar)


def _number(row: Mapping[str, str], name: str, limits: tuple[float, float]) -> float | None:
    """A number within limits; None for an empty field."""
    text = row[name]
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        hint = "; decimals have a point, not a comma" if "," in text else ""
        raise ValueError(f"column {name}: {text!r} is not a number{hint}") from None
    if not math.isfinite(value):
        raise ValueError(f"column {name}: {text!r} is not finite")
    low, high = limits
    if not low <= value <= high:
        hint = "; a spreadsheet that takes the decimal point for a separator of thousands makes such numbers"
        where = f"not in [{low:g}, {high:g}]" if math.isfinite(high) else f"below {low:g}"
        raise ValueError(f"column {name}: {text!r} is {where}{hint if value > 1e3 else ''}")
    return value


def _parts(text: str) -> dict[str, float]:
    """HAAQI's parts by name."""
    if not text:
        return {}
    try:
        parts = json.loads(text)
    except (ValueError, RecursionError):
        parts = None
    if not isinstance(parts, dict):
        raise ValueError(f"column parts: {text[:40]!r} is no JSON object")
    for name, value in parts.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"column parts: {name!r} is {value!r}, not a finite number")
    return {name: float(value) for name, value in parts.items()}


def _read_times(path: Path) -> dict[Key, float]:
    """Seconds by key, from the file beside a final table; none where there is no such file."""
    path = times_file(path)
    if not path.exists():
        return {}
    times = {}
    for line, row in read_rows(read_text(path), path, (*KEY_COLUMNS, "seconds"), exact=True):
        try:
            seconds = _number(row, "seconds", (0.0, math.inf))
        except ValueError as error:
            raise InputError(f"{path}, line {line}, {error}") from None
        times[tuple(row[name] for name in KEY_COLUMNS)] = seconds or 0.0
    return times
