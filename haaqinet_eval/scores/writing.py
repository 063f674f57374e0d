"""Writing results files: rows as text, and whole tables in one step."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ..io.files import written
from .row import COLUMNS, KEY_COLUMNS, TRIAL_COLUMNS, Score

_OWN = COLUMNS[len(TRIAL_COLUMNS) :]


def to_row(score: Score) -> dict[str, object]:
    """The fields of a row as they stand in the file."""
    row = {**vars(score.trial), **{name: getattr(score, name) for name in _OWN}}
    for name in ("score", "low", "high"):
        row[name] = "" if row[name] is None else repr(float(row[name]))
    row["unfamiliar"] = int(score.unfamiliar)
    row["parts"] = json.dumps({k: float(v) for k, v in score.parts.items()}) if score.parts else ""
    row["seconds"] = f"{score.seconds:.4f}" if score.seconds else ""
    return row


def write_scores(path: str | Path, scores: Iterable[Score]) -> None:
    """Write a results file in one step: it is either the old one or the new one.

    Raises:
        InputError, Stopped: it cannot be written, see `files.whole`.
    """
    with written(path) as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(to_row, scores))


def times_file(path: str | Path) -> Path:
    """Where the seconds of a final table stand: `results_seconds.csv` beside `results.csv`."""
    path = Path(path)
    return path.with_name(f"{path.stem}_seconds.csv")


def write_table(path: str | Path, scores: Iterable[Score]) -> None:
    """Write the final table: the seconds that rows took go to a file beside it.

    So two runs' tables are equal byte for byte, wherever and in whatever order they were scored.
    """
    scores = list(scores)
    with written(times_file(path)) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*KEY_COLUMNS, "seconds"))
        writer.writerows((*s.key, f"{s.seconds:.4f}") for s in scores if s.seconds)
    write_scores(path, (replace(score, seconds=0.0) for score in scores))
