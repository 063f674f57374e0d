"""Scores that were not made by a worker: a finished run of a recipe, or a table from elsewhere."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ..audiogram import Listener, read_listeners
from ..errors import InputError
from ..io.csvfile import read_rows
from ..io.files import decode
from ..io.redaction import public_text, redacted
from ..io.runfile import asked_trials, listeners_file, read_run, run_beside
from ..registry import OfficialTable, challenge_record, challenge_records
from ..scores import Score, read_scores, results_path
from ..scores.frames import read_frames
from ..trials import Trial
from .aggregates import refresh
from .challenges import (
    Challenge,
    TrialKey,
    challenge,
    challenges,
    expected_trials,
    register_challenge,
    trial_key,
)
from .intake import submit
from .opening import Store
from .queue import end_run, settle, start_run
from .rows import EXTERNAL, HERE, StoredScores
from .schema import Submissions
from .submissions import Submission, submission
from .systems import System
from .validity import check_score

MAX_FINDINGS = 20  # that one message lists
MEAN_TOLERANCE = 1e-3  # between a table's mean column and the mean of its scores


OFFICIAL_TABLES = {name: record.table for name, record in challenge_records().items()}


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
    rows = [
        replace(row, frames=frames.get(row.key), message=public_text(row.message))
        for row in read_scores(results)
    ]
    names = {row.trial.challenge for row in rows}
    if len(names) != 1:
        raise InputError(f"{results}: holds rows of {len(names)} challenges ({', '.join(sorted(names))})")
    for row in rows:
        check_score(row)
    record = read_run(Path(run) if run else run_beside(results))
    people = _run_listeners(record) if listeners is None else listeners
    digest = hashlib.sha256(results.read_bytes())
    provenance = redacted({"results": results.name, "sha256": digest.hexdigest(), **record})
    with store.writing():  # all systems of the file, or none
        known = _challenge_of(store, results, rows, record, people, split, expected, genres)
        taken = []
        for system in dict.fromkeys(row.trial.system for row in rows):
            told = (systems or {}).get(system, System(team, system))
            mine = [row for row in rows if row.trial.system == system]
            facts = {
                "sha256": hashlib.sha256(digest.digest() + system.encode()).hexdigest(),
                "path": str(results.absolute()),
            }
            if told.name != system or told.team != team:
                raise InputError(f"system {system}: is described as {told.name} of team {told.team}")
            taken.append(_take(store, known.name, known.split, told, mine, facts, provenance, "imported"))
        refresh(store, [entry.id for entry in taken])
    return taken


def _run_listeners(record: Mapping) -> dict[str, Listener]:
    """Those of the file that the run used, where it is still there; pipes and devices are not opened."""
    path = listeners_file(record)
    return read_listeners(path) if path and path.is_file() else {}


def _run_split(record: Mapping) -> str:
    """The split of a run, from the official name of its listeners' file; empty for another name."""
    path = listeners_file(record)
    found = re.fullmatch(r"listeners\.(\w{1,40})\.json", path.name) if path else None
    return found[1] if found else ""


def _expected(record: Mapping) -> int | None:
    """Trials per system that a run expected."""
    return record.get("expected_trials_per_system") or max(asked_trials(record).values(), default=None)


def _challenge_of(
    store: Store,
    results: Path,
    rows: list[Score],
    record: Mapping[str, Any],
    people: Mapping[str, Listener],
    split: str,
    expected: int | None,
    genres: Mapping[str, str] | None,
) -> Challenge:
    """The challenge that the rows belong to, which is made where the store does not know it."""
    name, split = rows[0].trial.challenge, split or _run_split(record)
    if any(c.name == name and split in ("", c.split) for c in challenges(store)):
        known = challenge(store, name, split)
        trials, split = expected_trials(store, known), known.split
    else:
        trials = _all_trials(results, rows, expected or _expected(record))
    return register_challenge(store, name, trials, people, split=split, genres=genres)


def _all_trials(results: Path, rows: list[Score], expected: int | None) -> list[Trial]:
    trials = dict.fromkeys(replace(row.trial, system="") for row in rows)
    if expected is None:
        raise InputError(
            f"{results}: no run.json says how many trials a system has; say how many are expected"
        )
    if len(trials) != expected:
        raise InputError(
            f"{results}: has {len(trials)} of {expected} trials, so it does not tell what "
            f"{rows[0].trial.challenge} expects; finish the run, or register the challenge first"
        )
    return list(trials)


def _take(
    store: Store,
    challenge: str,
    split: str,
    system: System,
    rows: list[Score],
    facts: Mapping[str, Any],
    provenance: dict[str, Any],
    origin: str,
    visitor: bool = False,
) -> Submission:
    """A submission with these rows; one that an earlier import left half-done is completed."""
    scorers = sorted({row.scorer for row in rows})
    facts = {**facts, "origin": origin, "visitor": visitor}
    entry, _ = submit(store, challenge, system, split=split, state="scoring", scorers=scorers, **facts)
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
    visitor: bool = False,
) -> Submission:
    """Take in a challenge's own table of scores that was made elsewhere.

    Its rows are marked as external and never stand in one ranking with scores made here.

    Args:
        path: CSV with the columns of the challenge's record; more columns do not matter.
        scorer: what made the scores, e.g. "haaqi" or "haaqinet"; version: which one.
        visitor: see `submit`.

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
    tables = {scorer: read_official_table(path.name, _as_haaqis(content, scorer), known.name, trials)}
    if scorer == "haaqi":
        tables |= read_others(path.name, content, known.name, trials)
    rows = [
        Score(Trial(known.name, system.name, *trial), name, version, value)
        for name, values in tables.items()
        for trial, value in values.items()
    ]
    digest = hashlib.sha256(content + f"\0{scorer}\0{version}".encode()).hexdigest()
    facts = {"sha256": digest, "path": str(path), "size": len(content)}
    provenance = {"table": path.name, "sha256": hashlib.sha256(content).hexdigest()}
    with store.writing():
        entry = _take(store, known.name, known.split, system, rows, facts, provenance, EXTERNAL, visitor)
        refresh(store, [entry.id])
    return entry


def _as_haaqis(content: bytes, scorer: str) -> bytes:
    """A table whose columns are called as in HAAQI's; recipes call some after the scorer."""
    head, end, rows = content.partition(b"\n")
    return head.replace(f"{scorer}_".encode(), b"haaqi_") + end + rows


def read_official_table(
    name: str, content: bytes, challenge_name: str, trials: list[TrialKey]
) -> dict[TrialKey, float]:
    """Scores by trial from a challenge's own table.

    Args:
        name: of the file, for messages.
        content: text, see `files.decode`, comma-separated.
        trials: that the challenge expects; those without a row are left out of the answer.

    Raises:
        InputError: with a line for each finding.
    """
    table = challenge_record(challenge_name).table
    songs = {(scene, listener): song for scene, song, listener, *_ in trials}
    findings: list[str] = []
    values: dict[TrialKey, float] = {}
    lines: dict[tuple[str, str], int] = {}
    for number, row in read_rows(decode(content, name), name, table.columns):
        scene, listener = row[table.scene], row["listener"]
        try:
            if (scene, listener) not in songs:
                raise ValueError(f"scene {scene!r} and listener {listener!r} are no pair of {challenge_name}")
            song = songs[scene, listener]
            if table.song and row[table.song] != song:
                raise ValueError(f"song {row[table.song]!r}; scene {scene} has {song!r}")
            if (scene, listener) in lines:
                raise ValueError(f"{scene}, {listener} stood in line {lines[scene, listener]} already")
            scores = _row_scores(row, table)
        except ValueError as error:
            findings.append(f"{name}, line {number}: {error}")
            continue
        lines[scene, listener] = number
        for (ear, stem), value in scores.items():
            values[scene, song, listener, ear, stem] = value
    if findings:
        more = len(findings) - MAX_FINDINGS
        raise InputError("\n".join(findings[:MAX_FINDINGS]) + (f"\nand {more} more" if more > 0 else ""))
    if not values:
        raise InputError(f"{name}: holds no rows")
    return values


def read_others(
    name: str, content: bytes, challenge_name: str, trials: list[TrialKey]
) -> dict[str, dict[TrialKey, float]]:
    """Further scores of pairs from a challenge's own table, by their name; both ears have the pair's.

    Args:
        name, content, trials: see `read_official_table`, which has refused what is wrong with pairs.

    Raises:
        InputError: for a cell that is neither empty nor a score.
    """
    table = challenge_record(challenge_name).table
    found: dict[str, dict[TrialKey, float]] = {}
    mine: dict[tuple[str, str], list[TrialKey]] = {}
    for trial in trials:
        mine.setdefault((trial[0], trial[2]), []).append(trial)
    for number, row in read_rows(decode(content, name), name, table.columns):
        for other, score in table.others.items():
            if not row.get(score.column):
                continue
            try:
                value = _number(row, score.column)
            except ValueError as error:
                raise InputError(f"{name}, line {number}: {error}") from None
            found.setdefault(other, {}).update(dict.fromkeys(mine[row[table.scene], row["listener"]], value))
    return found


def _number(row: Mapping[str, str], column: str) -> float:
    """A score. Raises `ValueError`."""
    try:
        value = float(row[column])
    except ValueError:
        raise ValueError(f"{column} is {row[column]!r}, not a number") from None
    if not (math.isfinite(value) and 0 <= value <= 1):
        raise ValueError(f"{column} is {row[column]!r}, not in [0, 1]")
    return value


def _row_scores(row: Mapping[str, str], table: OfficialTable) -> dict[tuple[str, str], float]:
    scores = {place: _number(row, column) for column, place in table.scores.items()}
    mean = sum(scores.values()) / len(scores)
    if abs(_number(row, table.mean) - mean) > MEAN_TOLERANCE:
        raise ValueError(f"{table.mean} is {row[table.mean]}, but the mean of its scores is {mean:.4f}")
    return scores
