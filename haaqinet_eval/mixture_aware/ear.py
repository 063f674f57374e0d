"""What the listener's ear makes of a signal: the envelopes of HAAQI's ear, and a fine spectrum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch

from ..audiogram import Audiogram
from ..haaqi.features import modulations
from ..model import AuditoryFrontEnd, band_losses

RATE = 24_000  # Hz
FRAME_RATE = 250.0  # Hz, of the envelopes
WINDOW, HOP = 256, 128  # samples of the fine spectrum: 10.7 and 5.3 ms
LONGEST_DELAY = 0.1  # s, of an output behind or before the mixture


@dataclass(frozen=True, eq=False)
class AuditoryFeatures:
    """One signal in one ear."""

    signal: np.ndarray  # [T] at `RATE`
    envelope: np.ndarray  # [32, L] dB above threshold, 250 frames/s
    spectrum: np.ndarray  # [32] dB above threshold, over the whole signal

    @cached_property
    def modulations(self) -> np.ndarray:
        """Mel cepstra by modulation band [4, 5, L], as HAAQI correlates them."""
        return modulations(self.envelope)

    @cached_property
    def slow(self) -> np.ndarray:
        """The envelope's mean over 60 ms, every 60 ms: [32, L // 15]."""
        length = self.envelope.shape[1] // 15 * 15
        return self.envelope[:, :length].reshape(len(self.envelope), -1, 15).mean(2)

    @cached_property
    def fine(self) -> np.ndarray:
        """Short-time spectrum [M, 129]."""
        frames = np.lib.stride_tricks.sliding_window_view(self.signal.astype(np.float32), WINDOW)[::HOP]
        return np.fft.rfft(frames * np.hanning(WINDOW).astype(np.float32), axis=1)


@lru_cache(maxsize=1)
def _front_end() -> AuditoryFrontEnd:
    return AuditoryFrontEnd()


def auditory_features(signal: np.ndarray, audiogram: Audiogram, level1: float) -> AuditoryFeatures:
    """A signal [T] at 24 kHz, as the hearing aid puts it out, where RMS 1 is `level1` dB SPL."""
    loss = torch.from_numpy(band_losses(audiogram)).float()[None]
    samples = torch.from_numpy(np.ascontiguousarray(signal, dtype=np.float32))[None]
    with torch.inference_mode():
        envelope, spectrum = _front_end()(samples, loss, torch.tensor([float(level1)], dtype=torch.float32))
    return AuditoryFeatures(signal, envelope[0].numpy(), spectrum[0].numpy())


def delay_of(signal: np.ndarray, other: np.ndarray) -> int:
    """Samples (24 kHz) by which `signal` [T] comes after `other` [T]: the peak of their correlation."""
    reach = round(LONGEST_DELAY * RATE)
    size = 1 << (max(len(signal), len(other)) + reach - 1).bit_length()
    product = (
        np.fft.rfft(signal.astype(np.float32), size) * np.fft.rfft(other.astype(np.float32), size).conj()
    )
    whitened = product / (np.abs(product) + 1e-3 * np.abs(product).mean() + 1e-30) ** 0.5
    lags = np.fft.irfft(whitened, size)
    near = np.abs(np.concatenate([lags[-reach:], lags[: reach + 1]]))
    return int(near.argmax()) - reach


def shifted(signal: np.ndarray, delay: int, length: int) -> np.ndarray:
    """The signal moved forward by `delay` samples, with zeros where nothing is: [length]."""
    out = np.zeros(length, dtype=signal.dtype)
    start, first = max(delay, 0), max(-delay, 0)
    piece = signal[start : start + length - first]
    out[first : first + len(piece)] = piece
    return out
