"""Music on disk: a folder with an `index.csv` whose rows name the file, its artist and its split.

Other layouts are in `layouts`, recorded noises in `recorded_noise`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..audio import read_audio, resample
from ..errors import InputError
from ..io import csvfile
from ..io.files import read_text

SPLITS = ("train", "validation", "test")
COLUMNS = ("path", "genre", "title", "artist", "licence", "source_repo", "split", "duration_s")


@dataclass(frozen=True)
class Clip:
    """One excerpt."""

    path: Path
    genre: str
    title: str
    artist: str
    source: str  # the repository or collection it comes from
    split: str
    licence: str
    seconds: float
    part: tuple[float, float] = (0.0, 1.0)  # of the clip that is used, as shares
    inside: str = ""  # the track's path within its source, where that is known

    @property
    def track(self) -> str:
        """What tells a track from others: source and path in it, or else title and artist."""
        return f"{self.source}/{self.inside}" if self.inside else f"{self.artist} - {self.title}"


def read_rows(index: str | Path, columns: Iterable[str]) -> list[dict[str, str]]:
    """Rows of an index, which has some columns at least.

    Raises:
        InputError: for a missing file or column, or a file that is no table; see `csvfile.read_rows`.
    """
    return [row for _, row in csvfile.read_rows(read_text(index), index, list(columns))]


def find_file(path: Path, folders: Iterable[Path], where: str) -> Path:
    """A file by its path within the first of some folders that has it.

    Raises:
        InputError: if none has; it says where it was asked for.
    """
    for folder in folders:
        if (folder / path).is_file():
            return folder / path
    raise InputError(f"{where}: path {str(path)!r}: no such file")


def read_index(folder: str | Path, index: str = "index.csv") -> list[Clip]:
    """Clips of `folder/index`; paths in it start at the folder, or where the index is.

    Raises:
        InputError: for a missing file, a missing column, a clip that is not there or is there twice, or an
            unknown split.
    """
    folder = Path(folder)
    file = folder / index
    clips = []
    lines: dict[str, int] = {}
    for line, row in csvfile.read_rows(read_text(file), file, COLUMNS):
        if row["path"] in lines:
            raise InputError(
                f"{file}, line {line}: path {row['path']!r} stands in line {lines[row['path']]} too"
            )
        lines[row["path"]] = line
        try:
            clip = Clip(
                Path(row["path"]),
                row["genre"],
                row["title"],
                row["artist"],
                row["source_repo"],
                row["split"],
                row["licence"],
                float(row["duration_s"]),
                inside=row.get("source_path") or "",
            )
        except (TypeError, ValueError):
            raise InputError(f"{file}, line {line}: duration_s {row['duration_s']!r}") from None
        if clip.split not in SPLITS:
            raise InputError(f"{file}, line {line}: split {clip.split!r} is none of {', '.join(SPLITS)}")
        clips.append(replace(clip, path=find_file(clip.path, (folder, file.parent), f"{file}, line {line}")))
    return clips


def check_disjoint(clips: Iterable[Clip]) -> None:
    """Assert that no track, artist, source or file is in two splits.

    Raises:
        InputError: names the first that is, with a file of it.
    """
    clips = list(clips)
    for what in ("track", "artist", "source", "path"):
        sharing = defaultdict(list)
        for clip in clips:
            sharing[str(getattr(clip, what))].append(clip)
        for name, some in sharing.items():
            splits = sorted({clip.split for clip in some})
            if len(splits) > 1:
                file = next(clip.path for clip in some if clip.split != some[0].split)
                raise InputError(f"{file}: {what} {name!r} is in several splits: {', '.join(splits)}")


def load_excerpt(clip: Clip, seconds: float, sample_rate: float, rng: np.random.Generator) -> np.ndarray:
    """A random stretch of a clip, one channel: [T] at the given rate (Hz); shorter if the clip is."""
    audio = read_audio(clip.path)
    samples = audio.samples[:, rng.integers(audio.channels)] if rng.random() < 0.2 else audio.samples.mean(1)
    length = round(seconds * audio.sample_rate)
    samples = samples[slice(*(round(share * len(samples)) for share in clip.part))]
    start = int(rng.integers(max(len(samples) - length, 0) + 1))
    return resample(samples[start : start + length], audio.sample_rate, sample_rate)


def mix_to(signals: Sequence[np.ndarray], gains_db: Sequence[float]) -> np.ndarray:
    """Sum of signals [T_i], each scaled to RMS 1 and then by its gain (dB); the shortest length."""
    length = min(map(len, signals))
    total = np.zeros(length)
    for signal, gain in zip(signals, gains_db, strict=True):
        level = np.sqrt(np.mean(signal[:length] ** 2))
        if level > 0:
            total += 10 ** (gain / 20) / level * signal[:length]
    return total
