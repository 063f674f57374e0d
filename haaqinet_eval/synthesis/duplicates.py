"""Tells sounds that are in recordings from others: free sounds travel from one collection to the next."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import fft
from scipy import signal as sps

from ..audio import read_audio, resample
from ..errors import InputError, Unscorable
from .clips import read_rows
from .degradations import Array

SILENT = 1e-3  # of a sound's peak: of what is softer, nothing is told


class Duplicates:
    """Tells sounds that are in recordings, whatever their level and file format, from others.

    Every two seconds of a sound, 250 to 1700 Hz, are looked for at every place of every recording. Sounds
    below half a second are too short to tell.

    Args:
        folder: recordings with an `index.csv` (column path), or None for none.
        least: the correlation from which a sound is called a twin.

    Raises:
        InputError: for an index, a column or a recording that is missing, or a recording that cannot be read.
    """

    RATE, BAND = 4000, (250, 1700)  # Hz
    LONG, SHORT = 2 * RATE, RATE // 2  # samples of what is compared

    def __init__(self, folder: str | Path | None, least: float) -> None:
        self.least, self._found = least, []
        self._filter = sps.butter(2, self.BAND, "band", fs=self.RATE, output="sos")
        if folder is None:
            return
        heard = []
        for row in read_rows(Path(folder) / "index.csv", ("path",)):
            path = Path(folder) / row["path"]
            try:
                audio = read_audio(path)
            except Unscorable as error:
                raise InputError(str(error)) from None
            heard.append((path, self._narrow(audio.samples.mean(1), audio.sample_rate)))
        longest = max((len(x) for _, x in heard), default=0)
        self._size = fft.next_fast_len(longest + self.LONG, real=True)
        for path, x in heard:
            self._found.append((path, fft.rfft(x, self._size), np.concatenate([[0.0], np.cumsum(x**2)])))

    def _narrow(self, x: Array, rate: int) -> Array:
        return sps.sosfilt(self._filter, resample(x, rate, self.RATE))

    def of(self, sound: Array, rate: int) -> Path | None:
        """The recording that a sound [T] at Hz is in, or None."""
        if not self._found:
            return None
        whole = self._narrow(sound, rate)
        pieces = [whole[n : n + self.LONG] for n in range(0, len(whole), self.LONG)]
        loud = SILENT * np.abs(whole).max(initial=0)
        heard = (piece for piece in pieces if len(piece) >= self.SHORT and np.abs(piece).max() > loud)
        found = (self._holding(piece) for piece in heard)
        return next((path for path in found if path), None)

    def _holding(self, piece: Array) -> Path | None:
        spectrum, energy = np.conj(fft.rfft(piece, self._size)), np.sum(piece**2)
        for path, known, sums in self._found:
            places = len(sums) - len(piece)
            if places < 1:
                continue
            product = fft.irfft(known * spectrum, self._size)[:places]
            least = 1e-3 * sums[-1] * len(piece) / len(sums)  # near silence is like everything
            power = np.maximum(sums[len(piece) :] - sums[:places], least)
            if np.max(np.abs(product) / np.sqrt(power * energy)) >= self.least:
                return path
        return None
