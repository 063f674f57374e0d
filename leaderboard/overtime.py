"""One scene and listener over time: frame scores, the output's spectrogram, and its sound."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from haaqinet_eval.audiogram import EARS
from haaqinet_eval.errors import InputError
from haaqinet_eval.spectrogram import spectrogram
from haaqinet_eval.store import Challenge, Entry, frame_scores, submission
from haaqinet_eval.submissions.listening import Heard

from . import choices, exports, reading, sound, timecharts
from .words import INTRUSIVE, PREDICTED, figure, title

LONGEST = 60.0  # s that are shown and played at once


def show(challenge: Challenge, item: reading.Scored, entry: Entry) -> None:
    """The section; a trial is chosen, and chosen again by the address."""
    st.subheader("Over time")
    trials = reading.rows(challenge, entry).dropna(subset="score")
    if not len(trials):
        st.info("No trial has a score.")
        return
    left, middle, right = st.columns(3)
    with left:
        scene = choices.pick("Scene", sorted(trials.scene.unique()), "scene")
    with middle:
        listener = choices.pick_listener(sorted(trials.listener[trials.scene == scene].unique()))
    mine = trials[(trials.scene == scene) & (trials.listener == listener)]
    stem = ""
    if mine.stem.any():
        with right:
            stem = choices.pick("Stem", sorted(mine.stem.unique()), "stem")
    scores = mine[mine.stem == stem].set_index("ear").score
    means = ", ".join(f"{ear} ear {figure(scores.get(ear))}" for ear in reversed(EARS))
    st.markdown(f"{title(entry.scorer)} of this trial: {means}.")
    frames = frames_of(challenge, item, entry, scene, listener, stem)
    heard, start = read_sound(item, scene, listener, stem)
    ends = [frames.seconds.max()] if len(frames) else []
    if heard is not None:
        ends = [start + len(heard.samples) / heard.sample_rate]
    span = (start, max([*ends, start + 0.1]))
    if len(frames):
        inside = frames[frames.seconds.between(*span)]
        exports.chart(timecharts.frames_chart(inside, span), "frames", "Frame scores of both ears over time.")
    if heard is not None:
        show_spectrograms(heard, start, span)
        sound.player(heard)


def frames_of(
    challenge: Challenge, item: reading.Scored, entry: Entry, scene: str, listener: str, stem: str
) -> pd.DataFrame:
    """Frame scores as ear, seconds, score: HAAQI-Net's, whichever scorer the page is about."""
    chosen = item.entries.get(PREDICTED)
    columns = ["ear", "seconds", "score"]
    if entry.scorer == INTRUSIVE:
        st.caption(
            "HAAQI has no scores of frames: it judges the whole signal at once."
            + (" The frames are those of HAAQI-Net." if chosen else "")
        )
    if chosen is None:
        return pd.DataFrame(columns=columns)
    number = reading.version_id(challenge, PREDICTED, chosen.version)
    found = reading.read(frame_scores, chosen.submission, number, scene, listener)
    frames = [
        pd.DataFrame({"ear": ear, "seconds": found[ear, stem][1], "score": found[ear, stem][0]})
        for ear in EARS
        if (ear, stem) in found
    ]
    if not frames:
        st.info(
            "The store has no frame scores of this trial: it was scored by a version that kept none, or its "
            "scores were imported without them."
        )
        return pd.DataFrame(columns=columns)
    return pd.concat(frames, ignore_index=True)


def read_sound(item: reading.Scored, scene: str, listener: str, stem: str) -> tuple[Heard | None, float]:
    """The signal from a begin (s) on, where it may be shown and can be read; else says why not."""
    if not sound.allowed():
        return None, 0.0
    try:
        heard = sound.listen(reading.read(submission, item.submission), scene, listener, stem)
    except InputError as error:
        st.info(f"No sound: {error}.")
        return None, 0.0
    seconds, start = len(heard.samples) / heard.sample_rate, 0.0
    if seconds > LONGEST:
        start = float(st.slider("From (s)", 0, int(seconds - LONGEST) + 1, key="from", bind="query-params"))
    first = round(start * heard.sample_rate)
    stop = first + round(LONGEST * heard.sample_rate)
    return Heard(heard.samples[first:stop], heard.sample_rate), start


def show_spectrograms(heard: Heard, start: float, span: tuple[float, float]) -> None:
    """Both ears, on one scale of colours."""
    found = {
        ear: timecharts.cells(spectrogram(heard.samples[:, EARS.index(ear)], heard.sample_rate), start)
        for ear in reversed(EARS)
    }
    top = float(np.ceil(max(frame.dB.max() for frame in found.values()) / 10) * 10)
    for ear, frame in found.items():
        st.markdown(f"**{ear.capitalize()} ear**: spectrum of the output, in sixth-octave bands")
        exports.chart(
            timecharts.spectrogram_chart(frame, span, top),
            f"spectrogram-{ear}",
            f"Level of the output at the {ear} ear over time and frequency.",
        )
