"""NAL-R: the linear amplification that hearing aids were fitted with, and that HAAQI assumes.

Byrne and Dillon (1986), "The National Acoustic Laboratories' (NAL) new procedure for
selecting the gain and frequency response of a hearing aid", Ear and Hearing 7(4). Gains and
filter are those of `clarity.enhancer.nalr.NALR`, to rounding error.

>>> from haaqinet_eval.audiogram import Audiogram
>>> fir, delay = NalR(220, 44100).build(Audiogram.flat(0))
>>> int(fir.argmax()), fir.shape
(110, (221,))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from .errors import InputError

NALR_FREQUENCIES = np.array([250.0, 500.0, 1000.0, 2000.0, 4000.0, 6000.0])  # Hz
_BIAS = np.array([-17.0, -8.0, 1.0, -1.0, -2.0, -2.0])  # dB, NAL-R's k per frequency
_GRID = 512  # points from 0 Hz to Nyquist on which MATLAB's fir2 samples the response
_MAX_ORDER = 1022  # fir2 changes its grid beyond


class AudiogramLike(Protocol):
    """Ours or pyclarity's: thresholds (dB HL) at ascending frequencies (Hz)."""

    @property
    def levels(self) -> Sequence[float]:
        """Thresholds (dB HL)."""
        ...

    @property
    def frequencies(self) -> Sequence[float]:
        """Hz, ascending."""
        ...


def thresholds_at(audiogram: AudiogramLike, frequencies: np.ndarray) -> np.ndarray:
    """Thresholds (dB HL) at frequencies (Hz): linear in log frequency, held at the ends."""
    measured = np.log(np.asarray(audiogram.frequencies, dtype=float))
    levels = np.asarray(audiogram.levels, dtype=float)
    return np.interp(np.log(frequencies), measured, levels)


def check_measured(audiogram: AudiogramLike, frequencies: Iterable[float]) -> None:
    """Refuse an audiogram without a level at one of some frequencies (Hz); none is made up.

    Raises:
        InputError: names the first that is missing.
    """
    for frequency in frequencies:
        if frequency not in audiogram.frequencies:
            raise InputError(f"audiogram has no level at {frequency:g} Hz, which is needed")


def nalr_gains(levels: np.ndarray) -> np.ndarray:
    """Insertion gains (dB, not below 0) for thresholds (dB HL) at `NALR_FREQUENCIES`. [6] -> [6]."""
    three = levels[1] + levels[2] + levels[3]  # 500 Hz to 2 kHz
    common = 0.05 * three if three <= 180 else 9.0 + 0.116 * (three - 180)
    return np.maximum(common + 0.31 * levels + _BIAS, 0.0)


class NalR:
    """Designs and applies the NAL-R filter at one sample rate.

    Args:
        nfir: order of the filter, even; the filter delays by `nfir / 2` samples.
        sample_rate: Hz, above 12000, so that 6 kHz is below Nyquist.

    Raises:
        InputError: for an order or a rate out of range.
    """

    def __init__(self, nfir: int, sample_rate: float) -> None:
        if not 2 <= nfir <= _MAX_ORDER:
            raise InputError(f"NAL-R order {nfir} is outside [2, {_MAX_ORDER}]")
        if not sample_rate > 2 * NALR_FREQUENCIES[-1]:
            raise InputError(f"NAL-R sample rate {sample_rate} Hz is not above 12000 Hz")
        self.nfir = nfir
        self.nyquist = 0.5 * sample_rate
        self.delay = np.zeros(nfir + 1)  # the flat filter of the same delay
        self.delay[nfir // 2] = 1.0

    def build(self, audiogram: AudiogramLike) -> tuple[np.ndarray, np.ndarray]:
        """The filter for an ear, and the flat filter of the same delay: both [nfir + 1].

        An ear without any loss (no threshold above 0 dB HL) gets the flat filter.
        """
        levels = thresholds_at(audiogram, NALR_FREQUENCIES)
        if levels.max() <= 0:
            return self.delay.copy(), self.delay
        gains = nalr_gains(levels)
        points = np.linspace(0, self.nfir, self.nfir + 1) / self.nfir  # of Nyquist
        measured = np.concatenate(([0.0], NALR_FREQUENCIES, [self.nyquist]))
        ends = np.concatenate((gains[:1], gains, gains[-1:]))
        gains_db = np.interp(self.nyquist * points, measured, ends)
        return _fir2(points, 10 ** (gains_db / 20)), self.delay

    def apply(self, fir: np.ndarray, signal: np.ndarray) -> np.ndarray:
        """Full convolution: [T] -> [T + nfir], delayed by `nfir / 2` samples."""
        from scipy.signal import oaconvolve  # takes longer to import than all else here

        return oaconvolve(np.asarray(signal, dtype=float), fir)

    def amplify(self, audiogram: AudiogramLike, signal: np.ndarray) -> np.ndarray:
        """The amplified signal in time with the input: [T] -> [T]."""
        start = self.nfir // 2
        return self.apply(self.build(audiogram)[0], signal)[start : start + len(signal)]


def _fir2(points: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """Linear-phase filter by frequency sampling and a Hamming window, after MATLAB's `fir2`.

    The response between two points is a ramp over the grid samples that lie between them.
    points [L] in units of Nyquist from 0 to 1, gains [L] linear -> [L] taps.
    """
    edges = np.trunc(points * (_GRID + 1)).astype(int)
    counts = np.diff(edges)
    segment = np.repeat(np.arange(len(counts)), counts)
    share = (np.arange(_GRID + 1) - edges[segment]) / np.maximum(counts[segment] - 1, 1)
    response = share * gains[segment + 1] + (1 - share) * gains[segment]
    taps = len(points)
    phase = np.exp(-0.5j * (taps - 1) * np.pi * np.arange(_GRID + 1) / _GRID)
    half = response * phase
    impulse = np.fft.ifft(np.concatenate((half, half[_GRID - 1 : 0 : -1].conj()))).real
    return impulse[:taps] * np.hamming(taps)
