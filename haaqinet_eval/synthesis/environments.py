"""Music in recorded surroundings: crowds, streets, rain. What is asked about must not be trained on.

The counterpart of section IV-C.7 of Wisnu et al., "HAAQI-Net" (Table VI: urban noises, unseen in training).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..audio import read_audio, resample
from ..errors import InputError
from .conditions import Condition

SNRS = (15, 8, 3, -3)  # dB
GROUP = "environment"
SILENT = 1e-4  # of full scale: samples below are no sound


@lru_cache(maxsize=64)
def _recording(path: Path, sample_rate: float) -> np.ndarray:
    audio = read_audio(path)
    return resample(audio.samples.mean(1), audio.sample_rate, sample_rate)


def _stretch(recording: np.ndarray, start: int, length: int) -> np.ndarray:
    return np.resize(np.roll(recording, -int(start)), length)


def add_recording(
    signal: np.ndarray,
    sample_rate: float,
    rng: np.random.Generator,
    *,
    paths: tuple[Path, ...],
    snr_db: float,
) -> np.ndarray:
    """A signal [T] at Hz with one of some recordings, from a random place on, repeated if it is short.

    A place where the recording is silent all along gives way to one with a sound in it.

    Raises:
        InputError: for a silent recording.
    """
    path = paths[rng.integers(len(paths))]
    recording = _recording(path, sample_rate)
    sounds = np.flatnonzero(np.abs(recording) > SILENT)
    if not len(sounds):
        raise InputError(f"{path}: silent")
    noise = _stretch(recording, rng.integers(len(recording)), len(signal))
    if not np.any(np.abs(noise) > SILENT):
        noise = _stretch(recording, sounds[rng.integers(len(sounds))] - len(signal) // 2, len(signal))
    level = np.sqrt(np.mean(noise**2))
    return signal + noise * np.sqrt(np.mean(signal**2)) / level * 10 ** (-snr_db / 20)


def read_recordings(index: str | Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Rows of an index of recordings, with some columns at least.

    Raises:
        InputError: for a missing file or column.
    """
    try:
        with Path(index).open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            rows, found = list(reader), reader.fieldnames or ()
    except FileNotFoundError:
        raise InputError(f"{index}: no such file") from None
    for column in columns:
        if column not in found:
            raise InputError(f"{index}: column {column!r} is missing")
    return rows


def read_environments(folder: str | Path) -> dict[str, Condition]:
    """Conditions from the recordings of `folder/index.csv` (columns path, kind): four SNRs a kind.

    Raises:
        InputError: for a missing file or column, or a recording that is not there.
    """
    index, kinds = Path(folder) / "index.csv", defaultdict(list)
    for row in read_recordings(index, ("path", "kind")):
        path = Path(folder) / row["path"]
        if not path.is_file():
            raise InputError(f"{index}: path {row['path']!r}: no such file")
        kinds[row["kind"]].append(path)
    found = [
        Condition(f"{GROUP}_{kind}-{n}", GROUP, ((add_recording, {"paths": tuple(paths), "snr_db": snr}),))
        for kind, paths in sorted(kinds.items())
        for n, snr in enumerate(SNRS, 1)
    ]
    return {condition.name: condition for condition in found}
