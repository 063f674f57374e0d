"""Charts of systems beside one another: strengths of all pairs, and parts of the score."""

from __future__ import annotations

import altair as alt
import pandas as pd

from .charts import SECOND, series


def strengths_chart(frame: pd.DataFrame) -> alt.LayerChart:
    """Strengths with intervals; columns system, mean, low, high and kind ("entry" or "reference")."""
    base = alt.Chart(frame).encode(
        y=alt.Y("system:N", sort=list(frame.system), title=None, axis=alt.Axis(labelLimit=170))
    )
    shape = alt.Scale(domain=["entry", "reference"], range=["circle", "diamond"])
    bars = base.mark_rule(strokeWidth=3, opacity=0.55, color=SECOND).encode(
        x=alt.X("low:Q", title="Log-odds against the average system"), x2="high:Q"
    )
    points = base.mark_point(size=90, filled=True, opacity=1, color=SECOND).encode(
        x="mean:Q",
        shape=alt.Shape("kind:N", scale=shape, legend=alt.Legend(title=None, orient="top")),
        tooltip=["system", *(alt.Tooltip(f"{n}:Q", format="+.2f") for n in ("mean", "low", "high"))],
    )
    return (bars + points).properties(height=110 + 28 * len(frame))


def parts_chart(frame: pd.DataFrame, own: str) -> alt.LayerChart:
    """Parts of a score as bars of one system, with marks of others; columns name, series, mean up to 1."""
    names = alt.Axis(labelLimit=200, labelExpr="split(datum.label, ': ')", labelOffset=-6)
    order = list(dict.fromkeys(frame.name))
    y = alt.Y("name:N", sort=order, title=None, axis=names)
    x = alt.X("mean:Q", title="Mean, 1 is best", scale=alt.Scale(domainMax=1))
    mine = alt.Chart(frame[frame.series == own]).encode(x=x, y=y)
    tip = ["name", "series", alt.Tooltip("mean:Q", format=".3f")]
    known = list(dict.fromkeys(frame.series))
    points = (
        alt.Chart(frame)
        .mark_point(size=110, filled=True, opacity=1)
        .encode(x=x, y=y, tooltip=tip, **series("series", known))
    )
    return alt.layer(mine.mark_bar(color=SECOND, opacity=0.55), points).properties(
        height=90 + 22 * len(known) + 36 * len(order)
    )
