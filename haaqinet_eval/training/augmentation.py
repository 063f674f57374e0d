"""Each epoch shows other trials: cropped, spliced, moved by a band, masked."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..model import FrontEndOutput
from ..model.dimensions import STRIDE
from .objective import Settings


def crop(heard: FrontEndOutput, settings: Settings, rng: np.random.Generator) -> FrontEndOutput:
    """The same random stretch of every envelope, whole frame scores long; the texture stays the clip's."""
    frames = heard.envelope.shape[-1]
    length = int(frames * rng.uniform(*settings.crop)) // STRIDE * STRIDE
    start = int(rng.integers(frames - length + 1))
    return heard._replace(envelope=heard.envelope[..., start : start + length])


def splice(
    heard: FrontEndOutput, labels: Tensor, scenes: np.ndarray, share: float, rng: np.random.Generator
) -> tuple[FrontEndOutput, Tensor]:
    """Puts stretches of renderings into other renderings of the same clip: a fault that comes and goes.

    Args:
        heard: some of the B trials are of one scene.
        labels: [B, 5].
        scenes: [B].
        share: of trials that get a stretch of another, where there is another of their scene.

    Returns:
        what is heard then, its texture a mean of both; and labels of each frame score [B, 5, L / 32]: of
        a stretch those of the rendering that it is of. No HAAQI was computed of the mixtures.
    """
    mixed, texture = heard.envelope.clone(), heard.texture.clone()
    count = mixed.shape[-1] // STRIDE
    targets = labels[..., None].repeat(1, 1, count)
    for row in range(len(scenes)):
        others = np.flatnonzero((scenes == scenes[row]) & (np.arange(len(scenes)) != row))
        if not len(others) or rng.random() >= share or count < 6:
            continue
        other, width = int(rng.choice(others)), int(rng.integers(count // 6, count // 2 + 1))
        at = int(rng.integers(count - width + 1))
        stretch = slice(at * STRIDE, (at + width) * STRIDE)
        mixed[row, :, stretch] = heard.envelope[other, :, stretch]
        texture[row] = torch.lerp(heard.texture[row], heard.texture[other], width / count)
        targets[row, :, at : at + width] = labels[other, :, None]
    return heard._replace(envelope=mixed, texture=texture), targets


def shift_bands(x: Tensor, bands: int, axis: int = 1) -> Tensor:
    """Move by some bands, which are along an axis, repeating the band at the edge."""
    index = (torch.arange(x.shape[axis]) - bands).clamp(0, x.shape[axis] - 1)
    return x.index_select(axis, index)


def augment(
    heard: FrontEndOutput, hearing_loss: Tensor, settings: Settings, rng: np.random.Generator
) -> tuple[FrontEndOutput, Tensor]:
    """A shift of what is heard and of the hearing loss [B, 32] by bands, and SpecAugment's masks."""
    envelope, spectrum, texture, _ = heard
    length = envelope.shape[-1]
    if settings.band_shift:
        shift = int(rng.integers(-settings.band_shift, settings.band_shift + 1))
        envelope, spectrum, hearing_loss = (shift_bands(x, shift) for x in (envelope, spectrum, hearing_loss))
        texture = shift_bands(texture, shift, 2)
    envelope = envelope.clone()
    mean = envelope.mean(-1, keepdim=True)
    for _ in range(settings.masks):
        for one, m in zip(envelope, mean, strict=True):
            width = int(rng.integers(length // 12 + 1))
            at = int(rng.integers(length - width + 1))
            one[:, at : at + width] = m
            width = int(rng.integers(4))
            at = int(rng.integers(one.shape[0] - width + 1))
            one[at : at + width] = m[at : at + width]
    return FrontEndOutput(envelope, spectrum, texture), hearing_loss


def shuffled(count: int, together: int, rng: np.random.Generator) -> np.ndarray:
    """Rows in random order; neighbours, which are mostly of one scene, stay together by twos, threes, ...

    >>> sorted(shuffled(7, 2, np.random.default_rng(0)).tolist())
    [0, 1, 2, 3, 4, 5]
    """
    return (rng.permutation(count // together)[:, None] * together + np.arange(together)).ravel()
