"""Compare: two systems on the trials that both have, and where they disagree."""

import pandas as pd
import streamlit as st

from haaqinet_eval.statistics import paired_difference
from haaqinet_eval.store import Challenge
from leaderboard import charts, choices, exports, metrics, reading
from leaderboard.words import DEFINITIONS, by_severity, figure, span, verbatim

MOST = 25  # trials in the list of disagreements


def severity_of(challenge: Challenge, frame: pd.DataFrame, kind: str) -> list[str]:
    """Severity of each row's listener or ear."""
    people = reading.people(challenge)
    return [
        "unknown"
        if name not in people
        else people[name].severity_humes
        if kind == "severity_humes"
        else people[name].ear(ear).severity_clarity
        for name, ear in zip(frame.listener, frame.ear, strict=True)
    ]


def group_differences(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Mean difference and number of trials by group."""
    table = frame.groupby(column).difference.agg(["mean", "size"]).reset_index()
    return table.set_axis(["name", "difference", "n"], axis=1)


def show_groups(challenge: Challenge, frame: pd.DataFrame) -> None:
    """Differences by listener, scene or severity."""
    st.subheader("Where the difference comes from")
    groups = {"listener": "listener", "scene": "scene", "ear": "ear"} | {
        f"severity, {what}": kind for kind, what in DEFINITIONS.items()
    }
    kind = groups[choices.pick("By", list(groups), "by")]
    if kind in DEFINITIONS:
        frame = frame.assign(**{kind: severity_of(challenge, frame, kind)})
    table = group_differences(frame, kind)
    if kind in DEFINITIONS:
        table = table.sort_values("name", key=lambda names: names.map(by_severity))
    else:
        table = table.sort_values("difference", ascending=False)
    shown = table if len(table) <= 40 else pd.concat([table.head(20), table.tail(20)])
    if len(shown) < len(table):
        st.caption(f"The 20 groups at either end, of {len(table)}; the table has all.")
    exports.chart(
        charts.differences_chart(shown), "differences", "Mean difference of the two systems by group."
    )
    exports.table(table.round(5), "differences-by-group")


def main() -> None:
    """The page."""
    challenge: Challenge = st.session_state["_challenge"]
    st.title("Compare")
    items = reading.with_rows(reading.systems(reading.board(challenge)))
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
    frame = reading.paired(challenge, first.entries[scorer], second.entries[scorer])
    frame = frame.drop(columns=reading.SURENESS).assign(difference=frame["first"] - frame["second"])
    if not len(frame):
        st.info("The two have no scored trial in common.")
        return
    found = paired_difference(frame["first"], frame["second"], frame.scene, frame.listener)
    cells = [
        ("First minus second", f"{found.value:+.4f}"),
        ("95 % interval", span(found.low, found.high, 4)),
        ("p, two-sided", figure(found.p, 4)),
        ("Trials in common", f"{found.n:,} of {challenge.expected:,}"),
    ]
    metrics.show(cells)
    unsure = not found.low > 0 and not found.high < 0
    st.markdown(
        f"{verbatim(first.label)} and {verbatim(second.label)} "
        + (
            "are not told apart: the interval includes 0."
            if unsure
            else f"differ: {verbatim((first if found.value > 0 else second).label)} is better."
        )
        + " Paired over the same trials, resampled over scenes and listeners; p is for this one comparison."
    )
    show_groups(challenge, frame)
    st.subheader("Where they disagree most")
    most = frame.reindex(frame.difference.abs().sort_values(ascending=False).index).head(MOST)
    if not most.stem.any():
        most = most.drop(columns="stem")
    exports.table(most.round(4), "disagreements", height=320)


main()
