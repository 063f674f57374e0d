"""Recursive filters over one signal, in double precision; loops without the GIL.

Each sample waits for the one before, so sixteen stretches of the signal are filtered side by
side. A stretch begins within the one before it, early enough to forget that it began at rest.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import njit

from .simd import LANES, fma, gather, load, splat, store

FORGOTTEN = 1e-30  # of a state: below whatever else the ear model neglects

_jit = njit(cache=True, nogil=True, error_model="numpy")


@lru_cache(maxsize=16)
def memory(a: tuple[float, ...]) -> int:
    """Samples after which a filter with denominator a [order + 1] has forgotten its state."""
    return int(np.ceil(np.log(FORGOTTEN) / np.log(np.abs(np.roots(a)).max())))


def _stretches(samples: int, before: int) -> tuple[int, np.ndarray]:
    """How many samples all stretches but the first filter for nothing, at least `before`, and where each
    begins: int64 [16]. All are equally long; a signal too short to share is the first one's alone.
    """
    length = max(samples - before, 0) // LANES
    return samples - LANES * length, np.arange(LANES) * length


@_jit
def _mean_square(b, minus_a, x, at, early):
    order = b.size - 1
    states, sums = np.zeros((order + 1) * 16), np.zeros(16)
    total = splat(0.0)
    alone = 0.0
    for t in range(x.size - at[15]):
        if t == early:
            store(sums, 0, total)
            alone = sums[0]
            total = splat(0.0)
        v = gather(x, at, t)
        y = fma(splat(b[0]), v, load(states, 0))
        for k in range(order):
            fed = fma(splat(b[k + 1]), v, load(states, (k + 1) * 16))
            store(states, k * 16, fma(splat(minus_a[k + 1]), y, fed))
        total = fma(y, y, total)
    store(sums, 0, total)
    return (alone + (sums.sum() if at[15] else sums[0])) / x.size


def mean_square(b: np.ndarray, a: np.ndarray, x: np.ndarray) -> float:
    """Mean square of a signal [T] through a recursive filter, transposed direct form II.

    b, a: [order + 1] float64, a[0] = 1.
    """
    early, at = _stretches(x.size, memory(tuple(a)))
    return _mean_square(b, -a, x, at, early)


@_jit
def _first_then_second(b, minus_a, d, minus_c, x, at, early, y):
    b0, b1, a1 = splat(b[0]), splat(b[1]), splat(minus_a[1])
    d0, d1, d2, c1, c2 = splat(d[0]), splat(d[1]), splat(d[2]), splat(minus_c[1]), splat(minus_c[2])
    z = z0 = z1 = splat(0.0)
    row = np.empty(16)
    for t in range(x.size - at[15]):
        u = gather(x, at, t)
        v = fma(b0, u, z)
        z = fma(a1, v, b1 * u)
        w = fma(d0, v, z0)
        z0 = fma(c1, w, fma(d1, v, z1))
        z1 = fma(c2, w, d2 * v)
        store(row, 0, w)
        y[t] = row[0]
        if t >= early:
            for lane in range(1, 16):
                y[at[lane] + t] = row[lane]


def first_then_second_order(
    b: np.ndarray, a: np.ndarray, d: np.ndarray, c: np.ndarray, x: np.ndarray
) -> np.ndarray:
    """A signal [T] through a first- and then a second-order filter: [T]; all float64, a[0] = c[0] = 1."""
    y = np.empty_like(x)
    early, at = _stretches(x.size, memory(tuple(a)) + memory(tuple(c)))
    _first_then_second(b, -a, d, -c, x, at, early, y)
    return y
