"""System: one submission, its facts, its scores by scene and over time, how it was scored."""

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from haaqinet_eval.store import Challenge, Entry, runs, submission
from leaderboard import charts, choices, exports, metrics, overtime, reading
from leaderboard.words import INTRUSIVE, figure, span, unfamiliar_text, verbatim, yes_no

PARTS = {  # part -> what it compares; HAAQI version 1, Kates and Arehart 2016
    "mel_cepstral_high": "envelope: modulations of 20 to 125 Hz",
    "bm_sync5": "fine structure: synchrony of the basilar membrane",
    "d_loud": "spectrum: differences of loudness",
    "d_norm": "spectrum: differences of its shape",
    "nonlinear": "together: envelope and fine structure",
    "linear": "together: both of the spectrum",
}


def show_facts(item: reading.Scored, entry: Entry) -> None:
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
    if entry.note:
        st.markdown(f"Note: {verbatim(entry.note)}")
    unfamiliar = unfamiliar_text(entry)
    if unfamiliar:
        st.warning(f"{unfamiliar}: its score there is a guess. Verify such trials with HAAQI.")
    if entry.mean is None:
        errors = ", ".join(f"{code} {count}" for code, count in entry.errors.items())
        st.warning(f"Not complete: {entry.scored} of {entry.expected} trials have a score. {errors}")


def show_scenes(entry: Entry) -> None:
    """Best and worst scenes."""
    st.subheader("Scenes, best and worst first")
    frame = reading.groups(entry, "scene").rename(columns={"name": "scene"}).sort_values("mean")
    half = max(1, min(8, len(frame) // 2))
    left, right = st.columns(2)
    with left:
        st.caption("Best")
        exports.table(frame.iloc[::-1].head(half).round(4), "best-scenes")
    with right:
        st.caption("Worst")
        exports.table(frame.head(half).round(4), "worst-scenes")


def show_parts(entry: Entry) -> None:
    """Parts of the score."""
    frame = reading.parts(entry)
    known = [name for name in PARTS if name in frame]
    if not known:
        return
    st.subheader("Parts of HAAQI" if entry.scorer == INTRUSIVE else "Parts of HAAQI, as predicted")
    means = pd.DataFrame({"name": [PARTS[n] for n in known], "value": [frame[n].mean() for n in known]})
    exports.chart(charts.bars(means, "Mean, 1 is best"), "parts", "Mean of each part of the score.")


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
            st.json(without_paths(run["provenance"]), expanded=False)


def without_paths(value: object) -> object:
    """A record without what names places on somebody's computer."""
    if isinstance(value, dict):
        return {k: without_paths(v) for k, v in value.items()}
    if isinstance(value, list):
        return [without_paths(v) for v in value]
    return "(path)" if isinstance(value, str) and value.startswith(("/", "~", "\\\\")) else value


def main() -> None:
    """The page."""
    challenge: Challenge = st.session_state["_challenge"]
    st.title("System")
    items = reading.with_rows(reading.systems(reading.board(challenge)))
    if not items:
        st.info("No trial of this challenge has been scored yet.")
        return
    left, right = st.columns(2)
    with left:
        item = choices.pick_system(items)
    with right:
        entry = item.entries[choices.pick_scorer([n for n, e in item.entries.items() if e.scored])]
    show_facts(item, entry)
    frame = reading.rows(challenge, entry)
    scored = frame.dropna(subset="score")
    st.subheader("Distribution")
    exports.chart(
        charts.histogram(scored[["score", "ear"]]),
        "distribution",
        "How many trials have which score, for each ear.",
    )
    show_parts(entry)
    show_scenes(entry)
    overtime.show(challenge, item, entry)
    failed = frame[frame.score.isna()]
    if len(failed):
        st.subheader("Trials without a score")
        columns = ["scene", "song", "listener", "ear", "error", "message"]
        exports.table(failed[columns], "failed-trials", height=240)
    with st.expander(f"All {len(frame):,} rows"):
        known = frame.low.notna().any() or frame.unfamiliar.any()
        exports.table(frame if known else frame.drop(columns=reading.SURENESS), "rows", height=360)
    show_provenance(item)


main()
