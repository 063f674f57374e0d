"""Makes training excerpts of a folder of music: one sub-folder a source, any depth below it.

What is cut: stretches of a track that sound nearly all the time, are not clipped and are not
band-limited, as mono FLAC at 32 kHz, with the `index.csv` that `sources.read_index` reads.
"""

from __future__ import annotations

import csv
import hashlib
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from ..audio import Audio, read_audio, resample, write_flac
from ..errors import InputError, Unscorable
from ..io.files import written
from .clips import COLUMNS

SUFFIXES = (".ogg", ".oga", ".mp3", ".flac", ".wav", ".opus")
FOREIGN = (".aac", ".aif", ".aiff", ".m4a", ".mp4", ".wma")  # music too, which is not read here
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


def holding(text: str, exclude: Iterable[str]) -> str:
    """The first of some texts that a text holds, whatever the case; empty if it holds none.

    >>> holding("Game/Main Theme.ogg", ("theme",))
    'theme'
    """
    return next((part for part in exclude if part.lower() in text.lower()), "")


def find_audio(
    folder: str | Path, exclude: Iterable[str], what: str, left_out: dict[Path, str] | None = None
) -> Iterator[Path]:
    """Audio files below a folder of what is said, whose path holds none of the texts, whatever the case.

    Args:
        left_out: takes the others, with the reason.

    Raises:
        InputError: for a folder that is missing.
    """
    folder, exclude = Path(folder), tuple(exclude)
    left_out = {} if left_out is None else left_out
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of {what}")
    for path in sorted(folder.rglob("*")):
        suffix = path.suffix.lower()
        if suffix not in (*SUFFIXES, *FOREIGN):
            continue
        if found := holding(str(path.relative_to(folder)), exclude):
            left_out[path] = f"its path holds {found!r}"
        elif suffix in FOREIGN:
            left_out[path] = f"{suffix} is not read here; convert it to FLAC"
        else:
            yield path


class Stems:
    """Ends of paths as parts of file names: lower case, without suffix, each given once.

    >>> stems = Stems()
    >>> [stems.of(Path(name)) for name in ("Band/A song.ogg", "Band/Ой.ogg", "band/a-song.wav")]
    ['band-a-song', 'band-ой', 'band-a-song-df9bb1a5']
    """

    def __init__(self) -> None:
        self._owners: dict[str, Path] = {}

    def of(self, inside: Path) -> str:
        """The same for the same path; where another path has it, with a digest of the path."""
        text = unicodedata.normalize("NFC", str(inside.with_suffix(""))).lower()
        name = re.sub(r"[\W_]+", "-", text).strip("-")
        name = name.encode()[-80:].decode(errors="ignore").strip("-")  # file systems count bytes
        digest = hashlib.sha256(str(inside).encode(errors="surrogateescape")).hexdigest()
        for stem in (name, f"{name}-{digest[:8]}".strip("-"), digest):
            if stem and self._owners.setdefault(stem, inside) == inside:
                return stem
        raise AssertionError(f"{inside}: two paths have the SHA-256 {digest}")


def tidy(name: str) -> str:
    """A name with single spaces, in Unicode's normal form C; what is no text in it becomes question marks."""
    return " ".join(unicodedata.normalize("NFC", name.encode(errors="replace").decode()).split())


def tags(path: Path) -> tuple[str, str]:
    """Title and artist as the file states them, else its name and nothing."""
    with soundfile.SoundFile(path) as file:
        found = file.copy_metadata()
    return tidy(found.get("title", "")) or tidy(path.stem), tidy(found.get("artist", ""))


def fault_of(excerpt: np.ndarray, rules: Rules) -> str:
    """What is wrong with an excerpt [T] at 32 kHz: quiet, clipped or dull; empty if nothing is."""
    seconds = excerpt[: len(excerpt) // SAMPLE_RATE * SAMPLE_RATE].reshape(-1, SAMPLE_RATE)
    level = 10 * np.log10(np.mean(seconds**2, axis=1) + 1e-12)
    if np.mean(level > rules.quiet_db) < rules.sounding:
        return "quiet"
    if np.mean(np.abs(excerpt) > 0.999) > rules.clipped:
        return "clipped"
    frames = excerpt[: len(excerpt) // 1024 * 1024].reshape(-1, 1024)
    power = np.quantile(np.abs(np.fft.rfft(frames * np.hanning(1024))) ** 2, 0.95, axis=0)
    high = power[round(rules.bandwidth / SAMPLE_RATE * 1024) :].max() > 1e-8 * power.max()
    return "" if high else f"nothing above {rules.bandwidth:g} Hz"


def cut(audio: Audio, rules: Rules) -> list[np.ndarray]:
    """Usable excerpts [T] of a track at 32 kHz, spread over it.

    Raises:
        Unscorable: `too_short` for a track that is; `unfit` for one with no usable excerpt, and why.
    """
    if audio.seconds < rules.shortest:
        raise Unscorable("too_short", f"{audio.seconds:.1f} s; {rules.shortest:g} s are needed")
    signal = resample(audio.samples.mean(1), audio.sample_rate, SAMPLE_RATE)
    length = round(rules.seconds * SAMPLE_RATE)
    count = len(signal) // length
    picked = np.unique(np.linspace(0, count - 1, min(count, rules.excerpts)).round().astype(int))
    parts = [signal[n * length : (n + 1) * length] for n in picked]
    faults = [fault_of(part, rules) for part in parts]
    if all(faults):
        why = ", ".join(f"{fault} {number}" for fault, number in Counter(faults).items())
        raise Unscorable("unfit", f"no usable excerpt: {why or 'it is shorter than one'}")
    return [part for part, fault in zip(parts, faults, strict=True) if not fault]


def _track(path: Path, rules: Rules) -> tuple[str, str, list[np.ndarray]]:
    """Title, artist and excerpts of a track; raises `Unscorable` where it gives none."""
    parts = cut(read_audio(path), rules)
    title, artist = tags(path)
    if found := holding(f"{title} {artist}", rules.exclude):
        raise Unscorable("excluded", f"its title or artist holds {found!r}")
    return title, artist, parts


def gather(
    folder: Path,
    out: Path,
    rules: Rules,
    licence: str,
    split: str = "train",
    left_out: dict[Path, str] | None = None,
) -> Iterator[dict]:
    """Cut every track of a folder and write the excerpts; the rows of their index.

    The source is the first folder on the way to a track; tracks that lie in no folder are of one source,
    named after the whole. The artist is the file's tag, else the source.

    Args:
        left_out: takes the tracks that gave nothing, with the reason.

    Raises:
        InputError, Stopped: a missing folder, or one that cannot be written.
    """
    left_out = {} if left_out is None else left_out
    stems, loose = Stems(), tidy(folder.resolve().name) or "music"
    for path in find_audio(folder, rules.exclude, "music", left_out):
        inside = path.relative_to(folder)
        try:
            title, artist, parts = _track(path, rules)
        except Unscorable as error:
            left_out[path] = error.message.removeprefix(f"{path}: ")
            continue
        source, stem = tidy(inside.parts[0]) if len(inside.parts) > 1 else loose, stems.of(inside)
        for number, part in enumerate(parts):
            name = Path(source) / f"{stem}-{number}.flac"
            write_flac(out / name, part / max(1.0, np.abs(part).max()), SAMPLE_RATE)
            row = (str(name), "game", title, artist or source, licence, source, split)
            yield dict(zip(COLUMNS, (*row, f"{len(part) / SAMPLE_RATE:g}"), strict=True))


def divide(rows: Sequence[dict]) -> list[dict]:
    """Rows in three splits that share no artist and no source: of ten groups one validates, one tests.

    A group are the artists and sources that have to do with each other, whatever the case of their names.
    Where it goes depends on its first name, and on how many there are.

    Raises:
        InputError: for fewer than three groups.
    """
    groups: dict[str, set[str]] = {}
    for row in rows:
        names = {f"artist {row['artist'].casefold()}", f"source {row['source_repo'].casefold()}"}
        merged = names.union(*(groups[name] for name in names if name in groups))
        groups |= dict.fromkeys(merged, merged)
    firsts = sorted({min(group) for group in groups.values()}, key=lambda name: zlib.crc32(name.encode()))
    if len(firsts) < 3:
        raise InputError(
            f"{len(firsts)} artists or sources that share nothing: three splits need three; or split=train"
        )
    tenth = -(-len(firsts) // 10)
    splits = dict.fromkeys(firsts[: 2 * tenth], "validation") | dict.fromkeys(firsts[:tenth], "test")
    return [
        row | {"split": splits.get(min(groups[f"artist {row['artist'].casefold()}"]), "train")}
        for row in rows
    ]


def write_index(path: Path, rows: Sequence[dict], columns: Sequence[str] = COLUMNS) -> None:
    """Write an `index.csv` of music, or of what has other columns."""
    with written(path) as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
