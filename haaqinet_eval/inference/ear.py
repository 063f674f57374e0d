"""The listener's ear: a signal to its bands' envelopes in dB above threshold, as `model.auditory` has it.

The same blocks, filters and points in time; a block's spectrum is cut into sixteen bands at once, on the
lanes of a vector. What is computed and why is told there.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import rfft

from ..haaqi.cochlea import BANDS, RATE, WIDEST, delays_to_align, share_loss
from ..haaqi.simd import LANES, fma, load, log2, maximum, minimum, splat, store
from .fourier import BLOCKS, POINTS, RADIX, TWIDDLES, VALUES, filter_and_fold, jit, last_powers, middle_passes
from .responses import (
    AHEAD,
    BLOCK,
    DECIMATION,
    TAPS,
    WIDTH,
    adaptation,
    build,
    groups,
    middle_ear,
    middle_ear_table,
    waits,
)

HOP = 96  # samples: 4 ms, 250 frames/s
HALF = HOP // DECIMATION  # points of half a smoothing window
BEFORE, AFTER = 2_272, 192  # samples at a block's ends that the filters' decay and the cut bins spoil
OVERLAP = BEFORE + AFTER
STEP = BLOCK - OVERLAP
VALID = STEP // DECIMATION  # points of a block that are used
TOP = np.float32(102.0)  # dB above threshold; nothing above is told apart
_DB = np.float32(10 * np.log10(2.0))  # dB of a doubled power
_FLOOR = np.float32(1e-4)  # power: -40 dB SPL, far below any threshold
_TAPER = np.sin(np.pi / 2 * (np.arange(OVERLAP) + 0.5) / OVERLAP)
TAPER = np.concatenate((_TAPER, np.ones(STEP - OVERLAP), _TAPER[::-1])).astype(np.float32)
_HANN = np.hanning(2 * HOP)[::DECIMATION]
WINDOW = (_HANN / _HANN.sum()).astype(np.float32)
STATES, MEMORY = 2, TAPS - 1  # of the adaptation; points


def blocks_of(signal: np.ndarray) -> np.ndarray:
    """A signal [T] in overlapping blocks [K, BLOCK], K even; the first begins `OVERLAP` samples earlier."""
    count = -(-(len(signal) + OVERLAP) // STEP)
    count += count % BLOCKS
    padded = np.zeros(OVERLAP + count * STEP, np.float32)
    padded[OVERLAP : OVERLAP + len(signal)] = signal
    return np.lib.stride_tricks.sliding_window_view(padded, BLOCK)[::STEP]


def mean_power(blocks: np.ndarray, samples: int) -> np.ndarray:
    """Mean power behind the middle ear at each of the spectrum's points, [BLOCK] float32."""
    energy = np.zeros(BLOCK // 2 + 1, np.float32)
    for first in range(0, len(blocks), 4):
        spectra = rfft(blocks[first : first + 4] * TAPER)
        energy += np.einsum("kf,kf->f", spectra.real, spectra.real)
        energy += np.einsum("kf,kf->f", spectra.imag, spectra.imag)
    whole = np.concatenate((energy, energy[-2:0:-1]))
    return (whole * np.abs(middle_ear()) ** 2 / (BLOCK * samples)).astype(np.float32)


def _decibels(power: np.ndarray) -> np.ndarray:
    return 10 * np.log10(power + 1e-4)


@jit
def _heard(spectra, folds, responses, controls, rows, twiddles, few, folded, other, gains, out):
    """Two blocks' compressed envelopes, [2 * VALID] points after the first `MEMORY` of `out`.

    Args:
        spectra, folds, twiddles, few: of `filter_and_fold`.
        responses, controls: of the signal's and of the control filters.
        rows: [4 * 16]: lower knee in dB SPL, the slope above, the loss in dB, nothing.
        folded, other, gains: for its own use.
    """
    knee, slope, loss = load(rows, 0), load(rows, LANES), load(rows, 2 * LANES)
    db, floor, zero = splat(_DB), splat(_FLOOR), splat(np.float32(0.0))
    most = splat(np.float32(100.0))
    quarter, early = POINTS // 4, BEFORE // DECIMATION + AHEAD
    filter_and_fold(spectra, BLOCK, folds, controls, twiddles, few, folded)
    for b in range(BLOCKS):
        first = b * POINTS * VALUES
        middle_passes(folded, first, twiddles, other)
        for q in range(quarter):
            powers = last_powers(folded, first, q)
            place = (b * POINTS + q) * LANES
            for i in range(4):
                drive = minimum(db * log2(powers[i] + floor), most)
                store(gains, place + i * quarter * LANES, fma(maximum(drive, knee) - knee, slope, loss))
    filter_and_fold(spectra, BLOCK, folds, responses, twiddles, few, folded)
    for b in range(BLOCKS):
        first = b * POINTS * VALUES
        middle_passes(folded, first, twiddles, other)
        for q in range(quarter):
            powers = last_powers(folded, first, q)
            for i in range(4):
                point = q + i * quarter
                if early <= point < early + VALID:
                    less = load(gains, (b * POINTS + point) * LANES)
                    level = maximum(fma(db, log2(powers[i] + floor), zero - less), zero)
                    store(out, (MEMORY + b * VALID + point - early) * LANES, level)


@jit
def _smooth(x, count, filters, states, window, halves):
    """Adaptation, then sums over half windows.

    Args:
        x: [(MEMORY + count) * 16] points; the last `MEMORY` move to the front.
        filters: [2 + 2 + TAPS, 16], those of `adaptation` for each band.
        states: [STATES * 16], kept from call to call.
        window: [2 * HALF], rising and falling.
        halves: [count / HALF, 2, 16] receives the rising and the falling sums.
    """
    p1, p2 = load(filters, 0), load(filters, LANES)
    w1, w2 = load(filters, 2 * LANES), load(filters, 3 * LANES)
    zero = splat(np.float32(0.0))
    s1, s2 = load(states, 0), load(states, LANES)
    for h in range(count // HALF):
        rise = fall = zero
        for i in range(HALF):
            place = (h * HALF + i) * LANES
            now = load(x, place + (TAPS - 1 - AHEAD) * LANES)
            s1, s2 = fma(p1, s1, now), fma(p2, s2, now)
            y = fma(w1, s1, w2 * s2)
            for k in range(TAPS):
                y = fma(load(filters, (3 + TAPS - k) * LANES), load(x, place + k * LANES), y)
            y = maximum(y, zero)
            rise, fall = fma(splat(window[i]), y, rise), fma(splat(window[HALF + i]), y, fall)
        store(halves, h * VALUES, rise)
        store(halves, h * VALUES + LANES, fall)
    store(states, 0, s1)
    store(states, LANES, s2)
    for k in range(MEMORY):
        store(x, k * LANES, load(x, (count + k) * LANES))


class Ear:
    """An ear that has heard how loud a clip is, and now hears it.

    Args:
        levels: [6] dB HL at HAAQI's frequencies.
        power: of `mean_power`.
    """

    def __init__(self, levels: np.ndarray, power: np.ndarray) -> None:
        loss = share_loss(levels)
        self.loss = loss.outer + loss.inner
        self.knee, self.slope = loss.knee, 1 - 1 / loss.ratio
        drive = np.concatenate([power[g.points] @ g.control_energy for g in groups()])
        drive = _decibels(drive)
        share = np.clip((drive - 50) / 50, 0, 1)  # bands widen from 50 to 100 dB SPL
        width = loss.bandwidth + share * (WIDEST - loss.bandwidth)
        delays = delays_to_align(width)
        late = delays % DECIMATION  # what is no whole point delays the envelopes
        pole = np.exp(-2 * np.pi * WIDTH * width / RATE)
        poles = np.stack((pole, 2 * ((1 - pole) ** 2 / (1 + 2 * pole)) ** 2)).astype(np.float32)
        level = np.empty(BANDS)
        self.responses = []
        for group in groups():
            both = np.empty_like(group.turned), np.empty_like(group.turned)
            parts = *waits((delays - late)[group.bands]), power, *both, level[group.bands]
            own = np.ascontiguousarray(poles[:, group.bands]).ravel()
            build(group.turned, group.control, group.points, own, middle_ear_table(), *parts)
            self.responses.append(both)
        level = np.maximum(_decibels(level), 0)
        self.spectrum = self._compress(level, drive).astype(np.float32)
        self._filters = [np.ascontiguousarray(adaptation()[late[g.bands]].T).ravel() for g in groups()]
        self._rows = np.stack((self.knee, self.slope, self.loss)).astype(np.float32)
        self._states = [np.zeros(STATES * LANES, np.float32) for _ in groups()]
        self._points = [np.zeros((MEMORY + BLOCKS * VALID) * LANES, np.float32) for _ in groups()]
        self._few = np.empty(BLOCKS * RADIX * VALUES, np.float32)
        self._folded = np.empty(BLOCKS * POINTS * VALUES, np.float32)
        self._other = np.empty(POINTS * VALUES, np.float32)
        self._gains = np.empty(BLOCKS * POINTS * LANES, np.float32)
        self._spectra = np.empty((BLOCKS, 2, BLOCK), np.float32)

    def _compress(self, level: np.ndarray, drive: np.ndarray) -> np.ndarray:
        gain = (np.maximum(np.minimum(drive, 100), self.knee) - self.knee) * self.slope
        return np.maximum(level - self.loss - gain, 0)

    def hear(self, spectra: np.ndarray, halves: np.ndarray) -> None:
        """The next two blocks, their spectra [2, BLOCK / 2 + 1]; `halves` [2, n, 2, 16] receives sums."""
        bins = BLOCK // 2 + 1
        scaled = spectra * np.float32(1 / BLOCK)
        self._spectra[:, 0, :bins], self._spectra[:, 1, :bins] = scaled.real, scaled.imag
        self._spectra[:, 0, bins:] = scaled.real[:, -2:0:-1]
        self._spectra[:, 1, bins:] = -scaled.imag[:, -2:0:-1]
        for g, group in enumerate(groups()):
            rows = np.ascontiguousarray(self._rows[:, group.bands]).ravel()
            own = (TWIDDLES, self._few, self._folded, self._other, self._gains, self._points[g])
            _heard(self._spectra.ravel(), group.folds, *self.responses[g], rows, *own)
            own = (self._filters[g], self._states[g], WINDOW, halves[g].ravel())
            _smooth(self._points[g], BLOCKS * VALID, *own)


def envelope_of(halves: np.ndarray, frames: int) -> np.ndarray:
    """Envelopes [frames, 32] of the sums over half windows [2, n, 2, 16]."""
    skip = AFTER // HOP - 1
    rising, falling = halves[:, skip : skip + frames, 0], halves[:, skip + 1 : skip + 1 + frames, 1]
    envelope = np.concatenate(list(rising + falling), axis=1)
    envelope[0] /= WINDOW[HALF:].sum()  # half of its window is outside
    return np.minimum(envelope, TOP, out=envelope)
