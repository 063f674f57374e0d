"""What each band is like over a clip: the numbers that clip members and confidence see of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from .auditory import BANDS
from .front_end import FrontEndOutput
from .texture import TEXTURE

DESCRIPTION = 24 + TEXTURE  # numbers a band


def _in_order(x: Tensor) -> Tensor:
    """Sorted over the last dimension; by numpy where it can, which takes a twentieth of torch's time."""
    if x.requires_grad or x.device.type != "cpu":
        return x.sort(-1).values
    return torch.from_numpy(np.sort(x.numpy(), -1))


def _quantiles(x: Tensor, shares: Sequence[float]) -> tuple[Tensor, ...]:
    """Quantiles of [B, 32, L] over its last dimension, each [B, 32]; of every third value."""
    ordered = _in_order(x[..., ::3])
    places = torch.tensor(shares, dtype=x.dtype, device=x.device) * (ordered.shape[-1] - 1)
    below, above = ordered[..., places.floor().long()], ordered[..., places.ceil().long()]
    return torch.lerp(below, above, places.frac()).unbind(-1)


def _together(moves: Tensor, speeds: Tensor, bands: int) -> Tensor:
    """Correlation of each band's moves [B, 32, L] with those of the band so many places above, [B, 32]."""
    product = (moves[:, bands:] * moves[:, :-bands]).mean(-1)
    return nn.functional.pad(product / (speeds[:, bands:] * speeds[:, :-bands]), (0, bands))


def describe_bands(heard: FrontEndOutput, hearing_loss: Tensor) -> Tensor:
    """What each band is like over the clip, with the hearing loss [B, 32] dB: [B, DESCRIPTION, 32].

    Loss, place, long-term level; how the envelope's level spreads (mean, four quantiles,
    deviation: the lowest shows a noise floor) and how often the band is inaudible; how fast it
    moves (deviation of its differences over 4, 16, 64 and 256 ms); how it rises and falls
    (quantiles of the differences over 64 and 256 ms: a room lets sound fall slowly); and how much
    it moves with the next band and with the fourth above (correlation). Then the texture.
    """
    envelope, spectrum, texture, _ = heard
    place = torch.linspace(-1, 1, BANDS, dtype=hearing_loss.dtype, device=hearing_loss.device).expand_as(
        hearing_loss
    )
    lags = [min(lag, envelope.shape[-1] - 1) for lag in (1, 4, 16, 64)]
    moves = [envelope[..., lag:] - envelope[..., :-lag] for lag in lags]
    speeds = [(move.square().mean(-1) + 1e-2).sqrt() for move in moves]
    levels = (spectrum, envelope.mean(-1), *_quantiles(envelope, (0.05, 0.25, 0.75, 0.95)))
    slopes = (
        *_quantiles(moves[2], (0.05, 0.25, 0.75, 0.95)),
        *_quantiles(moves[3], (0.05, 0.25, 0.75, 0.95)),
    )
    own = torch.stack(
        [
            *((hearing_loss - 30) / 30, place),
            *((level - 30) / 20 for level in levels),
            envelope.std(-1) / 10 - 1,
            (envelope < 1).to(envelope.dtype).mean(-1),
            *(speed.log() for speed in speeds),
            *(slope / 10 for slope in slopes),
            *(_together(moves[1], speeds[1], bands) for bands in (1, 4)),
        ],
        1,
    )
    return torch.cat([own, texture], 1)
