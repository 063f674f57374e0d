"""What sixteen lanes hold: as many bands, or fewer bands and as many stretches of a long signal.

Sixteen bands of a song take half a gigabyte for each quantity; four bands, each in four stretches side by
side, take an eighth of that with both signals at hand. A stretch begins within the one before it,
early enough to forget that it began at rest, and ends within the next, since alignment looks ahead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .cochlea import BANDS
from .simd import LANES

MEMORY = 48_000  # samples: 2 s, of which the slowest, the hair cells' adaptation, keeps 1e-14
MOST = 16 * 75 * 24_000  # samples of all bands at once: 115 MB of each quantity


@dataclass(frozen=True)
class Layout:
    """Lane `l` holds stretch `l // bands` of the group's band `l % bands`.

    Attributes:
        samples: of the signal.
        stretches: 1, 2, 4, 8 or 16.
        step: samples from the start of a stretch to that of the next.
        early: samples that all stretches but the first are heard for nothing.
    """

    samples: int
    stretches: int = 1
    step: int = 0
    early: int = 0

    @classmethod
    def of_length(cls, samples: int, unit: int, ahead: int) -> Layout:
        """The layout for a signal: stretches of whole units, `ahead` samples more than they are worth."""
        stretches = 1
        while stretches < LANES and samples * LANES > MOST * stretches:
            stretches *= 2
        early = -(-MEMORY // unit) * unit
        step = (samples - early - ahead) // stretches // unit * unit
        return cls(samples, stretches, step, early) if stretches > 1 and step > 0 else cls(samples)

    @property
    def bands(self) -> int:
        """How many bands at once."""
        return LANES // self.stretches

    @property
    def length(self) -> int:
        """Samples of each stretch, as it is heard."""
        return self.samples - (self.stretches - 1) * self.step

    @property
    def groups(self) -> tuple[slice, ...]:
        """The bands that go together."""
        return tuple(slice(first, first + self.bands) for first in range(0, BANDS, self.bands))

    @property
    def starts(self) -> np.ndarray:
        """Sample of the signal at which each lane begins: int64 [16]."""
        return np.repeat(np.arange(self.stretches) * self.step, self.bands)

    @property
    def cores(self) -> list[tuple[int, int]]:
        """First sample of each stretch that counts, and the first that does not any more."""
        last = self.stretches - 1
        return [
            (self.early if s else 0, self.early + self.step if s < last else self.length)
            for s in range(last + 1)
        ]

    def of_bands(self, values: np.ndarray) -> np.ndarray:
        """Values of the bands of a group [..., bands] for each lane: [..., 16]."""
        return np.tile(values, self.stretches)

    def of_first(self, values: np.ndarray) -> np.ndarray:
        """The same, and 0 for all stretches but the first."""
        return np.concatenate((values, np.zeros(LANES - self.bands, values.dtype)))

    def total(self, values: np.ndarray) -> np.ndarray:
        """Sums over stretches: [..., 16] -> [..., bands], float64."""
        return values.reshape(*values.shape[:-1], self.stretches, self.bands).sum(-2, dtype=np.float64)

    def joined(self, values: np.ndarray, unit: int) -> np.ndarray:
        """What was had for every `unit` samples of each lane, one stretch after the other: [L, ..., 16] ->
        [L', ..., bands].
        """
        if self.stretches == 1:
            return values
        parts = [
            values[begin // unit : math.ceil(end / unit), ..., s * self.bands : (s + 1) * self.bands]
            for s, (begin, end) in enumerate(self.cores)
        ]
        return np.concatenate(parts)
