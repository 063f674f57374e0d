"""Music in recorded surroundings: crowds, streets, rain. Test recordings must not be trained on.

The counterpart of section IV-C.7 of Wisnu et al., "HAAQI-Net" (Table VI: urban noises, unseen in training).
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..audio import read_audio, resample
from ..errors import InputError
from .clips import find_file, read_rows
from .conditions import Condition

SNRS = (15, 8, 3, -3)  # dB
GROUP = "environment"
SILENT = 1e-4  # of full scale: samples below are no sound


@lru_cache(maxsize=256)
def load_recording(path: Path, sample_rate: float) -> np.ndarray:
    """A recording, one channel [T] at a rate (Hz); the last ones are kept in memory."""
    audio = read_audio(path)
    return resample(audio.samples.mean(1), audio.sample_rate, sample_rate).astype(np.float32)


def stretch(recording: np.ndarray, start: int, length: int) -> np.ndarray:
    """So many samples [length] from a place on, repeated where the recording ends."""
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
    recording = load_recording(path, sample_rate)
    sounds = np.flatnonzero(np.abs(recording) > SILENT)
    if not len(sounds):
        raise InputError(f"{path}: silent")
    noise = stretch(recording, rng.integers(len(recording)), len(signal))
    if not np.any(np.abs(noise) > SILENT):
        noise = stretch(recording, sounds[rng.integers(len(sounds))] - len(signal) // 2, len(signal))
    level = np.sqrt(np.mean(noise**2))
    return signal + noise * np.sqrt(np.mean(signal**2)) / level * 10 ** (-snr_db / 20)


def read_recordings(folder: str | Path, split: str | None = None) -> dict[str, tuple[Path, ...]]:
    """Recordings of each kind of `folder/index.csv` (columns path, kind, and split where they are divided).

    Args:
        folder: of the recordings.
        split: whose recordings; of an index without that column, all are. None for all.

    Raises:
        InputError: for a missing file or column, a recording that is not there, or a split without any.
    """
    index, kinds = Path(folder) / "index.csv", defaultdict(list)
    for row in read_rows(index, ("path", "kind")):
        if split is None or row.get("split") in (None, split):
            kinds[row["kind"]].append(find_file(Path(row["path"]), (Path(folder),), str(index)))
    if not kinds:
        raise InputError(f"{index}: no recording of split {split}")
    return {kind: tuple(paths) for kind, paths in sorted(kinds.items())}


def read_environments(folder: str | Path, split: str | None = None) -> dict[str, Condition]:
    """Conditions from the recordings of a folder, of one split or all: four SNRs a kind.

    Raises:
        InputError: as `read_recordings`.
    """
    found = [
        Condition(f"{GROUP}_{kind}-{n}", GROUP, ((add_recording, {"paths": paths, "snr_db": snr}),))
        for kind, paths in read_recordings(folder, split).items()
        for n, snr in enumerate(SNRS, 1)
    ]
    return {condition.name: condition for condition in found}
