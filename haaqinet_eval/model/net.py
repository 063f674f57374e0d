"""HAAQI-Net: an ear's view of music to frame scores, whose mean is the score.

    signal -> AuditoryFrontEnd -> envelope [B, 32, L] and long-term spectrum [B, 32]
    envelope -> trunk, the same temporal filters in every band -> features [B, D, N]
    hearing loss and spectrum scale and shift the filters' outputs, band by band, and the features
    features and their mean and spread over the clip -> head -> frame outputs in [0, 1], [B, 5, N]:
    the score and HAAQI's four parts

Frame scores and their mean follow Wisnu et al., "HAAQI-Net"; front end and trunk are our own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from .auditory import BANDS, FRAME_RATE, SAMPLE_RATE, AuditoryFrontEnd

OUTPUTS = ("score", "mel_cepstral_high", "bm_sync5", "d_loud", "d_norm")
TOP = 102.0  # dB above threshold; nothing above is told apart
STRIDE = 32  # envelope frames a frame score: 128 ms


@dataclass(frozen=True)
class Dimensions:
    """What a checkpoint carries to rebuild its network."""

    front_end: str = "auditory"
    sample_rate: int = SAMPLE_RATE  # Hz
    filters: int = 24  # temporal filters, shared by all bands
    channels: tuple[int, int, int] = (32, 48, 64)  # of the trunk's further layers
    features: int = 96  # per frame
    dropout: float = 0.2


class SharedFilters(nn.Module):
    """One set of temporal filters for every band: [B, 32, L] to [B, F, 32, L / 4].

    Half of the filters give their magnitude: a modulation's strength, whatever its phase.
    The ear at that band, [B, 3, 32], scales and shifts what comes out: a compressed or
    nearly inaudible band is read otherwise than a healthy one.
    """

    def __init__(self, filters: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, filters, (1, 16), stride=(1, 4), padding=(0, 6))
        self.norm = nn.BatchNorm2d(filters)
        self.ear = nn.Sequential(nn.Conv1d(3, 24, 1), nn.SiLU(), nn.Conv1d(24, 2 * filters, 1))

    def forward(self, envelope: Tensor, ear: Tensor) -> Tensor:
        signed, strength = self.conv(envelope[:, None]).chunk(2, 1)
        x = self.norm(torch.cat([signed, strength.abs()], 1))
        scale, shift = self.ear(ear)[..., None].chunk(2, 1)
        return x * (1 + scale) + shift


def _layer(inputs: int, outputs: int, kernel: tuple, stride: tuple) -> nn.Sequential:
    padding = (kernel[0] // 2, (kernel[1] - 1) // 2)
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.SiLU())


class Trunk(nn.Module):
    """Envelope [B, 32, L] and the ear [B, 3, 32] to features [B, D, L / 32]; bands 32 to 4 on the way."""

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

    def forward(self, envelope: Tensor, ear: Tensor) -> Tensor:
        return self.project(self.layers(self.filters(envelope, ear)).flatten(1, 2))


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


class HaaqiNet(nn.Module):
    """The whole network.

    >>> net = HaaqiNet().eval()
    >>> out = net(torch.zeros(2, 24000), torch.zeros(2, 32), torch.full((2,), 65.0))
    >>> out.shape
    torch.Size([2, 5, 8])
    """

    def __init__(self, dims: Dimensions | None = None) -> None:
        super().__init__()
        self.dims = dims or Dimensions()
        width, dropout = self.dims.features, self.dims.dropout
        self.front_end = AuditoryFrontEnd()
        self.trunk = Trunk(self.dims)
        self.context = nn.Sequential(
            nn.Linear(3 * BANDS, 64), nn.SiLU(), nn.Dropout(dropout), nn.Linear(64, 2 * width)
        )
        self.head = Head(width, dropout)
        self.register_buffer("place", torch.linspace(-1, 1, BANDS), persistent=False)

    def forward(self, signals: Tensor, loss: Tensor, level1: Tensor) -> Tensor:
        """Frame outputs [B, 5, N] in [0, 1], one every 128 ms, in the order of `OUTPUTS`.

        Args:
            signals: [B, T] at 24 kHz: the hearing aid's output.
            loss: [B, 32] dB, see `band_losses`.
            level1: [B] dB SPL of RMS 1.
        """
        return self.score_features(*self.front_end(signals, loss, level1), loss)

    def score_features(self, envelope: Tensor, spectrum: Tensor, loss: Tensor) -> Tensor:
        """The same from the front end's envelope [B, 32, L], at least 32 frames, and spectrum [B, 32]."""
        envelope = (envelope.clamp(max=TOP) - 30) / 20
        level, loss = (spectrum - 30) / 20, (loss - 30) / 30
        features = self.trunk(envelope, torch.stack([level, loss, self.place.expand_as(loss)], 1))
        scale, shift = self.context(torch.cat([level, envelope.mean(-1), loss], 1))[..., None].chunk(2, 1)
        return self.head(nn.functional.silu(features * (1 + scale) + shift))


def frame_times(count: int, seconds: float) -> np.ndarray:
    """Middle of each of a clip's frame scores, [count] s; the last frame may be cut short.

    >>> frame_times(2, 0.2)
    array([0.064, 0.164])
    """
    edges = np.arange(count + 1) * (STRIDE / FRAME_RATE)
    edges[-1] = min(edges[-1], seconds)
    return (edges[:-1] + edges[1:]) / 2
