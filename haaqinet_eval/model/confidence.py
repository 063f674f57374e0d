"""How sure HAAQI-Net is: an interval around its score, and whether the sound is like its training.

Two quantiles of the true score are regressed on what the network knows of its own answer (its score
and how far its members disagree) and on how unlike training the sound is; then both are moved by
one number so that they held 90 % of trials whose songs had no part in the regression (conformalised
quantile regression; Romano, Patterson & Candes 2019). A sound is unfamiliar when it is farther
from the training's mean, in Mahalanobis distance, than 99 of 100 sounds of artists that were not trained on;
or, where the network tells music from speech and noise, less like music than 99 of 100 of these. The
interval of an unfamiliar sound is widened until it held 90 % of trials of such sounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ..deprecated import old_names

__getattr__ = old_names(__name__)

GROUPS = 4  # groups of 8 bands over which the bands' description is averaged
HELD = 0.9  # share of true scores that an interval holds
FARTHEST = 4.0  # standard deviations from the training's mean; nothing beyond is told apart


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a network makes of B clips; without the last three where it cannot tell how sure it is."""

    outputs: Tensor  # [B, P, N] frame outputs
    low: Tensor | None = None  # [B]; the true score is between low and high in 9 of 10 cases
    high: Tensor | None = None  # [B]
    unfamiliar: Tensor | None = None  # [B] bool: the sound is unlike what the network was trained on


def summary(bands: Tensor) -> Tensor:
    """The bands' description [B, D, 32] as one vector a clip, [B, 4 D]."""
    return bands.unflatten(-1, (GROUPS, -1)).mean(-1).flatten(1)


def distance(place: Tensor) -> Tensor:
    """Mahalanobis distance from training, RMS over dimensions: [B, 4 D] to [B]; about 1 in training."""
    return place.square().mean(-1).sqrt()


class Confidence(nn.Module):
    """Interval and distance; all buffers, filled by `training.confidence.fit_confidence`.

    Args:
        description: numbers a band, D of `summary`.
        music: whether it tells music from other sounds.
    """

    def __init__(self, description: int, music: bool = False, hidden: int = 12) -> None:
        super().__init__()
        size = GROUPS * description
        self.register_buffer("center", torch.zeros(size))
        whiten = torch.from_numpy(np.eye(size, dtype=np.float32))  # torch.eye takes 2 s on the meta device
        self.register_buffer("whiten", whiten)
        self.register_buffer("limit", torch.tensor(1.0))  # distance beyond which a sound is unfamiliar
        self.register_buffer("margin", torch.tensor(0.0))  # by which both ends are moved outwards
        self.quantiles = nn.Sequential(nn.Linear(4, hidden), nn.Tanh(), nn.Linear(hidden, 2))
        self.music = None
        if music:
            self.music = nn.Sequential(nn.Linear(size, 16), nn.Tanh(), nn.Linear(16, 1))
            self.register_buffer("wide_margin", torch.tensor(0.0))  # the margin of unfamiliar sounds

    def place(self, bands: Tensor) -> Tensor:
        """Where a description [B, D, 32] lies among the training's, whose variance is about 1: [B, 4 D]."""
        return (summary(bands) - self.center) @ self.whiten

    def likeness(self, place: Tensor) -> Tensor:
        """How much like music, of places [B, 4 D] to [B]; below 0 is unfamiliar. Only with `music`."""
        return self.music(place.clamp(-FARTHEST, FARTHEST)).squeeze(-1)

    def unfamiliar(self, place: Tensor) -> Tensor:
        """Whether sounds at places [B, 4 D] are unlike what the network was trained on, [B] bool."""
        far = distance(place) > self.limit
        return far if self.music is None else far | (self.likeness(place) < 0)

    def ends(self, scores: Tensor, distance: Tensor) -> Tensor:
        """Lower and upper quantile of the true score before the margin: [M, B] and [B] to [B, 2]."""
        mean = scores.mean(0)
        spread = scores.std(0, unbiased=False)
        unlike = distance.clamp(max=6) - 1
        known = torch.stack([4 * mean - 2, 20 * spread, unlike, 10 * mean * (1 - mean)], -1)
        below, above = self.quantiles(known).unbind(-1)
        logit = torch.logit(mean.clamp(0.02, 0.98))
        soft = nn.functional.softplus
        return torch.sigmoid(torch.stack([logit - soft(below), logit + soft(above)], -1))

    def forward(self, scores: Tensor, bands: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What to say beside a score.

        Args:
            scores: [M, B], clip scores of the network's members.
            bands: [B, D, 32], see `description.describe_bands`.

        Returns:
            low, high and unfamiliar [B] of a `Prediction`.
        """
        place, mean = self.place(bands), scores.mean(0)
        unfamiliar = self.unfamiliar(place)
        low, high = self.ends(scores, distance(place)).unbind(-1)
        margin = self.margin
        if self.music is not None:
            margin = torch.where(unfamiliar, self.wide_margin, margin)
        low = torch.minimum((low - margin).clamp(min=0.0), mean)
        return low, torch.maximum((high + margin).clamp(max=1.0), mean), unfamiliar
