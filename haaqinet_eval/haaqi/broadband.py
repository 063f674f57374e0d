"""Broadband alignment: the delay of the largest cross-correlation of two whole signals.

The transforms are long, so they are done in two steps (Bailey 1990, "FFTs in external or
hierarchical memory"): the signal is written row after row into a matrix [N1, N2], its
columns are transformed, turned, and then its rows. Element [k1, k2] is frequency k1 + N1 k2;
as the signal is real, k1 from 0 to N1 / 2 is all there is to know. Columns and rows are many
short transforms, which stay in the caches and can be shared out to threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy  # scipy.signal takes longer to import than all else here: loaded when it is used
from scipy.fft import fft, ifft, irfft, next_fast_len, rfft

from .threads import each, halves, pieces

DISPERSION = 48  # samples: alignment backs up 2 ms
_FEW = 16  # candidate delays worth looking at one by one
_FINE = 16  # columns per step of the coarse turns
_WIDE = 64  # columns, or rows, transformed at once


def _shape(samples: int) -> tuple[int, int]:
    # N1 (even) and N2 of a matrix that holds the signal and as many zeros
    rows = 2 * next_fast_len(int(np.ceil(np.sqrt(samples / 4))))
    return rows, _FINE * next_fast_len(int(np.ceil(2 * samples / rows / _FINE)))


@lru_cache(maxsize=4)
def _turns(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    # exp(-2 pi j k n / N) for k [N1 / 2 + 1] and n [N2], as a product: coarse [k, n // 16], fine [k, n % 16]
    angle = -2 * np.pi / (rows * columns) * np.arange(rows // 2 + 1)
    coarse, fine = np.arange(0, columns, _FINE), np.arange(_FINE)
    return tuple(np.exp(1j * np.outer(angle, n)).astype(np.complex64) for n in (coarse, fine))


@dataclass(frozen=True)
class Centred:
    """A signal [T], and the spectrum of it less its mean, followed by zeros."""

    signal: np.ndarray
    mean: float
    square: float  # sum of squares less the mean
    spectrum: np.ndarray  # complex64 [N1 / 2 + 1, N2]

    @classmethod
    def from_signal(cls, signal: np.ndarray) -> Centred:
        """From a signal [T]."""
        mean = signal.mean()
        square = sum(float(np.sum((signal[part] - mean) ** 2)) for part in pieces(len(signal)))
        return cls(signal, mean, square, _forward(signal, mean))


def _blocks(part: slice) -> list[slice]:
    # few columns or rows at a time need little fresh memory
    return [slice(i, min(i + _WIDE, part.stop)) for i in range(part.start, part.stop, _WIDE)]


def _forward(signal: np.ndarray, mean: float) -> np.ndarray:
    rows, columns = _shape(len(signal))
    coarse, fine = (turn[:, :, None] for turn in _turns(rows, columns))
    spectrum = np.empty((len(coarse), columns), np.complex64)
    whole = len(signal) // columns
    matrix, rest = signal[: whole * columns].reshape(whole, columns), signal[whole * columns :]

    def transform_columns(part: slice) -> None:
        for block in _blocks(part):
            held = np.zeros((rows, block.stop - block.start), np.float32)
            held[:whole] = matrix[:, block] - mean
            last = rest[block]
            held[whole, : len(last)] = last - mean
            spectrum[:, block] = rfft(held, axis=0)

    def transform_rows(part: slice) -> None:
        for some in _blocks(part):
            turned = spectrum[some].reshape(-1, coarse.shape[1], _FINE)
            turned *= coarse[some]
            turned *= fine[some].transpose(0, 2, 1)
            spectrum[some] = fft(spectrum[some], axis=1, overwrite_x=True)

    each(transform_columns, halves(columns))
    each(transform_rows, halves(len(spectrum)))
    return spectrum


def _largest(spectrum: np.ndarray, other: np.ndarray, rows: int, tolerance: float) -> np.ndarray:
    """Where the circular cross-correlation of two spectra, N1 * N2 long, is or may be largest in magnitude;
    `other` is used up.
    """
    columns = spectrum.shape[1]
    coarse, fine = (turn[:, :, None] for turn in _turns(rows, columns))

    def transform_rows(part: slice) -> None:
        for some in _blocks(part):
            other[some] *= np.conj(spectrum[some])
            other[some] = ifft(other[some], axis=1, overwrite_x=True)
            block = other[some].reshape(-1, coarse.shape[1], _FINE)
            block *= coarse[some].conj()
            block *= fine[some].transpose(0, 2, 1).conj()

    def transform_columns(part: slice) -> tuple[np.ndarray, np.ndarray]:
        found, values, most = [np.empty(0, np.int64)], [np.empty(0, np.float32)], -np.inf
        for block in _blocks(part):
            magnitudes = np.abs(irfft(other[:, block], rows, axis=0))
            most = max(most, magnitudes.max())
            row, column = np.nonzero(magnitudes >= most - tolerance)
            found.append(row * columns + column + block.start)
            values.append(magnitudes[row, column])
        return np.concatenate(found), np.concatenate(values)

    each(transform_rows, halves(len(spectrum)))
    where, values = (np.concatenate(c) for c in zip(*each(transform_columns, halves(columns)), strict=True))
    return where[values >= values.max() - tolerance]


def broadband_delay(reference: Centred, processed: Centred) -> int:
    """Samples by which to advance the processed signal: less 2 ms, to allow for dispersion.

    The largest magnitude of the cross-correlation, found in single precision; where that
    cannot tell, in double. The processed signal's spectrum is used up.
    """
    n = len(reference.signal)
    rows, columns = _shape(n)
    bound = np.sqrt(reference.square * processed.square)
    if bound == 0:
        return n - 1 - DISPERSION  # all are 0
    near = _largest(reference.spectrum, processed.spectrum, rows, 2e-6 * bound)
    near = np.sort(np.where(near < n, near, near - rows * columns))  # the second half: negative delays
    near = near[near > -n]
    if len(near) > 1:
        x, y = (side.signal - side.mean for side in (reference, processed))
        if len(near) > _FEW:
            values = np.abs(scipy.signal.correlate(y, x, "full"))
            near = np.flatnonzero(values == values.max()) + 1 - n
        else:
            exact = [abs(_correlation(x, y, k)) for k in near]
            near = near[exact == np.max(exact)]
    return int(near[-1]) - DISPERSION  # of equals the latest, as pyclarity


def _correlation(x: np.ndarray, y: np.ndarray, delay: int) -> float:
    return float(
        np.dot(x[max(0, -delay) : len(x) - max(0, delay)], y[max(0, delay) : len(y) + min(0, delay)])
    )
