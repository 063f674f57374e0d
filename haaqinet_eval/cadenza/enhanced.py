"""A system's files: checked, never assumed.

Each fault is an `Unscorable` with its own code, and its message names the file and the
value: `missing_file`, `unreadable_file`, `corrupt_file`, `bad_md5`, `not_finite`, `wrong_channels`,
`wrong_sample_rate`, `wrong_length`, `bad_side_car`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from ..audio import read_audio, read_bytes, undecodable
from ..errors import Unscorable
from ..io.names import counted
from .challenge import EnhancedFormat

LENGTH_TOLERANCE = 0.1  # of the reference's duration; HAAQI's own limit
_OTHERS = (".flac", ".FLAC", ".wav", ".WAV", ".mp3", ".ogg")
_UNKNOWN = 2**40  # frames; so many are none that a file has
SIDE_CAR_LIMITS = (1e-8, 1e4)  # a stem's peak at full scale 1, before it was scaled to 1


def _header(path: Path) -> tuple[int | None, int, int]:
    """Frames (None where the header does not state them), sample rate (Hz) and channels."""
    import soundfile

    try:
        if not path.is_file():
            raise Unscorable("missing_file", f"{path}: no such file{_instead(path)}")
        with path.open("rb") as file:
            head = file.read(64)
            file.seek(0)
            info = soundfile.info(file)
    except soundfile.LibsndfileError as error:
        raise undecodable(path, error, head) from None
    except OSError as error:
        raise Unscorable("unreadable_file", f"{path}: {error.strerror or error}") from None
    return info.frames if 0 < info.frames < _UNKNOWN else None, info.samplerate, info.channels


def _instead(path: Path) -> str:
    """What lies there in another format, in words."""
    others = (path.with_suffix(suffix) for suffix in _OTHERS if suffix != path.suffix)
    found = next((other.name for other in others if other.is_file()), "")
    return (
        f"; there is {found}, but the challenge asks for {path.suffix.lstrip('.').upper()}" if found else ""
    )


def check_format(path: Path, wanted: EnhancedFormat) -> int | None:
    """Check the header of a file and return its number of frames; None where it states none.

    Raises:
        Unscorable: `missing_file`, `corrupt_file`, `wrong_channels` or `wrong_sample_rate`.
    """
    frames, sample_rate, channels = _header(path)
    if channels != wanted.channels:
        raise Unscorable("wrong_channels", f"{path}: {counted(channels, 'channel')}, not {wanted.channels}")
    if sample_rate != wanted.sample_rate:
        raise Unscorable("wrong_sample_rate", f"{path}: {sample_rate} Hz, not {wanted.sample_rate} Hz")
    return frames


def check_length(path: Path, frames: int, sample_rate: int, reference_seconds: float) -> None:
    """Refuse a file whose duration is more than 10 % off the reference's.

    Within the limit HAAQI cuts the longer signal, as pyclarity's does. The baselines'
    files are longer by the tail of the NAL-R filter, 5 ms.

    Raises:
        Unscorable: `wrong_length`.
    """
    seconds = frames / sample_rate
    if abs(seconds - reference_seconds) > LENGTH_TOLERANCE * reference_seconds:
        raise Unscorable(
            "wrong_length", f"{path}: {seconds:.3f} s, but the reference has {reference_seconds:.3f} s"
        )


def read_side_car(path: Path) -> float:
    """The factor in the `.txt` beside a file, 1 if there is none.

    Raises:
        Unscorable: `bad_side_car` for what is no number or out of range, `unreadable_file`.
    """
    side_car = path.with_suffix(".txt")
    data = read_bytes(side_car)
    if data is None:
        return 1.0
    low, high = SIDE_CAR_LIMITS
    try:
        text = data.decode("utf-8").strip()
        factor = float(text)
    except ValueError:
        raise Unscorable("bad_side_car", f"{side_car}: does not hold one number") from None
    if not (math.isfinite(factor) and low <= factor <= high):
        raise Unscorable("bad_side_car", f"{side_car}: factor {text[:40]} is outside [{low:g}, {high:g}]")
    return factor


def read_enhanced(path: Path, wanted: EnhancedFormat, reference_seconds: float) -> np.ndarray:
    """Read a system's file: [T, C] float32, full scale 1, the precision of pyclarity's reader.

    Raises:
        Unscorable: see the module.
    """
    frames = check_format(path, wanted)
    if frames is not None:
        check_length(path, frames, wanted.sample_rate, reference_seconds)
    audio = read_audio(path)
    if frames is None:
        check_length(path, len(audio.samples), wanted.sample_rate, reference_seconds)
    elif len(audio.samples) != frames:
        raise Unscorable("corrupt_file", f"{path}: {len(audio.samples)} of {frames} samples can be decoded")
    samples = audio.samples.astype(np.float32)
    if wanted.side_car:
        samples *= read_side_car(path)
    return samples


class Signals(Protocol):
    """A system's files, wherever they lie; names are relative to `enhanced_signals`."""

    def check_format(self, name: Path, wanted: EnhancedFormat) -> object:
        """Refuse a file for what its header says. Raises `Unscorable`."""
        ...

    def read_enhanced(self, name: Path, wanted: EnhancedFormat, reference_seconds: float) -> np.ndarray:
        """Read a file: [T, C] float32, full scale 1. Raises `Unscorable`."""
        ...


@dataclass(frozen=True)
class SignalFolder:
    """A system's files in a folder, `enhanced_signals`, or below a URL."""

    folder: Path

    def check_format(self, name: Path, wanted: EnhancedFormat) -> int | None:
        """See `check_format`."""
        return check_format(self.folder / name, wanted)

    def read_enhanced(self, name: Path, wanted: EnhancedFormat, reference_seconds: float) -> np.ndarray:
        """See `read_enhanced`."""
        return read_enhanced(self.folder / name, wanted, reference_seconds)
