"""What the pages read of the store and make of it, once for all visitors, kept until the store changes.

What is kept is one object for all who look at the board: nobody changes it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, is_dataclass
from functools import partial
from typing import TypeVar

import pandas as pd
import streamlit as st

from haaqinet_eval.audiogram import Listener
from haaqinet_eval.store import (
    Challenge,
    StandingRow,
    Store,
    challenge_listeners,
    group_table,
    is_hidden,
    open_store,
    part_means,
    revision,
    score_columns,
    scorer_versions,
    standings,
    trial_columns,
)

from .keeping import Shelf
from .labels import INTRUSIVE, PREDICTED

T = TypeVar("T")
KEPT = 96 * 2**20  # bytes of what is made of a state of the store
_shelf = Shelf(KEPT)
_seen: dict[str, str] = {}  # the revision of each store that was looked at last


@dataclass(frozen=True)
class Scored:
    """A system with what each scorer says of it."""

    label: str  # "team / system"
    submission: int
    entries: dict[str, StandingRow]  # by scorer; of scores made here

    @property
    def any(self) -> StandingRow:
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


def shared(make: Callable[..., T], *args: object, then: Callable | None = None) -> T:
    """What a function makes of the store: made once for all visitors, until the store changes.

    Args:
        make: a function that has nothing to go by but its arguments and what it reads of the store.
        args: texts, numbers, dataclasses of such, and tuples of these.
        then: makes of `make` and `args` what is kept instead.
    """
    if "<" in make.__qualname__:
        raise TypeError(f"{make.__qualname__} may have more to go by than its arguments")
    _check_plain(args)
    where = (make.__code__.co_filename, make.__qualname__, then and then.__qualname__)
    do = partial(then, make, args) if then else partial(make, *args)
    return _shelf.get(repr((the_store().name, _revision(), where, args)), do)


def _check_plain(value: object) -> None:
    """A table's text is cut short, and does not tell it from another: it is no argument."""
    if isinstance(value, tuple):
        for item in value:
            _check_plain(item)
    elif not (isinstance(value, str | int | float | None) or is_dataclass(value)):
        raise TypeError(f"{type(value).__name__} is no argument of what is kept")


def read(function: Callable[..., T], *args: object, **options: object) -> T:
    """What a function of the store gives, kept as `shared` keeps."""
    store = the_store()
    told = (
        store.name,
        _revision(),
        function.__module__,
        function.__qualname__,
        args,
        sorted(options.items()),
    )
    return _shelf.get(repr(told), partial(function, store, *args, **options))


def _revision() -> str:
    if "_revision" not in st.session_state:
        look_again()
    return st.session_state["_revision"]


def look_again() -> None:
    """See whether the store has changed; once per run of a page. What was made of its earlier state goes."""
    store = the_store()
    st.session_state["_revision"] = found = revision(store)
    if _seen.get(store.name) != found:
        _seen[store.name] = found
        _shelf.clear()


def board(
    challenge: Challenge, pick: str = "latest", per: str = "system", **options: object
) -> list[StandingRow]:
    """The standings of a challenge; options of `standings`, such as `subset` and `among`."""
    check_public(challenge)
    return read(standings, challenge.name, challenge.split, pick=pick, per=per, **options)


def check_public(challenge: Challenge) -> None:
    """The frame shows no page with scores of a private split; this is for the page that forgets.

    Raises:
        PermissionError: where the visitor may not see them.
    """
    if is_hidden(challenge) and not st.session_state.get("_organiser"):
        raise PermissionError(f"{challenge.title}: scores are private")


def made_here(entries: Sequence[StandingRow]) -> list[StandingRow]:
    """Those whose scores were made here."""
    return [entry for entry in entries if entry.origin == "here"]


def all_systems(challenge: Challenge) -> list[Scored]:
    """All systems of a challenge of which at least one trial was scored, best first."""
    return shared(_all_systems, challenge)


def _all_systems(challenge: Challenge) -> list[Scored]:
    return with_rows(systems(board(challenge)))


def system(challenge: Challenge, label: str) -> Scored:
    """One of them, by its label."""
    return next(item for item in all_systems(challenge) if item.label == label)


def systems(entries: Sequence[StandingRow]) -> list[Scored]:
    """One item per system, in the order of the entries."""
    found: dict[tuple[str, str], dict[str, StandingRow]] = {}
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


TRIAL = ["scene", "song", "listener", "ear", "stem"]
SEVERITY = ["severity_humes", "severity_clarity"]
SURENESS = ["low", "high", "unfamiliar"]  # of a predicted score


def trials(challenge: Challenge) -> pd.DataFrame:
    """The trials of a challenge by their numbers: scene, song, genre, listener, ear, stem, severities."""
    return read(_trials_frame, challenge.id)


def _trials_frame(store: Store, challenge: int) -> pd.DataFrame:
    return pd.DataFrame(trial_columns(store, challenge)).set_index("trial")


def scores(challenge: Challenge, entry: StandingRow) -> pd.DataFrame:
    """Scores of an entry by the trials' numbers: score, low, high, unfamiliar."""
    check_public(challenge)
    number = version_id(challenge, entry.scorer, entry.version, entry.origin)
    return read(_scores_frame, entry.submission, number)


def _scores_frame(store: Store, submission: int, version: int) -> pd.DataFrame:
    return _typed(score_columns(store, submission, version, "trial", "score", *SURENESS))


def _typed(columns: dict[str, list]) -> pd.DataFrame:
    frame = pd.DataFrame(columns).set_index("trial")
    return frame.astype({"score": float, "low": float, "high": float, "unfamiliar": bool})


def with_trials(challenge: Challenge, frame: pd.DataFrame, *more: str) -> pd.DataFrame:
    """What is said of trials, by their numbers, behind what they are."""
    known = trials(challenge)[[*TRIAL, *more]]
    return pd.concat([known.take(known.index.get_indexer(frame.index)), frame], axis=1).reset_index(drop=True)


def rows(challenge: Challenge, entry: StandingRow) -> pd.DataFrame:
    """Rows of an entry: the trial, and what `score_columns` has."""
    check_public(challenge)
    number = version_id(challenge, entry.scorer, entry.version, entry.origin)
    frame = with_trials(challenge, _typed(score_columns(the_store(), entry.submission, number)), "genre")
    return frame[["scene", "song", "genre", *frame.columns.drop(["scene", "song", "genre"])]]


def means_of_parts(challenge: Challenge, entry: StandingRow) -> dict[str, float]:
    """Mean of each part of an entry's scores."""
    number = version_id(challenge, entry.scorer, entry.version, entry.origin)
    return read(part_means, entry.submission, number)


def paired(challenge: Challenge, first: StandingRow, second: StandingRow, *more: str) -> pd.DataFrame:
    """Trials that both entries have a score of: first, second, how sure the first is; more of `trials`."""
    one, other = (scores(challenge, entry).dropna(subset="score") for entry in (first, second))
    both = one[["score", *SURENESS]].join(other.score.rename("second"), how="inner")
    both = both.rename(columns={"score": "first"})[["first", "second", *SURENESS]]
    return with_trials(challenge, both, *more)


def predicted_and_intrusive(challenge: Challenge, item: Scored) -> pd.DataFrame:
    """Trials of a system that both scorers scored: predicted, intrusive, error, middle, uncertainty."""
    if not {INTRUSIVE, PREDICTED} <= item.entries.keys():
        return pd.DataFrame(columns=[*TRIAL, "predicted", "intrusive", *SURENESS, "error", "middle"])
    frame = paired(challenge, item.entries[PREDICTED], item.entries[INTRUSIVE])
    return with_errors(frame.rename(columns={"first": "predicted", "second": "intrusive"}))


def with_errors(frame: pd.DataFrame) -> pd.DataFrame:
    """Predicted and intrusive scores with their differences and means."""
    return frame.assign(
        error=frame.predicted - frame.intrusive, middle=(frame.predicted + frame.intrusive) / 2
    )


def predictions(challenge: Challenge, items: Sequence[Scored]) -> pd.DataFrame:
    """All predicted scores: system, trial, severities, predicted, uncertainty; intrusive where known."""
    frames = [_predictions(challenge, item) for item in items if PREDICTED in item.entries]
    frames = [frame for frame in frames if len(frame)]
    columns = ["system", *TRIAL, *SEVERITY, "predicted", *SURENESS, "intrusive"]
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)


def _predictions(challenge: Challenge, item: Scored) -> pd.DataFrame:
    made = scores(challenge, item.entries[PREDICTED]).dropna(subset="score")
    frame = made[["score", *SURENESS]].rename(columns={"score": "predicted"})
    if INTRUSIVE in item.entries:  # joined: to assign a column to no rows would make rows
        frame = frame.join(scores(challenge, item.entries[INTRUSIVE]).score.rename("intrusive"))
    else:
        frame = frame.assign(intrusive=math.nan)
    return with_trials(challenge, frame, *SEVERITY).assign(system=item.label)


def groups(entry: StandingRow, kind: str) -> pd.DataFrame:
    """Means of an entry by group: name, scored, failed, mean, left, right."""
    return shared(_groups, entry.submission, entry.scorer, entry.version, entry.origin, kind)


def _groups(submission: int, scorer: str, version: str, origin: str, kind: str) -> pd.DataFrame:
    columns = ["name", "scored", "failed", "mean", "left", "right"]
    found = read(group_table, submission, kind)
    mine = [g for g in found if (g.scorer, g.version, g.origin) == (scorer, version, origin)]
    return pd.DataFrame([[getattr(g, c) for c in columns] for g in mine], columns=columns)


def by_listener(challenge: Challenge) -> pd.DataFrame:
    """Mean of every listener, system and scorer: listener, system, scorer, mean."""
    return shared(_by_listener, challenge)


def _by_listener(challenge: Challenge) -> pd.DataFrame:
    frames = [
        groups(entry, "listener").assign(system=item.label, scorer=scorer)
        for item in all_systems(challenge)
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
