"""Reading audio: the only file that opens it, but for the checks on submissions."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import Unscorable
from .location import locate

_noted: ContextVar[dict[str, FileNote] | None] = ContextVar("noted", default=None)


@dataclass(frozen=True)
class FileNote:
    """What a file was when it was read; all empty where there was none."""

    size: int = 0  # bytes
    mtime_ns: int = 0  # time of change; 0 where the place has none
    sha256: str = ""  # of the bytes that were decoded


@contextmanager
def note_files() -> Iterator[dict[str, FileNote]]:
    """Collects what `read_bytes` reads inside the block, by path or URL."""
    notes: dict[str, FileNote] = {}
    token = _noted.set(notes)
    try:
        yield notes
    finally:
        _noted.reset(token)


def time_of_change(path: Path) -> int:
    """When a file was changed last (ns since 1970); 0 where its place does not tell."""
    stat = path.stat()
    return getattr(stat, "st_mtime_ns", 0) or int(getattr(stat, "st_mtime", 0) * 10**9)


def read_bytes(path: Path) -> bytes | None:
    """A file's bytes, None where there is no such file; `note_files` is told of it.

    Raises:
        Unscorable: `unreadable_file`, where the disk or the network fails.
    """
    notes = _noted.get()
    try:
        if not path.is_file():
            data, note = None, FileNote()
        else:
            data = path.read_bytes()
            if notes is not None:
                note = FileNote(len(data), time_of_change(path), hashlib.sha256(data).hexdigest())
    except OSError as error:
        raise Unscorable("unreadable_file", f"{path}: {error.strerror or error}") from None
    if notes is not None:
        notes[str(path)] = note
    return data


@dataclass(frozen=True, eq=False)
class Audio:
    """A decoded file."""

    samples: np.ndarray  # [T, C] float64, full scale 1
    sample_rate: int  # Hz

    @property
    def channels(self) -> int:
        """Number of channels."""
        return self.samples.shape[1]

    @property
    def seconds(self) -> float:
        """Duration (s)."""
        return len(self.samples) / self.sample_rate


def read_audio(path: str | Path) -> Audio:
    """Read a WAV, FLAC or Ogg file, from a path or a URL.

    Raises:
        Unscorable: `missing_file`, `unreadable_file`, `corrupt_file` (also for an empty one) or
            `not_finite`; the message names the file.
    """
    import soundfile

    path = locate(path)
    data = read_bytes(path)
    if data is None:
        raise Unscorable("missing_file", f"{path}: no such file")
    try:
        samples, sample_rate = soundfile.read(io.BytesIO(data), dtype="float64", always_2d=True)
    except (soundfile.LibsndfileError, MemoryError, ValueError) as error:
        why = re.sub(r"Error opening <.*?>: ", "", str(error))  # that it was read from memory tells nobody
        raise Unscorable("corrupt_file", f"{path}: cannot be decoded: {why}") from None
    if not len(samples):
        raise Unscorable("corrupt_file", f"{path}: holds no samples")
    bad = ~np.isfinite(samples)
    if bad.any():
        frame, channel = np.argwhere(bad)[0]
        raise Unscorable(
            "not_finite", f"{path}: sample {frame}, channel {channel} is {samples[frame, channel]}"
        )
    return Audio(samples, sample_rate)


def resample(signal: np.ndarray, sample_rate: float, new_rate: float) -> np.ndarray:
    """Change the sample rate with soxr HQ: [T] or [T, C] at Hz to the same at another Hz."""
    import soxr

    if sample_rate == new_rate:
        return signal
    return soxr.resample(signal, sample_rate, new_rate, quality="HQ")


def rms(signal: np.ndarray) -> float:
    """Root mean square over all samples; 0 for an empty signal."""
    return float(np.sqrt(np.mean(np.square(signal, dtype=np.float64)))) if signal.size else 0.0
