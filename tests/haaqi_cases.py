"""Generated HAAQI trials: 220 of them, each made from its number alone.

Used by `golden/make_haaqi.py`, which scores them with pyclarity, and by `haaqi/test_exact.py`,
which scores them with ours. Random numbers come from numpy's legacy generator, whose stream
is frozen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, resample_poly, sosfilt

COUNT = 220
RATES = (16000, 22050, 24000, 32000, 44100, 48000)
FREQUENCIES = (250, 500, 1000, 2000, 3000, 4000, 6000, 8000)
LOSSES = {  # shapes in dB HL per unit of severity, after Kates's six families
    "normal": (0, 0, 0, 0, 0, 0, 0, 0),
    "flat": (1, 1, 1, 1, 1, 1, 1, 1),
    "sloping": (0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9, 1),
    "rising": (1, 0.95, 0.85, 0.65, 0.5, 0.4, 0.3, 0.25),
    "cookie_bite": (0.3, 0.5, 0.8, 1, 0.95, 0.8, 0.5, 0.4),
    "noise_notched": (0.1, 0.1, 0.15, 0.3, 0.7, 1, 0.8, 0.5),
    "high_frequency": (0.1, 0.1, 0.15, 0.4, 0.8, 0.95, 1, 1),
}


@dataclass(frozen=True)
class Case:
    """One trial, and what to seed numpy's global generator with."""

    reference: np.ndarray
    reference_rate: int
    processed: np.ndarray
    processed_rate: int
    levels: tuple[float, ...]
    equalisation: int
    level1: float
    seed: int


def tones(rng: np.random.RandomState, samples: int, rate: int) -> np.ndarray:
    """Plucked notes with harmonics over a little noise, RMS 1: [T]."""
    signal = 0.02 * rng.standard_normal(samples)
    for _ in range(3 + int(4 * samples / rate)):
        onset = int(rng.uniform(0, 0.9) * samples)
        age = np.arange(min(int(0.7 * rate), samples - onset)) / rate
        decay = np.exp(-age * rng.uniform(2, 9))
        f0 = 55 * 2 ** rng.uniform(0, 5)
        for harmonic in range(1, 9):
            if harmonic * f0 < 0.45 * rate:
                wave = np.sin(2 * np.pi * harmonic * f0 * age + rng.uniform(0, 6))
                signal[onset : onset + len(age)] += wave * decay * rng.uniform(0.2, 1) / harmonic
    return signal / np.sqrt(np.mean(signal**2))


def _delayed(signal: np.ndarray, samples: int) -> np.ndarray:
    moved = np.zeros_like(signal)
    if samples >= 0:
        moved[samples:] = signal[: len(signal) - samples]
    else:
        moved[:samples] = signal[-samples:]
    return moved


def _filtered(signal: np.ndarray, rate: int, edges, kind: str) -> np.ndarray:
    edges = np.clip(edges, 20, 0.45 * rate)
    return sosfilt(butter(3, edges, kind, fs=rate, output="sos"), signal)


def degrade(kind: int, signal: np.ndarray, rate: int, rng: np.random.RandomState) -> np.ndarray:
    """One of ten conditions; `signal` has an RMS of 1."""
    amount = rng.uniform()
    if kind == 0:
        return signal * 10 ** (-0.5 + amount)
    if kind == 1:
        ceiling = 0.2 + 2 * amount
        return np.clip(signal, -ceiling, ceiling)
    if kind == 2:
        return signal + rng.standard_normal(len(signal)) * 10 ** (-2 + 2 * amount)
    if kind == 3:
        return _filtered(signal, rate, 500 * 2 ** (4 * amount), "low")
    if kind == 4:
        return _filtered(signal, rate, 100 * 2 ** (4 * amount), "high")
    if kind == 5:
        return _filtered(signal, rate, (300, 1000 + 5000 * amount), "bandpass")
    if kind == 6:
        step = 2.0 ** -int(2 + 7 * amount)
        return np.round(signal / step) * step
    if kind == 7:
        return np.sign(signal) * np.abs(signal) ** (0.4 + amount)
    if kind == 8:
        gaps = np.repeat(rng.uniform(size=len(signal) // 800 + 1) > 0.3 * amount, 800)
        return signal * gaps[: len(signal)]
    return signal + 0.5 * _delayed(signal, int(0.03 * amount * rate))


def make_case(index: int) -> Case:
    """Trial `index`, 0 <= index < COUNT."""
    rng = np.random.RandomState(7000 + index)
    rate = RATES[index % 6]
    seconds = 0.5 + 2.0 * rng.uniform() ** 2
    if index % 31 == 30:
        seconds = 8 + 2 * rng.uniform()
    if index in (109, 205):
        seconds = 30
    samples = int(np.ceil(seconds * rate)) | 1
    reference = tones(rng, samples, rate)
    processed = degrade(index % 10, reference, rate, rng)
    processed = _delayed(processed, int(rng.uniform(-0.02, 0.02) * rate))
    if index % 9 == 4:  # silence at the ends
        ends = int(0.1 * samples * rng.uniform())
        reference[:ends] = reference[samples - ends :] = 0
        processed[: ends // 2] = 0
    if index % 14 == 5:
        processed = processed[: -rng.randint(1, max(2, samples // 12))]
    if index % 14 == 9:
        processed = np.concatenate((processed, 0.1 * rng.standard_normal(rng.randint(1, samples // 12))))
    processed_rate = rate
    if index % 22 == 3:
        processed_rate = 48000 if rate == 32000 else 32000
        common = np.gcd(rate, processed_rate)
        processed = resample_poly(processed, processed_rate // common, rate // common)
    level = 10 ** rng.uniform(-1.2, 0.2)
    shape = tuple(LOSSES.values())[index % 7]
    severity = rng.uniform(20, 100)
    levels = tuple(float(np.round(severity * s / 5) * 5) for s in shape)
    level1 = float(np.round(rng.uniform(45, 110), 1))
    equalisation = 1 + (index // 7) % 2
    gain = 10 ** (0.25 * np.mean(levels) / 20) if equalisation == 2 else 1.0  # amplified already
    scale = level * gain
    return Case(
        scale * reference, rate, scale * processed, processed_rate, levels, equalisation, level1, 100 + index
    )
