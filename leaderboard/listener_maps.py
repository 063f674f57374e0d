"""Listeners by systems as a chart, for any scorer and for predicted minus intrusive scores."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from haaqinet_eval.audiogram import better_ear_level
from haaqinet_eval.store import Challenge

from . import charts, choices, exports, reading
from .labels import INTRUSIVE, PREDICTED, predictors, title


def scorers_there(challenge: Challenge) -> list[str]:
    """Scorers that have means of listeners."""
    there = set(reading.by_listener(challenge).scorer)
    return [s for s in (INTRUSIVE, *predictors()) if s in there]


def cells(challenge: Challenge, scorer: str | None) -> tuple[pd.DataFrame, list[str]]:
    """Means by listener and system (None: predicted minus intrusive); the listeners, mildest loss first."""
    frame = reading.by_listener(challenge)
    table = frame.pivot(index=["listener", "system"], columns="scorer", values="mean")
    value = table[PREDICTED] - table[INTRUSIVE] if scorer is None else table[scorer]
    found = value.rename("value").dropna().reset_index()
    loss = {id: better_ear_level(person) for id, person in reading.people(challenge).items()}
    return found, sorted(found.listener.unique(), key=lambda id: (loss.get(id, 999.0), id))


def heat_map(challenge: Challenge, scorer: str | None) -> alt.TopLevelMixin:
    """The chart of them."""
    found, listeners = reading.shared(cells, challenge, scorer)
    systems = [item.label for item in reading.all_systems(challenge)]
    return charts.heat_map(found, systems, listeners, scorer is None)


def wide(challenge: Challenge, scorer: str | None) -> pd.DataFrame:
    """The same, a column per system."""
    found, listeners = reading.shared(cells, challenge, scorer)
    table = found.pivot(index="listener", columns="system", values="value")
    return table.reindex(listeners).reset_index()


def show(challenge: Challenge) -> None:
    """Listeners by systems, of any scorer and of the difference of two."""
    st.header("All systems, as a chart")
    views = reading.shared(scorers_there, challenge)
    if not views:
        st.info("No scores yet.")
        return
    names: dict[str, str | None] = {title(s): s for s in views}
    if {INTRUSIVE, PREDICTED} <= set(views):
        names["predicted minus intrusive"] = None
    scorer = names[choices.pick("Shown", list(names), "map")]
    exports.chart(
        heat_map,
        challenge,
        scorer,
        name="listeners-by-systems",
        says="Mean by listener and system; listeners in order of hearing loss, systems as in the standings.",
    )
    st.caption(
        "Listeners from the mildest loss (above) to the most severe; systems in the order of the standings."
    )
    with st.expander("The same as a table"):
        exports.table(reading.shared(wide, challenge, scorer), "listeners-by-systems")
