"""One scene and listener over time: frame scores, the output's spectrogram, and its sound."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from haaqinet_eval.analysis.spectrogram import spectrogram
from haaqinet_eval.audio import Audio
from haaqinet_eval.audiogram import EARS
from haaqinet_eval.errors import InputError
from haaqinet_eval.store import Challenge, StandingRow, frame_scores, submission

from . import choices, exports, reading, sound, timecharts
from .labels import PREDICTED, figure, title

FRAME = ["ear", "seconds", "score"]
LONGEST = 60.0  # s that are shown and played at once


def scored(challenge: Challenge, label: str, scorer: str) -> pd.DataFrame:
    """Trials of a system that a scorer has scored."""
    return reading.rows(challenge, reading.system(challenge, label).entries[scorer]).dropna(subset="score")


def scenes(*which: object) -> list[str]:
    """Scenes of them."""
    return sorted(reading.shared(scored, *which).scene.unique())


def trials(scene: str, *which: object) -> pd.DataFrame:
    """Those of a scene."""
    frame = reading.shared(scored, *which)
    return frame[frame.scene == scene]


def show(challenge: Challenge, item: reading.Scored, entry: StandingRow) -> None:
    """The section; a trial is chosen, and chosen again by the address."""
    st.header("Over time")
    which = (challenge, item.label, entry.scorer)
    names = reading.shared(scenes, *which)
    if not names:
        st.info("No trial has a score.")
        return
    left, middle, right = st.columns(3)
    with left:
        scene = choices.pick("Scene", names, "scene")
    mine = reading.shared(trials, scene, *which)
    with middle:
        listener = choices.pick_listener(sorted(mine.listener.unique()))
    mine = mine[mine.listener == listener]
    stem = ""
    if mine.stem.any():
        with right:
            stem = choices.pick("Stem", sorted(mine.stem.unique()), "stem")
    scores = mine[mine.stem == stem].set_index("ear").score
    means = ", ".join(f"{ear} ear {figure(scores.get(ear))}" for ear in reversed(EARS))
    st.markdown(f"{title(entry.scorer)} of this trial: {means}.")
    trial = (scene, listener, stem)
    frames, whose = frames_of(challenge, item, entry, trial)
    heard, start = read_sound(item, *trial)
    ends = [frames.seconds.max()] if len(frames) else []
    if heard is not None:
        ends = [start + len(heard.samples) / heard.sample_rate]
    span = (float(start), float(max([*ends, start + 0.1])))
    if len(frames):
        exports.chart(
            frames_chart,
            whose,
            challenge,
            item.label,
            trial,
            span,
            name="frames",
            says="Frame scores of both ears over time.",
        )
    if heard is not None:
        show_spectrograms(item, trial, span)
        sound.player(heard)


def frames_of(
    challenge: Challenge, item: reading.Scored, entry: StandingRow, trial: tuple[str, str, str]
) -> tuple[pd.DataFrame, str]:
    """Frame scores as ear, seconds, score, and whose: the page's scorer, or HAAQI-Net where that has none."""
    trial_of = (challenge, item.label, trial)
    own = reading.shared(frames_table, entry.scorer, *trial_of)
    if len(own) or PREDICTED not in item.entries:
        if not len(own):
            st.info(f"{title(entry.scorer)} kept no scores of frames: there is nothing to draw over time.")
        return own, entry.scorer
    frames = reading.shared(frames_table, PREDICTED, *trial_of)
    if not len(frames):
        st.info(
            "The store has no frame scores of this trial: it was scored by a version that kept none, or its "
            "scores were imported without them."
        )
    elif entry.scorer != PREDICTED:
        st.info(
            f"{title(entry.scorer)} kept no scores of frames. What is drawn is {title(PREDICTED)}, "
            "which hears no reference."
        )
    return frames, PREDICTED


def frames_table(scorer: str, challenge: Challenge, label: str, trial: tuple[str, str, str]) -> pd.DataFrame:
    """A scorer's scores of the frames of a trial (scene, listener, stem): ear, seconds, score."""
    chosen = reading.system(challenge, label).entries[scorer]
    scene, listener, stem = trial
    number = reading.version_id(challenge, scorer, chosen.version)
    found = reading.read(frame_scores, chosen.submission, number, scene, listener)
    frames = [
        pd.DataFrame({"ear": ear, "seconds": found[ear, stem][1], "score": found[ear, stem][0]})
        for ear in EARS
        if (ear, stem) in found
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=FRAME)


def frames_chart(
    scorer: str, challenge: Challenge, label: str, trial: tuple[str, str, str], span: tuple[float, float]
) -> alt.LayerChart:
    """The chart of those within a span (s)."""
    frames = reading.shared(frames_table, scorer, challenge, label, trial)
    return timecharts.frames_chart(frames[frames.seconds.between(*span)], span)


def read_sound(item: reading.Scored, scene: str, listener: str, stem: str) -> tuple[Audio | None, float]:
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
    return part(heard, start), start


def part(heard: Audio, start: float) -> Audio:
    """What is shown and played of a signal from a begin (s) on."""
    first = round(start * heard.sample_rate)
    return Audio(heard.samples[first : first + round(LONGEST * heard.sample_rate)], heard.sample_rate)


def spectra(number: int, trial: tuple[str, str, str], start: float) -> tuple[dict[str, pd.DataFrame], float]:
    """Cells of both ears' spectrograms of a submission's output, and dB of the brightest colour."""
    heard = part(sound.listen(reading.read(submission, number), *trial), start)
    found = {
        ear: timecharts.cells(spectrogram(heard.samples[:, EARS.index(ear)], heard.sample_rate), start)
        for ear in reversed(EARS)
    }
    return found, float(np.ceil(max(frame.dB.max() for frame in found.values()) / 10) * 10)


def spectrum_chart(
    ear: str, number: int, trial: tuple[str, str, str], span: tuple[float, float]
) -> alt.Chart:
    """The chart of one ear."""
    found, top = reading.shared(spectra, number, trial, span[0])
    return timecharts.spectrogram_chart(found[ear], span, top)


def show_spectrograms(item: reading.Scored, trial: tuple[str, str, str], span: tuple[float, float]) -> None:
    """Both ears, on one scale of colours."""
    for ear in reversed(EARS):
        st.markdown(f"**{ear.capitalize()} ear**: spectrum of the output, in sixth-octave bands")
        exports.chart(
            spectrum_chart,
            ear,
            item.submission,
            trial,
            span,
            name=f"spectrogram-{ear}",
            says=f"Level of the output at the {ear} ear over time and frequency.",
        )
