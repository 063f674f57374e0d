"""From compressed envelopes to HASPI's slow ones, sixteen bands at a time.

Arrays of samples are flat, sixteen channels after sixteen channels, as in `haaqi.kernels`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..haaqi.kernels import SMALL
from ..haaqi.simd import (
    fma,
    gather,
    load,
    log2,
    maximum,
    splat,
    store,
    where_reached,
    widen,
)

_BLOCK = 512  # samples that are adapted before they are filtered
_DB = np.float32(20 * np.log10(2.0))  # dB of a doubled amplitude


@njit(cache=True, nogil=True, error_model="numpy")
def slow_envelopes(envelope, samples, at, begins, levels, weights, window, step, out):
    """Envelope to dB SL, inner-hair-cell adaptation, low pass, and every `step`th sample of it.

    Args:
        envelope: compressed, float32, zero beyond its ends.
        samples: T, how many there are.
        at: [16] int64: where each channel's sample 0 lies, alignment and group delay included.
        begins: [16] float32: first sample that is not silent because of the group delay.
        levels: [16] float32, dB SL of a compressed envelope of 1.
        weights: [6] float64: how the two adaptation stages follow the input and each other.
        window: [taps] float64, symmetric, an even number; its middle lies on the sample and the next.
        out: [L * 16] float64; L = ceil(T / step).
    """
    taps = window.size
    half, before = taps // 2, taps - 1
    level, begin, small, db = load(levels, 0), load(begins, 0), splat(SMALL), splat(_DB)
    nothing, floor, two = splat(0.0), splat(np.float32(0.0)), splat(2.0)
    w10, w11, w12 = splat(weights[0]), splat(weights[1]), splat(weights[2])
    w20, w21, w22 = splat(weights[3]), splat(weights[4]), splat(weights[5])
    v1 = v2 = nothing
    held = np.zeros((before + _BLOCK) * 16)  # row r is sample start - before + r
    k = 0
    for start in range(0, samples + half, _BLOCK):
        for i in range(_BLOCK):
            t = start + i
            adapted = nothing
            if t < samples:
                c = where_reached(splat(np.float32(t)), begin, gather(envelope, at, t * 16)) + small
                wide = widen(maximum(fma(db, log2(c), level), floor))
                stage1 = fma(w10, wide, fma(w11, v1, w12 * v2))
                v2 = fma(w20, wide, fma(w21, v1, w22 * v2))
                v1 = stage1
                adapted = maximum(two * (wide - v1), nothing)
            store(held, (before + i) * 16, adapted)
        while k * 16 < out.size and step * k + half < start + _BLOCK:
            first = step * k + half - start
            total = nothing
            for j in range(taps):
                total = fma(splat(window[j]), load(held, (first + j) * 16), total)
            store(out, k * 16, total)
            k += 1
        held[: before * 16] = held[_BLOCK * 16 :]
