"""Reading audio: the only file that opens it, but for the checks on submissions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import Unscorable


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
    """Read a WAV, FLAC or Ogg file.

    Raises:
        Unscorable: `missing_file`, `corrupt_file` (also for an empty one) or
            `not_finite`; the message names the file.
    """
    import soundfile

    path = Path(path)
    if not path.is_file():
        raise Unscorable("missing_file", f"{path}: no such file")
    try:
        samples, sample_rate = soundfile.read(path, dtype="float64", always_2d=True)
    except (soundfile.LibsndfileError, MemoryError, ValueError) as error:
        raise Unscorable("corrupt_file", f"{path}: cannot be decoded: {error}") from None
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
