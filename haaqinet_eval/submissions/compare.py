"""A file against the challenge's own audio: copies, swapped ears, delay, polarity, drift.

All are suspicions. They rest on the normalised cross-correlation

    c[k] = sum_n x[n + k] y[n] / (|x| |y|)

whose peaks say how alike two signals are at which lag, whatever their levels. A system that
rebalances well is alike the mixture and the reference, but no system is alike to within a
residual of -30 dB, which a copy is. Only an excerpt is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import fft

from ..audio import resample
from .expected import Excerpt, Sounds
from .findings import Fault

EXCERPT_SECONDS = 15.0  # from the middle
COPY_RESIDUAL_DB = -30.0
MAX_LAG_SECONDS = 1.5
DELAY_SECONDS = 0.02  # hearing-aid filters delay by 2.5 ms
DRIFT_SECONDS, MAX_DRIFT_SECONDS = 0.002, 0.05  # between begin and end of the excerpt
DRIFT_RATE = 2000  # Hz: what is slowly shifted stays alike below 1 kHz
ALIKE, CLEARLY_ALIKE = 0.3, 0.5  # correlation from which lag and sign mean something
SWAP_MARGIN = 0.1  # on music, ears in their places are below -0.2, swapped ones mostly above 0.1
EARS_ALIKE = 0.9999  # correlation of what fits two ears, from which they cannot be told apart
SIGN_MARGIN = 0.2  # by which the other sign must resemble more
LAG_MARGIN = 0.3  # by which another lag must resemble more: steady tones resemble at many


@dataclass(frozen=True)
class Peaks:
    """The extremes of a cross-correlation."""

    highest: float  # in [-1, 1]
    lag: int  # samples, of `highest`; positive: x is late
    lowest: float


def correlation(x: np.ndarray, y: np.ndarray, max_lag: int) -> np.ndarray:
    """Normalised cross-correlation of x [T] and y [U] at lags from -K to K, K at most `max_lag`: [2K + 1]."""
    reach = min(max_lag, len(x) - 1, len(y) - 1)
    norm = np.linalg.norm(x) * np.linalg.norm(y)
    if not norm > 0:
        return np.zeros(2 * reach + 1)
    size = fft.next_fast_len(max(len(x), len(y)) + reach, real=True)
    full = fft.irfft(fft.rfft(x, size) * np.conj(fft.rfft(y, size)), size)
    return np.concatenate((full[size - reach :], full[: reach + 1])) / norm


def correlate(x: np.ndarray, y: np.ndarray, max_lag: int) -> Peaks:
    """The peaks of `correlation`.

    >>> tone = np.sin(np.arange(400.0) ** 1.5)
    >>> peaks = correlate(np.append(np.zeros(7), tone), tone, 20)
    >>> round(peaks.highest, 3), peaks.lag
    (1.0, 7)
    """
    values = correlation(x, y, max_lag)
    best = int(np.argmax(values))
    return Peaks(float(values[best]), best - len(values) // 2, float(values.min()))


def compare(samples: np.ndarray, sample_rate: int, sounds: Sounds) -> Iterator[Fault]:
    """Suspicions about one file.

    Args:
        samples: [T, C], full scale 1, at `sample_rate` (Hz).
        sounds: the challenge's audio, with as many channels.
    """
    rate = sounds.sample_rate
    excerpts = _excerpts(samples, sample_rate, sounds)
    if excerpts is None:
        return
    x, guide, mixture, *references = excerpts
    of_mixture = is_copy(x, mixture)
    of_reference = any(is_copy(x, reference) for reference in references)
    if of_mixture and not of_reference:
        yield Fault("copy_of_mixture", "the same as the unprocessed mixture, to -30 dB")
    if of_reference and not of_mixture:
        yield Fault("copy_of_reference", "the same as the reference, to -30 dB")
    max_lag = round(MAX_LAG_SECONDS * rate)
    if len(x) == 2 and _is_swapped(x, guide, max_lag):
        yield Fault("swapped_ears", "left resembles the mixture's right channel, and right its left")
    else:
        yield from _timing(x.sum(axis=0), guide.sum(axis=0), rate, max_lag)


def _excerpts(samples: np.ndarray, sample_rate: int, sounds: Sounds) -> list[np.ndarray] | None:
    """The middle of the file, the guide, the mixture and the references, each [C, T]; None for too little."""
    rate = sounds.sample_rate
    processed = resample(samples, sample_rate, rate)
    if min(len(processed), len(sounds.guide)) < rate:
        return None
    start = max(0, len(sounds.guide) // 2 - round(EXCERPT_SECONDS * rate / 2))
    stop = start + round(EXCERPT_SECONDS * rate)
    every = (processed, sounds.guide, sounds.mixture, *sounds.references)
    return [np.ascontiguousarray(signal[start:stop].T, np.float32) for signal in every]


def is_copy(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether x [C, T] is y [C, U] up to one gain a channel: a residual of -30 dB in each."""
    length = min(x.shape[1], y.shape[1])
    if length < 0.9 * max(x.shape[1], y.shape[1]):
        return False
    least = np.sqrt(1 - 10 ** (COPY_RESIDUAL_DB / 10))  # the residual of a projection is 1 - c^2
    for a, b in zip(x[:, :length], y[:, :length], strict=True):
        norm = np.linalg.norm(a) * np.linalg.norm(b)
        if not norm > 0 or float(a @ b) < least * norm:
            return False
    return True


def is_excerpt(samples: np.ndarray, sample_rate: int, excerpt: Excerpt) -> bool:
    """Whether a file [T, C] holds a copy of the excerpt where that was taken."""
    at = excerpt.start * sample_rate
    part = samples[at : at + len(excerpt.samples)].astype(np.float32)
    return len(part) > 0 and part.shape[1] == excerpt.samples.shape[1] and is_copy(part.T, excerpt.samples.T)


def partial_correlation(r: np.ndarray, a: int, b: int, c: int) -> float:
    """Of a and b in a matrix r of correlations, after what both share with c; 0 if nothing is left."""
    rest = (1 - r[a, c] ** 2) * (1 - r[b, c] ** 2)
    return (r[a, b] - r[a, c] * r[b, c]) / np.sqrt(rest) if rest > 1e-6 else 0.0


def swap_evidence(x: np.ndarray, y: np.ndarray, max_lag: int) -> tuple[float, float]:
    """By how much each ear of x [2, T] resembles the other ear of y [2, U] more than its own.

    The ears of a mixture have most in common, so partial correlations are compared: with one
    ear of y after what it shares with the other is taken out. In [-2, 2].
    """
    lag = correlate(x.sum(axis=0), y.sum(axis=0), max_lag).lag
    x, y = x[:, max(lag, 0) :], y[:, max(-lag, 0) :]
    length = min(x.shape[1], y.shape[1])
    r = np.corrcoef(np.vstack([x[:, :length], y[:, :length]]).astype(np.float64))
    left = partial_correlation(r, 0, 3, 2) - partial_correlation(r, 0, 2, 3)
    return left, partial_correlation(r, 1, 2, 3) - partial_correlation(r, 1, 3, 2)


def ear_evidence(samples: np.ndarray, sample_rate: int, sounds: Sounds) -> float:
    """By how much a file for one ear [T, 1] resembles what fits the other ear more than what fits its own.

    As `swap_evidence`, and with the same meaning: above `SWAP_MARGIN` it is the other ear's. The ear's
    stem may be amplified or not; what the file resembles most counts. 0 where both ears' are alike, as
    they are for a stem in the middle and the same loss in both.
    """
    x = resample(samples[:, 0], sample_rate, sounds.sample_rate)
    tables = [_ear_correlations(x, own, other, sounds.sample_rate) for own, other in sounds.ears]
    tables = [r for r in tables if r[1, 2] <= EARS_ALIKE]
    if not tables:
        return 0.0
    r = max(tables, key=lambda r: max(r[0, 1], r[0, 2]))
    return partial_correlation(r, 0, 2, 1) - partial_correlation(r, 0, 1, 2)


def _ear_correlations(x: np.ndarray, own: np.ndarray, other: np.ndarray, rate: int) -> np.ndarray:
    """Correlations [3, 3] of the middle of a file and of what fits either ear; none where nothing sounds."""
    length = min(len(x), len(own), len(other))
    start = max(0, length // 2 - round(EXCERPT_SECONDS * rate / 2))
    stop = min(length, start + round(EXCERPT_SECONDS * rate))
    x, own, other = (signal[start:stop] for signal in (x, own, other))
    if len(x) < rate or not (np.ptp(x) and np.ptp(own) and np.ptp(other)):
        return np.eye(3)
    lag = correlate(x, own + other, round(MAX_LAG_SECONDS * rate)).lag
    x, own, other = x[max(lag, 0) :], own[max(-lag, 0) :], other[max(-lag, 0) :]
    length = min(len(x), len(own))
    return np.corrcoef(np.stack([x[:length], own[:length], other[:length]]).astype(np.float64))


def _is_swapped(x: np.ndarray, y: np.ndarray, max_lag: int) -> bool:
    if not (np.ptp(x, axis=1).all() and np.ptp(y, axis=1).all()):
        return False
    return min(swap_evidence(x, y, max_lag)) > SWAP_MARGIN


def _timing(x: np.ndarray, y: np.ndarray, sample_rate: int, max_lag: int) -> Iterator[Fault]:
    peaks = correlate(x, y, max_lag)
    if -peaks.lowest > max(CLEARLY_ALIKE, peaks.highest + SIGN_MARGIN):
        yield Fault("polarity_inverted", f"the correlation with the mixture is {peaks.lowest:.2f}")
        return
    drift = _drift(x, y, sample_rate)
    if DRIFT_SECONDS < abs(drift) < MAX_DRIFT_SECONDS:
        yield Fault("time_stretched", f"the end is {1000 * drift:.1f} ms off the begin")
    elif peaks.highest > ALIKE and abs(peaks.lag) > DELAY_SECONDS * sample_rate:
        yield Fault("delayed", f"{1000 * peaks.lag / sample_rate:.0f} ms late")


def _drift(x: np.ndarray, y: np.ndarray, sample_rate: int) -> float:
    """How much later (s) x is at its end than at its begin, by the low frequencies; 0 where not clear.

    Clear is a lag that grows evenly from begin over middle to end, where no window is as
    much alike at another window's lag.
    """
    x, y = (resample(signal, sample_rate, DRIFT_RATE) for signal in (x, y))
    length = min(len(x), len(y))
    window = min(length // 4, DRIFT_RATE // 2)
    starts = 0, (length - window) // 2, length - window
    curves = [correlation(x[i : i + window], y[i : i + window], DRIFT_RATE // 10) for i in starts]
    first, middle, last = [int(np.argmax(curve)) for curve in curves]
    for curve, own, other in (
        (curves[0], first, last),
        (curves[1], middle, middle),
        (curves[2], last, first),
    ):
        if curve[own] < max(CLEARLY_ALIKE, curve[other] + LAG_MARGIN * (own != other)):
            return 0.0
    if abs(middle - (first + last) / 2) > 1 + 0.2 * abs(last - first):
        return 0.0
    return (last - first) / DRIFT_RATE
