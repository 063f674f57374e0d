"""Music in recorded surroundings: crowds, streets, rain. What is asked about must not be trained on.

The counterpart of section IV-C.7 of Wisnu et al., "HAAQI-Net" (Table VI: urban noises, unseen in training).
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..audio import read_audio, resample
from ..errors import InputError
from .conditions import Condition
from .sources import find_file, read_rows

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


def read_environments(folder: str | Path) -> dict[str, Condition]:
    """Conditions from the recordings of `folder/index.csv` (columns path, kind): four SNRs a kind.

    Raises:
        InputError: for a missing file or column, or a recording that is not there.
    """
    index, kinds = Path(folder) / "index.csv", defaultdict(list)
    for row in read_rows(index, ("path", "kind")):
        kinds[row["kind"]].append(find_file(Path(row["path"]), (Path(folder),), str(index)))
    found = [
        Condition(f"{GROUP}_{kind}-{n}", GROUP, ((add_recording, {"paths": tuple(paths), "snr_db": snr}),))
        for kind, paths in sorted(kinds.items())
        for n, snr in enumerate(SNRS, 1)
    ]
    return {condition.name: condition for condition in found}
