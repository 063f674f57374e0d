"""Where in a clip it is bad: a clip's windows of 0.77 s as clips of their own, and their scores as frames."""

from __future__ import annotations

import torch
from torch import Tensor

from .auditory import HOP as FRAME
from .front_end import FrontEndOutput
from .texture import HOP, HOPS, count_windows

EVERY = HOPS * HOP // FRAME  # envelope frames from one window to the next: 96, 384 ms
WIDTH = 2 * EVERY


def cut(heard: FrontEndOutput, loss: Tensor) -> tuple[FrontEndOutput, Tensor]:
    """The W windows of B clips as B W clips, each with its clip's long-term spectrum; their losses [B W, 32].

    Args:
        heard: with windows.
        loss: [B, 32] dB.
    """
    count = count_windows(heard.envelope.shape[-1])
    envelope = heard.envelope.unfold(2, WIDTH, EVERY)[:, :, :count].transpose(1, 2).flatten(0, 1)
    spectrum, loss = (x.repeat_interleave(count, 0) for x in (heard.spectrum, loss))
    return FrontEndOutput(envelope, spectrum, heard.windows[:, :count].flatten(0, 1)), loss


def as_frames(windows: Tensor, count: int, stride: int) -> Tensor:
    """Values of windows [..., W] at the middles of so many frames of so many envelope frames: [..., count].

    Between the middles of two windows they change evenly; before the first and behind the last not at all.

    >>> as_frames(torch.tensor([0.0, 0.6]), 7, 32)
    tensor([0.0000, 0.0000, 0.0000, 0.1000, 0.3000, 0.5000, 0.6000])
    """
    last = windows.shape[-1] - 1
    middles = (torch.arange(count, device=windows.device) + 0.5) * stride
    place = ((middles - WIDTH / 2) / EVERY).clamp(0, last)
    before = place.long().clamp(max=max(last - 1, 0))
    after = (before + 1).clamp(max=last)
    return torch.lerp(windows[..., before], windows[..., after], (place - before).to(windows))
