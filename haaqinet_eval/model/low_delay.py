"""A spectrum with a long look back and a short look ahead: what a hearing aid filters with.

Frames are 21.3 ms long, so that bass is resolved, but only their last 5 ms are put together again: an
asymmetric analysis window and a short synthesis window whose product is a Hann window of 5 ms
(Mauler and Martin 2007, "A low delay, variable resolution, perfect reconstruction spectral
analysis-synthesis system for speech enhancement", EUSIPCO).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

STEP = 0.0025  # s from frame to frame; the look-ahead is below two steps
LENGTH = 512 / 24_000  # s of a frame


class LowDelaySpectrum(nn.Module):
    """Analysis and synthesis at one sample rate.

    Args:
        sample_rate: Hz, from 8000.

    Attributes:
        step: samples from frame to frame.
        size: samples of a frame, even.
        look_ahead: most samples of the input after an output sample that it depends on.
    """

    def __init__(self, sample_rate: int) -> None:
        super().__init__()
        self.sample_rate, self.step = sample_rate, int(STEP * sample_rate)
        self.size = 2 * round(LENGTH * sample_rate / 2)
        self.look_ahead = 2 * self.step - 1
        rise, overlap = self.size - self.step, 2 * self.step
        hann = torch.sin(math.pi * (torch.arange(overlap, dtype=torch.float64) + 0.5) / overlap) ** 2
        up = torch.sin(math.pi * (torch.arange(rise, dtype=torch.float64) + 0.5) / (2 * rise))
        window = torch.cat([up, hann[self.step :].sqrt()])
        self.power = float(window.square().sum() * self.size / 2)  # of a sine of power 1, about its bin
        self.register_buffer("window", window.float(), persistent=False)
        self.register_buffer("synthesis", (hann / window[-overlap:]).float(), persistent=False)

    @property
    def frequencies(self) -> Tensor:
        """Of the bins, [F] Hz."""
        return torch.arange(self.size // 2 + 1) * (self.sample_rate / self.size)

    def count(self, samples: int) -> int:
        """Frames of a signal: the last ends one step or more behind it."""
        return -(-samples // self.step) + 1

    def pad(self, signals: Tensor) -> Tensor:
        """Signals [B, T] with silence around, as `frames` takes them."""
        samples = signals.shape[-1]
        behind = self.count(samples) * self.step - samples
        return functional.pad(signals, (self.size - self.step, behind))

    def frames(self, padded: Tensor) -> Tensor:
        """Spectra [B, L, F] of padded signals; frame l ends with sample (l + 1) * step of the signal."""
        return torch.fft.rfft(padded.unfold(-1, self.size, self.step) * self.window)

    def join(self, spectra: Tensor, before: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Frames [B, L, F] put together: [B, L * step], and what the next frame will be added to.

        Args:
            spectra: filtered frames.
            before: the second output for the frames that came before, [B, step]; None at the beginning.
        """
        last = torch.fft.irfft(spectra, self.size)[..., -2 * self.step :] * self.synthesis
        first, second = last.split(self.step, -1)
        start = torch.zeros_like(first[:, 0]) if before is None else before
        carried = torch.cat([start[:, None], second[:, :-1]], 1)
        return (first + carried).flatten(1), second[:, -1]
