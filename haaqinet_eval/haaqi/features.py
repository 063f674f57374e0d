"""HAAQI's four features and how they make the score. Kates and Arehart (2016)."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
import scipy  # scipy.signal takes longer to import than all else here: loaded when it is used
from scipy.fft import irfft, next_fast_len, rfft

from .cochlea import BANDS, CENTERS

_SMOOTH_RATE = 250.0  # Hz, of the smoothed envelopes
_EDGES = (32.0, 50.0, 80.0)  # Hz: the upper edges that the three band filters share
_COEFFICIENTS = 6
_SMALL = 1e-30
_PER_DB = np.log(10) / 20  # natural logarithm of an amplitude ratio of 1 dB


@lru_cache(maxsize=1)
def modulation_filters() -> np.ndarray:
    """Linear-phase filters for 20-32, 32-50, 50-80 and 80-125 Hz, 129 taps: [4, 129]."""
    nyquist = _SMOOTH_RATE / 2
    taps = 129
    edges = (20.0, *_EDGES)
    bands = [
        scipy.signal.firwin(taps, [low / nyquist, high / nyquist], window="hann", pass_zero="bandpass")
        for low, high in pairwise(edges)
    ]
    return np.stack([*bands, scipy.signal.firwin(taps, 80.0 / nyquist, window="hann", pass_zero="highpass")])


_basis = np.cos(np.outer(np.arange(_COEFFICIENTS), np.arange(BANDS)) * np.pi / (BANDS - 1))
BASIS = (_basis / np.linalg.norm(_basis, axis=1, keepdims=True))[1:]  # [5, 32]; without the mean level


def audible_frames(reference_smooth: np.ndarray, threshold: float) -> np.ndarray:
    """Frames of the reference's envelopes (dB SL) [32, L] whose loudness is above threshold (dB)."""
    return loud_frames(add_loudness(np.zeros(reference_smooth.shape[1]), reference_smooth), threshold)


def add_loudness(total: np.ndarray, envelopes: np.ndarray) -> np.ndarray:
    """Loudness summed over bands [L], with that of some more bands' envelopes (dB SL) [bands, L]."""
    for envelope in envelopes:
        total += np.exp(_PER_DB * envelope)
    return total


def loud_frames(loudness: np.ndarray, threshold: float) -> np.ndarray:
    """Frames whose loudness, summed over the 32 bands [L], is above threshold (dB) in the mean."""
    return np.flatnonzero(20 * np.log10(loudness / BANDS) > threshold)


def cepstra(envelopes: np.ndarray) -> np.ndarray:
    """Mel cepstra 2-6 of envelopes (dB SL) [32, L], zero mean: [5, L]."""
    out = BASIS @ envelopes
    out -= out.mean(axis=1, keepdims=True)
    return out


def modulations(envelopes: np.ndarray) -> np.ndarray:
    """Mel cepstra 2-6 of envelopes (dB SL) [32, L], by modulation band, zero mean: [4, 5, L]."""
    length, taps = envelopes.shape[1], modulation_filters().shape[1]
    size = next_fast_len(length + taps - 1, real=True)
    spectrum = rfft(cepstra(envelopes), size)[None] * rfft(modulation_filters(), size)[:, None]
    filtered = irfft(spectrum, size)[..., (taps - 1) // 2 :][..., :length]
    return filtered - filtered.mean(axis=2, keepdims=True)


def correlations(reference: np.ndarray, processed: np.ndarray) -> np.ndarray:
    """Magnitude of the correlation over the last axis of two arrays of zero mean; 0 where one is silent."""
    square_r = np.einsum("...l,...l->...", reference, reference)
    square_p = np.einsum("...l,...l->...", processed, processed)
    product = np.abs(np.einsum("...l,...l->...", reference, processed))
    audible = (square_r >= _SMALL) & (square_p >= _SMALL)
    return np.divide(product, np.sqrt(square_r * square_p), out=np.zeros_like(product), where=audible)


def mel_cepstral_high(reference: np.ndarray, processed: np.ndarray) -> float:
    """Mean correlation of two `modulations` [4, 5, L]: modulation rates of 20 to 125 Hz."""
    return float(correlations(reference, processed).mean())


_CUTOFF, _ORDER = 3500.0, 5  # Hz: the fifth of Kates's six losses of synchrony
SYNCHRONY = np.sqrt(_CUTOFF ** (2 * _ORDER) / (_CUTOFF ** (2 * _ORDER) + CENTERS ** (2 * _ORDER)))


def synchrony(covariances: np.ndarray, mean_squares: np.ndarray, threshold: float) -> float:
    """Mean covariance of the audible tiles, weighted by how well nerves follow (Johnson 1980).

    Args:
        covariances: [32, S] normalised cross-covariances in [0, 1].
        mean_squares: [32, S] mean squares of the reference's motion.
        threshold: dB SL above which a segment, and a tile in it, count.
    """
    covariances, mean_squares = (tiles.astype(np.float64) for tiles in (covariances, mean_squares))
    rms = np.sqrt(2 * mean_squares)  # motion was scaled to the envelope in dB SL
    loudness = np.mean(np.exp(_PER_DB * rms), axis=0)
    segments = 20 * np.log10(loudness) > threshold
    if np.count_nonzero(segments) <= 1:
        return 0.0
    weights = SYNCHRONY[:, None] * ((rms > threshold) & segments)
    return float(np.sum(weights * covariances) / np.sum(weights))


def shares(level_sl: np.ndarray) -> np.ndarray:
    """Each band's share of the specific loudness of a spectrum (dB SL): [32], sum 1."""
    loudness = 10 ** (level_sl / 20)
    return loudness / loudness.sum()


def spectral_differences(reference_sl: np.ndarray, processed_sl: np.ndarray) -> tuple[float, float]:
    """Difference of two long-term spectra (dB SL) [32]: d_loud and d_norm, 1 is equal, 0 worst.

    Moore and Tan (2004), JAES 52, 900: standard deviation over bands of specific loudness.
    """
    reference, processed = shares(reference_sl), shares(processed_sl)
    difference = reference - processed
    d_loud = 1 - BANDS * np.std(difference) / 2.5
    d_norm = 1 - BANDS * np.std(difference / (reference + processed)) / 25
    return float(np.clip(d_loud, 0, 1)), float(np.clip(d_norm, 0, 1))


def combine(cepstral: float, synchronous: float, d_loud: float, d_norm: float) -> tuple[float, float, float]:
    """The score, its nonlinear and its linear part."""
    nonlinear = 0.754 * cepstral**3 + 0.246 * synchronous
    linear = 0.329 * d_loud + 0.671 * d_norm
    score = 0.336 * nonlinear + 0.001 * linear + 0.501 * nonlinear**2 + 0.161 * linear**2
    return score, nonlinear, linear
