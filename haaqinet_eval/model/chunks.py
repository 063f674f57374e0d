"""A long clip through the trunk in chunks: memory that does not grow with the clip."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

CHUNK = 78  # frames of features: 10 s
MARGIN = 4  # frames on both sides; the trunk's filters see less than two


def in_chunks(trunk: nn.Module, stride: int, envelope: Tensor, bands: Tensor) -> Tensor:
    """What `trunk(envelope, bands)` gives, 10 s at a time; in training, all at once.

    Exact, because the trunk's filters are local and its norms fixed: each chunk is cut with a margin on
    both sides, whose features are dropped.

    Args:
        trunk: [B, 32, L] and [B, D, 32] to features [B, F, N], without memory of more than `MARGIN` frames.
        stride: envelope frames a frame of features.
        envelope, bands: what it takes.
    """
    frames = envelope.shape[-1] // stride
    if trunk.training or frames < 2 * CHUNK:
        return trunk(envelope, bands)
    edges = [*range(0, frames - CHUNK, CHUNK), None]  # the last chunk may be longer
    parts = []
    for start, stop in itertools.pairwise(edges):
        first = max(start - MARGIN, 0)
        last = None if stop is None else (stop + MARGIN) * stride
        features = trunk(envelope[..., first * stride : last], bands)
        parts.append(features[..., start - first : None if stop is None else stop - first])
    return torch.cat(parts, -1)
