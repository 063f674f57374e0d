"""What each band is like over a clip and over its windows, as `model.description` has it."""

from __future__ import annotations

import numpy as np

from ..haaqi.cochlea import BANDS
from ..haaqi.simd import LANES, fma, load, splat, store, where_reached
from .fourier import jit

LAGS = (1, 4, 16, 64)  # frames: 4 to 256 ms
SHARES = np.array((0.05, 0.25, 0.75, 0.95))  # quantiles
THIRD = 3  # quantiles are of every third value
NEIGHBOURS = (1, 4)  # bands above, with whose moves a band's are correlated
MOMENTS = 3 + len(LAGS) + len(NEIGHBOURS)
PART = 192  # frames that are summed in single precision
BEYOND = LANES  # numbers behind an envelope that may be read


@jit
def _moments(envelope, begins, ends, lags, out):  # noqa: C901
    """Sums over frames of segments.

    They are those of level, its square, and whether it is inaudible; of the squares of four moves; and of
    the second move times that of the next band and of the fourth above.

    Args:
        envelope: [L * 32 + BEYOND].
        begins, ends: [S] frames of the segments.
        lags: [4] frames.
        out: [S, MOMENTS, 32] float64 zeros, receives the sums.
    """
    one, zero = splat(np.float32(1.0)), splat(np.float32(0.0))
    some = np.empty(LANES, np.float32)
    for s in range(begins.size):
        for g in range(BANDS // LANES):
            at = g * LANES
            for first in range(begins[s], ends[s], PART):
                last = min(first + PART, ends[s])
                a = b = c = d = e = f = h = i = j = zero
                for t in range(first, last):
                    x = load(envelope, t * BANDS + at)
                    a, b, c = a + x, fma(x, x, b), c + one - where_reached(x, one, one)
                for t in range(max(first, begins[s] + lags[0]), last):
                    x = load(envelope, t * BANDS + at) - load(envelope, (t - lags[0]) * BANDS + at)
                    d = fma(x, x, d)
                for t in range(max(first, begins[s] + lags[1]), last):
                    now, then = t * BANDS + at, (t - lags[1]) * BANDS + at
                    x = load(envelope, now) - load(envelope, then)
                    y = load(envelope, now + 1) - load(envelope, then + 1)
                    z = load(envelope, now + 4) - load(envelope, then + 4)
                    e, i, j = fma(x, x, e), fma(x, y, i), fma(x, z, j)
                for t in range(max(first, begins[s] + lags[2]), last):
                    x = load(envelope, t * BANDS + at) - load(envelope, (t - lags[2]) * BANDS + at)
                    f = fma(x, x, f)
                for t in range(max(first, begins[s] + lags[3]), last):
                    x = load(envelope, t * BANDS + at) - load(envelope, (t - lags[3]) * BANDS + at)
                    h = fma(x, x, h)
                for m in range(MOMENTS):
                    store(some, 0, (a, b, c, d, e, f, h, i, j)[m])
                    for lane in range(LANES):
                        out[s, m, at + lane] += some[lane]


def _quantiles(x: np.ndarray) -> list[np.ndarray]:
    """Quantiles of [S, n, 32] over its second dimension, each [S, 32]."""
    ordered = np.sort(np.ascontiguousarray(x.swapaxes(1, 2)), -1)
    places = SHARES.astype(np.float32) * np.float32(ordered.shape[-1] - 1)
    below, share = np.floor(places).astype(int), places % 1
    low, high = ordered[..., below], ordered[..., np.ceil(places).astype(int)]
    return list(np.moveaxis(low + share.astype(np.float32) * (high - low), -1, 0))


def describe(
    padded: np.ndarray, frames: int, begins: np.ndarray, length: int, spectrum: np.ndarray, loss: np.ndarray
) -> np.ndarray:
    """What each band is like in segments of equal length, without the texture: [S, 24, 32].

    Args:
        padded: [frames * 32 + BEYOND], an envelope in dB above threshold.
        frames: of the envelope.
        begins: [S] first frame of each segment.
        length: frames of a segment.
        spectrum, loss: [32] dB.
    """
    lags = np.minimum(LAGS, length - 1)
    sums = np.zeros((len(begins), MOMENTS, BANDS))
    _moments(padded, begins, begins + length, lags, sums)
    level, square, silent = sums[:, :3].swapaxes(0, 1) / length
    counts = (length - lags).astype(float)
    speeds = np.sqrt(sums[:, 3:7].swapaxes(0, 1) / counts[:, None, None] + 1e-2)
    together = []
    for i, above in enumerate(NEIGHBOURS):
        product = sums[:, 7 + i] / counts[1]
        product[:, -above:] = 0
        product[:, :-above] /= speeds[1][:, above:] * speeds[1][:, :-above]
        together.append(product)
    envelope = padded[: frames * BANDS].reshape(frames, BANDS)
    parts = np.lib.stride_tricks.sliding_window_view(envelope, length, 0)[begins].swapaxes(1, 2)
    levels = (np.broadcast_to(spectrum, level.shape), level, *_quantiles(parts[:, ::THIRD]))
    slopes = [q for lag in lags[2:] for q in _quantiles(parts[:, lag::THIRD] - parts[:, :-lag:THIRD])]
    deviation = np.sqrt(np.maximum(square - level**2, 0) * (length / max(length - 1, 1)))
    rows = [
        *(np.broadcast_to(x, level.shape) for x in ((loss - 30) / 30, np.linspace(-1, 1, BANDS))),
        *((x - 30) / 20 for x in levels),
        deviation / 10 - 1,
        silent,
        *np.log(speeds),
        *(slope / 10 for slope in slopes),
        *together,
    ]
    return np.stack(rows, 1).astype(np.float32)
