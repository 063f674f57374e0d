"""Where things stand: panning, early reflections, reverberation."""

from __future__ import annotations

import numpy as np
from scipy import fft

from .tones import band_noise


def pan(mono: np.ndarray, position: float) -> np.ndarray:
    """Constant-power panning: [T] at -1 (left) to 1 (right) -> [T, 2]."""
    angle = (np.clip(position, -1, 1) + 1) * np.pi / 4
    return mono[:, None] * np.array([np.cos(angle), np.sin(angle)])


def add(track: np.ndarray, sound: np.ndarray, time: float, sample_rate: float, gain: float = 1.0) -> None:
    """Add a sound to a track in place, at a time (s); what lies beyond the end is dropped."""
    start = round(time * sample_rate)
    stop = min(len(track), start + len(sound))
    if stop > start:
        track[start:stop] += gain * sound[: stop - start]


def room(sample_rate: float, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """A stereo room impulse response without the direct sound -> [M, 2].

    Early: six reflections a channel in the first 60 ms. Late: Gaussian noise in four bands;
    each falls by 60 dB in its reverberation time, which is shorter at high frequencies (air, walls).
    """
    length = int(min(1.1 * seconds, 2.2) * sample_rate)
    t = np.arange(length) / sample_rate
    onset = 1 - np.exp(-t / 0.015)
    late = np.zeros((length, 2))
    bands = ((100, 500, 1.15, 1.0), (500, 2000, 1.0, 0.9), (2000, 6000, 0.7, 0.55), (6000, 16000, 0.4, 0.3))
    for low, high, share, level in bands:
        fall = level * onset * np.exp(-6.91 * t / (share * seconds))
        for channel in range(2):
            late[:, channel] += fall * band_noise(length, sample_rate, low, high, rng)
    late /= np.sqrt((late**2).sum(0)).mean()
    early = np.zeros_like(late)
    for channel in range(2):
        for time in rng.uniform(0.004, 0.06, 6):
            if int(time * sample_rate) < length:
                early[int(time * sample_rate), channel] += rng.choice((-1, 1)) * 0.25 * np.exp(-time / 0.05)
    return late + early


class Reverb:
    """A room to play in: its response is transformed once and serves every stem."""

    def __init__(self, response: np.ndarray, length: int) -> None:
        """`response` [M, 2], for signals of `length` samples."""
        self._length = length
        self._size = fft.next_fast_len(length + len(response), real=True)
        self._response = fft.rfft(response, self._size, axis=0)

    def __call__(self, signal: np.ndarray, wet: float) -> np.ndarray:
        """Add `wet` times the room's answer: [T, 2] -> [T, 2]."""
        spectrum = fft.rfft(signal, self._size, axis=0) * self._response
        return signal + wet * fft.irfft(spectrum, self._size, axis=0)[: self._length]
