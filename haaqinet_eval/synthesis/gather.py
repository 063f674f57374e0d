"""Makes training excerpts of a folder of music: one sub-folder a source, any depth below it.

What is cut: stretches of a track that sound nearly all the time, are not clipped and are not
band-limited, as mono FLAC at 32 kHz, with the `index.csv` that `sources.read_index` reads.
"""

from __future__ import annotations

import csv
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from ..audio import read_audio, resample
from ..errors import InputError, Unscorable
from .sources import COLUMNS

SUFFIXES = (".ogg", ".oga", ".mp3", ".flac", ".wav", ".opus")
SAMPLE_RATE = 32_000  # Hz, of the excerpts


@dataclass(frozen=True)
class Rules:
    """What is taken."""

    seconds: float = 12.0  # of an excerpt
    excerpts: int = 8  # of a track at most
    shortest: float = 25.0  # s; shorter files are taken for sound effects
    quiet_db: float = -40.0  # dBFS; a second below it is silence
    sounding: float = 0.8  # share of an excerpt's seconds that must sound
    clipped: float = 3e-4  # share of samples at full scale
    bandwidth: float = 7000.0  # Hz; above it there must be something within 80 dB of the strongest band
    exclude: tuple[str, ...] = ()  # texts; a track whose path or tags hold one is left out, whatever the case


def find_audio(folder: str | Path, exclude: Iterable[str], what: str) -> Iterator[Path]:
    """Audio files below a folder of what is said, whose path holds none of the texts, whatever the case.

    Raises:
        InputError: for a folder that is missing.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of {what}")
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder)).lower()
        if path.suffix.lower() in SUFFIXES and not any(text.lower() in name for text in exclude):
            yield path


def stem_of(inside: Path) -> str:
    """The end of a file's path within its folder, as part of a file name: lower case, without suffix."""
    return re.sub(r"[^a-z0-9]+", "-", str(inside.with_suffix("")).lower()).strip("-")[-80:]


def tags(path: Path) -> tuple[str, str]:
    """Title and artist as the file states them, else its name and nothing."""
    with soundfile.SoundFile(path) as file:
        found = file.copy_metadata()
    return found.get("title", "").strip() or path.stem, found.get("artist", "").strip()


def is_usable(excerpt: np.ndarray, rules: Rules) -> bool:
    """Whether an excerpt [T] at 32 kHz sounds, is unclipped and reaches high frequencies."""
    seconds = excerpt[: len(excerpt) // SAMPLE_RATE * SAMPLE_RATE].reshape(-1, SAMPLE_RATE)
    level = 10 * np.log10(np.mean(seconds**2, axis=1) + 1e-12)
    if np.mean(level > rules.quiet_db) < rules.sounding or np.mean(np.abs(excerpt) > 0.999) > rules.clipped:
        return False
    frames = excerpt[: len(excerpt) // 1024 * 1024].reshape(-1, 1024)
    power = np.quantile(np.abs(np.fft.rfft(frames * np.hanning(1024))) ** 2, 0.95, axis=0)
    return bool(power[round(rules.bandwidth / SAMPLE_RATE * 1024) :].max() > 1e-8 * power.max())


def cut(path: Path, rules: Rules) -> list[np.ndarray]:
    """Usable excerpts [T] of a track at 32 kHz, spread over it; none for a file that cannot be read."""
    try:
        audio = read_audio(path)
    except Unscorable:
        return []
    if audio.seconds < rules.shortest:
        return []
    signal = resample(audio.samples.mean(1), audio.sample_rate, SAMPLE_RATE)
    length = round(rules.seconds * SAMPLE_RATE)
    count = len(signal) // length
    picked = np.unique(np.linspace(0, count - 1, min(count, rules.excerpts)).round().astype(int))
    parts = (signal[n * length : (n + 1) * length] for n in picked)
    return [part for part in parts if is_usable(part, rules)]


def gather(folder: Path, out: Path, rules: Rules, licence: str, split: str = "train") -> Iterator[dict]:
    """Cut every track of a folder and write the excerpts; the rows of their index.

    The artist is the file's tag, else its source: the first folder on the way to it.
    """
    for path in find_audio(folder, rules.exclude, "music"):
        inside = path.relative_to(folder)
        parts = cut(path, rules)
        if not parts:
            continue
        title, artist = tags(path)
        if any(text.lower() in f"{title} {artist}".lower() for text in rules.exclude):
            continue
        stem = stem_of(inside)
        for number, part in enumerate(parts):
            name = Path(inside.parts[0]) / f"{stem}-{number}.flac"
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(out / name, part / max(1.0, np.abs(part).max()), SAMPLE_RATE, subtype="PCM_16")
            row = (str(name), "game", title, artist or inside.parts[0], licence, inside.parts[0], split)
            yield dict(zip(COLUMNS, (*row, f"{len(part) / SAMPLE_RATE:g}"), strict=True))


def divide(rows: Sequence[dict]) -> list[dict]:
    """Rows in three splits that share no artist and no source: of ten groups one validates, one tests.

    A group are the artists and sources that have to do with each other. Where it goes depends on its
    first name, and on how many there are.

    Raises:
        InputError: for fewer than three groups.
    """
    groups: dict[str, set[str]] = {}
    for row in rows:
        names = {f"artist {row['artist']}", f"source {row['source_repo']}"}
        merged = names.union(*(groups[name] for name in names if name in groups))
        groups |= dict.fromkeys(merged, merged)
    firsts = sorted({min(group) for group in groups.values()}, key=lambda name: zlib.crc32(name.encode()))
    if len(firsts) < 3:
        raise InputError(
            f"{len(firsts)} artists or sources that share nothing: three splits need three; or split=train"
        )
    tenth = -(-len(firsts) // 10)
    splits = dict.fromkeys(firsts[: 2 * tenth], "validation") | dict.fromkeys(firsts[:tenth], "test")
    return [row | {"split": splits.get(min(groups[f"artist {row['artist']}"]), "train")} for row in rows]


def write_index(path: Path, rows: Sequence[dict], columns: Sequence[str] = COLUMNS) -> None:
    """Write an `index.csv` of music, or of what has other columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
