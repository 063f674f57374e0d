"""One signal through the cochlear model, and two of them compared.

`hear_reference` gives everything that depends on the reference alone; `hear_processed` needs
it, because the processed bands are aligned to the reference's and delayed with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.signal import butter

from . import kernels
from .align import DELAYS, band_delays
from .cochlea import (
    BANDS,
    CENTERS,
    RATE,
    WIDEST,
    Loss,
    adaptation_weights,
    adjust_bandwidth,
    delays_to_align,
    gammatone_rows,
    spectrum_sl,
)
from .noise import Gaussians
from .simd import LANES

GROUPS = tuple(slice(first, first + LANES) for first in range(0, BANDS, LANES))
PAD = DELAYS + 1024  # silent samples around each band: alignment and group delay reach into them
_DB = 20 * np.log10(2.0)  # dB of a doubled amplitude
_SMOOTH = 192  # samples: 8-ms averages of the envelope, half overlapping


@dataclass(frozen=True)
class Bands:
    """A signal in the cochlea: each array flat float32, [(PAD + T + PAD) * 16] per group."""

    samples: int  # T
    envelope: list[np.ndarray]
    motion: list[np.ndarray]
    bandwidth: np.ndarray  # [32] relative to a normal ear at low level
    level_sl: np.ndarray  # [32] long-term spectrum, dB SL


@dataclass(frozen=True)
class Heard:
    """What reaches the nerve, bands in time with each other, threshold noise not yet added."""

    motion: list[np.ndarray]  # per group flat [T * 16]
    smooth: np.ndarray  # [32, L] envelopes in dB SL, 250 a second


@dataclass(frozen=True)
class Ear:
    """A listener's cochlea at one calibration: hearing loss and dB SPL of an RMS of 1."""

    loss: Loss
    level1: float

    def control_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of `kernels.gammatone_control` [10, 32] and the control filters' gain [32]."""
        filters = gammatone_rows(WIDEST)
        gain = filters[4]
        unit = np.log2(gain)
        (b0, _), (_, a1) = butter(1, 800 / (0.5 * RATE))
        rows = np.stack(
            [
                *filters[:4],
                (self.loss.knee - self.level1) / _DB - unit,
                np.full(BANDS, (100 - self.level1) / _DB) - unit,
                1 - 1 / self.loss.ratio,
                -self.loss.outer / _DB,
                np.full(BANDS, -a1),
                np.full(BANDS, b0),
            ]
        )
        return rows, gain


@lru_cache(maxsize=4)
def _carriers(first: int, samples: int) -> tuple[np.ndarray, np.ndarray]:
    omega = 2 * np.pi / RATE * CENTERS[first : first + LANES]
    inside = np.outer(np.arange(kernels.CARRIER), omega)
    blocks = -(-samples // kernels.CARRIER)
    begins = np.outer(np.arange(blocks) * float(kernels.CARRIER), omega)
    table = np.stack((np.cos(inside), np.sin(inside))).astype(np.float32)
    starts = np.stack((np.cos(begins), np.sin(begins)), axis=1).astype(np.float32)
    return table.ravel(), starts.ravel()


def _flat(rows: np.ndarray, group: slice) -> np.ndarray:
    return np.ascontiguousarray(rows[:, group], dtype=np.float32).ravel()


def filter_bands(signal: np.ndarray, ear: Ear) -> Bands:
    """Gammatone filters and compression of a middle-ear output, float32 [T]."""
    n = len(signal)
    rows, gain = ear.control_rows()
    squares = np.zeros(BANDS)
    gains = [np.empty(n * LANES, np.float32) for _ in GROUPS]
    for group, out in zip(GROUPS, gains, strict=True):
        kernels.gammatone_control(signal, _flat(rows, group), *_carriers(group.start, n), squares[group], out)
    control = squares * gain**2 / n
    bandwidth = adjust_bandwidth(ear.loss.bandwidth, control, ear.level1)
    filters = gammatone_rows(bandwidth)
    squares = np.zeros(BANDS)
    envelope = [np.zeros((n + 2 * PAD) * LANES, np.float32) for _ in GROUPS]
    motion = [np.zeros((n + 2 * PAD) * LANES, np.float32) for _ in GROUPS]
    inside = slice(PAD * LANES, (PAD + n) * LANES)
    for group, g, e, m in zip(GROUPS, gains, envelope, motion, strict=True):
        carriers = _carriers(group.start, n)
        kernels.gammatone_compress(
            signal, _flat(filters, group), *carriers, squares[group], g, e[inside], m[inside]
        )
    mean_square = squares * filters[4] ** 2 / n
    return Bands(n, envelope, motion, bandwidth, spectrum_sl(mean_square, control, ear.loss, ear.level1))


_WEIGHTS = adaptation_weights()
_WINDOW = np.hanning(_SMOOTH)
_SMOOTH_WINDOW = _WINDOW.astype(np.float32)


def _averages(halves: list[np.ndarray]) -> np.ndarray:
    """Window averages from the sums of half windows: [L, 2, 16] per group -> [32, L]."""
    rise, fall = np.concatenate([h.astype(np.float64) for h in halves], axis=2).transpose(1, 2, 0)
    smooth = rise.copy()
    smooth[:, :-1] += fall[:, 1:]
    smooth /= _WINDOW.sum()
    smooth[:, 0] = fall[:, 0] / (_WINDOW.sum() / 2)
    smooth[:, -1] = rise[:, -1] / (_WINDOW.sum() / 2)
    return smooth


def to_nerve(bands: Bands, ear: Ear, waits: np.ndarray, aligned: tuple[np.ndarray, np.ndarray]) -> Heard:
    """Sensation level, adaptation and averages of one signal's bands.

    Args:
        waits: [32] samples each band waits for the slowest.
        aligned: [32] samples by which to advance the envelope, and the motion.
    """
    n = bands.samples
    levels = (ear.level1 - ear.loss.inner).astype(np.float32)
    motions, halves = [], []
    for group, e, m in zip(GROUPS, bands.envelope, bands.motion, strict=True):
        lanes = np.arange(LANES)
        at = [(PAD + delay[group] - waits[group]) * LANES + lanes for delay in aligned]
        out = np.empty(n * LANES, np.float32)
        sums = np.empty((n // (_SMOOTH // 2), 2, LANES), np.float32)
        kernels.inner_hair_cells(
            e,
            m,
            *at,
            waits[group].astype(np.float32),
            levels[group],
            _WEIGHTS,
            _SMOOTH_WINDOW,
            out,
            sums.ravel(),
        )
        motions.append(out)
        halves.append(sums)
    return Heard(motions, _averages(halves))


IN_TIME = (np.zeros(BANDS, np.int64), np.zeros(BANDS, np.int64))


def hear_reference(signal: np.ndarray, ear: Ear) -> tuple[Bands, np.ndarray, Heard]:
    """The reference's bands, the group delays [32] it sets for both signals, and what is heard."""
    bands = filter_bands(signal, ear)
    waits = delays_to_align(bands.bandwidth)
    return bands, waits, to_nerve(bands, ear, waits, IN_TIME)


def hear_processed(signal: np.ndarray, ear: Ear, reference: Bands, waits: np.ndarray) -> tuple[Bands, Heard]:
    """The processed signal's bands, aligned to the reference's, and what is heard."""
    bands = filter_bands(signal, ear)
    delays = (
        band_delays(reference.envelope, bands.envelope, bands.samples, PAD),
        band_delays(reference.motion, bands.motion, bands.samples, PAD),
    )
    return bands, to_nerve(bands, ear, waits, delays)


def with_noise(
    motions: list[np.ndarray], waits: np.ndarray, stream: Gaussians, level1: float, in_place: bool
) -> list[np.ndarray]:
    """Motion with threshold noise (-10 dB re threshold): per group flat [T * 16]."""
    gain = np.float32(10 ** ((-10 - level1) / 20))
    noisy = []
    for group, motion in zip(GROUPS, motions, strict=True):
        n = motion.size // LANES
        noise = np.empty(PAD + LANES * n, np.float32)  # the first band reads `waits` before its start
        noise[:PAD] = 0
        stream.fill(noise[PAD:])
        at = PAD + np.arange(LANES) * n - waits[group]
        out = motion if in_place else np.empty_like(motion)
        kernels.add_noise(motion, noise, gain, at, waits[group].astype(np.float32), out)
        noisy.append(out)
    return noisy


@lru_cache(maxsize=8)
def _covariance_windows(milliseconds: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    size = int(np.around(milliseconds * (0.001 * RATE)))
    size += size % 2
    window = np.hanning(size)
    out = []
    for part in (window, window[size // 2 :]):
        correlation = np.correlate(part, part, "full")
        out.append((1 / correlation[len(part) - 25 : len(part) + 24]).astype(np.float32))
    return window.astype(np.float32), *out


def covariances(
    reference: list[np.ndarray], processed: list[np.ndarray], threshold: float, milliseconds: int
) -> tuple[np.ndarray, np.ndarray]:
    """Covariances and the reference's mean squares of every tile: [32, S] each."""
    window, unbias, half_unbias = _covariance_windows(milliseconds)
    results, squares = [], []
    for x, y in zip(reference, processed, strict=True):
        segments = (x.size // LANES) // (window.size // 2)
        result, square = (np.empty((segments, LANES), np.float32) for _ in range(2))
        floor = np.float32(0.999 * threshold**2 / 2)
        kernels.covariances(x, y, window, unbias, half_unbias, floor, result.ravel(), square.ravel())
        results.append(result)
        squares.append(square)
    return tuple(np.concatenate(a, axis=1).T.astype(np.float64) for a in (results, squares))
