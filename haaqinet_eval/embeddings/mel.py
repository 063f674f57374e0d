"""Mel spectra as the authors of the embeddings computed them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

BREAK = 1000.0  # Hz, up to which Slaney's mel scale is linear
LINEAR = 200 / 3  # Hz a mel below
LOG_STEP = np.log(6.4) / 27  # above


def htk_mel(hz: np.ndarray) -> np.ndarray:
    """HTK's mel scale."""
    return 1127.0 * np.log1p(hz / 700.0)


def slaney_hz(mel: np.ndarray) -> np.ndarray:
    """Hz of Slaney's mel scale (Auditory Toolbox, 1998)."""
    corner = BREAK / LINEAR
    return np.where(mel < corner, LINEAR * mel, BREAK * np.exp(LOG_STEP * (mel - corner)))


def triangles(places: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Triangular weights of bins at `places` [F] between `edges` [M + 2]: [F, M]."""
    low, center, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (places[:, None] - low) / (center - low)
    falling = (high - places[:, None]) / (high - center)
    return np.maximum(0.0, np.minimum(rising, falling))


def vggish_filters(size: int = 512, rate: float = 16_000.0) -> np.ndarray:
    """VGGish's 64 bands from 125 to 7500 Hz, triangles on HTK's scale: [size / 2 + 1, 64]."""
    hz = np.linspace(0, rate / 2, size // 2 + 1)
    out = triangles(htk_mel(hz), np.linspace(*htk_mel(np.array([125.0, 7500.0])), 66))
    out[0] = 0
    return out


def librosa_filters(bands: int, size: int, rate: float) -> np.ndarray:
    """librosa's bands up to half the rate, on Slaney's scale, of equal area: [size / 2 + 1, bands]."""
    hz = np.linspace(0, rate / 2, size // 2 + 1)
    top = BREAK / LINEAR + np.log(rate / 2 / BREAK) / LOG_STEP
    edges = slaney_hz(np.linspace(0, top, bands + 2))
    return triangles(hz, edges) * 2 / (edges[2:] - edges[:-2])


def spectrum(signals: Tensor, size: int, window: int, hop: int) -> Tensor:
    """Magnitudes of [B, T] under a Hann window, no frame beyond the ends: [B, L, size / 2 + 1]."""
    frames = signals.unfold(-1, window, hop) * torch.hann_window(window).to(signals)
    return torch.fft.rfft(frames, size).abs()
