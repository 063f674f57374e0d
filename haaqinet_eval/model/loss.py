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
from .checkpoint import WEIGHTS, load_model
from .network import Network
from .running import run_isolated

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
        threads: CPU threads for both passes; more than one gain little and, on a busy machine, cost a
            lot. None for torch's own number.

    Forward and backward take 0.11 s each for an ear of 1 s, 0.17 and 0.26 s for one of 4 s (processor
    time of one thread of a busy machine).

    Raises:
        InputError: for another reduction, or a bad checkpoint.

    >>> from .net import HaaqiNet
    >>> loss = HaaqiNetLoss(HaaqiNet(), reduction="none")
    >>> loss(torch.randn(2, 16000), 16000, Audiogram.flat(40), level1=65.0).shape
    torch.Size([2])
    """

    def __init__(
        self, net: Network | str | Path | None = None, reduction: str = "mean", threads: int | None = 1
    ) -> None:
        super().__init__()
        if reduction not in ("mean", "none"):
            raise InputError(f"reduction {reduction!r} is neither 'mean' nor 'none'")
        self.reduction, self.threads = reduction, threads
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

        Gradients are finite for silence, too, where the score itself means nothing. Under autocast, and
        for signals in half or double precision, the network is run in its own float32; gradients are in
        the signals' type. Of a [B, 1, T] leave out the channel.

        Args:
            signals: [B, T] float, ears as the hearing aid puts them out, at least 0.5 s.
            sample_rate: whole number of Hz.
            audiograms: of all ears, or one for each.
            level1: dB SPL that an RMS of 1 means, of all ears or [B].

        Raises:
            InputError: for signals of another shape, type or device, too short ones, a rate that is no
                whole number of Hz from 8000 to 384,000, levels that are not finite, other than 1 or B
                audiograms or levels, or a network in half precision.
        """
        device, dtype = self._place(signals)
        sample_rate = _checked_rate(signals, sample_rate)
        count = len(signals)
        ears = [audiograms] if isinstance(audiograms, Audiogram) else list(audiograms)
        level1 = torch.as_tensor(level1, device=device)
        if len(ears) not in (1, count) or level1.numel() not in (1, count):
            raise InputError(f"{len(ears)} audiograms and {level1.numel()} levels for {count} signals")
        if not level1.isfinite().all():
            raise InputError(f"level1 {level1.tolist()} dB SPL is not finite")
        described = torch.from_numpy(np.stack([self.net.encode_audiogram(ear) for ear in ears]))
        described = described.to(device, dtype).expand(count, -1)

        def bad(signals: Tensor, level1: Tensor) -> Tensor:
            heard = resample(signals.to(dtype), sample_rate, self.net.dims.sample_rate)
            levels = level1.to(dtype).reshape(-1).expand(count)
            return 1 - self.net.score_clips(heard, described, levels)[:, 0]

        each = run_isolated(bad, self.threads, signals, level1)
        return each.mean() if self.reduction == "mean" else each

    def _place(self, signals: Tensor) -> tuple[torch.device, torch.dtype]:
        """Where the network is, and in which precision; the signals fit."""
        weight = next(self.net.parameters())
        if weight.dtype not in (torch.float32, torch.float64):
            raise InputError(
                f"the loss's network is {weight.dtype}: leave it in float32; signals may be of any"
            )
        if not signals.is_floating_point():
            raise InputError(f"signals are {signals.dtype}; floats of full scale 1 are needed")
        if signals.device != weight.device:
            raise InputError(f"signals are on {signals.device}, the loss on {weight.device}: move it there")
        return weight.device, weight.dtype


def _checked_rate(signals: Tensor, sample_rate: float) -> int:
    if not (8_000 <= sample_rate <= 384_000 and sample_rate == int(sample_rate)):
        raise InputError(f"sample rate {sample_rate!r} Hz is no whole number from 8000 to 384,000")
    if signals.ndim != 2 or not len(signals):
        hint = ": leave out the channel, signals.squeeze(1)" if signals.ndim == 3 else ""
        raise InputError(f"signals of shape {list(signals.shape)}; [B, T] is needed, a row an ear{hint}")
    if signals.shape[-1] < SHORTEST * sample_rate:
        seconds = signals.shape[-1] / sample_rate
        raise InputError(f"signals of {seconds:.3f} s; at least {SHORTEST} s are needed")
    return int(sample_rate)
