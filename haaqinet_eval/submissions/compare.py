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
from .expected import Sounds
from .findings import Fault

EXCERPT_SECONDS = 15.0  # from the middle
COPY_RESIDUAL_DB = -30.0
MAX_LAG_SECONDS = 1.5
DELAY_SECONDS = 0.02  # hearing-aid filters delay by 2.5 ms
DRIFT_SECONDS = 0.002  # between the first and the last third
ALIKE, CLEARLY_ALIKE = 0.3, 0.6  # correlation from which lag and sign mean something
MARGIN = 0.15  # by which the other ear, or the other sign, must resemble more


@dataclass(frozen=True)
class Peaks:
    """The extremes of a cross-correlation, and where they are: a positive lag means x is late."""

    highest: float  # in [-1, 1]
    lag: int  # samples, of `highest`
    lowest: float


def correlate(x: np.ndarray, y: np.ndarray, max_lag: int) -> Peaks:
    """Cross-correlation of x [T] and y [U] within so many samples of lag.

    >>> tone = np.sin(np.arange(400.0) ** 1.5)
    >>> peaks = correlate(np.append(np.zeros(7), tone), tone, 20)
    >>> round(peaks.highest, 3), peaks.lag
    (1.0, 7)
    """
    norm = np.linalg.norm(x) * np.linalg.norm(y)
    if not norm > 0:
        return Peaks(0.0, 0, 0.0)
    reach = min(max_lag, len(x) - 1, len(y) - 1)
    size = fft.next_fast_len(max(len(x), len(y)) + reach, real=True)
    full = fft.irfft(fft.rfft(x, size) * np.conj(fft.rfft(y, size)), size)
    near = np.concatenate((full[size - reach :], full[: reach + 1])) / norm
    best = int(np.argmax(near))
    return Peaks(float(near[best]), best - reach, float(near.min()))


def compare(samples: np.ndarray, sample_rate: int, sounds: Sounds) -> Iterator[Fault]:
    """Suspicions about one file.

    Args:
        samples: [T, C], full scale 1, at `sample_rate` (Hz).
        sounds: the challenge's audio, with as many channels.
    """
    rate = sounds.sample_rate
    processed = resample(samples, sample_rate, rate)
    if min(len(processed), len(sounds.guide)) < rate:
        return
    start = max(0, len(sounds.guide) // 2 - round(EXCERPT_SECONDS * rate / 2))
    stop = start + round(EXCERPT_SECONDS * rate)
    x, guide, mixture, *references = (
        np.ascontiguousarray(signal[start:stop].T, np.float32)
        for signal in (processed, sounds.guide, sounds.mixture, *sounds.references)
    )
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


def _is_swapped(x: np.ndarray, y: np.ndarray, max_lag: int) -> bool:
    own = [correlate(x[i], y[i], max_lag).highest for i in (0, 1)]
    other = [correlate(x[i], y[1 - i], max_lag).highest for i in (0, 1)]
    return sum(other) > sum(own) + 2 * MARGIN and min(other) > ALIKE


def _timing(x: np.ndarray, y: np.ndarray, sample_rate: int, max_lag: int) -> Iterator[Fault]:
    peaks = correlate(x, y, max_lag)
    if -peaks.lowest > max(CLEARLY_ALIKE, peaks.highest + MARGIN):
        yield Fault("polarity_inverted", f"the correlation with the mixture is {peaks.lowest:.2f}")
        return
    third = min(len(x), len(y)) // 3
    first = correlate(x[:third], y[:third], max_lag)
    last = correlate(x[2 * third : 3 * third], y[2 * third : 3 * third], max_lag)
    drift = (last.lag - first.lag) / sample_rate
    if min(first.highest, last.highest) > CLEARLY_ALIKE and DRIFT_SECONDS < abs(drift) < DELAY_SECONDS:
        yield Fault("time_stretched", f"the end is {1000 * drift:.1f} ms off the begin")
    elif peaks.highest > ALIKE and abs(peaks.lag) > DELAY_SECONDS * sample_rate:
        yield Fault("delayed", f"{1000 * peaks.lag / sample_rate:.0f} ms late")
