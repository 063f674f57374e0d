"""The row that records a score, and the file of rows.

A results file is a CSV with one row per trial and scorer. Rows are appended as
they are made; a failed trial keeps its row, with the reason in place of the score.
A finished run's table has its rows in the order of the trials (`write_table`).
Nothing is averaged when it is written.
"""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from .errors import InputError
from .frames import Frames, append_frames

Key = tuple[str, ...]
RESULTS = "results.csv"  # in the folder of a run


@dataclass(frozen=True)
class Score:
    """One scorer's answer for one trial, or the reason why there is none."""

    challenge: str
    system: str
    scene: str
    song: str
    listener: str
    ear: str
    stem: str
    scorer: str
    version: str  # of the scorer
    score: float | None  # None for a failed trial
    parts: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0  # wall clock spent by the scorer
    error: str = ""  # reason code; empty for a scored trial
    message: str = ""  # the reason in words
    low: float | None = None  # with `high`: where the true score is in 9 of 10 cases, for a predicted score
    high: float | None = None
    unfamiliar: bool = False  # the sound is unlike what the scorer was trained on
    frames: Frames | None = field(default=None, compare=False, repr=False)  # in a file beside the rows

    @property
    def key(self) -> Key:
        """What makes a row unique: trial, scorer and scorer version."""
        return tuple(getattr(self, name) for name in KEY_COLUMNS)

    @property
    def failed(self) -> bool:
        """Whether the trial could not be scored."""
        return self.score is None


COLUMNS = tuple(f.name for f in fields(Score) if f.name != "frames")
KEY_COLUMNS = COLUMNS[: COLUMNS.index("score")]


def _to_row(score: Score) -> dict[str, str]:
    row = {name: getattr(score, name) for name in COLUMNS}
    for name in ("score", "low", "high"):
        row[name] = "" if row[name] is None else repr(float(row[name]))
    row["unfamiliar"] = int(score.unfamiliar)
    row["parts"] = json.dumps({k: float(v) for k, v in score.parts.items()}) if score.parts else ""
    row["seconds"] = f"{score.seconds:.4f}" if score.seconds else ""
    return row


def _from_row(row: dict[str, str]) -> Score:
    numbers = {name: float(row[name]) if row[name] else None for name in ("score", "low", "high")}
    for name, value in numbers.items():
        if value is not None and not math.isfinite(value):
            raise ValueError(f"{name} {row[name]!r} is not finite")
    if (numbers["score"] is None) != bool(row["error"]):
        raise ValueError("a row has either a score or an error")
    numbers |= {"seconds": float(row["seconds"] or 0), "unfamiliar": row["unfamiliar"] == "1"}
    parts = json.loads(row["parts"]) if row["parts"] else {}
    given = {name: row[name] for name in COLUMNS}
    return Score(**{**given, **numbers, "parts": parts})


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


def path_to_write(path: str | Path) -> Path:
    """A file that a user names to be written.

    Raises:
        InputError: where a folder has its name.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder, not a file to write")
    return path


def read_scores(path: str | Path) -> list[Score]:
    """Read a results file; the last line may be torn by a crash and is then left out.

    Raises:
        InputError: names the file, the line and what is wrong with it.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such results file")
    if path.is_dir():
        raise InputError(f"{path}: is a folder, not a results file")
    text = path.read_text(encoding="utf-8", errors="replace")
    whole = text[: text.rfind("\n") + 1]
    reader = csv.DictReader(whole.splitlines(keepends=True), restkey="_more")
    found = tuple(reader.fieldnames or ())
    lacking = [name for name in COLUMNS if name not in found]
    if lacking and found[: len(KEY_COLUMNS)] == KEY_COLUMNS:
        lacks = f"lacks the columns {', '.join(lacking)}"
        raise InputError(f"{path}: {lacks}: made by an earlier version; evaluate again")
    if found != COLUMNS:
        raise InputError(f"{path}: expected the columns {', '.join(COLUMNS)}; got {reader.fieldnames}")
    scores = []
    for row in reader:
        try:
            if None in row.values() or "_more" in row:
                raise ValueError("wrong number of fields")
            scores.append(_from_row(row))
        except ValueError as error:
            raise InputError(f"{path}, line {reader.line_num}: {error}") from None
    times = _read_times(path)
    return [replace(s, seconds=times[s.key]) if not s.seconds and s.key in times else s for s in scores]


def write_scores(path: str | Path, scores: Iterable[Score]) -> None:
    """Write a results file in one step: it is either the old one or the new one.

    Raises:
        InputError: where a folder has its name.
    """
    path = path_to_write(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(_to_row, scores))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def times_file(path: str | Path) -> Path:
    """Where the seconds of a final table stand: `results_seconds.csv` beside `results.csv`."""
    path = Path(path)
    return path.with_name(f"{path.stem}_seconds.csv")


def _read_times(path: Path) -> dict[Key, float]:
    path = times_file(path)
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        head, *rows = csv.reader(file)
    try:
        if tuple(head) != (*KEY_COLUMNS, "seconds"):
            raise ValueError(f"columns {head}")
        return {tuple(key): float(seconds) for *key, seconds in rows}
    except ValueError as error:
        raise InputError(f"{path}: not the seconds of a table of scores: {error}") from None


def write_table(path: str | Path, scores: Iterable[Score]) -> None:
    """Write the final table: the seconds that rows took go to a file beside it.

    So two runs' tables are equal byte for byte, wherever and in whatever order they were scored.
    """
    path, scores = Path(path), list(scores)
    part = times_file(path).with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*KEY_COLUMNS, "seconds"))
        writer.writerows((*s.key, f"{s.seconds:.4f}") for s in scores if s.seconds)
    part.replace(times_file(path))
    write_scores(path, (replace(score, seconds=0.0) for score in scores))


class ScoreFile:
    """A results file that is being filled; opening it resumes what is there.

    Failed rows of an earlier run are dropped on opening, so that they are tried
    again; scored rows stay and are never scored twice.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        earlier = read_scores(self.path) if self.path.exists() else []
        self._scores = {score.key: score for score in earlier if not score.failed}
        write_scores(self.path, self._scores.values())

    def __contains__(self, key: Key) -> bool:
        return key in self._scores

    def __iter__(self) -> Iterator[Score]:
        return iter(self._scores.values())

    def __len__(self) -> int:
        return len(self._scores)

    def append(self, scores: Iterable[Score]) -> None:
        """Add rows in one write, flushed to the disk; before that, their frames to the file beside it."""
        scores = [score for score in scores if score.key not in self._scores]
        append_frames(self.path, ((s.key, s.frames) for s in scores if s.frames is not None))
        lines = _Lines()
        csv.DictWriter(lines, COLUMNS, lineterminator="\n").writerows(map(_to_row, scores))
        with self.path.open("a", encoding="utf-8", newline="") as file:
            file.write("".join(lines))
            file.flush()
            os.fsync(file.fileno())
        self._scores.update((score.key, score) for score in scores)


class _Lines(list):
    """A list that a CSV writer can write to."""

    write = list.append


def merge_scores(paths: Iterable[str | Path], expected: Iterable[Key] | None = None) -> list[Score]:
    """Join the results files of several batches.

    Args:
        paths: results files; each key may stand in one of them only.
        expected: the keys that must be there; None leaves gaps unchecked.

    Raises:
        InputError: for a key in two files, with both names, or for keys that are missing or not expected.
    """
    merged: dict[Key, Score] = {}
    source: dict[Key, Path] = {}
    for path in map(Path, paths):
        for score in read_scores(path):
            if score.key in merged:
                raise InputError(
                    f"{path}: {' '.join(score.key)} is already in {source[score.key]}; "
                    "two batches overlap, merge files of one batch_size only"
                )
            merged[score.key], source[score.key] = score, path
    if expected is None:
        return list(merged.values())
    expected = list(expected)
    missing = [key for key in expected if key not in merged]
    if missing:
        raise InputError(f"{len(missing)} of {len(expected)} rows are missing; first: {' '.join(missing[0])}")
    extra = set(merged) - set(expected)
    if extra:
        raise InputError(f"{len(extra)} rows are not expected; first: {' '.join(min(extra))}")
    return [merged[key] for key in expected]
