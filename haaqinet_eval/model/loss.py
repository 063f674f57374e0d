"""HAAQI-Net as a loss: what an enhancer is to lower so that its output scores higher.

Gradients reach the waveform through resampling, front end and network (Wisnu et al., "HAAQI-Net", name
differentiability as its third use). The network predicts HAAQI; an enhancer that is trained long enough
against a frozen network finds sounds that only the network likes. Watch true HAAQI, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..audiogram import Audiogram
from ..errors import InputError
from .asking import AnyNet, describe_ear
from .checkpoint import WEIGHTS, load_model
from .net import HaaqiNet

SHORTEST = 0.5  # s
PAD = 0.05  # s of silence behind the signal, so that its end does not ring into its start


def resample(signals: Tensor, sample_rate: int, new_rate: int) -> Tensor:
    """Band-limited change of the sample rate by cutting or extending the spectrum; differentiable.

    Args:
        signals: [B, T] at `sample_rate`.
        sample_rate, new_rate: whole numbers, Hz.

    Returns:
        [B, ceil(T * new_rate / sample_rate)].
    """
    if sample_rate == new_rate:
        return signals
    common = math.gcd(sample_rate, new_rate)
    per_block, new_per_block = sample_rate // common, new_rate // common
    blocks = 2 ** math.ceil(math.log2((signals.shape[-1] + PAD * sample_rate) / per_block))
    spectrum = torch.fft.rfft(signals, blocks * per_block)
    kept = blocks * min(per_block, new_per_block) // 2  # up to the lower Nyquist frequency
    resampled = torch.fft.irfft(spectrum[..., :kept], blocks * new_per_block) * (new_per_block / per_block)
    return resampled[..., : math.ceil(signals.shape[-1] * new_rate / sample_rate)]


class HaaqiNetLoss(nn.Module):
    """1 minus the predicted score of each signal; the network is frozen, whatever `train` says.

    Args:
        net: a network of any kind that `load_model` gives, the path of a checkpoint, or None for the
            weights that are shipped.
        reduction: "mean" over the batch, or "none".

    Raises:
        InputError: for another reduction, or a bad checkpoint.

    >>> from .net import HaaqiNet
    >>> loss = HaaqiNetLoss(HaaqiNet(), reduction="none")
    >>> loss(torch.randn(2, 16000), 16000, Audiogram.flat(40), level1=65.0).shape
    torch.Size([2])
    """

    def __init__(self, net: AnyNet | str | Path | None = None, reduction: str = "mean") -> None:
        super().__init__()
        if reduction not in ("mean", "none"):
            raise InputError(f"reduction {reduction!r} is neither 'mean' nor 'none'")
        self.reduction = reduction
        self.net = net if isinstance(net, nn.Module) else load_model(net or WEIGHTS)
        self.net.eval().requires_grad_(False)

    def train(self, mode: bool = True) -> HaaqiNetLoss:
        """Leaves the network as it scores: dropout off, norms fixed."""
        return super().train(False)

    def forward(
        self,
        signals: Tensor,
        sample_rate: int,
        audiograms: Audiogram | Sequence[Audiogram],
        level1: float | Tensor = 65.0,
    ) -> Tensor:
        """The loss, scalar or [B].

        Gradients are finite for silence, too, where the score itself means nothing.

        Args:
            signals: [B, T] float, ears as the hearing aid puts them out, at least 0.5 s.
            sample_rate: whole number of Hz.
            audiograms: of all ears, or one for each.
            level1: dB SPL that an RMS of 1 means, of all ears or [B].

        Raises:
            InputError: for signals of another shape, too short ones, a rate that is no whole number
                of Hz from 8000 to 384,000, or other than 1 or B audiograms or levels.
        """
        sample_rate = _checked_rate(signals, sample_rate)
        count = len(signals)
        ears = [audiograms] if isinstance(audiograms, Audiogram) else list(audiograms)
        level1 = torch.as_tensor(level1, dtype=signals.dtype, device=signals.device)
        if len(ears) not in (1, count) or level1.numel() not in (1, count):
            raise InputError(f"{len(ears)} audiograms and {level1.numel()} levels for {count} signals")
        described = torch.from_numpy(np.stack([describe_ear(self.net, ear) for ear in ears])).to(signals)
        heard = resample(signals, sample_rate, self.net.dims.sample_rate)
        given = (heard, described.expand(count, -1), level1.reshape(-1).expand(count))
        fast = isinstance(self.net, HaaqiNet)
        outputs = self.net.score_clips(*given) if fast else self.net(*given).mean(-1)
        bad = 1 - outputs[:, 0]
        return bad.mean() if self.reduction == "mean" else bad


def _checked_rate(signals: Tensor, sample_rate: float) -> int:
    if not (8_000 <= sample_rate <= 384_000 and sample_rate == int(sample_rate)):
        raise InputError(f"sample rate {sample_rate!r} Hz is no whole number from 8000 to 384,000")
    if signals.ndim != 2 or signals.shape[-1] < SHORTEST * sample_rate:
        raise InputError(
            f"signals of shape {list(signals.shape)}; [B, T] of at least {SHORTEST} s are needed"
        )
    return int(sample_rate)
