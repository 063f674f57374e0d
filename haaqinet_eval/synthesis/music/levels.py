"""Loudness and dynamics."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import minimum_filter1d, uniform_filter1d
from scipy.signal import lfilter


def _k_weighting(sample_rate: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """The two filters of ITU-R BS.1770-4 at any rate, from their analogue prototypes.

    Head shelf: +4 dB (3.99984) above f0 = 1681.97 Hz, Q = 0.7072; high-pass: 38.135 Hz, Q = 0.5003
    (the values that give back the standard's 48-kHz coefficients; De Man 2014).
    """
    filters = []
    for f0, q, gain in (
        (1681.974450955533, 0.7071752369554196, 3.999843853973347),
        (38.13547087602444, 0.5003270373238773, None),
    ):
        k = np.tan(np.pi * f0 / sample_rate)
        a = np.array([1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k])
        if gain is None:
            b = np.array([1.0, -2.0, 1.0]) * a[0]
        else:
            vh = 10 ** (gain / 20)
            vb = vh**0.4996667741545416
            b = np.array([vh + vb * k / q + k * k, 2 * (k * k - vh), vh - vb * k / q + k * k])
        filters.append((b / a[0], a / a[0]))
    return filters


def loudness(signal: np.ndarray, sample_rate: float) -> float:
    """Integrated loudness (LUFS) of [T, C], ITU-R BS.1770-4: K-weighting, 400-ms blocks, both gates.

    -inf for silence or for less than 0.4 s.
    """
    weighted = signal
    for b, a in _k_weighting(sample_rate):
        weighted = lfilter(b, a, weighted, axis=0)
    blocks = round((len(signal) / sample_rate - 0.4) / 0.1) + 1
    if blocks < 1:
        return -np.inf
    energy = np.cumsum(np.concatenate([[0.0], (weighted**2).sum(1)]))
    starts = (np.arange(blocks) * 0.1 * sample_rate).astype(int)
    stops = np.minimum(starts + int(0.4 * sample_rate), len(signal))
    power = (energy[stops] - energy[starts]) / (0.4 * sample_rate)
    heard = power[power > 10 ** ((-70 + 0.691) / 10)]
    if not len(heard):
        return -np.inf
    gated = heard[heard > 0.1 * heard.mean()]
    return float(-0.691 + 10 * np.log10(gated.mean()))


def saturate(signal: np.ndarray, drive: float) -> np.ndarray:
    """Soft clipping by tanh, `drive` times over; small signals keep their level."""
    return np.tanh(drive * signal) / drive


def follow(signal: np.ndarray, sample_rate: float, seconds: float) -> np.ndarray:
    """RMS over all channels in a sliding window (s): [T, C] -> [T]."""
    power = uniform_filter1d((signal**2).mean(1), max(1, int(seconds * sample_rate)), mode="nearest")
    return np.sqrt(np.maximum(power, 0.0))  # a running sum may round below 0


def compress_gain(signal: np.ndarray, sample_rate: float, ratio: float, threshold: float) -> np.ndarray:
    """Gain of a slow compressor: [T, C] -> [T]; above `threshold` (RMS) the level grows by 1/ratio."""
    level = np.maximum(follow(signal, sample_rate, 0.05), 1e-6)
    gain = np.minimum(1.0, (level / threshold) ** (1 / ratio - 1))
    return uniform_filter1d(gain, int(0.03 * sample_rate), mode="nearest")


def limit_gain(signal: np.ndarray, sample_rate: float, ceiling: float) -> np.ndarray:
    """Gain that keeps every sample of [T, C] within +-ceiling: [T], smooth over 5 ms, looks ahead."""
    need = np.minimum(1.0, ceiling / np.maximum(np.abs(signal).max(1), 1e-9))
    window = int(0.005 * sample_rate) | 1
    return uniform_filter1d(minimum_filter1d(need, window, mode="nearest"), window, mode="nearest")
