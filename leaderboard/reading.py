"""What the pages read of the store, kept until the store changes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pandas as pd
import streamlit as st

from haaqinet_eval.audiogram import Listener
from haaqinet_eval.store import (
    Challenge,
    Entry,
    Store,
    challenge_listeners,
    group_table,
    open_store,
    paired_rows,
    read_rows,
    revision,
    row_columns,
    scorer_versions,
    standings,
)

from .words import INTRUSIVE, PREDICTED

T = TypeVar("T")


@dataclass(frozen=True)
class Scored:
    """A system with what each scorer says of it."""

    label: str  # "team / system"
    submission: int
    entries: dict[str, Entry]  # by scorer; of scores made here

    @property
    def any(self) -> Entry:
        """One of its entries, for what they all have."""
        return self.entries.get(INTRUSIVE) or self.entries.get(PREDICTED) or next(iter(self.entries.values()))

    def mean(self, scorer: str) -> float | None:
        """The mean that a scorer gives, where the system is complete."""
        return self.entries[scorer].mean if scorer in self.entries else None


@st.cache_resource(show_spinner=False)
def _open(url: str | None) -> Store:
    return open_store(url)


def the_store() -> Store:
    """The store that HAAQINET_STORE names, opened once per process.

    Raises:
        InputError: where it cannot be opened.
    """
    return _open(os.environ.get("HAAQINET_STORE"))


@st.cache_data(max_entries=256, show_spinner=False)
def _read(_store: Store, _function: Callable, key: tuple) -> object:
    return _function(_store, *key[3], **dict(key[4]))


def read(function: Callable[..., T], *args: object, **options: object) -> T:
    """What a function of the store gives, kept until the store's revision changes."""
    store = the_store()
    if "_revision" not in st.session_state:
        look_again()
    stamp = (store.name, st.session_state["_revision"])
    return _read(store, function, (*stamp, function.__name__, args, tuple(sorted(options.items()))))


def look_again() -> None:
    """See whether the store has changed; once per run of a page."""
    st.session_state["_revision"] = revision(the_store())


def board(challenge: Challenge, pick: str = "latest", per: str = "system", **options: object) -> list[Entry]:
    """The standings of a challenge; options of `standings`, such as `subset` and `among`."""
    return read(standings, challenge.name, challenge.split, pick=pick, per=per, **options)


def made_here(entries: Sequence[Entry]) -> list[Entry]:
    """Those whose scores were made here."""
    return [entry for entry in entries if entry.origin == "here"]


def systems(entries: Sequence[Entry]) -> list[Scored]:
    """One item per system, in the order of the entries."""
    found: dict[tuple[str, str], dict[str, Entry]] = {}
    for entry in made_here(entries):
        found.setdefault((entry.team, entry.system), {})[entry.scorer] = entry
    items = [
        Scored(f"{team} / {system}", next(iter(by.values())).submission, by)
        for (team, system), by in found.items()
    ]
    labels = [item.label for item in items]
    return [
        item
        if labels.count(item.label) == 1
        else Scored(f"{item.label} (#{item.submission})", item.submission, item.entries)
        for item in items
    ]


def with_rows(items: Sequence[Scored]) -> list[Scored]:
    """Systems of which at least one trial was scored."""
    return [item for item in items if any(entry.scored for entry in item.entries.values())]


def version_id(challenge: Challenge, scorer: str, version: str, origin: str = "here") -> int:
    """Number of a scorer's version in the store; 0 where it has no rows."""
    for found in read(scorer_versions, challenge.name, challenge.split):
        if (found.name, found.version, found.origin) == (scorer, version, origin):
            return found.id
    return 0


def rows(challenge: Challenge, entry: Entry) -> pd.DataFrame:
    """Rows of an entry, with the columns of `row_columns`."""
    number = version_id(challenge, entry.scorer, entry.version, entry.origin)
    return read(_rows_frame, entry.submission, number)


def _rows_frame(store: Store, submission: int, version: int) -> pd.DataFrame:
    frame = pd.DataFrame(row_columns(store, submission, version))
    return frame.astype({"score": float, "low": float, "high": float, "unfamiliar": bool})


def parts(entry: Entry) -> pd.DataFrame:
    """Parts of an entry's scores, a column per part, with scene and listener."""
    return read(_parts_frame, entry.submission, entry.origin, entry.scorer, entry.version)


def _parts_frame(store: Store, *which: object) -> pd.DataFrame:
    scores = read_rows(store, *which)
    return pd.DataFrame([{"scene": s.scene, "listener": s.listener, **s.parts} for s in scores if s.parts])


TRIAL = ["scene", "song", "listener", "ear", "stem"]
SURENESS = ["low", "high", "unfamiliar"]  # of a predicted score
PAIRED = [*TRIAL, "first", "second", *SURENESS]


def paired(challenge: Challenge, first: Entry, second: Entry) -> pd.DataFrame:
    """Trials that both entries have a score of: columns `first`, `second`, and how sure the first is."""
    keys = [(e.submission, version_id(challenge, e.scorer, e.version, e.origin)) for e in (first, second)]
    return read(_paired_frame, *keys)


def _paired_frame(store: Store, first: tuple[int, int], second: tuple[int, int]) -> pd.DataFrame:
    found = paired_rows(store, first, second)
    frame = pd.DataFrame({name: [getattr(row, name) for row in found] for name in PAIRED})
    return frame.astype({"low": float, "high": float, "unfamiliar": bool})


def predicted_and_intrusive(challenge: Challenge, item: Scored) -> pd.DataFrame:
    """Trials of a system that both scorers scored: predicted, intrusive, error, middle, sureness."""
    if not {INTRUSIVE, PREDICTED} <= item.entries.keys():
        return pd.DataFrame(columns=[*TRIAL, "predicted", "intrusive", *SURENESS, "error", "middle"])
    frame = paired(challenge, item.entries[PREDICTED], item.entries[INTRUSIVE])
    frame = frame.rename(columns={"first": "predicted", "second": "intrusive"})
    return frame.assign(
        error=frame.predicted - frame.intrusive, middle=(frame.predicted + frame.intrusive) / 2
    )


def predictions(challenge: Challenge, items: Sequence[Scored]) -> pd.DataFrame:
    """All predicted scores: system, trial, predicted, sureness, and intrusive where it is known."""
    frames = [_predictions(challenge, item) for item in items if PREDICTED in item.entries]
    frames = [frame for frame in frames if len(frame)]
    columns = ["system", *TRIAL, "predicted", *SURENESS, "intrusive"]
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)


def _predictions(challenge: Challenge, item: Scored) -> pd.DataFrame:
    frame = rows(challenge, item.entries[PREDICTED]).dropna(subset="score")
    frame = frame.rename(columns={"score": "predicted"}).assign(system=item.label)
    if INTRUSIVE not in item.entries:
        return frame.assign(intrusive=float("nan"))
    true = rows(challenge, item.entries[INTRUSIVE]).rename(columns={"score": "intrusive"})
    return frame.merge(true[[*TRIAL, "intrusive"]], how="left", on=TRIAL)


def groups(entry: Entry, kind: str) -> pd.DataFrame:
    """Means of an entry by group: name, scored, failed, mean, left, right."""
    columns = ["name", "scored", "failed", "mean", "left", "right"]
    found = read(group_table, entry.submission, kind)
    mine = [
        g for g in found if (g.scorer, g.version, g.origin) == (entry.scorer, entry.version, entry.origin)
    ]
    return pd.DataFrame([[getattr(g, c) for c in columns] for g in mine], columns=columns)


def by_listener(items: Sequence[Scored]) -> pd.DataFrame:
    """Mean of every listener, system and scorer: listener, system, scorer, mean."""
    frames = [
        groups(entry, "listener").assign(system=item.label, scorer=scorer)
        for item in items
        for scorer, entry in item.entries.items()
        if entry.scored
    ]
    columns = ["listener", "system", "scorer", "mean"]
    if not frames:
        return pd.DataFrame(columns=columns)
    return pd.concat(frames).rename(columns={"name": "listener"})[columns].dropna()


def people(challenge: Challenge) -> dict[str, Listener]:
    """Listeners whose audiograms are known."""
    return read(challenge_listeners, challenge)
