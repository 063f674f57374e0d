"""What a signal's spectrum does over time, in the steps in which ears and audiograms count.

Sixth-octave bands from 100 Hz, in which a tone has nearly the same level wherever it is; time in
equal columns. Levels are in dB relative to a sine of full scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LOWEST, HIGHEST = 100.0, 16_000.0  # Hz
PER_OCTAVE = 6
FLOOR = -100.0  # dB: silence


@dataclass(frozen=True, eq=False)
class Spectrogram:
    """Levels of a signal in F bands and C columns of time."""

    levels: np.ndarray  # [F, C] dB
    hertz: np.ndarray  # [F + 1] Hz, edges of the bands
    seconds: np.ndarray  # [C + 1] s, edges of the columns


def band_edges(sample_rate: float) -> np.ndarray:
    """Edges of the bands below half the sample rate, [F + 1] Hz.

    >>> band_edges(32_000)[[0, 6, 12]].round().tolist()
    [100.0, 200.0, 400.0]
    """
    top = min(HIGHEST, sample_rate / 2)
    return LOWEST * 2.0 ** (np.arange(int(PER_OCTAVE * np.log2(top / LOWEST)) + 1) / PER_OCTAVE)


def spectrogram(signal: np.ndarray, sample_rate: float, columns: int = 240) -> Spectrogram:
    """Spectrogram of a signal [T] at `sample_rate` (Hz), in at most `columns` columns.

    The window (Hann) is as long as the lowest band needs, 82 ms; where columns are longer, the
    powers of the windows in them are averaged.
    """
    edges = band_edges(sample_rate)
    length = int(np.ceil(sample_rate / (edges[1] - edges[0])))
    hop = length // 2
    padded = np.pad(np.asarray(signal, dtype=np.float64), (hop // 2, length))
    starts = np.arange(0, max(1, len(signal)), hop)
    window = np.hanning(length + 2)[1:-1]
    power = np.empty((len(starts), len(edges) - 1))
    place = np.searchsorted(edges, np.fft.rfftfreq(length, 1 / sample_rate), side="right") - 1
    inside = (place >= 0) & (place < len(edges) - 1)
    # Parseval: a sine of amplitude 1 has sum(|X|^2) = length * sum(w^2) / 4 over one side
    scale = 4 / (length * np.sum(window**2))
    for row, start in enumerate(starts):
        energy = np.abs(np.fft.rfft(padded[start : start + length] * window)) ** 2
        power[row] = scale * np.bincount(place[inside], energy[inside], minlength=len(edges) - 1)
    first = np.unique(np.linspace(0, len(starts), min(columns, len(starts)), endpoint=False).astype(int))
    counts = np.diff(np.append(first, len(starts)))
    means = np.add.reduceat(power, first, axis=0) / counts[:, None]
    seconds = np.append(first * hop, len(signal)) / sample_rate
    return Spectrogram(10 * np.log10(np.maximum(means.T, 10 ** (FLOOR / 10))), edges, seconds)
