"""A signal through the cochlear model, sixteen lanes at a time, and two signals compared.

Lanes are bands, or fewer bands in several stretches of the signal: see `layout`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import scipy  # scipy.signal takes longer to import than all else here: loaded when it is used

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
from .layout import Layout
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
        (b0, _), (_, a1) = scipy.signal.butter(1, 800 / (0.5 * RATE))
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
    """A group of bands after compression."""

    envelope: Lanes
    motion: Lanes
    bandwidth: np.ndarray  # [bands] relative to a normal ear at low level
    square: np.ndarray  # [bands] mean square of the envelope before compression
    control_square: np.ndarray  # [bands] the same of the control path

    @property
    def layout(self) -> Layout:
        """What the lanes hold."""
        return self.envelope.layout

    @property
    def samples(self) -> int:
        """T, of every lane."""
        return self.layout.length

    def give_back(self) -> None:
        """The memory, for other bands; it must not be touched again."""
        scratch.give(self.envelope.flat, self.motion.flat)


@lru_cache(maxsize=4)
def _carriers(first: int, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    omega = 2 * np.pi / RATE * layout.of_bands(CENTERS[first : first + layout.bands])
    inside = np.outer(np.arange(kernels.CARRIER), omega)
    blocks = -(-layout.length // kernels.CARRIER)
    begins = (np.arange(blocks)[:, None] * float(kernels.CARRIER) + layout.starts) * omega
    table = np.stack((np.cos(inside), np.sin(inside)))
    starts = np.stack((np.cos(begins), np.sin(begins)), axis=1)
    return table.ravel(), starts.ravel()


def _flat(rows: np.ndarray, group: slice, layout: Layout) -> np.ndarray:
    return np.ascontiguousarray(layout.of_bands(rows[:, group]), dtype=np.float32).ravel()


def _counted(layout: Layout) -> np.ndarray:
    """Carrier blocks of each lane that count towards its sums: the first, and the first after: [2 * 16]."""
    blocks = [(begin // kernels.CARRIER, -(-end // kernels.CARRIER)) for begin, end in layout.cores]
    return np.repeat(np.array(blocks).T, layout.bands, axis=1).ravel()


def bandwidths(signal: np.ndarray, ear: Ear, group: slice, layout: Layout) -> np.ndarray:
    """The filters' bandwidths [bands] alone; see `filter_bands`."""
    gains = scratch.take((layout.length + 2 * PAD) * LANES)
    width, _ = _control(signal, ear, group, layout, gains[: layout.length * LANES])
    scratch.give(gains)
    return width


def _control(
    signal: np.ndarray, ear: Ear, group: slice, layout: Layout, gains: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Bandwidths [bands], mean squares of the control path [bands], and the compressor's `gains`, filled."""
    squares = np.zeros(LANES)
    kernels.gammatone_control(
        signal,
        layout.starts,
        _counted(layout),
        layout.of_bands(ear.control_rows[0, group]),
        _flat(ear.control_rows, group, layout),
        *_carriers(group.start, layout),
        squares,
        gains,
    )
    control = layout.total(squares) * ear.control_gain[group] ** 2 / len(signal)
    return adjust_bandwidth(ear.loss.bandwidth[group], WIDEST[group], control, ear.level1), control


def filter_bands(signal: np.ndarray, ear: Ear, group: slice, layout: Layout | None = None) -> Bands:
    """Gammatone filters and compression of a middle-ear output, float64 [T].

    Args:
        group: the bands, as many as the layout has at once; without a layout sixteen.
    """
    layout = layout or Layout(len(signal))
    inside = slice(PAD * LANES, (PAD + layout.length) * LANES)
    envelope, motion = (scratch.take((layout.length + 2 * PAD) * LANES) for _ in range(2))
    for array in (envelope, motion):
        array[: inside.start] = 0
        array[inside.stop :] = 0
    bandwidth = np.array(WIDEST)
    # leaves the compressor's gain where the envelope will be
    bandwidth[group], control = _control(signal, ear, group, layout, envelope[inside])
    filters = gammatone_rows(bandwidth)
    sums = np.zeros((4, LANES))
    kernels.gammatone_compress(
        signal,
        layout.starts,
        _counted(layout),
        layout.of_bands(filters[0, group]),
        _flat(filters, group, layout),
        *_carriers(group.start, layout),
        sums.ravel(),
        envelope[inside],
        motion[inside],
    )
    square, mean, envelope_square, motion_square = layout.total(sums) / len(signal)
    mean = mean.astype(np.float32).astype(np.float64)  # the very number that `align` subtracts
    spread = np.maximum(envelope_square - mean**2, 1e-6 * envelope_square)
    return Bands(
        Lanes(envelope, PAD, layout, layout.of_bands(mean), layout.of_bands(spread)),
        Lanes(motion, PAD, layout, np.zeros(LANES), layout.of_bands(motion_square)),
        bandwidth[group],
        square * filters[4, group] ** 2,
        control,
    )


WEIGHTS = adaptation_weights()


@lru_cache(maxsize=4)
def segment(milliseconds: float) -> np.ndarray:
    """The window of segments that overlap by half: an even number of samples."""
    size = int(np.around(milliseconds * (0.001 * RATE)))
    return np.hanning(size + size % 2)


def _averages(halves: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Window averages from the sums of half windows: [L, 2, bands] -> [bands, L]."""
    rise, fall = halves.astype(np.float64).transpose(1, 2, 0)
    smooth = rise.copy()
    smooth[:, :-1] += fall[:, 1:]
    smooth /= window.sum()
    smooth[:, 0] = fall[:, 0] / (window.sum() / 2)
    smooth[:, -1] = rise[:, -1] / (window.sum() / 2)
    return smooth


def align(reference: Bands, processed: Bands) -> tuple[np.ndarray, np.ndarray]:
    """Samples [bands] by which to advance the processed envelope, and the processed motion."""
    return (
        band_delays(reference.envelope, processed.envelope),
        band_delays(reference.motion, processed.motion),
    )


def to_nerve(
    bands: Bands,
    ear: Ear,
    group: slice,
    waits: np.ndarray,
    aligned: tuple[np.ndarray, np.ndarray] | None,
    smoothed: float,
    last: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Sensation level, adaptation and averages: what the nerve gets, less the threshold noise.

    Args:
        waits: [bands] samples each band waits for the slowest.
        aligned: of `align`, for the processed signal.
        smoothed: ms, segments of the averages, which overlap by half.
        last: the bands are not needed any more; the motion takes their memory.

    Returns:
        Motion, flat [T * 16], and envelopes in dB SL, one per half segment: [bands, L].
    """
    layout, n = bands.layout, bands.samples
    at_envelope, at_motion = (
        (PAD + layout.of_bands(delay - waits)) * LANES + np.arange(LANES)
        for delay in aligned or (np.zeros_like(waits),) * 2
    )
    levels = layout.of_bands((ear.level1 - ear.loss.inner[group]).astype(np.float32))
    out = bands.envelope.flat[: n * LANES] if last else scratch.take(n * LANES)
    window = segment(smoothed)
    halves = np.empty((n // (window.size // 2), 2, LANES), np.float32)
    kernels.inner_hair_cells(
        bands.envelope.flat,
        bands.motion.flat,
        at_envelope,
        at_motion,
        layout.of_first(waits).astype(np.float32),
        levels,
        WEIGHTS,
        window,
        out,
        halves.ravel(),
    )
    if last:
        scratch.give(bands.motion.flat)
    return out, _averages(layout.joined(halves, window.size // 2), window)


def add_noise(
    motion: np.ndarray,
    noise: np.ndarray,
    ear: Ear,
    waits: np.ndarray,
    out: np.ndarray,
    layout: Layout | None = None,
) -> None:
    """Threshold noise onto flat motion [T * 16], into `out`, which may be `motion`.

    Args:
        noise: Gaussian numbers, band after band, as many as the signal has samples each, from PAD on.
    """
    layout = layout or Layout(motion.size // LANES)
    at = PAD + layout.of_bands(np.arange(layout.bands) * layout.samples - waits) + layout.starts
    kernels.add_noise(motion, noise, ear.noise_gain, at, layout.of_first(waits).astype(np.float32), out)


@lru_cache(maxsize=8)
def _covariance_windows(milliseconds: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    window = segment(milliseconds)
    out = []
    for part in (window, window[window.size // 2 :]):
        correlation = np.correlate(part, part, "full")
        out.append((1 / correlation[len(part) - 25 : len(part) + 24]).astype(np.float32))
    return window.astype(np.float32), *out


def covariances(
    reference: np.ndarray,
    processed: np.ndarray,
    threshold: float,
    milliseconds: float,
    layout: Layout | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Covariances of two flat motions and the reference's mean squares in every tile: [bands, S] each,
    float32.
    """
    window, unbias, half_unbias = _covariance_windows(milliseconds)
    segments = (reference.size // LANES) // (window.size // 2)
    result, squares = (np.empty((segments, LANES), np.float32) for _ in range(2))
    floor = np.float32(0.999 * threshold**2 / 2)
    kernels.covariances(
        reference, processed, window, unbias, half_unbias, floor, result.ravel(), squares.ravel()
    )
    if layout:
        result, squares = (layout.joined(tiles, window.size // 2) for tiles in (result, squares))
    return result.T, squares.T
