"""Transcripts put into an official table of scores: what was understood, and the joint score that follows."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import InputError
from ..io.csvfile import read_rows
from ..io.files import read_text, written
from ..io.names import counted
from .transcripts import Transcript, read_transcripts
from .words import EARS, SCORINGS, Words, find_scoring, joint_score

NEEDED = ("scene", "listener", "lyrics", "haaqi_avg", "alpha")
FILLED = ("hypothesis_left", "hypothesis_right", "whisper_left", "whisper_rigth", "whisper_be", "score")
SCORING = "scoring"


@dataclass(frozen=True)
class Joined:
    """What a joined table comes to."""

    pairs: int
    haaqi: float  # mean
    words: float | None  # mean share of the better ear; None unless every pair has both transcripts
    score: float | None  # mean joint score; None unless every pair has one
    scored: int  # pairs with a joint score
    scoring: str
    lacking: tuple[tuple[str, ...], ...] = ()  # scene, listener and ear, as far as the score needs words


def join_table(table: Path, transcripts: Path, out: Path, scoring: str | None = None) -> Joined:
    """Write an official table with the words of transcripts and the joint scores; the rest stays as it is.

    Args:
        table: with columns `scene`, `listener`, `lyrics`, `haaqi_avg` and `alpha`, of one system.
        transcripts: see `transcripts`; of the same system.
        scoring: one of `SCORINGS`; None for what the table says, or official.

    Raises:
        InputError: names the file, the line and what is wrong there.
    """
    rows = list(read_rows(read_text(table), table, NEEDED))
    if not rows:
        raise InputError(f"{table}: holds no rows")
    scoring = scoring or rows[0][1].get(SCORING) or "official"
    find_scoring(scoring)
    texts = _by_pair(read_transcripts(transcripts), transcripts)
    unknown = set(texts) - {(row["scene"], row["listener"]) for _, row in rows}
    if unknown:
        raise InputError(f"{transcripts}: {' '.join(min(unknown))}: no pair of {table}")
    filled = [_fill(row, texts.get((row["scene"], row["listener"]), {}), scoring, f"{table}, line {line}")
              for line, row in rows]  # fmt: skip
    columns = list(dict.fromkeys([*rows[0][1], *FILLED, SCORING]))
    with written(out) as file:
        writer = csv.writer(file)
        writer.writerows([columns, *([row[name] for name in columns] for row in filled)])
    lacking = tuple(
        (row["scene"], row["listener"], ear)
        for _, row in rows
        if float(row["alpha"])
        for ear in EARS
        if ear not in texts.get((row["scene"], row["listener"]), {})
    )
    return replace(summarise(filled, scoring), lacking=lacking)


def lacking_line(lacking: Sequence[tuple[str, ...]]) -> str:
    """How many transcripts are missing, and the first; empty for none.

    >>> lacking_line([("S1", "L1", "left"), ("S1", "L1", "right")])
    'transcripts lack 2 ears, so there is no mean joint score; first: S1 L1 left'
    """
    if not lacking:
        return ""
    first = " ".join(filter(None, lacking[0]))
    return f"transcripts lack {counted(len(lacking), 'ear')}, so there is no mean joint score; first: {first}"


def _by_pair(rows: Sequence[Transcript], path: Path) -> dict[tuple[str, str], dict[str, str]]:
    systems = sorted({row.system for row in rows})
    if len(systems) > 1:
        raise InputError(f"{path}: holds transcripts of {len(systems)} systems: {', '.join(systems)}")
    texts: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for row in rows:
        texts[row.scene, row.listener][row.ear] = row.text
    return dict(texts)


def _fill(row: Mapping[str, str], texts: Mapping[str, str], scoring: str, where: str) -> dict[str, object]:
    alpha, haaqi = (_number(row, name, where) for name in ("alpha", "haaqi_avg"))
    words = Words.count(row["lyrics"], texts, scoring)
    score = joint_score(alpha, words.better, haaqi)
    return {**row, **words.columns(), "score": score, SCORING: scoring}


def _number(row: Mapping[str, str], name: str, where: str) -> float:
    try:
        value = float(row[name])
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise InputError(f"{where}: column {name} is {row[name]!r}, not a number from 0 to 1")
    return value


def summarise(rows: Sequence[Mapping], scoring: str) -> Joined:
    """What the rows of a table come to; a cell that is empty is no number."""

    def mean(name: str) -> float | None:
        values = [float(row[name]) for row in rows if row[name] != ""]
        return sum(values) / len(values) if len(values) == len(rows) else None

    scored = sum(row["score"] != "" for row in rows)
    haaqi = sum(float(row["haaqi_avg"]) for row in rows) / len(rows)
    return Joined(len(rows), haaqi, mean("whisper_be"), mean("score"), scored, scoring)


__all__ = ["SCORINGS", "Joined", "join_table", "lacking_line", "summarise"]
