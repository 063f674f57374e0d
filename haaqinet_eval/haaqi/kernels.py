"""The ear model's inner loops: sixteen auditory channels at a time.

Arrays of samples are flat float32, sample after sample, sixteen channels each: the value of
channel `lane` at sample `t` is at `16 * t + lane`. All loops run without the GIL, so that
groups of channels may run in threads. Equations: Kates and Arehart (2016), "The Hearing-Aid
Audio Quality Index (HAAQI)", IEEE/ACM TASLP 24(2); Kates (2013), "An auditory model for
intelligibility and quality predictions", POMA 19.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .simd import (
    absolute,
    exp2,
    fma,
    gather,
    load,
    log2,
    maximum,
    minimum,
    narrow,
    splat,
    sqrt,
    store,
    where_reached,
    widen,
)

CARRIER = 128  # samples between exact restarts of the carriers
TINY = 1e-31  # -620 dB added to the signal: keeps the filters out of denormals
_UP = np.float32(2.0**40)  # small envelopes are squared without underflow: HAAQI tells 1e-30 from 0
_DOWN = np.float32(2.0**-40)
_SILENCE = np.float32(2.2 * (TINY * 2.0**40) ** 2)  # power of TINY alone, scaled
SMALL = np.float32(1e-30)  # HAAQI's own guard against log(0) and division by 0
_ZERO = np.float32(0.0)

_jit = njit(cache=True, nogil=True, error_model="numpy")


@njit(inline="always")
def _pole(b, x, y):
    # y + b (x - y): unit gain at 0 Hz whatever the rounding of b; direct forms fail in float32
    return fma(b, x - y, y)


@njit(inline="always")
def _heard(signal, at, whole, t):
    # the signal's sample for each lane: the same for all, or of the lane's stretch
    return splat(signal[t]) if whole else gather(signal, at, t)


@_jit
def gammatone_control(signal, at, counts, poles, rows, table, starts, squares, gains):
    """Control path: widest gammatone filter, its mean square, and the compressor's gain.

    Args:
        signal: middle-ear output, float64.
        at: [16] int64, sample of the signal at which each lane begins; T are heard.
        counts: [2 * 16] int64, the first carrier block of each lane whose squares count, and the first
            that does not any more.
        poles: [16] float64, b of the one-pole stages. The first two run in double precision: they
            remove what lies outside the band, which may be far stronger than what is inside.
        rows: [10 * 16] per channel: b again, three FIR weights, log2 of the lower knee and of
            100 dB SPL (in the filter's own units), 1 - 1/CR, log2 of the OHC attenuation, pole
            and weight of the gain's smoothing.
        table: [2 * CARRIER * 16] float64, cosines and sines of one carrier block.
        starts: [blocks * 2 * 16] float64, cosine and sine at the start of each block.
        squares: [16] float64, receives the sums of squares of the envelope.
        gains: [T * 16] receives the smoothed compressor gain (linear).
    """
    n, whole = gains.size // 16, at[15] == 0
    wide_b, b, f0, f1, f2 = load(poles, 0), load(rows, 0), load(rows, 16), load(rows, 32), load(rows, 48)
    knee, top, slope, attenuation = load(rows, 64), load(rows, 80), load(rows, 96), load(rows, 112)
    smooth_pole, smooth_gain = load(rows, 128), load(rows, 144)
    tiny, half = splat(TINY), splat(np.float32(0.5))
    zero = splat(_ZERO)
    r1 = r2 = i1 = i2 = splat(0.0)
    r3 = r4 = ra = rb = i3 = i4 = ia = ib = zero
    raw, smoothed = zero, zero
    sums = np.zeros(16, np.float32)
    for block in range((n + CARRIER - 1) // CARRIER):
        start = block * CARRIER
        cosine, sine = load(starts, block * 32), load(starts, block * 32 + 16)
        total = zero
        for k in range(min(CARRIER, n - start)):
            tc, ts = load(table, k * 16), load(table, (CARRIER + k) * 16)
            x = _heard(signal, at, whole, start + k)
            r = fma(x, cosine * tc - sine * ts, tiny)
            i = fma(x, sine * tc + cosine * ts, tiny)
            r1, i1 = _pole(wide_b, r, r1), _pole(wide_b, i, i1)
            r2, i2 = _pole(wide_b, r1, r2), _pole(wide_b, i1, i2)
            r3, i3 = _pole(b, narrow(r2), r3), _pole(b, narrow(i2), i3)
            r4, i4 = _pole(b, r3, r4), _pole(b, i3, i4)
            re = fma(f0, r4, fma(f1, ra, f2 * rb))
            im = fma(f0, i4, fma(f1, ia, f2 * ib))
            ra, rb, ia, ib = r4, ra, i4, ia
            power = fma(re, re, im * im)
            total = total + power
            level = minimum(half * log2(power), top)
            gain = exp2(attenuation - (maximum(level, knee) - knee) * slope)
            smoothed = fma(smooth_pole, smoothed, smooth_gain * (gain + raw))
            raw = gain
            store(gains, (start + k) * 16, smoothed)
        store(sums, 0, total)
        for lane in range(16):
            if counts[lane] <= block < counts[16 + lane]:
                squares[lane] += sums[lane]


@_jit
def gammatone_compress(signal, at, counts, poles, rows, table, starts, sums, envelope, motion):
    """Signal path: gammatone filter at the adjusted bandwidth, times the compressor's gain.

    Args:
        signal, at, counts, poles, table, starts: as for `gammatone_control`.
        rows: [5 * 16] per channel: b of the one-pole stages, three FIR weights, overall gain.
        sums: [4 * 16] float64, receives per channel the sum of squares of the envelope before
            compression, and after it the sums of the envelope, of its squares and of the motion's.
        envelope: [T * 16] holds the gains of `gammatone_control`, receives the compressed envelope.
        motion: [T * 16] receives the compressed basilar-membrane motion.
    """
    n, whole = motion.size // 16, at[15] == 0
    wide_b, b, f0, f1, f2 = load(poles, 0), load(rows, 0), load(rows, 16), load(rows, 32), load(rows, 48)
    scale = load(rows, 64)
    tiny = splat(TINY)
    zero, silence, up, down = splat(_ZERO), splat(_SILENCE), splat(_UP), splat(_DOWN)
    r1 = r2 = i1 = i2 = splat(0.0)
    r3 = r4 = ra = rb = i3 = i4 = ia = ib = zero
    part = np.zeros(64, np.float32)
    for block in range((n + CARRIER - 1) // CARRIER):
        start = block * CARRIER
        cosine, sine = load(starts, block * 32), load(starts, block * 32 + 16)
        total = total_e = total_ee = total_mm = zero
        for k in range(min(CARRIER, n - start)):
            tc, ts = load(table, k * 16), load(table, (CARRIER + k) * 16)
            x = _heard(signal, at, whole, start + k)
            c = cosine * tc - sine * ts
            s = sine * tc + cosine * ts
            r, i = fma(x, c, tiny), fma(x, s, tiny)
            r1, i1 = _pole(wide_b, r, r1), _pole(wide_b, i, i1)
            r2, i2 = _pole(wide_b, r1, r2), _pole(wide_b, i1, i2)
            r3, i3 = _pole(b, narrow(r2), r3), _pole(b, narrow(i2), i3)
            r4, i4 = _pole(b, r3, r4), _pole(b, i3, i4)
            re = fma(f0, r4, fma(f1, ra, f2 * rb))
            im = fma(f0, i4, fma(f1, ia, f2 * ib))
            ra, rb, ia, ib = r4, ra, i4, ia
            total = fma(re, re, fma(im, im, total))
            big_re, big_im = up * re, up * im
            power = maximum(fma(big_re, big_re, big_im * big_im) - silence, zero)
            place = (start + k) * 16
            gain = scale * load(envelope, place)
            e, m = gain * down * sqrt(power), gain * fma(re, narrow(c), im * narrow(s))
            store(envelope, place, e)
            store(motion, place, m)
            total_e, total_ee, total_mm = total_e + e, fma(e, e, total_ee), fma(m, m, total_mm)
        store(part, 0, total)
        store(part, 16, total_e)
        store(part, 32, total_ee)
        store(part, 48, total_mm)
        for place in range(64):
            if counts[place % 16] <= block < counts[16 + place % 16]:
                sums[place] += part[place]


@_jit
def inner_hair_cells(envelope, motion, at_envelope, at_motion, begins, levels, weights, window, out, smooth):
    """Envelope to dB SL, IHC adaptation, 8-ms averages; all channels brought into time.

    Args:
        envelope, motion: compressed, zero beyond their ends.
        at_envelope, at_motion: [16] int64: where each channel's sample 0 lies, alignment and
            group delay included.
        begins: [16] float32: first sample that is not silent because of the group delay.
        levels: [16] dB SL of a compressed envelope of 1.
        weights: [6] float64: how the two adaptation stages follow the input and each other.
        window: [2 * half] float64 rising and falling half of the averaging window.
        out: [T * 16] receives the adapted motion; may be the envelope's own memory, from its beginning on.
        smooth: [2 * halves * 16] receives per half window the rising and the falling sum.
    """
    n = out.size // 16
    db = splat(np.float32(20 * np.log10(2.0)))
    level, begin, zero = load(levels, 0), load(begins, 0), splat(_ZERO)
    small = splat(SMALL)
    nothing, two = splat(0.0), splat(2.0)
    v1 = v2 = nothing
    w10, w11, w12 = splat(weights[0]), splat(weights[1]), splat(weights[2])
    w20, w21, w22 = splat(weights[3]), splat(weights[4]), splat(weights[5])
    half = window.size // 2
    for h in range((n + half - 1) // half):
        rise = fall = nothing
        count = min(half, n - h * half)
        for k in range(count):
            t = h * half + k
            now = splat(np.float32(t))
            c = where_reached(now, begin, gather(envelope, at_envelope, t * 16))
            m = where_reached(now, begin, gather(motion, at_motion, t * 16))
            c = c + small
            v0 = maximum(fma(db, log2(c), level), zero)
            wide = widen(v0)
            stage1 = fma(w10, wide, fma(w11, v1, w12 * v2))
            v2 = fma(w20, wide, fma(w21, v1, w22 * v2))
            v1 = stage1
            adapted = maximum(two * (wide - v1), nothing)
            rise = fma(splat(window[k]), adapted, rise)
            fall = fma(splat(window[half + k]), adapted, fall)
            store(out, t * 16, (narrow(adapted) + small) / c * m)
        if count == half:
            store(smooth, h * 32, narrow(rise))
            store(smooth, h * 32 + 16, narrow(fall))


@_jit
def add_noise(motion, noise, gain, at_noise, begins, out):
    """Threshold noise, in the band's own time: it was added before the group delay.

    Args:
        motion: [T * 16]; noise: [16 * T], channel after channel; gain: float32.
        at_noise: [16] int64: where each channel's noise for sample 0 of `motion` lies.
        begins: [16] float32, as for `inner_hair_cells`.
        out: [T * 16], may be `motion`.
    """
    begin = load(begins, 0)
    for t in range(motion.size // 16):
        reached = where_reached(splat(np.float32(t)), begin, gather(noise, at_noise, t))
        store(out, t * 16, fma(splat(gain), reached, load(motion, t * 16)))


@njit(inline="always")
def _windowed(source, first, count, window, shift, target, row):
    # windowed segment less its mean into `target` from `row` on; returns its energy
    total = splat(_ZERO)
    for k in range(count):
        value = load(source, (first + k) * 16) * splat(window[shift + k])
        total = total + value
        store(target, (row + k) * 16, value)
    mean = total * splat(np.float32(1.0 / count))
    energy = splat(_ZERO)
    for part in range(0, count, 32):  # summed in parts: float32 keeps 1e-7
        partial = splat(_ZERO)
        for k in range(part, min(part + 32, count)):
            value = load(target, (row + k) * 16) - mean
            partial = fma(value, value, partial)
            store(target, (row + k) * 16, value)
        energy = energy + partial
    return energy


@njit(inline="always")
def _largest(x, y, count, unbias):
    # largest magnitude of the cross-covariance over the 49 lags, each over the window's own
    largest = splat(_ZERO)
    for q in range(0, 49, 7):
        c0 = c1 = c2 = c3 = c4 = c5 = c6 = splat(_ZERO)
        for t in range(count):
            v = load(x, t * 16)
            at = (t + q) * 16
            c0 = fma(v, load(y, at), c0)
            c1 = fma(v, load(y, at + 16), c1)
            c2 = fma(v, load(y, at + 32), c2)
            c3 = fma(v, load(y, at + 48), c3)
            c4 = fma(v, load(y, at + 64), c4)
            c5 = fma(v, load(y, at + 80), c5)
            c6 = fma(v, load(y, at + 96), c6)
        largest = maximum(largest, absolute(c0) * splat(unbias[q]))
        largest = maximum(largest, absolute(c1) * splat(unbias[q + 1]))
        largest = maximum(largest, absolute(c2) * splat(unbias[q + 2]))
        largest = maximum(largest, absolute(c3) * splat(unbias[q + 3]))
        largest = maximum(largest, absolute(c4) * splat(unbias[q + 4]))
        largest = maximum(largest, absolute(c5) * splat(unbias[q + 5]))
        largest = maximum(largest, absolute(c6) * splat(unbias[q + 6]))
    return largest


@_jit
def covariances(x, y, window, unbias, half_unbias, threshold, result, mean_squares):
    """Normalised cross-covariance of 16-ms segments, largest over +-1 ms; first and last are half windows.

    Args:
        x, y: [T * 16] noisy motion of the reference and of the processed signal.
        window: [384] von Hann; unbias, half_unbias: [49] inverse of the window's autocorrelation.
        threshold: mean square of x below which a segment of a band has no weight.
        result, mean_squares: [segments * 16]; where no band reaches the threshold, result is 0.
    """
    half = window.size // 2
    last = mean_squares.size // 16 - 1
    segment_x, segment_y = np.empty(2 * half * 16, np.float32), np.empty((2 * half + 48) * 16, np.float32)
    power = 0.0
    for k in range(2 * half):
        power += np.float64(window[k]) ** 2
    floor = splat(SMALL)
    for n in range(last + 1):
        whole = 0 < n < last
        count = 2 * half if whole else half
        shift = half if n == 0 else 0
        scale = splat(np.float32(1.0 / power if whole else 2.0 / power))
        square_x = _windowed(x, n * half, count, window, shift, segment_x, 0) * scale
        store(mean_squares, n * 16, square_x)
        audible = False
        for lane in range(16):
            audible |= mean_squares[n * 16 + lane] > threshold
        if not audible:
            store(result, n * 16, splat(_ZERO))
            continue
        segment_y[: 24 * 16] = 0
        segment_y[(24 + count) * 16 : (48 + count) * 16] = 0
        square_y = _windowed(y, n * half, count, window, shift, segment_y, 24) * scale
        if whole:
            largest = _largest(segment_x, segment_y, count, unbias)
        else:
            largest = _largest(segment_x, segment_y, count, half_unbias)
        value = largest / sqrt(maximum(square_x, floor)) / sqrt(maximum(square_y, floor))
        value = where_reached(square_x, floor, where_reached(square_y, floor, value))
        store(result, n * 16, minimum(value, splat(np.float32(1))))
