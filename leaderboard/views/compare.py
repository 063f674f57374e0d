"""Compare: two systems on the trials that both have, and where they disagree."""

import altair as alt
import pandas as pd
import streamlit as st

from haaqinet_eval.analysis.statistics import Difference, paired_difference
from haaqinet_eval.registry import caution, is_ranked
from haaqinet_eval.store import Challenge
from leaderboard import charts, choices, exports, metrics, reading
from leaderboard.labels import DEFINITIONS, by_severity, figure, span, verbatim

MOST = 25  # trials in the list of disagreements
ENDS = 20  # groups that are drawn of the best, and of the worst


def differences(challenge: Challenge, first: str, second: str, scorer: str) -> pd.DataFrame:
    """Trials that a scorer has scored of both systems: first, second, difference."""
    entries = [reading.system(challenge, label).entries[scorer] for label in (first, second)]
    frame = reading.paired(challenge, *entries, *reading.SEVERITY)
    return frame.drop(columns=reading.SURENESS).assign(difference=frame["first"] - frame["second"])


def comparison(*pair: object) -> Difference:
    """The mean difference of the two, with its interval."""
    frame = reading.shared(differences, *pair)
    return paired_difference(frame["first"], frame["second"], frame.scene, frame.listener)


def group_differences(kind: str, *pair: object) -> pd.DataFrame:
    """Mean difference and number of trials by group: name, difference, n."""
    frame = reading.shared(differences, *pair)
    table = frame.groupby(kind).difference.agg(["mean", "size"]).reset_index()
    table = table.set_axis(["name", "difference", "n"], axis=1)
    if kind in DEFINITIONS:
        return table.sort_values("name", key=lambda names: names.map(by_severity))
    return table.sort_values("difference", ascending=False)


def groups(kind: str, *pair: object) -> pd.DataFrame:
    """The same, to be shown."""
    return group_differences(kind, *pair).round(5)


def groups_chart(kind: str, *pair: object) -> alt.LayerChart:
    """The chart of them; of many the two ends."""
    table = group_differences(kind, *pair)
    shown = table if len(table) <= 2 * ENDS else pd.concat([table.head(ENDS), table.tail(ENDS)])
    return charts.differences_chart(shown)


def show_groups(*pair: object) -> None:
    """Differences by listener, scene or severity."""
    st.subheader("Where the difference comes from")
    names = {"listener": "listener", "scene": "scene", "ear": "ear"} | {
        f"severity, {what}": kind for kind, what in DEFINITIONS.items()
    }
    kind = names[choices.pick("By", list(names), "by")]
    table = reading.shared(groups, kind, *pair)
    if len(table) > 2 * ENDS:
        st.caption(f"The {ENDS} groups at either end, of {len(table)}; the table has all.")
    exports.chart(
        groups_chart, kind, *pair, name="differences", says="Mean difference of the two systems by group."
    )
    exports.table(table, "differences-by-group")


def disagreements(*pair: object) -> pd.DataFrame:
    """The trials that differ most."""
    frame = reading.shared(differences, *pair)
    most = frame.reindex(frame.difference.abs().sort_values(ascending=False).index).head(MOST).round(4)
    most = most.drop(columns=reading.SEVERITY)
    return most if most.stem.any() else most.drop(columns="stem")


def main() -> None:
    """The page."""
    challenge: Challenge = st.session_state["_challenge"]
    st.title("Compare")
    items = reading.all_systems(challenge)
    if len(items) < 2:
        st.info("Two systems with scores are needed.")
        return
    columns = st.columns(3)
    with columns[0]:
        first = choices.pick_system(items, "First", "first")
    with columns[1]:
        second = choices.pick_system(items, "Second", "second", place=1)
    both = [name for name in first.entries if name in second.entries]
    if not both:
        st.info("No scorer has scored both.")
        return
    with columns[2]:
        scorer = choices.pick_scorer(both)
    pair = (challenge, first.label, second.label, scorer)
    if not len(reading.shared(differences, *pair)):
        st.info("The two have no scored trial in common.")
        return
    found = reading.shared(comparison, *pair)
    cells = [
        ("First minus second", f"{found.value:+.4f}"),
        ("95 % interval", span(found.low, found.high, 4)),
        ("p, two-sided", figure(found.p, 4)),
        ("Trials in common", f"{found.n:,} of {challenge.expected:,}"),
    ]
    metrics.show(cells)
    unsure = not found.low > 0 and not found.high < 0
    better = "is better" if is_ranked(scorer, challenge.name) else "has the higher scores"
    st.markdown(
        f"{verbatim(first.label)} and {verbatim(second.label)} "
        + (
            "are not told apart: the interval includes 0."
            if unsure
            else f"differ: {verbatim((first if found.value > 0 else second).label)} {better}."
        )
        + " Paired over the same trials, resampled over scenes and listeners; p is for this one comparison."
    )
    if text := caution(scorer, challenge.name):
        st.caption(text)
    show_groups(*pair)
    st.subheader("Where they disagree most")
    exports.table(reading.shared(disagreements, *pair), "disagreements", height=320)


main()
