"""Agreement: how well HAAQI-Net predicts HAAQI here, and what it saves."""

import math
from collections.abc import Sequence
from dataclasses import asdict, replace

import pandas as pd
import streamlit as st

from haaqinet_eval.agreement import affine_fit, agreement, coverage, reliability
from haaqinet_eval.store import Challenge, Entry, scorer_versions, standings
from leaderboard import charts, choices, exports, metrics, reading, sureness
from leaderboard.words import (
    DEFINITIONS,
    INTRUSIVE,
    PREDICTED,
    TARGET,
    by_severity,
    figure,
    title,
    verbatim,
    yes_no,
)

DOTS = 3000  # points that the scatter plots draw at most
HOLDS = "Predicted interval holds HAAQI's mean"
LARGE = 0.15  # a prediction further off than this is one to verify


def figures(name: str, frame: pd.DataFrame) -> dict[str, object]:
    """One row of the table of agreement."""
    found = agreement(frame.predicted, frame.intrusive)
    _, low, high = charts.limits_of_agreement(frame.error)
    return {
        "Group": name,
        "n": found.n,
        "LCC": found.lcc,
        "SRCC": found.srcc,
        "Kendall": found.kendall,
        "MSE": found.mse,
        "RMSE": found.rmse,
        "Bias": found.bias,
        "95 % from": low,
        "95 % to": high,
        "In interval": coverage(frame.low, frame.high, frame.intrusive).share,
    }


def with_version(challenge: Challenge, entries: Sequence[Entry]) -> list[Entry]:
    """The entries, with HAAQI-Net in the version that the reader chooses where there are several."""
    known = reading.read(scorer_versions, challenge.name, challenge.split)
    versions = [v.version for v in known if v.name == PREDICTED and v.origin == "here" and v.version]
    shown = next((e.version for e in reading.made_here(entries) if e.scorer == PREDICTED), None)
    if len(versions) < 2:
        return list(entries)
    version = choices.pick("HAAQI-Net, version", sorted(versions, key=lambda v: v != shown), "version")
    others = [entry for entry in entries if entry.scorer != PREDICTED]
    options = {"scorer": PREDICTED, "version": version}
    return others + reading.read(standings, challenge.name, challenge.split, **options)


def with_prediction(items: Sequence[reading.Scored]) -> list[reading.Scored]:
    """The systems, with the prediction that the reader chooses in HAAQI-Net's place."""
    if not any(TARGET in item.entries for item in items):
        return list(items)
    names = {title(scorer): scorer for scorer in (PREDICTED, TARGET)}
    scorer = names[choices.pick("Prediction", list(names), "prediction")]
    if scorer == PREDICTED:
        return list(items)
    st.caption("Below, HAAQI-Net's place is taken by the scorer that knows the mixture and the gains.")
    entries = [{k: v for k, v in item.entries.items() if k != PREDICTED} for item in items]
    moved = [e | ({PREDICTED: e[TARGET]} if TARGET in e else {}) for e in entries]
    return [replace(item, entries=e) for item, e in zip(items, moved, strict=True) if e]


def all_pairs(challenge: Challenge, items: Sequence[reading.Scored]) -> pd.DataFrame:
    """Trials of all systems that both scorers scored, with severities."""
    frames = [reading.predicted_and_intrusive(challenge, item).assign(system=item.label) for item in items]
    frames = [frame for frame in frames if len(frame)]
    if not frames:
        return pd.DataFrame()
    frame, people = pd.concat(frames, ignore_index=True), reading.people(challenge)
    humes = {id: person.severity_humes for id, person in people.items()}
    clarity = {
        (id, ear): p.ear(ear).severity_clarity for id, p in people.items() for ear in ("left", "right")
    }
    keys = zip(frame.listener, frame.ear, strict=True)
    return frame.assign(
        severity_humes=frame.listener.map(humes).fillna("unknown"),
        severity_clarity=[clarity.get(key, "unknown") for key in keys],
    )


def show_table(frame: pd.DataFrame) -> None:
    """Agreement over all rows, and by group."""
    groups = {"system": "system", "listener": "listener", "ear": "ear"} | {
        f"severity, {what}": kind for kind, what in DEFINITIONS.items()
    }
    column = groups[choices.pick("By", list(groups), "by")]
    order = by_severity if column in DEFINITIONS else str
    rows = [figures("all trials", frame)]
    rows += [figures(n, mine) for n, mine in sorted(frame.groupby(column), key=lambda pair: order(pair[0]))]
    columns = {
        name: st.column_config.NumberColumn(format="%.3f")
        for name in ("LCC", "SRCC", "Kendall", "RMSE", "Bias", "95 % from", "95 % to")
    }
    columns["MSE"] = st.column_config.NumberColumn(format="%.4f")
    columns["In interval"] = st.column_config.NumberColumn(
        format="percent", help="Share of true scores inside HAAQI-Net's own interval, stated as 90 %"
    )
    table = pd.DataFrame(rows)
    if table["In interval"].isna().all():
        table = table.drop(columns="In interval")
    exports.table(table, "agreement", column_config=columns)
    st.caption(
        "LCC: linear correlation. SRCC: Spearman's. Kendall: tau-b. Bias: predicted minus intrusive; 95 % of "
        "differences lie between the last two, if they are normal. A correlation over all trials is higher "
        "than one within a system where systems differ much: look at both."
    )


def show_scatter(frame: pd.DataFrame) -> None:
    """Scatter plots."""
    shown = frame if len(frame) <= DOTS else frame.sample(DOTS, random_state=0)
    if len(shown) < len(frame):
        st.caption(f"{DOTS:,} of {len(frame):,} trials are drawn, chosen at random; all figures count all.")
    tooltip = ["system", "scene", "listener", "ear"]
    shown = shown[[*tooltip, "intrusive", "predicted", "error", "middle"]]
    left, right = st.columns(2)
    with left:
        drawing = charts.agreement_chart(shown, tooltip)
        exports.chart(drawing, "scatter", "HAAQI-Net over HAAQI, a mark per trial.")
    with right:
        drawing = charts.bland_altman(shown, tooltip)
        exports.chart(drawing, "bland-altman", "Predicted minus intrusive over their mean.")


def show_calibration(frame: pd.DataFrame) -> None:
    """What a predicted score means here, by bins and by a line."""
    st.subheader("Calibration")
    bins = pd.DataFrame([asdict(b) for b in reliability(frame.predicted, frame.intrusive)])
    slope, offset = affine_fit(frame.predicted, frame.intrusive)
    drawing, table = st.columns([2, 3], gap="large")
    with drawing:
        exports.chart(
            charts.calibration_chart(bins.rename(columns={"true": "intrusive"}), slope, offset),
            "calibration",
            "Mean intrusive score over mean predicted score, by bin, with the number of trials.",
        )
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
        exports.table(bins.round(4), "calibration-bins")


def show_systems(items: Sequence[reading.Scored]) -> None:
    """Whether the two scorers rank systems alike."""
    st.subheader("Do both rank the systems alike?")
    both = [item for item in items if None not in (item.mean(INTRUSIVE), item.mean(PREDICTED))]
    if len(both) < 2:
        st.info("Two systems that both scorers scored completely are needed.")
        return
    rows = [
        {
            "System": item.label,
            "HAAQI": item.mean(INTRUSIVE),
            "HAAQI-Net": item.mean(PREDICTED),
            HOLDS: yes_no(covers(item)),
        }
        for item in both
    ]
    frame = pd.DataFrame(rows)
    found = agreement(frame["HAAQI-Net"], frame["HAAQI"])
    known = frame[HOLDS][frame[HOLDS] != yes_no(None)]
    st.markdown(
        f"Over the means of {len(both)} complete systems, reference rows included: Kendall's tau "
        f"**{figure(found.kendall, 2)}**, SRCC **{figure(found.srcc, 2)}**. HAAQI-Net's 95 % interval holds "
        f"HAAQI's mean for **{(known == 'yes').sum()} of {len(known)}**: the interval is about scenes and "
        "listeners, not about the net's own error."
    )
    exports.table(frame, "system-ranks", column_config={"System": st.column_config.TextColumn(width=140)})


def covers(item: reading.Scored) -> bool | None:
    """Whether the interval of the predicted mean holds the intrusive mean; None where there is none."""
    entry = item.entries[PREDICTED]
    if entry.low is None or entry.high is None:
        return None
    return entry.low <= item.mean(INTRUSIVE) <= entry.high


def show_doubts(challenge: Challenge, items: Sequence[reading.Scored]) -> None:
    """Which predictions the net is least sure of, whether or not HAAQI is known."""
    frame = reading.predictions(challenge, items)
    if len(frame):
        sureness.show_least_sure(frame)


def show_far(frame: pd.DataFrame) -> None:
    """Predictions that were furthest off."""
    st.subheader("Furthest off")
    far = frame[frame.error.abs() > LARGE]
    st.markdown(f"{len(far):,} of {len(frame):,} predictions are off by more than {LARGE}. The worst first:")
    columns = ["system", "scene", "listener", "ear", "severity_humes", "intrusive", "predicted", "error"]
    worst = frame.reindex(frame.error.abs().sort_values(ascending=False).index).head(50)
    config = {"system": st.column_config.TextColumn(width=140)}
    exports.table(worst[columns].round(4), "furthest-off", height=320, column_config=config)


def show_cost(items: Sequence[reading.Scored]) -> None:
    """Seconds per ear, and what was saved."""
    st.subheader("Cost")
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
    items = with_prediction(reading.systems(with_version(challenge, reading.board(challenge))))
    frame = all_pairs(challenge, items)
    if not len(frame):
        st.info("No trial has been scored by both: score a submission with haaqi and with haaqinet.")
        show_doubts(challenge, items)
        return
    versions = {
        s: sorted({i.entries[s].version for i in items if s in i.entries}) for s in (INTRUSIVE, PREDICTED)
    }
    names = {s: ", ".join(verbatim(v) for v in found if v) for s, found in versions.items()}
    st.markdown(f"HAAQI {names[INTRUSIVE]} and HAAQI-Net {names[PREDICTED]}; versions never mix.")
    overall = agreement(frame.predicted, frame.intrusive)
    found = [("LCC", overall.lcc, 3), ("SRCC", overall.srcc, 3), ("Kendall", overall.kendall, 3)]
    found += [("MSE", overall.mse, 4), ("Bias", overall.bias, 3), ("RMSE", overall.rmse, 3)]
    metrics.show([(label, figure(value, digits)) for label, value, digits in found])
    show_table(frame)
    show_scatter(frame)
    show_calibration(frame)
    sureness.show_coverage(frame)
    show_doubts(challenge, items)
    show_systems(items)
    show_far(frame)
    show_cost(items)


main()
