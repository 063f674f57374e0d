"""Scores that were not made by a worker: a finished run of a recipe, or a table from elsewhere."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ..audiogram import EARS, Listener, read_listeners
from ..errors import InputError
from ..frames import read_frames
from ..scores import Score, read_scores, results_path
from ..trials import Trial
from .aggregates import refresh
from .challenges import TrialKey, challenge, challenges, expected_trials, register_challenge, trial_key
from .opening import Store
from .queue import end_run, settle, start_run
from .rows import EXTERNAL, HERE, StoredScores
from .schema import Submissions
from .submissions import Submission, submission, submit
from .systems import System

MAX_FINDINGS = 20  # that one message lists
MEAN_TOLERANCE = 1e-3  # between a table's mean column and the mean of its scores
STEMS = ("bass", "drums", "other", "vocals")


@dataclass(frozen=True)
class Dialect:
    """The columns of a challenge's own table of scores, as pyclarity's recipes write it."""

    scene: str  # column that holds the scene
    scores: Mapping[str, tuple[str, str]]  # column -> ear and stem
    mean: str  # column with the mean of these

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are needed."""
        names = ("scene", "song", "listener") if self.scene == "scene" else ("song", "listener")
        return (*names, *self.scores, self.mean)


DIALECTS = {
    "cad1_task1": Dialect("song", {f"{ear}_{stem}": (ear, stem) for stem in STEMS for ear in EARS}, "score"),
    "cad_icassp_2024": Dialect("scene", {f"{ear}_score": (ear, "") for ear in EARS}, "score"),
    "cad2_task2": Dialect("scene", {f"{ear}_haaqi": (ear, "") for ear in EARS}, "avg_haaqi"),
}


def import_results(
    store: Store,
    results: str | Path,
    team: str,
    *,
    run: str | Path | None = None,
    split: str = "",
    expected: int | None = None,
    listeners: Mapping[str, Listener] | None = None,
    genres: Mapping[str, str] | None = None,
    systems: Mapping[str, System] | None = None,
) -> list[Submission]:
    """Take in a finished run: each system in it becomes a submission of the team.

    A challenge that the store does not know is made from the rows, if these have all the
    trials that the run expected; failed trials have rows too, so a finished run does.
    The same file again changes nothing.

    Args:
        results: `results.csv` of an evaluate recipe, or its folder; frame scores are beside it.
        run: its `run.json`; default: beside it.
        split: default: that of the run's `listeners.<split>.json`.
        expected: trials per system; default: from the run.
        listeners: by id; default: from the listeners file that the run used, where it is still there.
        systems: what is known of a system, by the name in the file; its team is `team`.

    Raises:
        InputError: for a damaged file, rows of two challenges, or trials that are not expected.
    """
    results = results_path(results)
    frames = read_frames(results)
    rows = [replace(row, frames=frames.get(row.key)) for row in read_scores(results)]
    names = {row.challenge for row in rows}
    if len(names) != 1:
        raise InputError(f"{results}: holds rows of {len(names)} challenges ({', '.join(sorted(names))})")
    record = _read_run(Path(run) if run else results.with_name("run.json"))
    people = _run_listeners(record) if listeners is None else listeners
    split = split or _run_split(record)
    name = names.pop()
    if any(c.name == name and split in ("", c.split) for c in challenges(store)):
        known = challenge(store, name, split)
        register_challenge(
            store, name, expected_trials(store, known), people, split=known.split, genres=genres
        )
    else:
        trials = _all_trials(results, rows, expected or _expected(record))
        known = register_challenge(store, name, trials, people, split=split, genres=genres)
    digest = hashlib.sha256(results.read_bytes())
    provenance = {"results": results.name, "sha256": digest.hexdigest(), **record}
    taken = []
    for system in dict.fromkeys(row.system for row in rows):
        told = (systems or {}).get(system, System(team, system))
        mine = [row for row in rows if row.system == system]
        facts = {
            "sha256": hashlib.sha256(digest.digest() + system.encode()).hexdigest(),
            "path": str(results.absolute()),
        }
        if told.name != system or told.team != team:
            raise InputError(f"system {system}: is described as {told.name} of team {told.team}")
        taken.append(_take(store, known.name, known.split, told, mine, facts, provenance, "imported"))
    refresh(store, [entry.id for entry in taken])
    return taken


def _read_run(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is no JSON: {error}") from None
    if not isinstance(record, dict):
        raise InputError(f"{path}: expected an object, not a {type(record).__name__}")
    return record


def _last(record: Mapping) -> dict[str, Any]:
    runs = record.get("runs") or [{}]
    return runs[-1] if isinstance(runs, list) and isinstance(runs[-1], dict) else {}


def _listeners_file(record: Mapping) -> Path | None:
    config = _last(record).get("config") or {}
    path = record.get("listeners_file") or config.get("path", {}).get("listeners_file")
    return Path(path) if path else None


def _run_listeners(record: Mapping) -> dict[str, Listener]:
    path = _listeners_file(record)
    return read_listeners(path) if path and path.exists() else {}


def _run_split(record: Mapping) -> str:
    """The split of a run, from the official name of its listeners' file; empty for another name."""
    path = _listeners_file(record)
    found = re.fullmatch(r"listeners\.(\w+)\.json", path.name) if path else None
    return found[1] if found else ""


def _expected(record: Mapping) -> int | None:
    """Trials per system that a run expected."""
    if record.get("expected_trials_per_system"):
        return int(record["expected_trials_per_system"])
    last = _last(record)
    parts = len(last.get("systems") or ()) * len(last.get("scorers") or ())
    return int(last.get("expected") or 0) // parts if parts else None


def _all_trials(results: Path, rows: list[Score], expected: int | None) -> list[Trial]:
    keys = dict.fromkeys((r.scene, r.song, r.listener, r.ear, r.stem) for r in rows)
    if expected is None:
        raise InputError(
            f"{results}: no run.json says how many trials a system has; say how many are expected"
        )
    if len(keys) != expected:
        raise InputError(
            f"{results}: has {len(keys)} of {expected} trials, so it does not tell what {rows[0].challenge} "
            "expects; finish the run, or register the challenge first"
        )
    return [Trial(rows[0].challenge, "", *key) for key in keys]


def _take(
    store: Store,
    challenge: str,
    split: str,
    system: System,
    rows: list[Score],
    facts: Mapping[str, Any],
    provenance: dict[str, Any],
    origin: str,
) -> Submission:
    """A submission with these rows; one that an earlier import left half-done is completed."""
    scorers = sorted({row.scorer for row in rows})
    entry, _ = submit(
        store, challenge, system, split=split, origin=origin, state="scoring", scorers=scorers, **facts
    )
    if entry.state != "scoring":
        return entry
    run = start_run(store, entry.id, provenance)
    StoredScores(store, entry, run, EXTERNAL if origin == EXTERNAL else HERE).append(rows)
    end_run(store, run)
    with store.writing() as session:
        row = session.scalars(sa.select(Submissions).where(Submissions.id == entry.id)).one()
        if row.state == "scoring":
            settle(store, session, row, origin)
    return submission(store, entry.id)


def import_scores(
    store: Store,
    path: str | Path,
    challenge_name: str,
    system: System,
    *,
    scorer: str = "haaqi",
    version: str = "unknown",
    split: str = "",
) -> Submission:
    """Take in a challenge's own table of scores that was made elsewhere.

    Its rows are marked as external and never stand in one ranking with scores made here.

    Args:
        path: CSV with the challenge's columns, see `DIALECTS`; more columns do not matter.
        scorer: what made the scores, e.g. "haaqi" or "haaqinet"; version: which one.

    Raises:
        InputError: names the file, and line and value of what is wrong (up to 20 of them).
    """
    path = Path(path)
    known = challenge(store, challenge_name, split)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    trials = [trial_key(trial) for trial in expected_trials(store, known)]
    values = read_dialect(path.name, content, known.name, trials)
    rows = [
        Score(known.name, system.name, *trial, scorer=scorer, version=version, score=value)
        for trial, value in values.items()
    ]
    digest = hashlib.sha256(content + f"\0{scorer}\0{version}".encode()).hexdigest()
    facts = {"sha256": digest, "path": str(path), "size": len(content)}
    provenance = {"table": path.name, "sha256": hashlib.sha256(content).hexdigest()}
    entry = _take(store, known.name, known.split, system, rows, facts, provenance, EXTERNAL)
    refresh(store, [entry.id])
    return entry


def read_dialect(
    name: str, content: bytes, challenge_name: str, trials: list[TrialKey]
) -> dict[TrialKey, float]:
    """Scores by trial from a challenge's own table.

    Args:
        name: of the file, for messages.
        content: UTF-8, with or without byte order mark, comma-separated.
        trials: that the challenge expects; those without a row are left out of the answer.

    Raises:
        InputError: with a line for each finding.
    """
    if challenge_name not in DIALECTS:
        raise InputError(f"challenge {challenge_name!r} has no table known here; {', '.join(DIALECTS)} have")
    dialect = DIALECTS[challenge_name]
    songs = {(scene, listener): song for scene, song, listener, *_ in trials}
    findings: list[str] = []
    values: dict[TrialKey, float] = {}
    lines: dict[tuple[str, str], int] = {}
    for number, row in _read_table(name, content, dialect.columns):
        scene, listener = row[dialect.scene], row["listener"]
        try:
            if (scene, listener) not in songs:
                raise ValueError(f"scene {scene!r} and listener {listener!r} are no pair of {challenge_name}")
            if row["song"] != songs[scene, listener]:
                raise ValueError(f"song {row['song']!r}; scene {scene} has {songs[scene, listener]!r}")
            if (scene, listener) in lines:
                raise ValueError(f"{scene}, {listener} stood in line {lines[scene, listener]} already")
            scores = _row_scores(row, dialect)
        except ValueError as error:
            findings.append(f"{name}, line {number}: {error}")
            continue
        lines[scene, listener] = number
        for (ear, stem), value in scores.items():
            values[scene, row["song"], listener, ear, stem] = value
    if findings:
        more = len(findings) - MAX_FINDINGS
        raise InputError("\n".join(findings[:MAX_FINDINGS]) + (f"\nand {more} more" if more > 0 else ""))
    if not values:
        raise InputError(f"{name}: holds no rows")
    return values


def _read_table(name: str, content: bytes, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(f"{name}, line {line}: not UTF-8 text") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="_more", strict=True)
    try:
        head = list(reader.fieldnames or ())
        missing = [column for column in columns if column not in head]
        if missing or len(set(head)) != len(head):
            what = f"lacks the columns {', '.join(missing)}" if missing else "names a column twice"
            hint = "; columns are separated by commas" if ";" in (head or [""])[0] else ""
            raise InputError(f"{name}, line 1: {what}; it has {', '.join(head) or 'none'}{hint}")
        for row in reader:
            if None in row.values() or "_more" in row:
                raise InputError(f"{name}, line {reader.line_num}: not {len(head)} fields")
            yield reader.line_num, row
    except csv.Error as error:
        raise InputError(f"{name}, line {reader.line_num}: {error}") from None


def _row_scores(row: Mapping[str, str], dialect: Dialect) -> dict[tuple[str, str], float]:
    def number(column: str) -> float:
        try:
            value = float(row[column])
        except ValueError:
            raise ValueError(f"{column} is {row[column]!r}, not a number") from None
        if not (math.isfinite(value) and 0 <= value <= 1):
            raise ValueError(f"{column} is {row[column]!r}, not in [0, 1]")
        return value

    scores = {place: number(column) for column, place in dialect.scores.items()}
    mean = sum(scores.values()) / len(scores)
    if abs(number(dialect.mean) - mean) > MEAN_TOLERANCE:
        raise ValueError(f"{dialect.mean} is {row[dialect.mean]}, but the mean of its scores is {mean:.4f}")
    return scores
