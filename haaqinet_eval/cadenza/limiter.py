"""The broadband compressor of pyclarity's hearing aids, in one pass.

The same numbers as `clarity.enhancer.compressor.Compressor`: above a threshold of the running level the gain
moves towards what would let the level grow by the `attenuation`, below it back to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numba import njit

from ..errors import InputError
from .metadata import check_kind

_SMALLEST = 1e-8  # mean square


@njit(cache=True)
def limit(
    out: np.ndarray, levels: np.ndarray, threshold: float, attenuation: float, attack: float, release: float
) -> None:
    """Multiply `out` [T] by the gain that follows `levels` [T].

    Args:
        attack, release: shares by which the gain moves per sample.
    """
    gain = 1.0
    for i in range(len(out)):
        if levels[i] > threshold:
            goal = levels[i] * attenuation + (1.0 - attenuation) * threshold
            gain = gain * (1.0 - attack) + goal * attack
        else:
            gain = release + gain * (1 - release)
        out[i] *= gain


@dataclass(frozen=True)
class Limiter:
    """One ear's compressor: [T] -> [T], full scale 1."""

    threshold: float = 1.0  # RMS
    attenuation: float = 0.0001
    attack: float = 5.0  # ms
    release: float = 20.0  # ms
    rms_buffer_size: float = 0.2  # s
    makeup_gain: float = 1.0
    fs: float = 44100.0  # Hz; the challenges leave it, whatever the signal's rate

    @classmethod
    def from_options(cls, options: Mapping[str, Any], where: str) -> Limiter:
        """From a recipe's options, pyclarity's keys.

        Raises:
            InputError: for an unknown key (pyclarity ignores it), or a value that is none.
        """
        known = [field.name for field in fields(cls)]
        values = {}
        for name, value in options.items():
            if name not in known:
                raise InputError(f"{where}.{name} is unknown; known: {', '.join(known)}")
            values[name] = check_kind(value, float, f"{where}.{name}")
        made = cls(**values)
        for name in ("attack", "release", "rms_buffer_size", "fs"):
            if getattr(made, name) <= 0:
                raise InputError(f"{where}.{name} is {getattr(made, name):g}, not above 0")
        if int(made.rms_buffer_size * made.fs) < 1:
            raise InputError(f"{where}.rms_buffer_size is {made.rms_buffer_size:g} s: less than a sample")
        return made

    def levels(self, signal: np.ndarray) -> np.ndarray:
        """Running RMS over the last `rms_buffer_size` seconds: [T] -> [T]."""
        window = int(self.rms_buffer_size * self.fs)
        total = np.concatenate((np.zeros(window), np.cumsum(np.square(signal))))
        mean = np.maximum(total[window:] - total[:-window], 0.0) / window
        return np.sqrt(mean + _SMALLEST)

    def __call__(self, signal: np.ndarray) -> np.ndarray:
        """Compress a signal [T] -> [T]."""
        out = np.array(signal, dtype=np.float64)
        attack, release = (1000.0 / (ms * self.fs) for ms in (self.attack, self.release))
        limit(out, self.levels(out), self.threshold, self.attenuation, attack, release)
        return out * self.makeup_gain
