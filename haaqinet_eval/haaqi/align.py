"""Alignment of each processed band to the reference's: the delay of the largest cross-correlation.

Only 4800 delays matter, so the correlation is summed over blocks with short Fourier
transforms, in single precision and sixteen bands at a time. Where that cannot tell the
largest from the next, the few candidates are summed again in double precision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.fft import irfft

from . import scratch
from .layout import Layout
from .simd import LANES, fma, load, splat, store

DELAYS = 2400  # samples: 100 ms at 24 kHz; delays from -DELAYS to DELAYS - 1 are searched
_SIZE = 4**7  # of a transform
_IN_L2, _IN_L1 = _SIZE // 4, _SIZE // 64  # transforms of 16 bands that fit these caches
_FEW = 4  # lanes brought back from frequencies at once
_TOLERANCE = 5e-7  # of the correlation's bound: more than single precision errs

_jit = njit(cache=True, nogil=True, error_model="numpy")


def _bit_reversed(size: int) -> np.ndarray:
    order = np.zeros(1, np.int64)
    while len(order) < size:
        order = np.concatenate((2 * order, 2 * order + 1))
    return order


# Frequency k lies at _PLACE[k] after the transform, and N - k in the same octave of places, mirrored.
# Of the two the first is accumulated: row 0, 1, and then the first halves of the octaves.
_PLACE = _bit_reversed(_SIZE)
_MIRROR = _PLACE[-np.arange(_SIZE) % _SIZE]
_FIRST = np.minimum(_PLACE, _MIRROR)[: _SIZE // 2 + 1]
_OCTAVE = 2 ** np.floor(np.log2(np.maximum(_FIRST, 1))).astype(np.int64)
_ROW = np.where(_FIRST < 2, _FIRST, _FIRST - _OCTAVE + _OCTAVE // 2 + 1)
_SIGN = np.where(_PLACE > _MIRROR, -1.0, 1.0)[: _SIZE // 2 + 1]
_ANGLE = 2 * np.pi * np.arange(_SIZE) / _SIZE
_COSINE, _SINE = np.cos(_ANGLE).astype(np.float32), np.sin(_ANGLE).astype(np.float32)


@njit(inline="always")
def _turn(re, im, cosine, sine):
    # (re + j im) * (cosine - j sine)
    c, s, minus_s = splat(cosine), splat(sine), splat(-sine)
    return fma(re, c, im * s), fma(im, c, re * minus_s)


@_jit
def _radix4(re, im, first, size, cosine, sine):
    # one pass of a decimation-in-frequency transform of `size` samples from `first` on
    quarter = size // 4
    stride = cosine.size // size
    for k in range(quarter):
        i0 = (first + k) * 16
        i1, i2, i3 = i0 + quarter * 16, i0 + quarter * 32, i0 + quarter * 48
        ar, br, cr, dr = load(re, i0), load(re, i1), load(re, i2), load(re, i3)
        ai, bi, ci, di = load(im, i0), load(im, i1), load(im, i2), load(im, i3)
        er, ei, fr, fi = ar + cr, ai + ci, ar - cr, ai - ci
        gr, gi, hr, hi = br + dr, bi + di, bi - di, dr - br
        store(re, i0, er + gr)
        store(im, i0, ei + gi)
        w1, w2, w3 = k * stride, 2 * k * stride, 3 * k * stride
        vr, vi = _turn(er - gr, ei - gi, cosine[w2], sine[w2])
        store(re, i1, vr)
        store(im, i1, vi)
        vr, vi = _turn(fr + hr, fi + hi, cosine[w1], sine[w1])
        store(re, i2, vr)
        store(im, i2, vi)
        vr, vi = _turn(fr - hr, fi - hi, cosine[w3], sine[w3])
        store(re, i3, vr)
        store(im, i3, vi)


@_jit
def _passes(re, im, first, size, smallest, cosine, sine):
    # passes of all lengths from `size` down to more than `smallest`, on `size` samples
    length = size
    while length > smallest:
        for start in range(first, first + size, length):
            _radix4(re, im, start, length, cosine, sine)
        length //= 4


@_jit
def _transform(re, im, cosine, sine):
    # forward Fourier transform in place, frequencies in bit-reversed order; parts that fit
    # the caches are finished one by one
    _radix4(re, im, 0, cosine.size, cosine, sine)
    for outer in range(0, cosine.size, _IN_L2):
        _passes(re, im, outer, _IN_L2, _IN_L1, cosine, sine)
        for inner in range(outer, outer + _IN_L2, _IN_L1):
            _passes(re, im, inner, _IN_L1, 1, cosine, sine)


@njit(inline="always")
def _centred(source, target, row, begin, end, shift, mean, scale):
    # target[row:] = (source[begin:end] - mean) * scale, sample 0 at `shift`
    for t in range(begin, end):
        store(target, (row + t - begin) * 16, (load(source, (shift + t) * 16) - mean) * scale)


@njit(inline="always")
def _accumulate(re, im, here, mirror, out, row):
    # 4 conj(X) Y at the frequency that lies `here`, from Z = X + jY there and at minus that frequency
    p, m = here * 16, mirror * 16
    xr, xi = load(re, p) + load(re, m), load(im, p) - load(im, m)
    yr, yi = load(im, p) + load(im, m), load(re, m) - load(re, p)
    store(out, row * 32, fma(xr, yr, fma(xi, yi, load(out, row * 32))))
    store(out, row * 32 + 16, fma(xr, yi, load(out, row * 32 + 16)) - xi * yr)


@_jit
def cross_spectrum(x, y, pad, n, first, last, means, scales, cosine, sine, re, im, out):
    """Sum over blocks of conj(X) Y for x - mean from sample `first` to `last`, and (y - mean) * scale.

    Args:
        x, y: flat [(pad + n + pad) * 16]; means: [2 * 16]; scales: [16].
        re, im: [N * 16] working memory.
        out: [(N / 2 + 1) * 2 * 16] receives four times the sum, real and imaginary part of each
            frequency, in the order of `_ROW`.
    """
    size = cosine.size
    mean_x, mean_y, scale, one = load(means, 0), load(means, 16), load(scales, 0), splat(np.float32(1))
    for start in range(first, last, size - 2 * DELAYS):
        end = min(start + size - 2 * DELAYS, last)
        _centred(x, re, 0, start, end, pad, mean_x, one)
        re[(end - start) * 16 :] = 0
        low, high = start - DELAYS, start - DELAYS + size
        begin, stop = max(low, 0), min(high, n)
        im[: (begin - low) * 16] = 0
        _centred(y, im, begin - low, begin, stop, pad, mean_y, scale)
        im[(stop - low) * 16 :] = 0
        _transform(re, im, cosine, sine)
        _accumulate(re, im, 0, 0, out, 0)
        _accumulate(re, im, 1, 1, out, 1)
        octave = 2
        while octave < size:
            for i in range(octave // 2):
                _accumulate(re, im, octave + i, 2 * octave - 1 - i, out, octave // 2 + 1 + i)
            octave *= 2


@_jit
def _in_order(rows, place, sign, first, out):
    # complex128 out[k, band - first] from `cross_spectrum`, [N / 2 + 1, 2, bands]
    for k in range(out.shape[0]):
        for band in range(out.shape[1]):
            real, imaginary = rows[place[k], 0, first + band], rows[place[k], 1, first + band]
            out[k, band] = complex(real, sign[k] * imaginary)


@_jit
def _less_means(x, y, pad, n, mx, my, values):
    # the first lanes have the beginning, the last ones the end
    # from the sum of x' y', x' = x - mx, to that of x y over the overlap of n - |delay| samples,
    # less a constant: my Sx' + mx Sy' + mx my |delay| is taken away, sums over what does not overlap
    head_x, tail_x, head_y, tail_y = np.zeros(16), np.zeros(16), np.zeros(16), np.zeros(16)
    bands = values.shape[1]
    for delay in range(DELAYS + 1):
        first, last = (pad + delay) * 16, (pad + n - delay) * 16 - bands
        for lane in range(bands):
            constant = mx[lane] * my[lane] * delay
            if delay < DELAYS:
                values[DELAYS + delay, lane] -= my[lane] * tail_x[lane] + mx[lane] * head_y[lane] + constant
            if delay > 0:
                values[DELAYS - delay, lane] -= my[lane] * head_x[lane] + mx[lane] * tail_y[lane] + constant
            head_x[lane] += x[first + lane] - mx[lane]
            tail_x[lane] += x[last + lane] - mx[lane]
            head_y[lane] += y[first + lane] - my[lane]
            tail_y[lane] += y[last + lane] - my[lane]


@_jit
def _correlate_band(x, y, pad, n, band, bands, cores, delays, out):
    # out[i] = sum over t of x[t] y[t + delays[i]], in double precision; cores [stretches, 2] of t
    for i in range(delays.size):
        delay = delays[i]
        total = 0.0
        for s in range(cores.shape[0]):
            lane = s * bands + band
            for t in range(max(cores[s, 0], -delay), min(cores[s, 1], n - delay)):
                total += float(x[(pad + t) * 16 + lane]) * float(y[(pad + t + delay) * 16 + lane])
        out[i] = total


@dataclass(frozen=True)
class Lanes:
    """One quantity over time."""

    flat: np.ndarray  # float32 [(pad + T + pad) * 16], silent in the pads
    pad: int
    layout: Layout  # T is its length
    mean: np.ndarray  # [16] float64, of the lane's band
    power: np.ndarray  # [16] float64, mean square about the mean, of the lane's band


def _correlated(x: Lanes, y: Lanes, means: np.ndarray, scale: np.ndarray) -> np.ndarray:
    # [2 * DELAYS, bands], scaled as `cross_spectrum` does; few bands at a time: no large fresh memory
    layout, bands = x.layout, x.layout.bands
    rows, re, im = (scratch.take(size * LANES) for size in (_SIZE + 2, _SIZE, _SIZE))
    total = np.zeros((_SIZE // 2 + 1, 2, bands))
    for first, last, lanes in _spans(layout):
        rows[:] = 0
        span = x.flat, y.flat, x.pad, layout.length, first, last
        cross_spectrum(*span, means, scale, _COSINE, _SINE, re, im, rows)
        part = rows.reshape(-1, 2, LANES)[..., lanes]
        total += part.reshape(*part.shape[:2], -1, bands).sum(axis=2, dtype=np.float64)
    few = min(_FEW, bands)
    spectrum = re[: (_SIZE + 2) * 2 * few].view(np.complex128).reshape(-1, few)
    result = np.empty((2 * DELAYS, bands))
    for first in range(0, bands, few):
        _in_order(total, _ROW, _SIGN, first, spectrum)
        result[:, first : first + few] = irfft(spectrum, _SIZE, axis=0)[: 2 * DELAYS]
    scratch.give(rows, re, im)
    return result


def _spans(layout: Layout) -> list[tuple[int, int, slice]]:
    """From which sample to which, and in which lanes: what the first stretch has alone, all, and the last."""
    if layout.stretches == 1:
        return [(0, layout.length, slice(None))]
    end = layout.early + layout.step
    return [
        (0, layout.early, slice(0, layout.bands)),
        (layout.early, end, slice(None)),
        (end, layout.length, slice(LANES - layout.bands, None)),
    ]


def correlations(x: Lanes, y: Lanes) -> np.ndarray:
    """Cross-correlations for delays from -DELAYS on, less a constant: float64 [2 * DELAYS, bands]."""
    scale = np.sqrt((x.power + 1e-30) / (y.power + 1e-30)).astype(np.float32)
    means = np.concatenate((x.mean, y.mean)).astype(np.float32)
    mx, my = means[:LANES].astype(np.float64), means[LANES:].astype(np.float64)
    centred = _correlated(x, y, means, scale) / (4 * scale[: x.layout.bands].astype(np.float64))
    if mx.any() or my.any():
        _less_means(x.flat, y.flat, x.pad, x.layout.length, mx, my, centred)
    return centred


def band_delays(reference: Lanes, processed: Lanes) -> np.ndarray:
    """Samples [bands] by which to advance each processed band, in [-DELAYS, DELAYS)."""
    layout = reference.layout
    values, cores = correlations(reference, processed), np.array(layout.cores)
    error = _TOLERANCE * layout.samples * np.sqrt(reference.power * processed.power)
    best = np.empty(layout.bands, np.int64)
    for band in range(layout.bands):
        near = np.flatnonzero(values[:, band] >= values[:, band].max() - error[band]) - DELAYS
        if len(near) > 1:
            exact, both = np.empty(len(near)), (reference.flat, processed.flat, reference.pad)
            _correlate_band(*both, layout.length, band, layout.bands, cores, near, exact)
            near = near[exact == exact.max()]
        best[band] = near[-1]  # of equals the largest delay, as pyclarity
    return best
