"""A network with an ear for time: envelopes to frame outputs. The weights that are shipped have none.

envelope -> trunk, the same temporal filters in every band -> features [B, D, N];
the bands' description scales and shifts the filters' outputs and the features
features and their mean and spread over the clip -> head -> frame outputs in [0, 1], [B, 5, N]
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .auditory import BANDS
from .chunks import in_chunks
from .description import DESCRIPTION
from .dimensions import OUTPUTS, STRIDE, Dimensions


class SharedFilters(nn.Module):
    """One set of temporal filters for every band: [B, 32, L] to [B, F, 32, L / 4].

    Half of the filters give their magnitude: a modulation's strength, whatever its phase.
    The bands' description [B, D, 32] scales and shifts what comes out: a compressed or
    nearly inaudible band is read otherwise than a healthy one.
    """

    def __init__(self, filters: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, filters, (1, 16), stride=(1, 4), padding=(0, 6))
        self.norm = nn.BatchNorm2d(filters)
        self.ear = nn.Sequential(nn.Conv1d(DESCRIPTION, 32, 1), nn.SiLU(), nn.Conv1d(32, 2 * filters, 1))

    def forward(self, envelope: Tensor, bands: Tensor) -> Tensor:
        signed, strength = self.conv(envelope[:, None]).chunk(2, 1)
        x = self.norm(torch.cat([signed, strength.abs()], 1))
        scale, shift = self.ear(bands)[..., None].chunk(2, 1)
        return x * (1 + scale) + shift


def _layer(inputs: int, outputs: int, kernel: tuple, stride: tuple) -> nn.Sequential:
    padding = (kernel[0] // 2, (kernel[1] - 1) // 2)
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.SiLU())


class Trunk(nn.Module):
    """Envelope [B, 32, L] and bands [B, D, 32] to features [B, D, L / 32]; bands 32 to 4 on the way."""

    def __init__(self, dims: Dimensions) -> None:
        super().__init__()
        a, b, c = dims.channels
        self.filters = SharedFilters(dims.filters)
        self.layers = nn.Sequential(
            _layer(dims.filters, a, (3, 4), (2, 4)),
            _layer(a, b, (3, 3), (2, 2)),
            _layer(b, c, (3, 3), (2, 1)),
            nn.Dropout2d(dims.dropout / 2),
        )
        self.project = nn.Conv1d(c * BANDS // 8, dims.features, 1)

    def forward(self, envelope: Tensor, bands: Tensor) -> Tensor:
        return self.project(self.layers(self.filters(envelope, bands)).flatten(1, 2))


class Context(nn.Module):
    """The bands' description [B, D, 32] to a scale and a shift of the features, [B, 2 D]."""

    def __init__(self, channels: int, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(DESCRIPTION, channels, 1),
            nn.SiLU(),
            nn.Dropout(dropout / 2),
            nn.Conv1d(channels, channels, 5, padding=2),
            nn.SiLU(),
            nn.Conv1d(channels, channels // 4, 3, stride=2, padding=1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(channels // 4 * BANDS // 2, 2 * width),
        )

    def forward(self, bands: Tensor) -> Tensor:
        return self.layers(bands)


class Head(nn.Module):
    """Features [B, D, N] to frame outputs [B, 5, N] in [0, 1], in the light of the whole clip."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.clip = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * width, width))
        self.frames = nn.Sequential(
            nn.Conv1d(width, width, 3, padding=1),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Conv1d(width, len(OUTPUTS), 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        spread = (x.var(-1, unbiased=False) + 1e-5).sqrt()
        clip = self.clip(torch.cat([x.mean(-1), spread], 1))
        return torch.sigmoid(self.frames(x + clip[..., None]))


class FrameMember(nn.Module):
    """One network behind the front end: envelope [B, 32, L] and bands [B, D, 32] to [B, 5, N]."""

    def __init__(self, dims: Dimensions) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(DESCRIPTION, affine=False)
        self.trunk = Trunk(dims)
        self.context = Context(dims.context, dims.features, dims.dropout)
        self.head = Head(dims.features, dims.dropout)

    def forward(self, envelope: Tensor, bands: Tensor) -> Tensor:
        bands = self.norm(bands)
        features = in_chunks(self.trunk, STRIDE, (envelope - 30) / 20, bands)
        scale, shift = self.context(bands)[..., None].chunk(2, 1)
        return self.head(nn.functional.silu(features * (1 + scale) + shift))
