"""The challenge's own music: the stems and mixtures that references are made from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..audio import read_audio, resample
from ..errors import InputError, Unscorable
from ..io.names import counted


def check_folder(path: Path, option: str) -> Path:
    """The path itself, if it is a folder."""
    if not path.is_dir():
        raise InputError(f"option {option}: {path} is no folder")
    return path


def read_stereo(path: Path, sample_rate: int) -> np.ndarray:
    """Read reference music [T, 2], full scale 1.

    Raises:
        Unscorable: with the codes of `read_audio`, `wrong_channels` or `wrong_sample_rate`,
            each after `reference_`: the fault is in the challenge's files, not in the system's.
    """
    try:
        audio = read_audio(path)
    except Unscorable as error:
        raise Unscorable(f"reference_{error.code}", error.message) from None
    if audio.channels != 2:
        raise Unscorable("reference_wrong_channels", f"{path}: {counted(audio.channels, 'channel')}, not 2")
    if audio.sample_rate != sample_rate:
        raise Unscorable("reference_wrong_sample_rate", f"{path}: {audio.sample_rate} Hz, not {sample_rate}")
    return audio.samples


def check_equal_lengths(stems: dict[str, np.ndarray], where: str) -> dict[str, np.ndarray]:
    """The stems themselves, if all have the same length."""
    lengths = {name: len(samples) for name, samples in stems.items()}
    if len(set(lengths.values())) > 1:
        text = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise Unscorable("reference_wrong_length", f"{where}: stems differ in length (samples): {text}")
    return stems


def read_song(path: Path, sample_rate: int) -> np.ndarray:
    """Read a song of whatever rate: [T, 2] float32, not above full scale, as pyclarity's `read_mp3`.

    A mono file is heard on both sides. MP3 decoders differ in the silence they leave at the begin; this is
    libsndfile's, which librosa uses too.

    Raises:
        Unscorable: with the codes of `read_audio` or `wrong_channels`, each after `reference_`.
    """
    try:
        audio = read_audio(path)
    except Unscorable as error:
        raise Unscorable(f"reference_{error.code}", error.message) from None
    if audio.channels > 2:
        raise Unscorable(
            "reference_wrong_channels", f"{path}: {counted(audio.channels, 'channel')}, not 1 or 2"
        )
    samples = resample(audio.samples.astype(np.float32), audio.sample_rate, sample_rate)
    peak = np.abs(samples).max()
    samples = samples / peak if peak > 1 else samples
    return np.repeat(samples, 2, axis=1) if audio.channels == 1 else samples
