"""A crude blind separator: median filtering of spectrograms, and band splits."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from ..errors import InputError
from ..registry import SYSTEMS
from . import MUSDB_STEMS, Song, check_number

# Typical middle of the written range (Hz), rounded; a coarse order from low to high
REGISTER = {
    "Bassoon": 150.0,
    "Cello": 200.0,
    "Viola": 370.0,
    "Sax": 330.0,
    "Clarinet": 420.0,
    "Oboe": 590.0,
    "Violin": 700.0,
    "Flute": 880.0,
}


@dataclass(frozen=True)
class Hpss:
    """Harmonic-percussive separation in two stages, without any knowledge of the stems.

    For vocals, drums, bass and other (Fitzgerald and Gainza 2010, "Single channel vocal
    separation using median filtering and factorisation techniques"): with a long window a
    voice moves too fast to be harmonic, with a short one too slowly to be percussive.

    - long window, harmonic: bass below `bass_edge`, other above;
    - long window, percussive, short window, harmonic: bass below `bass_edge`, vocals above;
    - long window, percussive, short window, percussive: drums.

    For chamber music (CAD2 task 2) there are no drums: the mixture is split into bands, one
    for each instrument, in the order of their registers, with edges halfway on a log scale;
    two voices of one instrument get half of its band each.

    The stems add up to the mixture.

    Args:
        bass_edge: upper edge of the bass (Hz).
        long_window, short_window: seconds; rounded to a power of 2 in samples.
    """

    bass_edge: float = 180.0
    long_window: float = 0.372
    short_window: float = 0.023
    name: ClassVar[str] = "hpss"
    blind: ClassVar[bool] = True
    amplifies: ClassVar[bool] = True
    rebalances: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_number(self.bass_edge, 20, 2000, "hpss.bass_edge")
        check_number(self.long_window, 0.05, 2, "hpss.long_window")
        check_number(self.short_window, 0.005, 0.2, "hpss.short_window")

    def separate(self, song: Song) -> dict[str, np.ndarray]:
        """Stems by median filters, or bands by register: [T, 2] each."""
        if set(song.stems) == set(MUSDB_STEMS):
            return self._popular(song)
        return _by_register(song)

    def _popular(self, song: Song) -> dict[str, np.ndarray]:
        steady, rest = split_percussive(song.mixture, song.sample_rate, self.long_window)
        voice, drums = split_percussive(rest, song.sample_rate, self.short_window)
        edges = [self.bass_edge]
        steady_low, other = bands(steady, song.sample_rate, edges)
        voice_low, vocals = bands(voice, song.sample_rate, edges)
        return {"vocals": vocals, "drums": drums, "bass": steady_low + voice_low, "other": other}


def split_percussive(
    signal: np.ndarray, sample_rate: int, window: float, system: str = "hpss"
) -> tuple[np.ndarray, np.ndarray]:
    """[T, 2] to its harmonic and its percussive part, [T, 2] each.

    Args:
        window: seconds; rounded to a power of 2 in samples.
        system: for messages.

    Raises:
        InputError: without librosa.
    """
    try:
        import librosa
    except ImportError:
        raise InputError(
            f"system {system}: needs librosa; pip install 'haaqinet-eval[{SYSTEMS.record(system).extra}]'"
        ) from None

    size = 2 ** round(np.log2(window * sample_rate))
    spectrum = librosa.stft(signal.T, n_fft=size, hop_length=size // 4)
    harmonic, _ = librosa.decompose.hpss(spectrum)
    harmonic = librosa.istft(harmonic, n_fft=size, hop_length=size // 4, length=len(signal)).T
    return harmonic, signal - harmonic


def bands(signal: np.ndarray, sample_rate: int, edges: list[float]) -> list[np.ndarray]:
    """[T, 2] to len(edges) + 1 bands that add up to it, from low to high; zero phase, 24 dB/octave."""
    from scipy.signal import butter, sosfiltfilt

    bands = []
    for edge in edges:
        low = sosfiltfilt(butter(2, edge, fs=sample_rate, output="sos"), signal, axis=0)
        bands.append(low)
        signal = signal - low
    return [*bands, signal]


def _by_register(song: Song) -> dict[str, np.ndarray]:
    instruments = {stem: name.split("_")[0] for stem, name in song.stems.items()}
    unknown = sorted(set(instruments.values()) - set(REGISTER))
    if unknown:
        raise InputError(f"system hpss: song {song.name}: instrument {unknown[0]!r} is unknown")
    order = sorted(set(instruments.values()), key=REGISTER.__getitem__)
    pitches = [REGISTER[name] for name in order]
    edges = [(low * high) ** 0.5 for low, high in pairwise(pitches)]
    parts = dict(zip(order, bands(song.mixture, song.sample_rate, edges), strict=True))
    voices = list(instruments.values())
    return {stem: parts[name] / voices.count(name) for stem, name in instruments.items()}
