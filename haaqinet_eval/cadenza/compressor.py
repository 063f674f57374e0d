"""The multiband compressor of CAD2's references and baseline, about as fast as its filters.

Linkwitz-Riley crossovers, then in each band a feed-forward compressor with a hard knee
and a smooth, branching level detector (Giannoulis, Massberg and Reiss 2012, "Digital
dynamic range compressor design", J. Audio Eng. Soc. 60(6)). The same numbers as
`clarity.enhancer.multiband_compressor.MultibandCompressor`, whose crossover is used as it
is: its direct-form filters of order 8 move with the last bit of their coefficients.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numba import njit

from ..audiogram import EARS
from ..errors import InputError
from .metadata import Table, option

_SMALLEST = 1e-12  # stands for a sample of 0
_FLOOR_DB = -120.0


@njit(cache=True)
def add_compressed(
    out: np.ndarray,
    band: np.ndarray,
    threshold: float,
    ratio: float,
    makeup_gain: float,
    attack: float,
    release: float,
) -> None:
    """Compress one band [T] and add it to `out` [T].

    Args:
        threshold: dB re full scale; above it the level grows by 1/ratio.
        makeup_gain: dB.
        attack, release: smoothing coefficients per sample, in [0, 1), for growing and falling reduction.
    """
    to_nepers = np.log(10.0) / 20
    smooth = 0.0  # gain reduction, dB
    for i in range(len(band)):
        sample = band[i] if band[i] != 0 else _SMALLEST
        level = max(20 * np.log10(abs(sample)), _FLOOR_DB)
        reduction = 0.0
        if level >= threshold:
            reduction = level - (threshold + (level - threshold) / ratio)
        alpha = attack if reduction > smooth else release
        smooth = alpha * smooth + (1 - alpha) * reduction
        out[i] += sample * np.exp((makeup_gain - smooth) * to_nepers)


@cache
def _crossover(frequencies: tuple[float, ...], sample_rate: int):
    from clarity.enhancer.multiband_compressor.crossover import Crossover

    return Crossover(np.array(frequencies), sample_rate)


@dataclass(frozen=True)
class MultibandCompressor:
    """One ear's compressor: [T] -> [T], full scale 1.

    Raises:
        InputError: where a list does not have one number per band.
    """

    sample_rate: int  # Hz
    crossover_frequencies: tuple[float, ...]  # Hz
    attack: tuple[float, ...]  # ms, one per band
    release: tuple[float, ...]  # ms
    threshold: tuple[float, ...]  # dB re full scale
    ratio: tuple[float, ...]
    makeup_gain: tuple[float, ...]  # dB

    def __post_init__(self) -> None:
        bands = len(self.crossover_frequencies) + 1
        for name in ("attack", "release", "threshold", "ratio", "makeup_gain"):
            values = getattr(self, name)
            if len(values) != bands or not all(isinstance(v, int | float) for v in values):
                raise InputError(f"compressor {name}: {list(values)} are not {bands} numbers, one per band")
        for name in ("attack", "release", "ratio"):
            if min(getattr(self, name)) <= 0:
                raise InputError(f"compressor {name}: {min(getattr(self, name))} is not above 0")

    def _coefficient(self, milliseconds: float) -> float:
        return float(np.exp(-1.0 / (0.001 * self.sample_rate * milliseconds)))

    def __call__(self, signal: np.ndarray) -> np.ndarray:
        """Compress a signal [T] -> [T]."""
        bands = _crossover(self.crossover_frequencies, self.sample_rate)(signal)
        out = np.zeros(len(signal))
        for i, band in enumerate(bands):
            attack, release = self._coefficient(self.attack[i]), self._coefficient(self.release[i])
            settings = map(float, (self.threshold[i], self.ratio[i], self.makeup_gain[i]))
            add_compressed(out, band, *settings, attack, release)
        return out


class ListenerCompressors:
    """The multiband compressors of CAD2's listeners, whose ratios and gains are in a table by listener.

    Args:
        config: options of the recipe: `enhancer.*` and `input_sample_rate`.
        listeners: records with `cr_l`, `gain_l`, `cr_r` and `gain_r`, one number per band.
    """

    def __init__(self, config: Mapping, listeners: Table) -> None:
        self._listeners = listeners
        self._sample_rate = option(config, "input_sample_rate", int)
        self._enhancer = {
            name: tuple(option(config, f"enhancer.{name}", list))
            for name in ("crossover_frequencies", "attack", "release", "threshold")
        }

    def check(self, listeners: Iterable[str]) -> None:
        """Raise `InputError` for a listener without a compressor, or whose compressor has other bands."""
        for listener in listeners:
            for ear in EARS:
                self(listener, ear)

    def __call__(self, listener: str, ear: str) -> MultibandCompressor:
        """The compressor of one ear. Raises `InputError` for a listener without, or with other bands."""
        letter = ear[0]
        return MultibandCompressor(
            sample_rate=self._sample_rate,
            ratio=tuple(self._listeners.field(listener, f"cr_{letter}", list)),
            makeup_gain=tuple(self._listeners.field(listener, f"gain_{letter}", list)),
            **self._enhancer,
        )
