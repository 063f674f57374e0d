"""Real songs in stems: a folder per song with `vocals`, `drums`, `other` and perhaps `bass`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..audio import read_audio, resample, rms
from ..errors import InputError
from .layouts import read_clips
from .remix import ROLES, Array, Rng
from .render import SAMPLE_RATE

VARIATION = 0.17  # octaves by which pitch and tempo change at most, by resampling
STEM_LAYOUTS = ("folders", "musdb", "cadenza")
QUIET = 1e-3  # re the mixture; a stem of that RMS is silent: there is no such stem


def find_songs(folder: str | Path) -> list[Path]:
    """Folders of songs.

    Raises:
        InputError: there are none.
    """
    songs = sorted(path for path in Path(folder).glob("*/") if any(path.glob("vocals.*")))
    if not songs:
        raise InputError(f"{folder}: no folder in it has a file vocals.* (WAV, FLAC or Ogg)")
    return songs


def songs_of(root: str | Path, layout: str = "folders", split: str = "train") -> list[Path]:
    """Folders of songs of a collection.

    Args:
        root: "folders": holds a folder per song; otherwise where the collection lies.
        layout: "folders", "musdb" for MUSDB18-HQ, or "cadenza" for a challenge of popular music.
        split: of the collection; folders have none.

    Raises:
        InputError: there are none, or as `layouts.read_clips`.
    """
    if layout == "folders":
        return find_songs(root)
    if layout not in STEM_LAYOUTS:
        raise InputError(f"layout={layout}: none of {', '.join(STEM_LAYOUTS)}")
    folders = sorted({clip.path.parent for clip in read_clips(layout, root) if clip.split == split})
    folders = [folder for folder in folders if any(folder.glob("vocals.*"))]
    if not folders:
        raise InputError(f"{root}: no song in stems of split {split}")
    return folders


@lru_cache(maxsize=8)
def read_song(folder: Path) -> dict[str, Array]:
    """Stems [T, 2] at `SAMPLE_RATE`, equally long; `bass` only where there is one."""
    found = {path.stem: read_audio(path) for path in sorted(folder.iterdir()) if path.stem in ROLES}
    stems = {name: resample(audio.samples, audio.sample_rate, SAMPLE_RATE) for name, audio in found.items()}
    length = min(map(len, stems.values()))
    return {name: stems[name][:length] for name in ROLES if name in stems}


def draw_excerpt(songs: Sequence[Path], seconds: float, rng: Rng) -> tuple[dict[str, Array], str]:
    """Stems [T] of a random excerpt in one channel or both, somewhat changed in pitch, and the song's name.

    A song without bass has one that is 60 dB below the mixture: the scenes have four roles.
    """
    folder = songs[rng.integers(len(songs))]
    stems, factor = read_song(folder), 2 ** rng.uniform(-VARIATION, VARIATION)
    weights = np.array(((1.0, 0.0), (0.0, 1.0), (0.5, 0.5))[rng.integers(3)])
    length, whole = round(seconds * SAMPLE_RATE), len(next(iter(stems.values())))
    taken = min(int(length / factor) + 10, whole)
    start = rng.integers(whole - taken + 1)
    parts = {
        name: np.resize(
            resample(x[start : start + taken] @ weights, SAMPLE_RATE, SAMPLE_RATE * factor), length
        )
        for name, x in stems.items()
    }
    return with_all_roles(parts, rng), folder.name


def with_all_roles(stems: dict[str, Array], rng: Rng) -> dict[str, Array]:
    """Stems [T] of all `ROLES`: one that is missing or silent is faint noise."""
    level = QUIET * rms(np.sum(list(stems.values()), axis=0))
    shape = np.shape(next(iter(stems.values())))
    return {
        name: stems[name]
        if name in stems and rms(stems[name]) > level
        else level * rng.standard_normal(shape)
        for name in ROLES
    }
