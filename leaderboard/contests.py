"""All pairs of systems: what the page Compare computes and draws of them, once for all visitors.

`which` is the challenge and the scorer.
"""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from haaqinet_eval.site.best import wins_matrix
from haaqinet_eval.site.markup import Html
from haaqinet_eval.store import Challenge, Contest, contest

from . import address, best_for, choices, exports, pair_charts, reading
from .labels import title

WINS, GAPS = "share of trials won", "mean difference"
MOST = 40  # systems in the matrix


def labels_of(*which: object) -> list[str]:
    """The systems, best first."""
    known = reading.shared(best_for.entries, *which)
    return sorted(known, key=lambda label: -known[label].mean)[:MOST]


def contest_of(*which: object) -> Contest:
    """The contest of all."""
    known = reading.shared(best_for.entries, *which)
    return contest(reading.the_store(), [known[label] for label in reading.shared(labels_of, *which)])


def matrix(view: str, *which: object) -> Html:
    """Row against column, as shares of trials won or as differences."""
    challenge, scorer = which
    labels = reading.shared(labels_of, *which)

    def link(r: int, c: int) -> str:
        chosen = {"first": labels[r], "second": labels[c], "scorer": title(scorer)}
        return address.to("compare", challenge, **chosen)

    return wins_matrix(reading.shared(contest_of, *which), labels, link, view == GAPS)


def strengths(*which: object) -> pd.DataFrame:
    """Bradley-Terry strengths: system, mean (log-odds), low, high, kind."""
    found, known = reading.shared(contest_of, *which), reading.shared(best_for.entries, *which)
    rows = [
        {
            "system": label,
            "mean": strength.value,
            "low": strength.low,
            "high": strength.high,
            "kind": "reference" if known[label].reference else "entry",
        }
        for label, strength in zip(reading.shared(labels_of, *which), found.strengths, strict=True)
    ]
    return pd.DataFrame(rows).sort_values("mean", ascending=False)


def strengths_chart(*which: object) -> alt.LayerChart:
    """The chart of them."""
    return pair_charts.strengths_chart(reading.shared(strengths, *which))


def show(challenge: Challenge, scorer: str) -> None:
    """All pairs: the matrix and the strengths."""
    which = (challenge, scorer)
    if len(reading.shared(labels_of, *which)) < 2:
        st.info("Two systems with a score for every trial are needed.")
        return
    view = choices.pick("Shown", [WINS, GAPS], "matrix")
    st.html(reading.shared(matrix, view, *which))
    st.header("Strengths by Bradley and Terry")
    exports.chart(
        strengths_chart, *which, name="strengths", says="Strength of each system with its 95 % interval."
    )
    found = reading.shared(contest_of, *which)
    st.caption(
        f"Every trial is a game ({found.trials:,} for each pair, draws count half). A strength is the "
        "log-odds of winning against the average system: 0.7 more is two wins for each loss. It tells how "
        "often a system is ahead, the mean by how much. Intervals of 95 %, resampled over scenes and "
        "listeners."
    )
