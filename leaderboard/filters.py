"""What of the standings the reader wants to see: submissions, systems and trials, kept in the address."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from haaqinet_eval.audiogram import Listener
from haaqinet_eval.store import Challenge, SubmissionFilter, TrialFilter

from . import choices, first_table, reading
from .labels import by_severity, verbatim

ALL = "all"


def pick(
    challenge: Challenge,
) -> tuple[dict[str, str], TrialFilter | None, SubmissionFilter, tuple[str, ...]]:
    """What the reader wants to see, all in the address: which submission, trials, systems and columns."""
    people = reading.people(challenge)
    all_there = (challenge, "latest", "system", None, SubmissionFilter())
    with st.expander("Filters and columns", icon=":material/filter_alt:"):
        columns = st.multiselect(
            "Columns of the ranking",
            reading.shared(first_table.columns_of, *all_there),
            reading.shared(first_table.usual, *all_there),
            key="columns",
            bind="query-params",
        )
        st.caption("Means and ranks are made anew among what is left; ranks among all stand beside them.")
        first, second, third = st.columns(3)
        with first:
            st.caption("Which submissions")
            which = {
                "pick": choices.pick("Of several submissions", ["latest", "best"], "pick"),
                "per": choices.pick("One row per", ["system", "team"], "per"),
            }
            since = st.date_input("Received since", None, key="since", bind="query-params")
            until = st.date_input("Received until", None, key="until", bind="query-params")
        with second:
            st.caption("Which systems")
            yes = [ALL, "yes", "no", "not said"]
            causal = choices.pick("Causal", yes, "causal")
            augmented = choices.pick("Trained on additional data", yes, "augmented")
        with third:
            st.caption("Which trials")
            ear = choices.pick("Ear", [ALL, "left", "right"], "ear")
            severity = choices.pick("Severity (Humes 2019)", [ALL, *severities(people)], "severity")
            genre = choices.pick("Genre", [ALL, *reading.shared(genres, challenge)], "genre")
    subset = TrialFilter(ear=some(ear), severity=some(severity), genre=some(genre))
    days = {name: day.isoformat() if day else "" for name, day in (("since", since), ("until", until))}
    return (
        which,
        None if subset == TrialFilter() else subset,
        SubmissionFilter(some(causal), some(augmented), **days),
        tuple(columns),
    )


def some(choice: str) -> str:
    """A choice as the store takes it, which has nothing for all."""
    return "" if choice == ALL else choice


def severities(people: Mapping[str, Listener]) -> list[str]:
    """Severities that occur, mildest first."""
    return sorted({person.severity_humes for person in people.values()}, key=by_severity)


def genres(challenge: Challenge) -> list[str]:
    """Genres that were scored."""
    entries = reading.made_here(reading.board(challenge))
    return sorted({name for entry in entries for name in reading.groups(entry, "genre").name if name})


def text(which: Mapping[str, str], subset: TrialFilter | None, among: SubmissionFilter) -> str:
    """What the filters leave, for whoever gets the address; nothing where they leave all."""
    trials = subset or TrialFilter()
    parts = (
        ("the best of several submissions", which["pick"] == "best"),
        ("one row per team", which["per"] == "team"),
        (f"received since {among.since}", among.since),
        (f"received until {among.until}", among.until),
        (f"causal: {among.causal}", among.causal),
        (f"trained on additional data: {among.augmented}", among.augmented),
        (f"{trials.ear} ears", trials.ear),
        (f"severity {trials.severity}", trials.severity),
        (f"genre {verbatim(trials.genre)}", trials.genre),
    )
    return ", ".join(words for words, told in parts if told)
