"""Listening: blind pairs, by ear, on the organiser's machine; what the panel says beside the metric."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from haaqinet_eval.analysis.agreement import agreement
from haaqinet_eval.analysis.pairs import JUDGES
from haaqinet_eval.errors import InputError
from haaqinet_eval.io.names import counted
from haaqinet_eval.store import Challenge, Heard, next_pair, panel, submission, trial_columns
from leaderboard import best_for, choices, exports, organiser, pair_charts, reading, sound
from leaderboard.labels import figure, title

SECONDS = 10.0  # of each sound
LEAST = 4  # systems for which an order is compared
ATTEMPTS = 5  # at a pair that can be heard
CONSENT = (
    "I take part of my own will and may stop at any time. My answers are kept under the code above, "
    "without my name."
)
CHOICES = (("A is better", 1.0, "1"), ("No difference", 0.5, "2"), ("B is better", 0.0, "3"))


def audible(challenge: Challenge) -> list[int]:
    """Submissions whose sound may be on this computer."""
    items = reading.all_systems(challenge)
    known = {item.submission: reading.read(submission, item.submission) for item in items}
    return sorted(id for id, about in known.items() if about.origin != "external" and about.path)


def trials(challenge: Challenge) -> list[tuple[str, str, str]]:
    """(scene, listener, stem) of the challenge."""
    columns = trial_columns(reading.the_store(), challenge.id)
    found = zip(columns["scene"], columns["listener"], columns["stem"], strict=True)
    return list(dict.fromkeys(found))


def read(number: int, heard: Heard) -> bytes:
    """One of the two as WAV, at the same low level as the other."""
    made = sound.listen(reading.read(submission, number), heard.scene, heard.listener, heard.stem)
    return sound.quiet_wav(made.samples[: round(SECONDS * made.sample_rate)], made.sample_rate)


def show_pair(challenge: Challenge, judge: str) -> None:
    """The next pair, and the answers; keys 1, 2 and 3 answer too."""
    store = reading.the_store()
    there, scenes = audible(challenge), reading.shared(trials, challenge)
    for attempt in range(ATTEMPTS):
        pair = next_pair(store, challenge, there, scenes, judge, attempt)
        try:
            sounds = [read(number, pair) for number in (pair.first, pair.second)]
            break
        except InputError as error:
            reason = str(error)
    else:
        st.info(f"No sound: {reason}.")
        return
    for column, data, name in zip(st.columns(2), sounds, "AB", strict=True):
        with column:
            st.markdown(f"**{name}**")
            st.audio(data, format="audio/wav", alt=f"Sound {name}")
    st.markdown("Which is better? Hear both as often as you like. Keys: **1**, **2**, **3**.")
    for column, (text, answer, key) in zip(st.columns(3), CHOICES, strict=True):
        if column.button(text, shortcut=key, key=f"answer-{key}", width="stretch"):
            organiser.keep_judgement(challenge, pair, judge, answer)


def strengths(challenge: Challenge) -> pd.DataFrame:
    """The panel's strengths beside HAAQI's means: system, mean (log-odds), low, high, kind, metric."""
    found = panel(reading.the_store(), challenge)
    if found is None:
        return pd.DataFrame()
    items = {item.submission: item for item in reading.all_systems(challenge)}
    scorers = reading.shared(best_for.scorers_there, challenge)
    rows = [
        {
            "system": items[id].label,
            "mean": s.value,
            "low": s.low,
            "high": s.high,
            "kind": "reference" if items[id].any.reference else "entry",
            "metric": items[id].mean(scorers[0]) if scorers else None,
        }
        for id, s in zip(found.submissions, found.strengths, strict=True)
        if id in items
    ]
    return pd.DataFrame(rows).sort_values("mean", ascending=False)


def show_panel(challenge: Challenge) -> None:
    """What the answers come to."""
    found = panel(reading.the_store(), challenge)
    if found is None:
        st.info("Nobody has answered yet.")
        return
    frame = strengths(challenge)
    over = (
        "the people" if found.judges >= JUDGES else "the answers, since so few people cannot stand for others"
    )
    people = "1 person" if found.judges == 1 else f"{found.judges} people"
    st.markdown(f"{counted(found.answers, 'answer')} of {people}; intervals of 95 % are over {over}.")
    exports.chart(panel_chart, challenge, found.answers, name="panel", says="Strength of each system by ear.")
    known = frame.dropna(subset="metric")
    if len(known) >= LEAST:
        scorer = title(reading.shared(best_for.scorers_there, challenge)[0])
        order = agreement(known.metric, known["mean"])
        st.markdown(
            f"{scorer} beside the panel, over {len(known)} systems: SRCC **{figure(order.srcc, 2)}**, "
            f"Kendall's tau **{figure(order.kendall, 2)}**."
        )
    exports.table(frame.drop(columns="kind").round(3), "panel-strengths")


def panel_chart(challenge: Challenge, answers: int) -> object:
    """The chart of the strengths; `answers` so that a new one makes it anew."""
    return pair_charts.strengths_chart(strengths(challenge))


def main() -> None:
    """The page."""
    challenge: Challenge = st.session_state["_challenge"]
    st.title("Listening")
    if not sound.allowed():
        return
    if len(audible(challenge)) < 2:
        st.info("Two systems whose signals are on this computer are needed.")
        return
    choices.tabs(
        {"Compare by ear": lambda: show_listening(challenge), "Panel": lambda: show_panel(challenge)}
    )


def show_listening(challenge: Challenge) -> None:
    """Warning, code and consent; then the pairs."""
    st.warning(sound.WARNING, icon=":material/volume_down:")
    judge = st.text_input("Code of who listens", max_chars=40, key="judge", autocomplete="off", width=320)
    ready = st.toggle("My volume is turned down", key="volume")
    agreed = st.checkbox(CONSENT, key="consent")
    if judge.strip() and ready and agreed:
        show_pair(challenge, judge.strip())


main()
