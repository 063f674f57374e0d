"""HASPI's back end: slow envelopes, modulation bands, networks.

Kates and Arehart (2021), "The Hearing-Aid Speech Perception Index (HASPI) Version 2", Speech
Communication 131, 35. The numbers are those of pyclarity 0.9.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import expit

from ..haaqi.cochlea import RATE
from ..haaqi.features import correlations

CENTERS = np.array([2.0, 6, 10, 16, 25, 40, 64, 100, 160, 256])  # Hz, of the modulation bands
LOW_PASSES = (
    82.0,
    3000.0,
)  # Hz: below, the highest modulation band is missing; above, the envelopes' rate is
_LONGEST = 0.24  # s, of a modulation filter
_JITTER = 0.1  # dB


def low_pass(cutoff: float) -> tuple[np.ndarray, int]:
    """Window of the envelopes' low pass [even] for a cut-off (Hz), sum 1, and every which sample is kept."""
    half = round(0.001 * (0.7 * (1000 * (1 / cutoff))) * RATE) // 2
    rise = 0.5 * (1 - np.cos(2 * np.pi * np.arange(1, half + 1) / (2 * half + 1)))
    window = np.concatenate((rise, rise[::-1]))
    return window / window.sum(), int(RATE // (8 * cutoff))


@lru_cache(maxsize=4)
def modulation_filters(cutoff: float) -> np.ndarray:
    """Filters of the ten modulation bands, each in the middle of its row: [10, taps].

    Moving a band down to 0 Hz, smoothing it and moving it up again is one real filter: twice the
    smoothing window times a cosine. HASPI takes the envelopes' rate for 8 times the cut-off.
    """
    rate = 8.0 * cutoff
    seconds = np.concatenate(([_LONGEST, _LONGEST], _LONGEST * CENTERS[2] / CENTERS[2:]))
    halves = np.floor(seconds * rate / 2).astype(int)
    longest = halves.max()
    filters = np.zeros((len(CENTERS), 2 * longest + 1))
    for band, half in enumerate(halves):
        window = np.hanning(2 * half + 1)
        angle = 2 * np.pi * CENTERS[band] / rate * np.arange(-half, half + 1)
        carrier = 2 * np.cos(angle) if band else 1.0  # the lowest band is a low pass
        filters[band, longest - half : longest + half + 1] = window / window.sum() * carrier
    return filters


def jittered(envelopes: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Envelopes (dB SL) [32, L] with the nerve's jitter; `noise` is Gaussian, [L, 32]."""
    return envelopes + _JITTER * noise.T


def modulations(cepstra: np.ndarray, cutoff: float) -> np.ndarray:
    """Cepstra [5, L] by modulation band, zero mean: [10, 5, L]."""
    filters = modulation_filters(cutoff)
    length, delay = cepstra.shape[1], filters.shape[1] // 2
    size = next_fast_len(length + 2 * delay, real=True)
    spectrum = rfft(cepstra, size)
    out = np.empty((len(filters), *cepstra.shape))
    for band, row in zip(out, rfft(filters, size), strict=True):
        filtered = irfft(spectrum * row, size)[:, delay : delay + length]
        np.subtract(filtered, filtered.mean(axis=1, keepdims=True), out=band)
    return out


def modulation_correlations(reference: np.ndarray, processed: np.ndarray) -> np.ndarray:
    """Correlation of two `modulations` by band, averaged over cepstra: [10]."""
    return correlations(reference, processed).mean(axis=1)


@lru_cache(maxsize=1)
def _networks() -> tuple[np.ndarray, np.ndarray, float]:
    stored = json.loads(files(__package__).joinpath("networks.json").read_text(encoding="utf-8"))
    return np.array(stored["hidden"]), np.array(stored["output"]), stored["largest"]


def intelligibility(correlation: np.ndarray) -> float:
    """Mean of ten networks' answers to the correlations of the ten bands [10], 1 at most."""
    hidden, output, largest = _networks()  # [10, 11, 4], [10, 5]; the first row of each is the bias
    inner = expit(hidden[:, 0] + np.einsum("i,nih->nh", correlation, hidden[:, 1:]))
    answers = expit(output[:, 0] + np.einsum("nh,nh->n", inner, output[:, 1:]))
    return float(answers.mean() / largest)
