"""Agreement: how well HAAQI-Net predicts HAAQI here, and what it saves."""

import math
from collections.abc import Sequence

import streamlit as st

from haaqinet_eval.store import Challenge, scorer_versions
from leaderboard import agreeing, choices, exports, metrics, reading, uncertainty
from leaderboard.labels import (
    DEFINITIONS,
    INTRUSIVE,
    PREDICTED,
    figure,
    title,
    verbatim,
    yes_no,
)


def pick_version(challenge: Challenge) -> str:
    """HAAQI-Net's version that the reader chooses where there are several; empty for the one on the board."""
    known = reading.read(scorer_versions, challenge.name, challenge.split)
    versions = [v.version for v in known if v.name == PREDICTED and v.origin == "here" and v.version]
    if len(versions) < 2:
        return ""
    here = reading.made_here(reading.board(challenge))
    shown = next((e.version for e in here if e.scorer == PREDICTED), None)
    return choices.pick("HAAQI-Net, version", sorted(versions, key=lambda v: v != shown), "version")


def pick_prediction(challenge: Challenge) -> str:
    """The scorer that the reader chooses to stand in HAAQI-Net's place."""
    there = reading.shared(agreeing.predictors_there, challenge)
    if set(there) <= {PREDICTED}:
        return PREDICTED
    names = {title(scorer): scorer for scorer in dict.fromkeys([PREDICTED, *there])}
    scorer = names[choices.pick("Prediction", list(names), "prediction")]
    if scorer != PREDICTED:
        st.caption(f"Below, HAAQI-Net's place is taken by another scorer: {title(scorer)}.")
    return scorer


def show_table(*which: object) -> None:
    """Agreement over all trials, and by group."""
    groups = {"system": "system", "listener": "listener", "ear": "ear"} | {
        f"severity, {what}": kind for kind, what in DEFINITIONS.items()
    }
    table = reading.shared(agreeing.group_table, groups[choices.pick("By", list(groups), "by")], *which)
    columns = {
        name: st.column_config.NumberColumn(format="%.3f")
        for name in ("LCC", "SRCC", "Kendall", "RMSE", "Bias", "95 % from", "95 % to")
    }
    columns["MSE"] = st.column_config.NumberColumn(format="%.4f")
    columns["In interval"] = st.column_config.NumberColumn(
        format="percent", help="Share of true scores inside HAAQI-Net's own interval, stated as 90 %"
    )
    exports.table(table, "agreement", column_config=columns)
    st.caption(
        "LCC: linear correlation. SRCC: Spearman's. Kendall: tau-b. Bias: predicted minus intrusive; 95 % of "
        "differences lie between the last two, if they are normal. A correlation over all trials is higher "
        "than one within a system where systems differ much: look at both."
    )


def show_scatter(*which: object) -> None:
    """Scatter plots."""
    number = len(reading.shared(agreeing.all_pairs, *which))
    if number > agreeing.DOTS:
        st.caption(
            f"{agreeing.DOTS:,} of {number:,} trials are drawn, chosen at random; all figures count all."
        )
    left, right = st.columns(2)
    with left:
        exports.chart(
            agreeing.scatter, *which, name="scatter", says="HAAQI-Net over HAAQI, a mark per trial."
        )
    with right:
        says = "Predicted minus intrusive over their mean."
        exports.chart(agreeing.bland_altman, *which, name="bland-altman", says=says)


def show_calibration(*which: object) -> None:
    """What a predicted score means here, by bins and by a line."""
    st.header("Calibration")
    _, slope, offset = reading.shared(agreeing.calibration, *which)
    drawing, table = st.columns([2, 3], gap="large")
    with drawing:
        says = "Mean intrusive score over mean predicted score, by bin, with the number of trials."
        exports.chart(agreeing.calibration_chart, *which, name="calibration", says=says)
    with table:
        st.markdown(
            "Trials in bins by predicted score; the figure beside a point is the number of trials, the bar "
            "one standard deviation of HAAQI. On the dashed line a prediction means what it says."
        )
        if not math.isnan(slope):
            marks = ", ".join(f"{x:.1f} → {offset + slope * x:.2f}" for x in (0.3, 0.5, 0.7, 0.9))
            st.markdown(
                f"The line that fits these trials best: HAAQI ≈ {offset:.3f} {slope:+.3f} × predicted. It "
                f"would map {marks}. It holds for sounds like these; no score here was changed by it."
            )
        exports.table(reading.shared(agreeing.bins_table, *which), "calibration-bins")


def show_systems(*which: object) -> None:
    """Whether the two scorers rank systems alike."""
    st.header("Do both rank the systems alike?")
    made = reading.shared(agreeing.ranks, *which)
    if made is None:
        st.info("Two systems that both scorers scored completely are needed.")
        return
    frame, found = made
    known = frame[agreeing.HOLDS][frame[agreeing.HOLDS] != yes_no(None)]
    st.markdown(
        f"Over the means of {len(frame)} complete systems, reference rows included: Kendall's tau "
        f"**{figure(found.kendall, 2)}**, SRCC **{figure(found.srcc, 2)}**. HAAQI-Net's 95 % interval holds "
        f"HAAQI's mean for **{(known == 'yes').sum()} of {len(known)}**: the interval is about scenes and "
        "listeners, not about the net's own error."
    )
    exports.table(frame, "system-ranks", column_config={"System": st.column_config.TextColumn(width=140)})


def show_doubts(*which: object) -> None:
    """Which predictions the net is least sure of, whether or not HAAQI is known."""
    frame = reading.shared(agreeing.doubts, *which)
    if not len(frame):
        return
    part = uncertainty.pick_part(frame)
    if part is not None:
        uncertainty.show_least_sure(reading.shared(agreeing.least_sure, part, *which))


def show_far(*which: object) -> None:
    """Predictions that were furthest off."""
    st.header("Furthest off")
    worst, far = reading.shared(agreeing.furthest, *which)
    number = len(reading.shared(agreeing.all_pairs, *which))
    st.markdown(f"{far:,} of {number:,} predictions are off by more than {agreeing.LARGE}. The worst first:")
    config = {"system": st.column_config.TextColumn(width=140)}
    exports.table(worst, "furthest-off", height=320, column_config=config)


def show_cost(items: Sequence[reading.Scored]) -> None:
    """Seconds per ear, and what was saved."""
    st.header("Cost")
    seconds = {
        scorer: [
            (item.entries[scorer].seconds, item.entries[scorer].scored)
            for item in items
            if scorer in item.entries and item.entries[scorer].seconds
        ]
        for scorer in (INTRUSIVE, PREDICTED)
    }
    if not all(seconds.values()):
        st.info("The time that scoring took is not known for both scorers.")
        return
    mean = {s: sum(t * n for t, n in found) / sum(n for _, n in found) for s, found in seconds.items()}
    ears = sum(n for _, n in seconds[PREDICTED])
    hours = ears * (mean[INTRUSIVE] - mean[PREDICTED]) / 3600
    cells = [
        ("HAAQI, seconds per ear", figure(mean[INTRUSIVE], 2)),
        ("HAAQI-Net, seconds per ear", figure(mean[PREDICTED], 2)),
        ("Ratio", f"{mean[INTRUSIVE] / mean[PREDICTED]:.1f}"),
        (f"Hours saved on {ears:,} ears", figure(hours, 2)),
    ]
    metrics.show(cells)
    st.caption(
        "Means of what the runs recorded, on whatever computers they ran; reading audio is not counted."
    )


def main() -> None:
    """The page."""
    challenge: Challenge = st.session_state["_challenge"]
    st.title("Agreement of HAAQI-Net with HAAQI")
    which = (challenge, pick_version(challenge), pick_prediction(challenge))
    items = reading.shared(agreeing.items_of, *which)
    if not len(reading.shared(agreeing.all_pairs, *which)):
        st.info("No trial has been scored by both: score a submission with haaqi and with haaqinet.")
        show_doubts(*which)
        return
    versions = {
        s: sorted({i.entries[s].version for i in items if s in i.entries}) for s in (INTRUSIVE, PREDICTED)
    }
    names = {s: ", ".join(verbatim(v) for v in found if v) for s, found in versions.items()}
    st.markdown(reading.shared(agreeing.verdict, *which))
    st.caption(f"HAAQI {names[INTRUSIVE]} and HAAQI-Net {names[PREDICTED]}; versions never mix.")
    whole = reading.shared(agreeing.overall, *which)
    found = [("LCC", whole.lcc, 3), ("SRCC", whole.srcc, 3), ("Kendall", whole.kendall, 3)]
    found += [("MSE", whole.mse, 4), ("Bias", whole.bias, 3), ("RMSE", whole.rmse, 3)]
    metrics.show([(label, figure(value, digits)) for label, value, digits in found])
    parts = {
        "By group": lambda: (show_table(*which), show_scatter(*which)),
        "Calibration": lambda: (
            show_calibration(*which),
            uncertainty.show_coverage(*reading.shared(agreeing.intervals, *which)),
        ),
        "Systems": lambda: show_systems(*which),
        "Verify first": lambda: (show_doubts(*which), show_far(*which)),
        "Cost": lambda: show_cost(items),
    }
    choices.tabs(parts)


main()
