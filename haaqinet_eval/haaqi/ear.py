"""A signal through the cochlear model, sixteen bands at a time, and two signals compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from scipy.signal import butter

from . import kernels, scratch
from .align import DELAYS, Lanes, band_delays
from .cochlea import (
    BANDS,
    CENTERS,
    RATE,
    WIDEST,
    Loss,
    adaptation_weights,
    adjust_bandwidth,
    gammatone_rows,
)
from .simd import LANES

GROUPS = tuple(slice(first, first + LANES) for first in range(0, BANDS, LANES))
PAD = DELAYS + 1024  # silent samples around each band: alignment and group delay reach into them
_DB = 20 * np.log10(2.0)  # dB of a doubled amplitude


@dataclass(frozen=True)
class Ear:
    """A listener's cochlea at one calibration: hearing loss and dB SPL of an RMS of 1."""

    loss: Loss
    level1: float
    noise_level1: float  # what the threshold noise goes by: `level1` before signals were scaled
    control_gain: np.ndarray = field(init=False)  # [32] of the control filters
    control_rows: np.ndarray = field(init=False)  # [10, 32] as `kernels.gammatone_control` wants them

    def __post_init__(self) -> None:
        filters = gammatone_rows(WIDEST)
        unit = np.log2(filters[4])
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
        object.__setattr__(self, "control_gain", filters[4])
        object.__setattr__(self, "control_rows", rows)

    @property
    def noise_gain(self) -> np.float32:
        """RMS of the threshold noise: 10 dB below threshold, in HAAQI's source by the calibration alone."""
        return np.float32(10 ** ((-10 - self.noise_level1) / 20))


@dataclass(frozen=True)
class Bands:
    """Sixteen bands after compression."""

    samples: int  # T
    envelope: Lanes
    motion: Lanes
    bandwidth: np.ndarray  # [16] relative to a normal ear at low level
    square: np.ndarray  # [16] mean square of the envelope before compression
    control_square: np.ndarray  # [16] the same of the control path


@lru_cache(maxsize=4)
def _carriers(first: int, samples: int) -> tuple[np.ndarray, np.ndarray]:
    omega = 2 * np.pi / RATE * CENTERS[first : first + LANES]
    inside = np.outer(np.arange(kernels.CARRIER), omega)
    blocks = -(-samples // kernels.CARRIER)
    begins = np.outer(np.arange(blocks) * float(kernels.CARRIER), omega)
    table = np.stack((np.cos(inside), np.sin(inside)))
    starts = np.stack((np.cos(begins), np.sin(begins)), axis=1)
    return table.ravel(), starts.ravel()


def _flat(rows: np.ndarray, group: slice) -> np.ndarray:
    return np.ascontiguousarray(rows[:, group], dtype=np.float32).ravel()


def filter_bands(signal: np.ndarray, ear: Ear, group: slice) -> Bands:
    """Gammatone filters and compression of a middle-ear output, float64 [T]."""
    n = len(signal)
    carriers = _carriers(group.start, n)
    inside = slice(PAD * LANES, (PAD + n) * LANES)
    envelope, motion = (scratch.take((n + 2 * PAD) * LANES) for _ in range(2))
    for array in (envelope, motion):
        array[: inside.start] = 0
        array[inside.stop :] = 0
    squares = np.zeros(LANES)
    kernels.gammatone_control(
        signal,
        ear.control_rows[0, group],
        _flat(ear.control_rows, group),
        *carriers,
        squares,
        envelope[inside],
    )  # leaves the compressor's gain where the envelope will be
    control = squares * ear.control_gain[group] ** 2 / n
    bandwidth = np.array(WIDEST)
    bandwidth[group] = adjust_bandwidth(ear.loss.bandwidth[group], WIDEST[group], control, ear.level1)
    filters = gammatone_rows(bandwidth)
    sums = np.zeros((4, LANES))
    kernels.gammatone_compress(
        signal,
        filters[0, group],
        _flat(filters, group),
        *carriers,
        sums.ravel(),
        envelope[inside],
        motion[inside],
    )
    square, mean, envelope_square, motion_square = sums / n
    mean = mean.astype(np.float32).astype(np.float64)  # the very number that `align` subtracts
    spread = np.maximum(envelope_square - mean**2, 1e-6 * envelope_square)
    return Bands(
        n,
        Lanes(envelope, PAD, n, mean, spread),
        Lanes(motion, PAD, n, np.zeros(LANES), motion_square),
        bandwidth[group],
        square * filters[4, group] ** 2,
        control,
    )


WEIGHTS = adaptation_weights()


@lru_cache(maxsize=4)
def _segment(milliseconds: float) -> np.ndarray:
    """The window of segments that overlap by half: an even number of samples."""
    size = int(np.around(milliseconds * (0.001 * RATE)))
    return np.hanning(size + size % 2)


def _averages(halves: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Window averages from the sums of half windows: [L, 2, 16] -> [16, L]."""
    rise, fall = halves.astype(np.float64).transpose(1, 2, 0)
    smooth = rise.copy()
    smooth[:, :-1] += fall[:, 1:]
    smooth /= window.sum()
    smooth[:, 0] = fall[:, 0] / (window.sum() / 2)
    smooth[:, -1] = rise[:, -1] / (window.sum() / 2)
    return smooth


def align(reference: Bands, processed: Bands) -> tuple[np.ndarray, np.ndarray]:
    """Samples [16] by which to advance the processed envelope, and the processed motion."""
    return (
        band_delays(reference.envelope, processed.envelope),
        band_delays(reference.motion, processed.motion),
    )


IN_TIME = (np.zeros(LANES, np.int64), np.zeros(LANES, np.int64))


def to_nerve(
    bands: Bands,
    ear: Ear,
    group: slice,
    waits: np.ndarray,
    aligned: tuple[np.ndarray, np.ndarray],
    smoothed: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Sensation level, adaptation and averages: what the nerve gets, less the threshold noise.

    Args:
        waits: [16] samples each band waits for the slowest.
        aligned: of `align`, or IN_TIME.
        smoothed: ms, segments of the averages, which overlap by half.

    Returns:
        Motion, flat [T * 16], and envelopes in dB SL, one per half segment: [16, L].
    """
    n = bands.samples
    at_envelope, at_motion = ((PAD + delay - waits) * LANES + np.arange(LANES) for delay in aligned)
    levels = (ear.level1 - ear.loss.inner[group]).astype(np.float32)
    out = scratch.take(n * LANES)
    window = _segment(smoothed)
    halves = np.empty((n // (window.size // 2), 2, LANES), np.float32)
    kernels.inner_hair_cells(
        bands.envelope.flat,
        bands.motion.flat,
        at_envelope,
        at_motion,
        waits.astype(np.float32),
        levels,
        WEIGHTS,
        window,
        out,
        halves.ravel(),
    )
    return out, _averages(halves, window)


def add_noise(motion: np.ndarray, noise: np.ndarray, ear: Ear, waits: np.ndarray, out: np.ndarray) -> None:
    """Threshold noise onto flat motion [T * 16], into `out`, which may be `motion`.

    Args:
        noise: [PAD + 16 * T] Gaussian numbers, band after band from PAD on.
    """
    at = PAD + np.arange(LANES) * (motion.size // LANES) - waits
    kernels.add_noise(motion, noise, ear.noise_gain, at, waits.astype(np.float32), out)


@lru_cache(maxsize=8)
def _covariance_windows(milliseconds: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    window = _segment(milliseconds)
    out = []
    for part in (window, window[window.size // 2 :]):
        correlation = np.correlate(part, part, "full")
        out.append((1 / correlation[len(part) - 25 : len(part) + 24]).astype(np.float32))
    return window.astype(np.float32), *out


def covariances(
    reference: np.ndarray, processed: np.ndarray, threshold: float, milliseconds: float
) -> tuple[np.ndarray, np.ndarray]:
    """Covariances of two flat motions and the reference's mean squares in every tile: [16, S] each."""
    window, unbias, half_unbias = _covariance_windows(milliseconds)
    segments = (reference.size // LANES) // (window.size // 2)
    result, squares = (np.empty((segments, LANES), np.float32) for _ in range(2))
    floor = np.float32(0.999 * threshold**2 / 2)
    kernels.covariances(
        reference, processed, window, unbias, half_unbias, floor, result.ravel(), squares.ravel()
    )
    return result.T.astype(np.float64), squares.T.astype(np.float64)
