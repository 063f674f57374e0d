"""Long signals: a few bands at a time, and nothing of them kept.

The numbers are those of all bands at once, to 1e-9 of a score. Memory besides the signals does not grow up
to 20 minutes; the price is that the processed signal's noise comes after the reference's, so it is
looked for with a second generator.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import cochlea, ear, features, scratch
from .layout import Layout
from .noise import Gaussians

_FINE = (
    2.0**22
)  # steps in a dB: envelopes wait as whole numbers, half as large and 10 times finer than float32


@dataclass(frozen=True)
class Judged:
    """What an index is made of: all [32] or [32, L], reference before processed signal."""

    levels: tuple[np.ndarray, np.ndarray]  # long-term spectra, dB SL
    smooths: tuple[np.ndarray, np.ndarray]  # envelopes, dB SL
    loudness: np.ndarray  # [L] of the reference, summed over bands
    covariances: np.ndarray
    mean_squares: np.ndarray


def layout_of(samples: int, smoothed: float, segment: float) -> Layout:
    """How a signal of so many samples is heard, with averages and covariances over so many ms."""
    windows = [ear.segment(milliseconds).size for milliseconds in (smoothed, segment)]
    unit = int(np.lcm.reduce([ear.kernels.CARRIER, *(size // 2 for size in windows)]))
    return Layout.of_length(samples, unit, ear.PAD + max(windows))


def slowest(signal: np.ndarray, listener: ear.Ear, layout: Layout) -> int:
    """Delay (samples) of the slowest band's filter, from the few bands that may be it."""
    narrowest = cochlea.delays(listener.loss.bandwidth)
    bandwidth = np.array(cochlea.WIDEST)
    least = cochlea.delays(bandwidth).max()
    for group in layout.groups:
        if narrowest[group].max() >= least:
            bandwidth[group] = ear.bandwidths(signal, listener, group, layout)
    return int(cochlea.delays(bandwidth).max())


def compare(
    signals: tuple[np.ndarray, np.ndarray],
    listener: ear.Ear,
    layout: Layout,
    stream: Gaussians,
    settings: tuple[float, float, float],
) -> Judged:
    """Both signals heard and compared.

    Args:
        signals: reference and processed signal after the middle ear, float64 [T].
        stream: the noise, which is left where pyclarity leaves it.
        settings: ms of the averages; threshold (dB SL) and segments (ms) of the covariances.
    """
    smoothed, threshold, segment = settings
    scratch.clear()
    streams = stream.copy(), stream
    stream.skip(cochlea.BANDS * layout.samples)
    squares, controls = np.empty((2, 2, cochlea.BANDS))
    most, bandwidth = slowest(signals[0], listener, layout), np.array(cochlea.WIDEST)
    loudness = np.zeros(layout.samples // (ear.segment(smoothed).size // 2))
    found: list[np.ndarray] = []  # envelopes of both, covariances, mean squares
    for group in layout.groups:
        both = [ear.filter_bands(signal, listener, group, layout) for signal in signals]
        bandwidth[group] = both[0].bandwidth
        waits = most - cochlea.delays(bandwidth)[group]
        motions: list[np.ndarray] = []
        smooths: list[np.ndarray] = []
        for side, aligned in enumerate((None, ear.align(*both))):
            squares[side, group], controls[side, group] = both[side].square, both[side].control_square
            motion, smooth = ear.to_nerve(both[side], listener, group, waits, aligned, smoothed, last=True)
            noise = _drawn(streams[side], layout)
            ear.add_noise(motion, noise, listener, waits, motion, layout)
            scratch.give(noise)
            motions.append(motion)
            smooths.append(smooth)
        loudness = features.add_loudness(loudness, smooths[0])
        rows = (
            *(np.rint(smooth * _FINE).astype(np.int32) for smooth in smooths),
            *ear.covariances(*motions, threshold, segment, layout),
        )
        scratch.give(*motions)
        found = found or [np.empty((cochlea.BANDS, r.shape[1]), r.dtype) for r in rows]
        for whole, row in zip(found, rows, strict=True):
            whole[group] = row
    scratch.clear()
    levels = [
        cochlea.spectrum_sl(*both, listener.loss, listener.level1)
        for both in zip(squares, controls, strict=True)
    ]
    return Judged((levels[0], levels[1]), (found[0] / _FINE, found[1] / _FINE), loudness, found[2], found[3])


def _drawn(stream: Gaussians, layout: Layout) -> np.ndarray:
    """The noise of as many bands as are heard at once."""
    noise = scratch.take(ear.PAD + layout.bands * layout.samples)
    noise[: ear.PAD] = 0
    stream.fill(noise[ear.PAD :])
    return noise
