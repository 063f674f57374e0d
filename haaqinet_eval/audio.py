"""Reading audio: the only file that opens it, but for the checks on submissions."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .deprecated import old_names
from .errors import Unscorable
from .io.containers import advice, cut_short, flac, ogg
from .io.containers.flac_end import second_stream
from .io.files import whole
from .io.location import locate

__getattr__ = old_names(__name__)

SUFFIXES = frozenset(
    {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf", ".w64", ".rf64"}
)
_ESTIMATE = 0.01  # by how much the length that an MP3 states may be off
_noted: ContextVar[dict[str, FileNote] | None] = ContextVar("noted", default=None)


@dataclass(frozen=True)
class FileNote:
    """What a file was when it was read; all empty where there was none."""

    size: int = 0  # bytes
    mtime_ns: int = 0  # time of change; 0 where the place has none
    sha256: str = ""  # of the bytes that were decoded


@contextmanager
def track_file_reads() -> Iterator[dict[str, FileNote]]:
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
    """A file's bytes, None where there is no such file; `track_file_reads` is told of it.

    Raises:
        Unscorable: `unreadable_file`, where the disk or the network fails.
    """
    notes = _noted.get()
    try:
        if not path.exists():
            data, note = None, FileNote()
        elif path.is_dir():
            raise Unscorable("unreadable_file", f"{path}: is a folder, not a file")
        elif not path.is_file():  # a pipe can be read once and has no time
            data, note = path.read_bytes(), FileNote()
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


def audio_below(folder: Path) -> list[Path]:
    """All audio below a folder, by name; hidden files are none."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def read_audio(path: str | Path) -> Audio:
    """Read a WAV, FLAC, Ogg or MP3 file, whole and as it was written, from a path, a pipe or a URL.

    FLAC without a stated number of samples, and in Ogg, is read too. What a header states is
    compared with what is there: a file that was cut short has no samples to trust.

    Raises:
        Unscorable: `missing_file`, `unreadable_file`, `corrupt_file` (also for an empty one),
            `bad_md5` (of a FLAC) or `not_finite`; the message names the file.
    """
    path = locate(path)
    data = read_bytes(path)
    if data is None:
        raise Unscorable("missing_file", f"{path}: no such file")
    samples, sample_rate = _decode(data, path)
    if not len(samples):
        raise Unscorable("corrupt_file", f"{path}: holds no samples")
    bad = ~np.isfinite(samples)
    if bad.any():
        frame, channel = np.argwhere(bad)[0]
        raise Unscorable(
            "not_finite", f"{path}: sample {frame}, channel {channel} is {samples[frame, channel]}"
        )
    return Audio(samples, sample_rate)


def undecodable(path: object, error: Exception, head: bytes) -> Unscorable:
    """What to raise for a file that libsndfile refuses, with advice by its first bytes."""
    why = getattr(error, "error_string", str(error))  # without the object that it was read from
    told = "; ".join(filter(None, (why.rstrip(". "), advice(head))))
    return Unscorable("corrupt_file", f"{path}: cannot be decoded: {told}")


def _decode(data: bytes, path: object) -> tuple[np.ndarray, int]:
    """Samples [T, C] and sample rate (Hz)."""
    import soundfile

    if data[:4] == b"OggS" and ogg.incomplete(data):
        raise Unscorable("corrupt_file", f"{path}: ends within a page of Ogg: it was cut short")
    if ogg.is_ogg_flac(data):
        data = ogg.native_flac(data)
    account = flac.stated(data)
    if account:
        data, account = _with_right_total(data, account, path)
    whole = account is not None and account.bits in flac.DECODABLE_BITS
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            lost = cut_short(file.extra_info)
            if lost:
                raise Unscorable("corrupt_file", f"{path}: {lost}")
            samples = file.read(dtype="int32" if whole else "float64", always_2d=True)
            frames, sample_rate = file.frames, file.samplerate
    except (soundfile.LibsndfileError, ValueError) as error:
        if isinstance(error, Unscorable):
            raise
        raise undecodable(path, error, data[:64]) from None
    if len(samples) < frames * (1 if account else 1 - _ESTIMATE):
        raise Unscorable("corrupt_file", f"{path}: {len(samples)} of {frames} samples can be decoded")
    if whole:
        if any(account.md5) and flac.md5_of(samples, account.bits) != account.md5:
            raise Unscorable(
                "bad_md5", f"{path}: its samples are not those that were encoded, by its own MD5"
            )
        samples = samples * 2.0**-31  # full scale is filled from the top
    return samples, sample_rate


def _with_right_total(data: bytes, account: flac.Stated, path: object) -> tuple[bytes, flac.Stated]:
    """A FLAC file that states how many samples it holds.

    Raises:
        Unscorable: `corrupt_file` where it states another number, or none and has no clear end.
    """
    told = second_stream(data, account.audio_start)
    held = None if told else flac.held(data, account)
    if not told and account.total and held not in (None, account.total):
        told = f"its header states {account.total} samples, its frames hold {held}"
    if not told and not account.total and held is None:
        told = "its header states no number of samples, and no frame ends with it: it was cut short"
    if told:
        raise Unscorable("corrupt_file", f"{path}: {told}")
    return (data, account) if account.total else flac.with_total(data, account, held)


def resample(signal: np.ndarray, sample_rate: float, new_rate: float) -> np.ndarray:
    """Change the sample rate with soxr HQ: [T] or [T, C] at Hz to the same at another Hz."""
    import soxr

    if sample_rate == new_rate:
        return signal
    return soxr.resample(signal, sample_rate, new_rate, quality="HQ")


def write_flac(path: str | Path, samples: np.ndarray, sample_rate: int) -> None:
    """Write samples [T] or [T, C], full scale 1 or int16, as FLAC of 16 bits; whole or not at all."""
    import soundfile

    with whole(path) as part:
        soundfile.write(part, samples, sample_rate, format="FLAC", subtype="PCM_16")


def rms(signal: np.ndarray) -> float:
    """Root mean square over all samples; 0 for an empty signal."""
    return float(np.sqrt(np.mean(np.square(signal, dtype=np.float64)))) if signal.size else 0.0
