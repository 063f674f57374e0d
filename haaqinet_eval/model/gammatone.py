"""Gammatone bands of a spectrum in torch, with gradients for the signal and the bandwidths."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function

from ..haaqi import cochlea

_DECAY = 2 * np.pi / cochlea.RATE * cochlea.ERB * 1.019


@lru_cache(maxsize=2)
def _from_center(size: int, kind: torch.dtype, device: torch.device) -> Tensor:
    """exp(-j (w - w_band)) - 1 at all frequencies, without loss of digits near the centre: [32, size]."""
    angle = 2 * np.pi * (torch.arange(size, dtype=torch.float64, device=device) / size)
    center = torch.as_tensor(2 * np.pi / cochlea.RATE * cochlea.CENTERS, device=device)[:, None]
    half = (angle - center) / 2
    return (-2j * torch.sin(half) * torch.exp(-1j * half)).to(kind)


def _response(pole: Tensor, away: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """2 ((1 + 2 a / z) / (1 + 2 a))^2 ((1 - a) / (1 - a / z))^4, its zero and its pole: [32, size] each.

    The filter of `cochlea.gammatone_rows`, moved up to the band's centre.
    """
    zero = 2 * pole * away + (1 + 2 * pole)
    rest = (1 - pole) - pole * away
    ratio = (1 - pole) / rest
    ratio *= ratio
    ratio *= zero / (1 + 2 * pole)
    return 2 * ratio * ratio, zero, rest


class _Bands(Function):
    @staticmethod
    def forward(ctx, spectrum: Tensor, pole: Tensor, samples: int) -> Tensor:
        away = _from_center(len(spectrum), spectrum.dtype, spectrum.device)
        ctx.save_for_backward(spectrum, pole)
        return torch.fft.ifft(_response(pole, away)[0] * spectrum)[:, :samples]

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        spectrum, pole = ctx.saved_tensors
        size = len(spectrum)
        away = _from_center(size, spectrum.dtype, spectrum.device)
        response, zero, rest = _response(pole, away)
        products = torch.fft.fft(grad, size)
        products *= response.conj() / size
        later = 1 + away
        change = 4 * later * (1 / zero + 1 / rest) - 4 * (1 / (1 + 2 * pole) + 1 / (1 - pole))
        for_pole = (products * (change * spectrum).conj()).real.sum(1, keepdim=True)
        return products.sum(0), for_pole, None


def gammatone(spectrum: Tensor, bandwidth: Tensor, samples: int) -> Tensor:
    """Analytic bands [32, samples] of a signal.

    Args:
        spectrum: [size] complex, of the signal followed by enough zeros.
        bandwidth: [32] float64, relative to a normal ear.
    """
    pole = torch.exp(-bandwidth * torch.as_tensor(_DECAY, device=bandwidth.device))[:, None]
    return _Bands.apply(spectrum, pole.to(spectrum.real.dtype), samples)
