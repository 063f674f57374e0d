"""An inverse FFT of 2048 points for sixteen bands at once, a band a lane.

Its first pass takes the points from a spectrum times the bands' responses, its last leaves powers. The
passes are those of Stockham: three of radix 8, one of radix 4, each from one array to another.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..haaqi.simd import LANES, fma, load, splat, store

POINTS = 2_048
RADIX = 8
COLUMNS = POINTS // RADIX  # butterflies of a pass
BLOCKS = 2  # spectra at once: responses are read half as often
VALUES = 2 * LANES  # of a complex vector
_ROOT = np.float32(0.5**0.5)

jit = njit(cache=True, nogil=True, error_model="numpy")


def _twiddles() -> np.ndarray:
    """exp(2 pi j p k / n), flat float32: 256 columns of the first pass, 32 of the second, 4 of the third."""
    angles = [
        2 * np.pi / (RADIX * columns) * np.outer(np.arange(columns), np.arange(RADIX))
        for columns in (COLUMNS, COLUMNS // RADIX, COLUMNS // RADIX**2)
    ]
    turned = np.concatenate([np.exp(1j * some).ravel() for some in angles])
    return turned.astype(np.complex64).view(np.float32)


TWIDDLES = _twiddles()
SECOND = 2 * RADIX * COLUMNS  # where the second pass's begin
THIRD = SECOND + 2 * COLUMNS


@njit(inline="always")
def _put(out, place, re, im, twiddles, at):
    c, s = splat(twiddles[at]), splat(twiddles[at + 1])
    store(out, place, re * c - im * s)
    store(out, place + LANES, fma(re, s, im * c))


@jit
def _butterfly(x, first, step, out, place, apart, twiddles, at):
    """Eight points from `first` on, `step` apart, through one butterfly; all are places in flat arrays."""
    a0, b0 = load(x, first), load(x, first + LANES)
    a4, b4 = load(x, first + 4 * step), load(x, first + 4 * step + LANES)
    a2, b2 = load(x, first + 2 * step), load(x, first + 2 * step + LANES)
    a6, b6 = load(x, first + 6 * step), load(x, first + 6 * step + LANES)
    p0, q0, p1, q1 = a0 + a4, b0 + b4, a0 - a4, b0 - b4
    p2, q2, p3, q3 = a2 + a6, b2 + b6, b6 - b2, a2 - a6  # the last times j
    c0, d0, c2, d2 = p0 + p2, q0 + q2, p0 - p2, q0 - q2
    c1, d1, c3, d3 = p1 + p3, q1 + q3, p1 - p3, q1 - q3
    a0, b0 = load(x, first + step), load(x, first + step + LANES)
    a4, b4 = load(x, first + 5 * step), load(x, first + 5 * step + LANES)
    a2, b2 = load(x, first + 3 * step), load(x, first + 3 * step + LANES)
    a6, b6 = load(x, first + 7 * step), load(x, first + 7 * step + LANES)
    p0, q0, p1, q1 = a0 + a4, b0 + b4, a0 - a4, b0 - b4
    p2, q2, p3, q3 = a2 + a6, b2 + b6, b6 - b2, a2 - a6
    e0, f0, e2, f2 = p0 + p2, q0 + q2, p0 - p2, q0 - q2
    e1, f1, e3, f3 = p1 + p3, q1 + q3, p1 - p3, q1 - q3
    root = splat(_ROOT)
    g1, h1 = root * (e1 - f1), root * (e1 + f1)  # times exp(j pi / 4)
    g3, h3 = root * (e3 + f3), root * (f3 - e3)  # times exp(-j pi / 4)
    store(out, place, c0 + e0)
    store(out, place + LANES, d0 + f0)
    _put(out, place + apart, c1 + g1, d1 + h1, twiddles, at + 2)
    _put(out, place + 2 * apart, c2 - f2, d2 + e2, twiddles, at + 4)
    _put(out, place + 3 * apart, c3 - g3, d3 - h3, twiddles, at + 6)
    _put(out, place + 4 * apart, c0 - e0, d0 - f0, twiddles, at + 8)
    _put(out, place + 5 * apart, c1 - g1, d1 - h1, twiddles, at + 10)
    _put(out, place + 6 * apart, c2 + f2, d2 - e2, twiddles, at + 12)
    _put(out, place + 7 * apart, c3 + g3, d3 + h3, twiddles, at + 14)


@jit
def filter_and_fold(spectra, size, folds, response, twiddles, few, out):
    """Spectra times responses, folded onto 2048 points, and the first pass.

    Args:
        spectra: [BLOCKS * 2 * size], real and imaginary parts of each, in the order of the FFT.
        folds: where the spectrum's stretches of 2048 begin that are not empty.
        response: [COLUMNS, RADIX, folds, 2, 16]: of the points p + COLUMNS j.
        few: [BLOCKS * RADIX * 32], for its own use.
        out: [BLOCKS, POINTS, 2, 16].
    """
    count = folds.size
    for p in range(COLUMNS):
        at = p * RADIX * count * VALUES
        for j in range(RADIX):
            point = p + COLUMNS * j
            re0 = im0 = re1 = im1 = splat(np.float32(0.0))
            for f in range(count):
                h, g = load(response, at), load(response, at + LANES)
                at += VALUES
                k = point + folds[f]
                x, y = splat(spectra[k]), splat(spectra[size + k])
                re0, im0 = fma(x, h, re0) - y * g, fma(x, g, fma(y, h, im0))
                x, y = splat(spectra[2 * size + k]), splat(spectra[3 * size + k])
                re1, im1 = fma(x, h, re1) - y * g, fma(x, g, fma(y, h, im1))
            place = j * VALUES
            store(few, place, re0)
            store(few, place + LANES, im0)
            store(few, place + RADIX * VALUES, re1)
            store(few, place + RADIX * VALUES + LANES, im1)
        for b in range(BLOCKS):
            place = (b * POINTS + RADIX * p) * VALUES
            _butterfly(few, b * RADIX * VALUES, VALUES, out, place, VALUES, twiddles, 2 * RADIX * p)


@jit
def middle_passes(x, first, twiddles, other):
    """The second and third pass of one block of `x` from `first` on; `other`: [POINTS, 2, 16]."""
    step = COLUMNS * VALUES
    for p in range(COLUMNS // RADIX):
        for q in range(RADIX):
            place = (q + RADIX * RADIX * p) * VALUES
            at = SECOND + 2 * RADIX * p
            _butterfly(x, first + (q + RADIX * p) * VALUES, step, other, place, RADIX * VALUES, twiddles, at)
    far = RADIX * RADIX
    for p in range(COLUMNS // far):
        for q in range(far):
            place = first + (q + far * RADIX * p) * VALUES
            at = THIRD + 2 * RADIX * p
            _butterfly(other, (q + far * p) * VALUES, step, x, place, far * VALUES, twiddles, at)


@njit(inline="always")
def last_powers(x, first, q):
    """The last pass, of radix 4: the powers of points q, q + 512, q + 1024 and q + 1536."""
    step = (POINTS // 4) * VALUES
    place = first + q * VALUES
    a0, b0 = load(x, place), load(x, place + LANES)
    a1, b1 = load(x, place + step), load(x, place + step + LANES)
    a2, b2 = load(x, place + 2 * step), load(x, place + 2 * step + LANES)
    a3, b3 = load(x, place + 3 * step), load(x, place + 3 * step + LANES)
    p0, q0, p1, q1 = a0 + a2, b0 + b2, a0 - a2, b0 - b2
    p2, q2, p3, q3 = a1 + a3, b1 + b3, b3 - b1, a1 - a3
    c0, d0, c1, d1 = p0 + p2, q0 + q2, p1 + p3, q1 + q3
    c2, d2, c3, d3 = p0 - p2, q0 - q2, p1 - p3, q1 - q3
    return fma(c0, c0, d0 * d0), fma(c1, c1, d1 * d1), fma(c2, c2, d2 * d2), fma(c3, c3, d3 * d3)
