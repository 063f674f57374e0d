"""System: one submission, its facts, its scores by scene and over time, how it was scored."""

import itertools
from datetime import UTC, datetime

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from haaqinet_eval.audiogram import EARS
from haaqinet_eval.io.redaction import public
from haaqinet_eval.store import Challenge, StandingRow, runs, submission
from leaderboard import charts, choices, exports, metrics, reading, trial_timeline, worst
from leaderboard.labels import figure, span, unfamiliar_text, verbatim, yes_no

BINS = 20  # of the distribution of scores


def show_facts(item: reading.Scored, entry: StandingRow) -> None:
    """The figures and what the team says about the system."""
    cells = [
        ("Mean", figure(entry.mean, 4)),
        ("95 % interval", span(entry.low, entry.high)),
        ("Rank", f"{entry.rank}" if entry.rank else "reference row" if entry.reference else "not ranked"),
        ("Coverage", f"{entry.coverage:.0%}"),
        ("Seconds per ear", figure(entry.seconds, 2)),
    ]
    metrics.show(cells)
    size = "not said" if entry.model_size is None else f"{entry.model_size:,} parameters"
    st.markdown(
        f"Team {verbatim(entry.team)}, system {verbatim(entry.system)}, submission {item.submission}, "
        f"received {entry.date[:10]}. Causal: {yes_no(entry.causal)}. Additional data: "
        f"{yes_no(entry.augmented)}. Size: {size}. Scorer version: {verbatim(entry.version)}."
    )
    trained = verbatim(entry.trained_on) if entry.trained_on else "not declared"
    ahead = "not said" if entry.look_ahead is None else f"{entry.look_ahead:g} ms"
    speed = "not said" if entry.speed is None else f"{entry.speed:g}"
    st.markdown(f"Trained on: {trained}. Look-ahead: {ahead}. Real-time factor: {speed}.")
    if entry.caution:
        st.caption(entry.caution)
    if entry.note:
        st.markdown(f"Note: {verbatim(entry.note)}")
    unfamiliar = unfamiliar_text(entry)
    if unfamiliar:
        st.warning(f"{unfamiliar}: its score there is a guess. Verify such trials with HAAQI.")
    if entry.mean is None:
        errors = ", ".join(f"{code} {count}" for code, count in entry.errors.items())
        st.warning(f"Not complete: {entry.scored} of {entry.expected} trials have a score. {errors}")


def rows_of(challenge: Challenge, label: str, scorer: str) -> pd.DataFrame:
    """Rows of a system by one scorer."""
    return reading.rows(challenge, reading.system(challenge, label).entries[scorer])


def distribution_table(*which: object) -> pd.DataFrame:
    """How many scores of each ear lie in which bin: ear, start, stop, trials."""
    frame = reading.shared(rows_of, *which)
    known = frame.score.dropna()
    ends = (0, 1) if known.between(0, 1).all() else (known.min(), known.max())  # dB have no such limits
    edges = np.linspace(*ends, BINS + 1)
    found = {ear: np.histogram(frame.score[frame.ear == ear].dropna(), edges)[0] for ear in reversed(EARS)}
    bins = [(ear, *pair) for ear in found for pair in itertools.pairwise(edges.round(4).tolist())]
    return pd.DataFrame(bins, columns=["ear", "start", "stop"]).assign(
        trials=np.concatenate([*found.values()])
    )


def distribution(*which: object) -> alt.VConcatChart:
    """The chart of them."""
    return charts.histogram(distribution_table(*which))


def failed_rows(*which: object) -> pd.DataFrame:
    """Trials without a score."""
    frame = reading.shared(rows_of, *which)
    return frame[frame.score.isna()][["scene", "song", "listener", "ear", "error", "message"]]


def scenes(challenge: Challenge, label: str, scorer: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The best scenes, and the worst."""
    frame = reading.groups(reading.system(challenge, label).entries[scorer], "scene")
    frame = frame.rename(columns={"name": "scene"}).sort_values("mean").round(4)
    half = max(1, min(8, len(frame) // 2))
    return frame.iloc[::-1].head(half), frame.head(half)


def show_scenes(*which: object) -> None:
    """Best and worst scenes."""
    st.header("Scenes, best and worst first")
    best, worst = reading.shared(scenes, *which)
    left, right = st.columns(2)
    with left:
        st.caption("Best")
        exports.table(best, "best-scenes")
    with right:
        st.caption("Worst")
        exports.table(worst, "worst-scenes")


def when(seconds: float | None) -> str:
    """A time of the store, UTC."""
    return "–" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def show_provenance(item: reading.Scored) -> None:
    """How the scores were made."""
    with st.expander("How these scores were made"):
        about = reading.read(submission, item.submission)
        st.markdown(f"SHA-256 of what was handed in: {verbatim(about.sha256)}. Origin: {about.origin}.")
        for run in reading.read(runs, item.submission):
            st.markdown(f"Run from {when(run['started'])} to {when(run['ended'])}")
            st.json(public(run["provenance"]), expanded=False)


def main() -> None:
    """The page."""
    challenge: Challenge = st.session_state["_challenge"]
    st.title("System")
    items = reading.all_systems(challenge)
    if not items:
        st.info("No trial of this challenge has been scored yet.")
        return
    left, right = st.columns(2)
    with left:
        item = choices.pick_system(items)
    with right:
        entry = item.entries[choices.pick_scorer([n for n, e in item.entries.items() if e.scored])]
    show_facts(item, entry)
    which = (challenge, item.label, entry.scorer)
    worst.show(challenge, item, entry.scorer)
    worst.show_parts(*which)
    show_scenes(*which)
    st.header("Distribution")
    exports.chart(
        distribution, *which, name="distribution", says="How many trials have which score, for each ear."
    )
    trial_timeline.show(challenge, item, entry)
    failed = reading.shared(failed_rows, *which)
    if len(failed):
        st.header("Trials without a score")
        exports.table(failed, "failed-trials", height=240)
    frame = reading.shared(rows_of, *which)
    with st.expander(f"All {len(frame):,} rows", key="all-rows", on_change="rerun") as box:
        if box.open:
            known = frame.low.notna().any() or frame.unfamiliar.any()
            exports.table(frame if known else frame.drop(columns=reading.SURENESS), "rows", height=360)
    show_provenance(item)


main()
