"""Compare: two systems on the trials that both have, and where they disagree."""

import altair as alt
import pandas as pd
import streamlit as st

from haaqinet_eval.analysis.statistics import Difference, paired_difference
from haaqinet_eval.registry import caution, is_ranked
from haaqinet_eval.store import Challenge
from leaderboard import charts, choices, contests, exports, metrics, reading, worst
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
    """Mean difference by group, with interval: name, difference, low, high, n."""
    frame = reading.shared(differences, *pair)
    rows = []
    for name, mine in frame.groupby(kind):
        found = paired_difference(mine["first"], mine["second"], mine.scene, mine.listener)
        rows.append((name, found.value, found.low, found.high, found.n))
    table = pd.DataFrame(rows, columns=["name", "difference", "low", "high", "n"])
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
    names = {"listener": "listener", "scene": "scene", "ear": "ear"} | {
        f"severity, {what}": kind for kind, what in DEFINITIONS.items()
    }
    kind = names[choices.pick("By", list(names), "by")]
    table = reading.shared(groups, kind, *pair)
    if len(table) > 2 * ENDS:
        st.caption(f"The {ENDS} groups at either end, of {len(table)}; the table has all.")
    exports.chart(
        groups_chart,
        kind,
        *pair,
        name="differences",
        says="Mean difference of the two systems by group, with its 95 % interval.",
    )
    st.caption("Each interval is for one look at one group: of 20 groups without a difference one misses 0.")
    exports.table(table, "differences-by-group")


def disagreements(*pair: object) -> pd.DataFrame:
    """The trials that differ most."""
    frame = reading.shared(differences, *pair)
    most = frame.reindex(frame.difference.abs().sort_values(ascending=False).index).head(MOST).round(4)
    most = most.drop(columns=reading.SEVERITY)
    return most if most.stem.any() else most.drop(columns="stem")


def part_differences(*pair: object) -> pd.DataFrame:
    """Mean difference of each part that both have, with interval: name, difference, low, high, n."""
    challenge, first, second, scorer = pair
    one, other = (reading.shared(worst.parts_of, challenge, label, scorer) for label in (first, second))
    both = one.add_suffix(" 1").dropna().join(other.add_suffix(" 2").dropna(), how="inner")
    known, rows = reading.trials(challenge).loc[both.index], []
    for name in [name for name in one if name in other and len(both)]:
        found = paired_difference(both[f"{name} 1"], both[f"{name} 2"], known.scene, known.listener)
        rows.append((worst.MEANING[name], found.value, found.low, found.high, found.n))
    return pd.DataFrame(rows, columns=["name", "difference", "low", "high", "n"])


def part_chart(*pair: object) -> alt.LayerChart:
    """The chart of them."""
    return charts.differences_chart(reading.shared(part_differences, *pair))


def show_parts(*pair: object) -> None:
    """Which parts of the score make the difference."""
    if not len(reading.shared(part_differences, *pair)):
        st.info("These scores come without parts.")
        return
    exports.chart(part_chart, *pair, name="part-differences", says="Difference of each part of the score.")


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
    parts = {
        "Where it comes from": lambda: show_groups(*pair),
        "Parts": lambda: show_parts(*pair),
        "Disagreements": lambda: exports.table(
            reading.shared(disagreements, *pair), "disagreements", height=320
        ),
        "All pairs": lambda: contests.show(challenge, scorer),
    }
    choices.tabs(parts)


main()
