"""What is tuned: an equaliser, the gains of a remix, a soft mask. Each starts as no change.

A control turns parts [K, T] into one signal [T]; it is differentiable in its one parameter. Its
`change` is the mean square of its gains in units of 6 dB: 0 at the start, 1 for 6 dB everywhere.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

BAND_CENTERS = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 6000.0, 8000.0)  # Hz
MOST = 24.0  # dB, either way
UNIT = 6.0  # dB
FFT, HOP = 1024, 256  # samples
MASK_BANDS, MASK_STEP = 20, 6  # bands of the mask; STFT frames from one of its columns to the next
FLOOR = 30.0  # dB, what the mask takes away at most


def _hats(points: Tensor, knots: Tensor) -> Tensor:
    """Weights [N, K] that interpolate values at ascending knots [K] at points [N], held at the ends."""
    points = points.clamp(knots[0], knots[-1])
    right = torch.searchsorted(knots, points).clamp(1, len(knots) - 1)
    share = (points - knots[right - 1]) / (knots[right] - knots[right - 1])
    weights = torch.zeros(len(points), len(knots))
    weights.scatter_(1, right[:, None], share[:, None])
    return weights.scatter_(1, right[:, None] - 1, 1 - share[:, None])


def _limited(decibels: Tensor) -> Tensor:
    return MOST * torch.tanh(decibels / MOST)


def _change(decibels: Tensor) -> Tensor:
    return (decibels / UNIT).square().mean()


class Equaliser(nn.Module):
    """Zero-phase gains at eight frequencies, linear in dB over log frequency, of the sum of the parts."""

    step = 1.5  # dB, RMS of the first step of ascent

    def __init__(self, parts: Tensor, sample_rate: float) -> None:
        super().__init__()
        self.size = parts.shape[-1] + int(0.1 * sample_rate)
        frequencies = torch.fft.rfftfreq(self.size, 1 / sample_rate).clamp(min=20.0)
        knots = torch.tensor(BAND_CENTERS).log2()
        self.register_buffer("hats", _hats(frequencies.log2(), knots))
        self.gains = nn.Parameter(torch.zeros(len(BAND_CENTERS)))  # dB

    def forward(self, parts: Tensor) -> Tensor:
        """[K, T] to [T]."""
        gain = 10 ** (self.hats @ _limited(self.gains) / 20)
        spectrum = torch.fft.rfft(parts.sum(0), self.size) * gain
        return torch.fft.irfft(spectrum, self.size)[: parts.shape[-1]]

    def change(self) -> Tensor:
        """How far from no change."""
        return _change(_limited(self.gains))


class Gains(nn.Module):
    """A gain for each part, at the level of the sum as it is at the start: balance, not loudness."""

    step = 1.5  # dB

    def __init__(self, parts: Tensor, sample_rate: float) -> None:
        super().__init__()
        self.gains = nn.Parameter(torch.zeros(len(parts)))  # dB

    def forward(self, parts: Tensor) -> Tensor:
        """[K, T] to [T]."""
        mixed = (10 ** (_limited(self.gains)[:, None] / 20) * parts).sum(0)
        return mixed * (parts.sum(0).square().mean() / mixed.square().mean()).sqrt()

    def change(self) -> Tensor:
        """How far from no change."""
        return _change(_limited(self.gains))


class Mask(nn.Module):
    """A soft mask on the STFT of the sum of the parts: 20 bands, one column every 64 ms at 24 kHz."""

    step = 0.5  # of the logits

    def __init__(self, parts: Tensor, sample_rate: float) -> None:
        super().__init__()
        frequencies = torch.fft.rfftfreq(FFT, 1 / sample_rate)
        knots = torch.linspace(math.log(1 + 80 / 229), math.log(1 + 8000 / 229), MASK_BANDS)  # evenly in ERB
        self.register_buffer("bands", _hats((1 + frequencies / 229).log(), knots))
        frames = parts.shape[-1] // HOP + 1
        columns = math.ceil((frames - 1) / MASK_STEP) + 1
        times = torch.arange(columns) * float(MASK_STEP)
        self.register_buffer("columns", _hats(torch.arange(frames).float(), times))
        self.register_buffer("window", torch.hann_window(FFT))
        self.logits = nn.Parameter(torch.full((MASK_BANDS, columns), 4.0))  # a gain of -0.5 dB

    def forward(self, parts: Tensor) -> Tensor:
        """[K, T] to [T]."""
        mixed = parts.sum(0)
        shape = {"n_fft": FFT, "hop_length": HOP, "window": self.window}
        masked = torch.stft(mixed, **shape, return_complex=True) * 10 ** (self._decibels() / 20)
        return torch.istft(masked, **shape, length=len(mixed))

    def _decibels(self) -> Tensor:
        return -FLOOR * torch.sigmoid(-self.bands @ self.logits @ self.columns.T)

    def change(self) -> Tensor:
        """How far from no change."""
        return _change(self._decibels())
