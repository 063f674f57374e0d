"""What everybody may have of a store, as records: for the board's API and for taking everything along.

A split whose scores are private (`store.is_hidden`) is listed, and nothing else of it is told.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import IO, Any

from .. import __version__
from ..errors import InputError
from ..io.jsonfile import json_text
from ..io.names import csv_safe
from ..store import (
    KINDS,
    Challenge,
    Store,
    best_for,
    challenge_listeners,
    challenges,
    complete,
    group_table,
    is_hidden,
    judges_predictions,
    phase,
    revision,
    score_columns,
    scorer_versions,
    standings,
    standings_json,
    table_standings,
    trial_columns,
)
from .names import file_names
from .words import challenge_words

TRIAL = ("scene", "song", "genre", "listener", "ear", "stem")


class Hidden(InputError):
    """Scores that are not public yet."""


def iso(seconds: float | None) -> str | None:
    """A time as ISO 8601, UTC; None for none."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def challenge_records(store: Store, now: float | None = None) -> list[dict[str, Any]]:
    """All challenges and splits; of hidden ones when they close."""
    return [
        {
            "challenge": c.name,
            "split": c.split,
            "title": challenge_words(c),
            "scenes": c.scenes,
            "listeners": c.listeners,
            "trials": c.expected,
            "phase": phase(c, now),
            "opens": iso(c.opens),
            "closes": iso(c.closes),
            "scores": "private" if is_hidden(c, now) else "public",
        }
        for c in challenges(store)
    ]


def public_challenge(
    store: Store, name: str, split: str | None = None, now: float | None = None
) -> Challenge:
    """A challenge whose scores are public; without split the only one of that name that there is.

    Raises:
        InputError: for an unknown one. Hidden: where its scores are not public yet.
    """
    known = [c for c in challenges(store) if c.name == name and split in (None, c.split)]
    if len(known) != 1:
        what = "is unknown" if not known else f"has splits {', '.join(c.split for c in known)}: give one"
        raise InputError(f"challenge {name!r} {what}")
    if is_hidden(known[0], now):
        until = f" until {iso(known[0].closes)}" if known[0].closes is not None else ""
        raise Hidden(f"{known[0].title}: scores are private{until}")
    return known[0]


def standing_records(store: Store, known: Challenge) -> list[dict[str, Any]]:
    """The standings of a public challenge."""
    if judges_predictions(known):
        return list(table_standings(store, known.name, known.split))
    return standings_json(store, known.name, known.split)


def group_records(store: Store, known: Challenge, kind: str) -> list[dict[str, Any]]:
    """Means of each system that is on the board by listener, scene, genre, severity or error.

    Raises:
        InputError: for another kind.
    """
    if kind not in KINDS:
        raise InputError(f"by {kind!r}: known are {', '.join(KINDS)}")
    entries = {e.submission: e for e in standings(store, known.name, known.split)}
    return [
        {"team": e.team, "system": e.system, "submission": e.submission, **vars(group)}
        for e in entries.values()
        for group in group_table(store, e.submission, kind)
    ]


def best_records(store: Store, known: Challenge, scorer: str, by: str) -> list[dict[str, Any]]:
    """The best system of each listener or severity, reference rows apart.

    Raises:
        InputError: for another grouping, or a scorer by which no system is complete.
    """
    if by not in ("listener", "severity"):
        raise InputError(f"by {by!r}: it is listener or severity")
    entries = [e for e in complete(standings(store, known.name, known.split), scorer) if not e.reference]
    if not entries:
        raise InputError(f"no system has a score of {scorer} for every trial of {known.title}")
    return [
        {
            by: b.group,
            "system": entries[b.system].label,
            "submission": entries[b.system].submission,
            "mean": b.means[b.system],
            "low": _finite(b.low),
            "high": _finite(b.high),
            "lead": b.lead and b.lead.value,
            "lead_low": b.lead and _finite(b.lead.low),
            "lead_high": b.lead and _finite(b.lead.high),
            "ties": [entries[k].submission for k in b.ties],
        }
        for b in best_for(store, entries, by)
    ]


def _finite(value: float) -> float | None:
    return value if value == value else None


def citation(store: Store, address: str, now: float) -> str:
    """How to cite a board as it is now, as BibTeX."""
    day = datetime.fromtimestamp(now, UTC)
    note = f"Accessed {day:%Y-%m-%d}; state {revision(store)}; haaqinet-eval {__version__}"
    names = "; ".join(dict.fromkeys(challenge_words(c) for c in challenges(store)))
    return (
        f"@misc{{haaqi_leaderboard_{day:%Y%m%d},\n"
        f"  title        = {{HAAQI leaderboard: {names}}},\n"
        f"  howpublished = {{\\url{{{address}}}}},\n"
        f"  year         = {{{day:%Y}}},\n"
        f"  note         = {{{note}}}\n"
        "}\n"
    )


def write_everything(store: Store, file: IO[bytes], address: str, now: float) -> None:
    """Everything that is public, as a zip: standings, means by group, listeners, and every trial's scores."""
    known = challenges(store)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("CITE.bib", citation(store, address, now))
        archive.writestr("challenges.json", json_text(challenge_records(store, now)) + "\n")
        for one, name in zip(known, file_names(known), strict=True):
            if is_hidden(one, now):
                continue
            archive.writestr(f"standings/{name}.json", json_text(standing_records(store, one)) + "\n")
            if judges_predictions(one):
                continue
            people = [
                person.to_dict() | {"name": id} for id, person in challenge_listeners(store, one).items()
            ]
            archive.writestr(f"listeners/{name}.json", json_text(people) + "\n")
            groups = [{"kind": kind, **row} for kind in KINDS for row in group_records(store, one, kind)]
            archive.writestr(f"groups/{name}.csv", to_csv(groups))
            for number, text in _score_tables(store, one):
                archive.writestr(f"scores/{name}/{number}.csv", text)


def _score_tables(store: Store, known: Challenge) -> Iterable[tuple[str, str]]:
    """Number of a submission and scorer version, and its rows as CSV."""
    trials = trial_columns(store, known.id)
    place = {trial: i for i, trial in enumerate(trials["trial"])}
    versions = {(v.name, v.version, v.origin): v.id for v in scorer_versions(store, known.name, known.split)}
    for e in standings(store, known.name, known.split):
        number = versions[e.scorer, e.version, e.origin]
        if not e.scored:
            continue
        columns = score_columns(store, e.submission, number)
        at = [place[trial] for trial in columns.pop("trial")]
        columns.pop("message")  # as free as its writer's
        about = {"team": e.team, "system": e.system, "scorer": e.scorer, "version": e.version}
        rows = [
            {**about, **{name: trials[name][i] for name in TRIAL}, **dict(zip(columns, values, strict=True))}
            for i, values in zip(at, zip(*columns.values(), strict=True), strict=True)
        ]
        yield f"{e.submission}-{e.scorer}", to_csv(rows)


def to_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Records as CSV, in which no text can act as a formula."""
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: csv_safe(value) for key, value in row.items()} for row in rows)
    return text.getvalue()
