"""The filters and constants of HAAQI's ear model, as transfer functions.

Kates & Arehart 2015, "The Hearing-Aid Audio Quality Index (HAAQI)"; constants as in pyclarity 0.9,
`eb.ear_model`.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ..audiogram import Audiogram

SAMPLE_RATE = 24_000  # Hz
BANDS = 32
HAAQI_FREQUENCIES = (250.0, 500.0, 1000.0, 2000.0, 4000.0, 6000.0)  # Hz
EAR_Q, MIN_BANDWIDTH = 9.26449, 24.7  # Moore & Glasberg 1983


def center_frequencies() -> np.ndarray:
    """Centres of the 32 bands, [32] Hz, 80 to 8000, evenly spaced in ERB rate (Slaney 1993)."""
    offset = EAR_Q * MIN_BANDWIDTH
    return np.geomspace(80 + offset, 8000 + offset, BANDS) - offset


def band_losses(audiogram: Audiogram) -> np.ndarray:
    """Hearing loss in each band, [32] dB, from HAAQI's six frequencies; linear in Hz, never below 0."""
    levels = audiogram.resample(HAAQI_FREQUENCIES).levels
    return np.maximum(np.interp(center_frequencies(), HAAQI_FREQUENCIES, levels), 0.0)


def cochlea(loss: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The ear's parameters for a loss [..., 32] dB (Moore et al. 1999; pyclarity `loss_parameters`).

    Returns:
        outer-hair-cell attenuation (dB), bandwidth relative to a normal ear's, lower knee (dB SPL),
        compression ratio, inner-hair-cell attenuation (dB); each [..., 32].
    """
    ratio = 1.25 + 2.25 * torch.arange(BANDS, dtype=loss.dtype, device=loss.device) / (BANDS - 1)
    most = 1.25 * 70 * (1 - 1 / ratio)  # loss at which the outer hair cells are gone
    outer = 0.8 * torch.minimum(loss, most)
    inner = loss - outer
    width = 1 + outer / 50 + 2 * (outer / 50) ** 6
    knee = outer + 30
    ratio = (100 - knee) / (30 + 70 / ratio + outer - knee)
    return outer, width, knee, ratio, inner


def normal_bandwidths() -> np.ndarray:
    """Bandwidths b of a normal ear's gammatone filters, [32] Hz."""
    return 1.019 * (MIN_BANDWIDTH + center_frequencies() / EAR_Q)


def widest_bandwidths() -> np.ndarray:
    """Bandwidths of an ear without outer hair cells, and of any ear at 100 dB SPL, [32] Hz."""
    return normal_bandwidths() * cochlea(torch.full((BANDS,), 100.0, dtype=torch.float64))[1].numpy()


def gammatone(z: Tensor, width: Tensor) -> Tensor:
    """Response of the demodulated gammatone filter of bandwidth b [...] Hz at z = exp(-i theta)."""
    a = torch.exp(-2 * math.pi * width / SAMPLE_RATE)
    az = a * z
    pole = (1 - az).reciprocal()
    root = (1 + 2 * az) * (pole * pole)
    return root * root * (2 * ((1 - a).square() / (1 + 2 * a)).square())


def group_delay(width: Tensor) -> Tensor:
    """Group delay of that filter at its centre, in whole samples."""
    a = torch.exp(-2 * math.pi * width / SAMPLE_RATE)
    return torch.round((4 * a + 8 * a * a) / (1 + 4 * a + 4 * a * a) + 4 * a / (1 - a))


def middle_ear(bins: int, n_fft: int) -> Tensor:
    """One-pole low-pass at 5 kHz and two-pole high-pass at 350 Hz, Butterworth, bilinear; [bins]."""
    z = torch.exp(-2j * math.pi * torch.arange(bins, dtype=torch.float64) / n_fft)
    c = math.tan(math.pi * 5000 / SAMPLE_RATE)
    low = c * (1 + z) / (1 + c + (c - 1) * z)
    c = math.tan(math.pi * 350 / SAMPLE_RATE)
    damping = math.sqrt(2) * c
    high = (1 - z) ** 2 / (1 + damping + c * c + 2 * (c * c - 1) * z + (1 - damping + c * c) * z * z)
    return (low * high).to(torch.complex64)


def adaptation(points: int, decimation: int) -> Tensor:
    """Rapid (2 ms) and short-term (60 ms) adaptation of the inner hair cell, [points // 2 + 1].

    The transfer function of pyclarity's two-capacitor circuit (overshoot 2, backward differences
    at 24 kHz), at the frequencies of a real FFT of `points` decimated samples.
    """
    r1, r2 = 0.5, 0.25
    c1 = 0.002 * SAMPLE_RATE * (r1 + r2)  # r1 r2 C1 / step
    c2 = 0.060 * SAMPLE_RATE * r2 / (r1 + r2)  # r2 r3 C2 / step, with r3 = r2
    k = torch.arange(points // 2 + 1, dtype=torch.float64)
    z = torch.exp(-2j * math.pi * k / (points * decimation))
    second = 2 * r2 + c2 * (1 - z)
    first = r1 + r2 + c1 * (1 - z) - r1 * r2 / second
    return ((1 - r2 / first) / r1).to(torch.complex64)
