"""Writing 16-bit FLAC as the challenges want it, each file in one step.

Samples are those of pyclarity's `save_flac_signal`: resampled, then scaled to a peak of 1
(with the factor in a text file beside it) or clipped, then times 32768, limited and truncated.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..audio import resample, write_flac
from ..io.files import write_text

FULL_SCALE = 32768.0


@dataclass(frozen=True, eq=False)
class Output:
    """A signal on its way into a file."""

    path: Path
    signal: np.ndarray  # [T] or [T, 2], full scale 1
    sample_rate: int  # Hz, of `signal`
    file_rate: int  # Hz, of the file
    scale: bool = False  # to a peak of 1, factor in a .txt beside the file; if not, clip
    soft_clip: bool = False  # tanh before clipping

    def write(self) -> int:
        """Write the file, and return how many samples were clipped.

        The file has its name only when it is whole; the factor is there before it.
        """
        signal = resample(self.signal, self.sample_rate, self.file_rate)
        clipped = 0
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        if self.scale:
            peak = float(np.abs(signal).max()) or 1.0  # silence stays silence
            signal = signal / peak
            write_text(self.path.with_suffix(".txt"), f"{peak}")
        else:
            signal = np.tanh(signal) if self.soft_clip else signal
            clipped = int((np.abs(signal) > 1).sum())
            signal = signal.clip(-1, 1)
        write_flac(self.path, to_16bit(signal), self.file_rate)
        return clipped


def to_16bit(signal: np.ndarray) -> np.ndarray:
    """Full scale 1 to int16: times 32768, limited, truncated towards 0 (pyclarity's `to_16bit`).

    >>> to_16bit(np.array([-1.0, -0.9999, 0.5, 1.0])).tolist()
    [-32768, -32764, 16384, 32767]
    """
    return (signal * FULL_SCALE).clip(-FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
