"""A sound's fine structure and its waveform, as `model.texture` has them, of a clip and of its windows."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.fft import rfft

from ..haaqi.cochlea import BANDS, CENTERS, EAR_Q, MIN_BANDWIDTH, RATE
from ..haaqi.simd import LANES, absolute, fma, load, log2, maximum, minimum, splat, sqrt, store
from ..nalr import NALR_FREQUENCIES, nalr_gains
from .ear import HOP as FRAME
from .fourier import jit
from .responses import BLOCK as SPAN

SIZE, HOP = 2_048, 1_024  # samples: 85 ms, 43 ms
BINS, ROW = 853, 864  # up to 10 kHz; a row of them, a multiple of 16
LAGS = (1, 3, 6, 12)  # hops: 43 to 512 ms
ALIKE = (0, 2)  # the lags at which bins are compared
STEPS = (-15.0, -6.0, 6.0, 15.0)  # dB; how often a bin falls or rises by more
RAMP = 6.0  # dB; a step within half of it counts in part
NEAR = np.array((0.98, 0.9, 0.8, 0.6, 0.4), np.float32)  # of the largest sample
PEAK = 3_072  # samples: 128 ms
HOPS = 9  # half a window: 384 ms
STRETCH = 18 * HOPS  # hops that are looked at at once
SUMS = 3 + len(LAGS) * len(STEPS)
TEXTURE = 14 + len(LAGS) * len(STEPS) + len(ALIKE) + 2 * (len(NEAR) + 5)  # numbers a band
ROWS = 6  # of `_look`
_DB = np.float32(10 * np.log10(2.0))


def count_windows(frames: int) -> int:
    """As `model.texture.count_windows`."""
    needed = (2 * HOPS - 1) * HOP + SIZE
    return max((frames * FRAME - needed) // (HOPS * HOP) + 1, 0)


@lru_cache(maxsize=1)
def _tables() -> tuple[np.ndarray, np.ndarray]:
    """The window [SIZE], and how much each bin belongs to each band, [ROW, 32]."""
    window = np.hanning(SIZE)
    window *= np.sqrt(2 / SIZE) / np.sqrt((window**2).sum())
    bins = np.arange(ROW)[:, None] * RATE / SIZE
    width = np.maximum(0.6 * (MIN_BANDWIDTH + CENTERS / EAR_Q), 40)  # Hz
    bands = np.exp(-0.5 * ((bins - CENTERS) / width) ** 2)
    weights = np.where((bands < 1e-3) | (np.arange(ROW)[:, None] >= BINS), 0, bands)
    return window.astype(np.float32), (weights / weights.sum(0)).astype(np.float32)


def unamplifying(loss: np.ndarray) -> np.ndarray:
    """The gains that take back NAL-R's for a loss [32] dB: [SPAN / 2 + 1], linear."""
    gains = nalr_gains(np.interp(NALR_FREQUENCIES, CENTERS, loss))
    measured = np.concatenate(([0.0], NALR_FREQUENCIES, [RATE / 2]))
    grid = np.linspace(0, RATE / 2, SPAN // 2 + 1)
    ends = np.concatenate((gains[:1], gains, gains[-1:]))
    return (10 ** (-np.interp(grid, measured, ends) / 20)).astype(np.float32)


@jit
def _power(spectra, power):
    """Powers of bins, and one: [N, SIZE + 2] real and imaginary by turns, to [N, ROW]."""
    one = np.float32(1.0)
    for n in range(power.shape[0]):
        for k in range(BINS):
            power[n, k] = (
                spectra[n, 2 * k] * spectra[n, 2 * k] + spectra[n, 2 * k + 1] * spectra[n, 2 * k + 1] + one
            )
        for k in range(BINS, ROW):
            power[n, k] = one


@jit
def _look(power, first, count, lags, levels, rows, sums):
    """What is averaged over bins and over hops.

    Args:
        power: [count * ROW], none below 1.
        first: the clip's hop that the first is.
        count: of hops.
        lags: int64 [4].
        levels: [(most + count) * ROW], dB; those of the last `most` = LAGS[-1] hops move to the front.
        rows: [6, count * ROW] receives level, power, 1 / sqrt(power), level squared, and levels times
            those `lags[0]` and `lags[2]` hops earlier.
        sums: [blocks * SUMS * ROW] receives sums over blocks of nine hops, of the first three; then of how
            often levels fall and rise, for each lag.
    """
    db, ramp, zero, one = splat(_DB), splat(np.float32(RAMP)), splat(np.float32(0.0)), splat(np.float32(1.0))
    most = LAGS[-1]
    for v in range(count * ROW // LANES):
        place = v * LANES
        value = load(power, place)
        level = db * log2(value)
        store(levels, most * ROW + place, level)
        store(rows[0], place, level)
        store(rows[2], place, one / sqrt(value))
        store(rows[3], place, level * level)
        store(rows[4], place, level * load(levels, (most - lags[0]) * ROW + place))
        store(rows[5], place, level * load(levels, (most - lags[2]) * ROW + place))
    rows[1][: count * ROW] = power[: count * ROW]
    far, near = splat(np.float32(STEPS[3] - RAMP / 2)), splat(np.float32(STEPS[2] - RAMP / 2))
    for block in range((count + HOPS - 1) // HOPS):
        hops = min(HOPS, count - block * HOPS)
        for v in range(ROW // LANES):
            place = block * HOPS * ROW + v * LANES
            out = block * SUMS * ROW + v * LANES
            a = b = c = zero
            for t in range(hops):
                a = a + load(rows[1], place + t * ROW)
                b = b + load(rows[0], place + t * ROW)
                c = c + load(rows[2], place + t * ROW)
            store(sums, out, a)
            store(sums, out + ROW, b)
            store(sums, out + 2 * ROW, c)
            for i in range(len(LAGS)):
                lag = lags[i]
                a = b = c = d = zero
                for t in range(max(lag - first - block * HOPS, 0), hops):
                    here = place + (most + t) * ROW
                    rise = load(levels, here) - load(levels, here - lag * ROW)
                    fall = zero - rise
                    a = a + maximum(minimum(fall - far, ramp), zero)
                    b = b + maximum(minimum(fall - near, ramp), zero)
                    c = c + maximum(minimum(rise - near, ramp), zero)
                    d = d + maximum(minimum(rise - far, ramp), zero)
                place_out = out + (3 + 4 * i) * ROW
                store(sums, place_out, a)
                store(sums, place_out + ROW, b)
                store(sums, place_out + 2 * ROW, c)
                store(sums, place_out + 3 * ROW, d)
    for v in range(most * ROW // LANES):
        store(levels, v * LANES, load(levels, count * ROW + v * LANES))


def of_bins(signal: np.ndarray, windows: int) -> tuple[np.ndarray, np.ndarray]:
    """What each band is like, [32 numbers, 32], and in windows, [windows, 32 numbers, 32]."""
    window, weights = _tables()
    hops = np.lib.stride_tricks.sliding_window_view(signal, SIZE)[::HOP]
    count = len(hops)
    lags = np.minimum(LAGS, count - 1)
    levels = np.zeros((LAGS[-1] + STRETCH) * ROW, np.float32)
    rows = np.empty((ROWS, STRETCH * ROW), np.float32)
    power = np.empty((STRETCH, ROW), np.float32)
    sums = np.zeros((-(-count // HOPS), SUMS, ROW), np.float32)
    pooled = np.empty((ROWS, count, BANDS), np.float32)
    for first in range(0, count, STRETCH):
        spectra = rfft(hops[first : first + STRETCH] * window)
        n = len(spectra)
        _power(spectra.view(np.float32), power[:n])
        _look(power.ravel(), first, n, lags, levels, rows, sums[first // HOPS :].ravel())
        np.matmul(rows[:, : n * ROW].reshape(ROWS, n, ROW), weights, out=pooled[:, first : first + n])
    level, mean, rough = pooled[0], _decibels(pooled[1]), pooled[2]
    frames = np.stack((level - mean, -2 * _decibels(rough) - mean))
    alike = np.zeros((len(sums), len(ALIKE), BANDS), np.float32)
    spread = np.maximum(pooled[3] - level**2, 0.5)
    starts = np.arange(0, count, HOPS)
    for i, which in enumerate(ALIKE):
        lag = lags[which]
        found = pooled[4 + i]
        found[lag:] -= level[lag:] * level[: count - lag]
        found[lag:] /= np.sqrt(spread[lag:] * spread[: count - lag])
        found[:lag] = 0
        alike[:, i] = np.add.reduceat(found, starts)
    pairs = (count - lags)[None]
    whole = _describe(frames[:, None], sums.sum(0)[None], alike.sum(0)[None], pairs, weights)[0]
    if windows < 1:
        return whole, np.empty((0, *whole.shape), np.float32)
    parts = np.lib.stride_tricks.sliding_window_view(frames, 2 * HOPS, 1)[:, ::HOPS][:, :windows].swapaxes(
        2, 3
    )
    both = [(x[1:] + x[:-1])[:windows] for x in (sums, alike)]
    pairs = np.full((windows, len(LAGS)), 2 * HOPS)
    pairs[0] -= lags  # nothing is before the first window
    return whole, _describe(parts, *both, pairs, weights)


def _decibels(power: np.ndarray) -> np.ndarray:
    return 10 * np.log10(power)


def _describe(
    frames: np.ndarray, sums: np.ndarray, alike: np.ndarray, pairs: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """What each band is like in W stretches of time, [W, K, 32].

    Args:
        frames: how flat bins are and how deep the gaps between partials, [2, W, N, 32] dB.
        sums: [W, SUMS, ROW].
        alike: [W, 2, 32].
        pairs: how many there are of each lag, [W, 4].
        weights: [ROW, 32].
    """
    flat, floor = frames
    often = (sums[:, 3:] @ weights) / (np.float32(RAMP) * np.repeat(pairs, len(STEPS), 1)[..., None])
    power, level, rough = np.moveaxis(sums[:, :3], 1, 0) / np.float32(flat.shape[1])
    over_time = np.stack((_decibels(power), level, -2 * _decibels(rough)))
    means = over_time @ weights
    average, typical, lowest = means
    spread = np.sqrt(np.maximum(over_time**2 @ weights - means**2, 1e-2))
    flanks = np.zeros_like(over_time[:2])  # of partials
    flanks[..., : BINS - 1] = np.abs(np.diff(over_time[:2, :, :BINS]))
    rows = [
        flat.mean(1) / 5,
        flat.std(1) / 3,
        np.maximum(flat + 4, 0).mean(1),
        floor.mean(1) / 8,
        floor.std(1) / 4,
        (typical - average) / 8,
        (lowest - average) / 15,
        (average - 30) / 20,
        (lowest - 20) / 20,
        *(spread / 5),
        *(flanks @ weights / 3),
        *np.moveaxis(often * 4, 1, 0),
        *np.moveaxis(alike / pairs[:, ALIKE][..., None], 1, 0),
    ]
    return np.stack(rows, 1).astype(np.float32)


@jit
def _largest(x):
    """Mean square of samples [16 n] and the largest."""
    top, zero, total = splat(np.float32(0.0)), splat(np.float32(0.0)), 0.0
    some = np.empty(LANES, np.float32)
    for first in range(0, x.size, PEAK):
        part = zero
        for place in range(first, min(first + PEAK, x.size), LANES):
            value = load(x, place)
            part, top = fma(value, value, part), maximum(top, absolute(value))
        store(some, 0, part)
        total += some.sum()
    store(some, 0, top)
    return total, some.max()


@jit
def _spread(x, scale, top, sums, peaks):
    """Sums of samples [16 n] times a scale: fourth powers, magnitudes, nearness to `NEAR` of the top.

    Args:
        sums: [7] float64, receives them.
        peaks: [blocks] receives the largest magnitude of each block of 128 ms.
    """
    zero, width, factor = splat(np.float32(0.0)), splat(np.float32(0.02) * top), splat(scale)
    l0, l1 = splat((NEAR[0] - np.float32(0.01)) * top), splat((NEAR[1] - np.float32(0.01)) * top)
    l2, l3 = splat((NEAR[2] - np.float32(0.01)) * top), splat((NEAR[3] - np.float32(0.01)) * top)
    l4 = splat((NEAR[4] - np.float32(0.01)) * top)
    some = np.empty(LANES, np.float32)
    for block in range((x.size + PEAK - 1) // PEAK):
        a = b = c = d = e = f = g = most = zero
        for place in range(block * PEAK, min((block + 1) * PEAK, x.size), LANES):
            size = absolute(load(x, place)) * factor
            square = size * size
            a, b, most = fma(square, square, a), b + size, maximum(most, size)
            c = c + maximum(minimum(size - l0, width), zero)
            d = d + maximum(minimum(size - l1, width), zero)
            e = e + maximum(minimum(size - l2, width), zero)
            f = f + maximum(minimum(size - l3, width), zero)
            g = g + maximum(minimum(size - l4, width), zero)
        store(some, 0, most)
        if block < peaks.size:
            peaks[block] = some.max()
        for i in range(7):
            store(some, 0, (a, b, c, d, e, f, g)[i])
            sums[i] += some.sum()


def shape(signal: np.ndarray, samples: int) -> np.ndarray:
    """How samples spread up to the largest: [10], whatever the level.

    Args:
        signal: [16 n], zeros behind the samples.
        samples: how many there are.
    """
    square, largest = _largest(signal)
    scale = np.sqrt(square / samples + 1e-9)
    top = largest / scale + 1e-6
    sums, peaks = np.zeros(2 + len(NEAR)), np.empty(samples // PEAK, np.float32)
    _spread(signal, np.float32(1 / scale), np.float32(top), sums, peaks)
    fourth, mean, *near = sums / samples
    peaks /= top
    return np.array(
        [
            np.log(top) - 1.5,
            np.log(fourth + 1e-6) - 1.2,
            8 * (mean - 0.75),
            3 * (peaks.mean(dtype=float) - 0.6),
            8 * (peaks.std(dtype=float) - 0.2),
            *(np.log(np.array(near) / (0.02 * top) + 1e-5) / 3 + 2),
        ],
        np.float32,
    )
