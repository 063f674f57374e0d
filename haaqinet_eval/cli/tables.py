"""Records as text: submissions, standings, and the same as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ..io.jsonfile import json_text
from ..io.names import printable
from ..registry import is_ranked, leading_scorer, rank_note

if TYPE_CHECKING:
    from ..store import Submission


def to_json(value: Any) -> str:
    """Indented JSON that a terminal may show; dates in ISO 8601, null for what is not finite."""
    return json_text(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def columns(rows: Sequence[Sequence[object]], head: Sequence[str]) -> str:
    """A table of left-aligned columns; what is in a cell stays in it."""
    cells = [list(head), *([printable(str(cell)) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def submission_record(entry: Submission) -> dict[str, Any]:
    """A submission as a record for JSON, without its findings."""
    record = asdict(entry)
    del record["findings"]
    return record


def submissions_table(entries: Iterable[Submission]) -> str:
    """One line per submission."""
    rows = [
        (e.id, f"{e.challenge} {e.split}".strip(), e.system.team, e.system.name, e.state,
         e.received.isoformat(sep=" ", timespec="seconds")[:19], e.reason)
        for e in entries
    ]  # fmt: skip
    return columns(rows, ("id", "challenge", "team", "system", "state", "received (UTC)", "reason"))


def progress_table(progress: Iterable[Mapping[str, Any]]) -> str:
    """Rows of one submission, per version of a scorer."""
    rows = [(p["scorer"], p["version"], f"{p['scored']}/{p['expected']}", p["failed"]) for p in progress]
    return columns(rows, ("scorer", "version", "scored", "failed"))


FIGURES = ("mean", "95 %", "left", "right", "team", "system", "scored", "state")


def standings_table(records: Sequence[Mapping[str, Any]]) -> str:
    """A table per scorer version: rank and its range, mean and its 95 % interval, coverage.

    Where the scorer cannot rank, the table has no ranks; below it is what to know of it.
    Of a challenge that does not rank by HAAQI, the first says what the challenge ranks by.
    """
    parts, there = [], {r["scorer"] for r in records if r["mean"] is not None}
    for (scorer, version, origin), group in groupby(
        records, lambda r: (r["scorer"], r["version"], r["origin"])
    ):
        elsewhere = " (scored elsewhere)" if origin == "external" else ""
        title = printable(f"{scorer} {version}").strip() + elsewhere
        mine = list(group)
        if is_ranked(scorer, mine[0]["challenge"]):
            table = columns([(*_rank(r), *_figures(r)) for r in mine], ("rank", "range", *FIGURES))
        else:
            table = columns([(r["reference"], *_figures(r)) for r in mine], ("reference", *FIGURES))
        challenge = mine[0]["challenge"]
        note = rank_note(challenge, there) if scorer == leading_scorer(challenge, there) else ""
        parts.append("\n".join(filter(None, (title, table, mine[0]["caution"], note))))
    return "\n\n".join(parts)


def _rank(r: Mapping[str, Any]) -> tuple[object, str]:
    if r["rank"] is None:
        return r["reference"] or "-", ""
    return r["rank"], f"{r['rank_low']}-{r['rank_high']}"


def _figures(r: Mapping[str, Any]) -> tuple[object, ...]:
    def number(value: float | None) -> str:
        return "" if value is None else f"{value:.4f}"

    return (
        number(r["mean"]),
        f"{number(r['low'])} to {number(r['high'])}" if r["low"] is not None else "",
        number(r["left"]),
        number(r["right"]),
        r["team"],
        r["system"],
        f"{r['scored']}/{r['expected']}",
        r["state"] + (f": {r['reason']}" if r["reason"] else ""),
    )


def published_table(records: Sequence[Mapping[str, Any]]) -> str:
    """Averages that a challenge published."""
    if not records:
        return "none loaded; see haaqinet load-published"
    rows = [
        (f"{r['mean']:.4f}", r["team"], r["system"], "baseline" if r["baseline"] else "") for r in records
    ]
    return f"published averages, not scored here\n{columns(rows, ('mean', 'team', 'system', ''))}"
