"""The sound of a submission, where whoever runs the board allows it: made quiet, and read on demand.

Off unless HAAQINET_AUDIO is "organisers" or "everybody" (`haaqinet leaderboard --audio`): music has
licences, and what was made for a hearing loss may be loud and shrill for other ears.
"""

from __future__ import annotations

import io
import os
import wave
from pathlib import Path

import numpy as np
import streamlit as st

from haaqinet_eval.audio import Audio
from haaqinet_eval.errors import InputError
from haaqinet_eval.store import Submission
from haaqinet_eval.submissions.listening import hear, place_of

from .access import organiser, proxy_user
from .labels import AUDIO

VARIABLE = AUDIO
ORGANISERS, EVERYBODY = "organisers", "everybody"
WARNING = (
    "Volume: this output is made for a hearing loss, and may be loud and shrill for other ears. "
    "Turn your device's volume down first, then raise it slowly."
)
QUIET_DB, PEAK_DB = -36.0, -16.0  # RMS and peak of what is played, dB FS; music is mastered to -14 or so


def allowed() -> bool:
    """Whether who looks at the page may hear and see the audio; asks organisers for their token."""
    mode = os.environ.get(VARIABLE, "")
    if mode == EVERYBODY:
        return True
    if mode != ORGANISERS:
        st.caption(
            "The spectrogram and the sound of the output are not shown: whoever runs this board can allow "
            "it with `haaqinet leaderboard --audio`."
        )
        return False
    token = ""
    if proxy_user(st.context.headers) is None:
        token = st.text_input(
            "Token of an organiser, to see and hear the output", type="password", key="sound-token"
        )
    if organiser(st.context.headers, token) is not None:
        return True
    if token:
        st.error("This token is not known.")
    return False


def listen(about: Submission, scene: str, listener: str, stem: str) -> Audio:
    """What a listener gets of a scene; kept for a while.

    Raises:
        InputError: where it cannot be read; the message has no path of this computer.
    """
    try:
        place = place_of(about.origin, about.path, about.system.name)
    except InputError:
        raise InputError("the signals of this submission are not on the board's computer") from None
    if not place.exists():
        raise InputError("the signals of this submission are no longer where they were handed in")
    if place.is_file() and place.stat().st_size != about.size:
        raise InputError("the file has changed since it was handed in")
    try:
        return _listen(str(place), about.sha256, scene, listener, stem)
    except InputError as error:
        raise InputError(str(error).replace(str(place), "the submission")) from None


@st.cache_data(max_entries=8, show_spinner="Reading the signal …")
def _listen(place: str, sha256: str, scene: str, listener: str, stem: str) -> Audio:
    return hear(Path(place), scene, listener, stem)


def quiet_wav(samples: np.ndarray, sample_rate: int) -> bytes:
    """A WAV of samples [T, C], full scale 1, at a level that cannot startle: an RMS of -36 dB FS."""
    rms, peak = np.sqrt(np.mean(np.square(samples, dtype=np.float64))), np.abs(samples).max()
    gain = min(10 ** (QUIET_DB / 20) / rms, 10 ** (PEAK_DB / 20) / peak) if peak > 0 else 1.0
    data = np.round(samples * gain * 32767).astype("<i2")
    with io.BytesIO() as buffer:
        with wave.open(buffer, "wb") as file:
            file.setparams((samples.shape[1], 2, sample_rate, len(samples), "NONE", ""))
            file.writeframes(data.tobytes())
        return buffer.getvalue()


def player(heard: Audio) -> None:
    """A player, behind a warning about its volume."""
    st.warning(WARNING, icon=":material/volume_down:")
    if st.toggle("My volume is turned down: show the player", key="volume"):
        st.audio(quiet_wav(heard.samples, heard.sample_rate), format="audio/wav")
        st.caption(
            f"Left and right ear, played far below their own level (RMS {QUIET_DB:.0f} dB FS): this is not "
            "as loud as the listener hears it, and systems cannot be compared for loudness."
        )
