"""Trend: the best score over time, and scores against what systems cost.

`shown` is what the reader wants to see, see `ranking`.
"""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from haaqinet_eval.analysis.best import records
from haaqinet_eval.site.trend import COSTS
from haaqinet_eval.store import StandingRow, complete

from . import choices, exports, ranking, reading
from .charts import GREY, SECOND
from .labels import label, yes_no


def entries(scorer: str, *shown: object) -> list[StandingRow]:
    """Complete systems of a scorer, without reference rows."""
    return [e for e in complete(ranking.entries_of(*shown), scorer) if not e.reference]


def over_time(scorer: str, *shown: object) -> pd.DataFrame:
    """system, date, mean, low, high, and best: whether it was the best when it came."""
    found = entries(scorer, *shown)
    best = set(records([e.date for e in found], [e.mean for e in found]))
    rows = [
        (e.label, e.date[:19], e.mean, e.low, e.high, "best so far" if i in best else "other")
        for i, e in enumerate(found)
    ]
    return pd.DataFrame(rows, columns=["system", "date", "mean", "low", "high", "kind"]).sort_values("date")


def over_time_chart(scorer: str, *shown: object) -> alt.LayerChart:
    """The chart of it."""
    frame = reading.shared(over_time, scorer, *shown)
    x = alt.X("date:T", title="Received")
    y = alt.Y("mean:Q", title=f"Mean {label(scorer)}", scale=alt.Scale(domain=[0, 1]))
    base = alt.Chart(frame)
    bars = base.mark_rule(strokeWidth=2, opacity=0.4, color=SECOND).encode(x=x, y="low:Q", y2="high:Q")
    steps = (
        alt.Chart(frame[frame.kind == "best so far"])
        .mark_line(interpolate="step-after", color=GREY, strokeWidth=1.6)
        .encode(x=x, y=y)
    )
    shape = alt.Scale(domain=["best so far", "other"], range=["diamond", "circle"])
    points = base.mark_point(size=90, filled=True, opacity=1, color=SECOND).encode(
        x=x,
        y=y,
        shape=alt.Shape("kind:N", scale=shape, legend=alt.Legend(title=None, orient="top")),
        tooltip=["system", "date", alt.Tooltip("mean:Q", format=".3f")],
    )
    return alt.layer(bars, steps, points).properties(height=300)


def against(cost: str, scorer: str, *shown: object) -> pd.DataFrame:
    """system, cost, mean, causal, of the systems that tell their cost."""
    field = COSTS[cost][0]
    rows = [
        (e.label, getattr(e, field), e.mean, f"causal: {yes_no(e.causal)}")
        for e in entries(scorer, *shown)
        if getattr(e, field) is not None
    ]
    return pd.DataFrame(rows, columns=["system", "cost", "mean", "causal"])


def against_chart(cost: str, scorer: str, *shown: object) -> alt.LayerChart:
    """The chart of it."""
    _, axis, logarithmic = COSTS[cost]
    frame = reading.shared(against, cost, scorer, *shown)
    logarithmic = logarithmic and bool((frame.cost > 0).all())
    shape = alt.Scale(
        domain=[f"causal: {said}" for said in ("yes", "no", "not said")],
        range=["circle", "square", "triangle-up"],
    )
    base = alt.Chart(frame).encode(
        x=alt.X("cost:Q", title=axis, scale=alt.Scale(type="log" if logarithmic else "linear", padding=20)),
        y=alt.Y("mean:Q", title=f"Mean {label(scorer)}", scale=alt.Scale(domain=[0, 1])),
    )
    names = base.mark_text(align="left", dx=9, color=GREY).encode(text="system:N")
    points = base.mark_point(size=90, filled=True, opacity=1, color=SECOND).encode(
        shape=alt.Shape("causal:N", scale=shape, legend=alt.Legend(title=None, orient="top")),
        tooltip=["system", "cost", "causal", alt.Tooltip("mean:Q", format=".3f")],
    )
    return alt.layer(names, points).properties(height=300)


def show(scorer: str, *shown: object) -> None:
    """Both charts."""
    frame = reading.shared(over_time, scorer, *shown)
    if not len(frame):
        st.info("No system has a score for every trial yet.")
        return
    says = "Mean of each system over the day on which it came; a line joins the best so far."
    exports.chart(over_time_chart, scorer, *shown, name="trend", says=says)
    cost = choices.pick("Against", list(COSTS), "cost")
    known = reading.shared(against, cost, scorer, *shown)
    if len(known):
        says = f"Mean of each system over its {cost}."
        exports.chart(against_chart, cost, scorer, *shown, name="cost", says=says)
    if len(known) < len(frame):
        st.caption(f"{len(frame) - len(known)} of {len(frame)} systems do not tell their {cost}.")
