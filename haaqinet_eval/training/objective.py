"""How to train, and the loss that is lowered: squared errors of HAAQI, its parts and the frame scores."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

TOP = 0.95  # true scores above are those of untouched and hardly touched music


@dataclass(frozen=True)
class Settings:
    """How to train."""

    epochs: int = 24
    batch_size: int = 32
    learning_rate: float = 2e-3  # the highest; cosine, with a warm-up of 5 % of the steps
    weight_decay: float = 0.05
    part_weight: float = 0.5  # of the loss on HAAQI's four parts
    frame_weight: float = 0.1  # of the loss on frame scores, Eq. 3 of the paper has 1
    top_weight: float = 1.0  # extra weight of trials without audible fault, so that clean music scores high
    condition_weight: float = 0.0  # of telling a trial's condition, a label for free; for clip networks
    crop: tuple[float, float] = (0.3, 0.8)  # shortest and longest share of a clip that is shown
    bfloat16: bool = True  # mixed precision
    band_shift: int = 1  # bands and loss are moved together by up to so many bands
    splice: float = 0.0  # share of trials of which a stretch is put into another rendering of the same clip
    masks: int = 1  # SpecAugment: stretches of time and of bands replaced by the bands' means
    average: float = 0.998  # decay of the running mean of the weights, which is what is kept
    patience: int = 8  # epochs without a better validation MSE
    max_steps: int = 0  # stop early, for tests; 0 for no limit
    seed: int = 1
    hold_weight: float = 0.0  # of keeping what the start's network says of replayed trials; for clip networks
    convolutions: bool = True  # train a clip network's convolutions, too, not the dense layers alone


def haaqi_loss(outputs: Tensor, labels: Tensor, settings: Settings) -> Tensor:
    """Squared error of clip means [B, 5, N] to labels [B, 5], and of the frame scores.

    Labels [B, 5, N] say what each frame is to score; frames that differ within a clip weigh fully.
    """
    if labels.ndim == 2:
        labels = labels[..., None].expand(-1, -1, outputs.shape[-1])
    clip = labels.mean(-1)
    weight = 1 + settings.top_weight * (clip[:, :1] > TOP).float()
    weight = weight / weight.mean()
    error = ((outputs.mean(-1) - clip).square() * weight).mean(0)
    frames = ((outputs[:, 0] - labels[:, 0]).square() * weight).mean(-1)
    mixed = labels[:, 0].amax(-1) > labels[:, 0].amin(-1)
    frames = torch.where(mixed, frames, settings.frame_weight * frames).mean()
    return error[0] + settings.part_weight * error[1:].mean() + frames
