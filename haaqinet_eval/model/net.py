"""HAAQI-Net: an ear's view of music to frame scores, whose mean is the score.

    signal -> AuditoryFrontEnd -> envelope [B, 32, L] and long-term spectrum [B, 32]
    envelope, spectrum and hearing loss -> what each band is like over the clip, [B, 24, 32]
    envelope -> trunk, the same temporal filters in every band -> features [B, D, N];
    the bands' description scales and shifts the filters' outputs and the features
    features and their mean and spread over the clip -> head -> frame outputs in [0, 1], [B, 5, N]:
    the score and HAAQI's four parts

Frame scores and their mean follow Wisnu et al., "HAAQI-Net"; front end and trunk are our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import InputError
from .auditory import BANDS, FRAME_RATE, SAMPLE_RATE, AuditoryFrontEnd
from .confidence import Confidence, Judgement
from .stretches import in_stretches

OUTPUTS = ("score", "mel_cepstral_high", "bm_sync5", "d_loud", "d_norm")
TOP = 102.0  # dB above threshold; nothing above is told apart
DESCRIPTION = 24  # numbers a band, see `describe_bands`
STRIDE = 32  # envelope frames a frame score: 128 ms


@dataclass(frozen=True)
class Dimensions:
    """What a checkpoint carries to rebuild its network."""

    front_end: str = "auditory"
    sample_rate: int = SAMPLE_RATE  # Hz
    filters: int = 32  # temporal filters, shared by all bands
    channels: tuple[int, int, int] = (40, 64, 96)  # of the trunk's further layers
    features: int = 128  # per frame
    dropout: float = 0.2
    members: int = 1  # networks of this size, trained apart, whose outputs are averaged
    confidence: bool = False  # whether the network says how sure it is


def _quantiles(x: Tensor, shares: Sequence[float]) -> tuple[Tensor, ...]:
    """Quantiles of [B, 32, L] over its last dimension, each [B, 32]; of every third value."""
    shares = torch.tensor(shares, dtype=x.dtype, device=x.device)
    return torch.quantile(x[..., ::3], shares, dim=-1).unbind(0)


def _together(moves: Tensor, speeds: Tensor, bands: int) -> Tensor:
    """Correlation of each band's moves [B, 32, L] with those of the band so many places above, [B, 32]."""
    product = (moves[:, bands:] * moves[:, :-bands]).mean(-1)
    return nn.functional.pad(product / (speeds[:, bands:] * speeds[:, :-bands]), (0, bands))


def describe_bands(envelope: Tensor, spectrum: Tensor, loss: Tensor) -> Tensor:
    """What each band is like over the clip: [B, 32, L] dB and twice [B, 32] dB to [B, 24, 32].

    Loss, place, long-term level; how the envelope's level spreads (mean, four quantiles,
    deviation: the lowest shows a noise floor) and how often the band is inaudible; how fast it
    moves (deviation of its differences over 4, 16, 64 and 256 ms); how it rises and falls
    (quantiles of the differences over 64 and 256 ms: a room lets sound fall slowly); and how much
    it moves with the next band and with the fourth above (correlation).
    """
    place = torch.linspace(-1, 1, BANDS, dtype=loss.dtype, device=loss.device).expand_as(loss)
    lags = [min(lag, envelope.shape[-1] - 1) for lag in (1, 4, 16, 64)]
    moves = [envelope[..., lag:] - envelope[..., :-lag] for lag in lags]
    speeds = [(move.square().mean(-1) + 1e-2).sqrt() for move in moves]
    levels = (spectrum, envelope.mean(-1), *_quantiles(envelope, (0.05, 0.25, 0.75, 0.95)))
    slopes = (
        *_quantiles(moves[2], (0.05, 0.25, 0.75, 0.95)),
        *_quantiles(moves[3], (0.05, 0.25, 0.75, 0.95)),
    )
    return torch.stack(
        [
            *((loss - 30) / 30, place),
            *((level - 30) / 20 for level in levels),
            envelope.std(-1) / 10 - 1,
            (envelope < 1).to(envelope.dtype).mean(-1),
            *(speed.log() for speed in speeds),
            *(slope / 10 for slope in slopes),
            *(_together(moves[1], speeds[1], bands) for bands in (1, 4)),
        ],
        1,
    )


class SharedFilters(nn.Module):
    """One set of temporal filters for every band: [B, 32, L] to [B, F, 32, L / 4].

    Half of the filters give their magnitude: a modulation's strength, whatever its phase.
    The bands' description [B, 24, 32] scales and shifts what comes out: a compressed or
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
    """Envelope [B, 32, L] and bands [B, 24, 32] to features [B, D, L / 32]; bands 32 to 4 on the way."""

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
    """The bands' description [B, 24, 32] to a scale and a shift of the features, [B, 2 D]."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(DESCRIPTION, 64, 1),
            nn.SiLU(),
            nn.Conv1d(64, 64, 5, padding=2),
            nn.SiLU(),
            nn.Conv1d(64, 16, 3, stride=2, padding=1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(16 * BANDS // 2, 2 * width),
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


class Member(nn.Module):
    """One network behind the front end: envelope [B, 32, L] and bands [B, 24, 32] to [B, 5, N]."""

    def __init__(self, dims: Dimensions) -> None:
        super().__init__()
        self.trunk = Trunk(dims)
        self.context = Context(dims.features, dims.dropout)
        self.head = Head(dims.features, dims.dropout)

    def forward(self, envelope: Tensor, bands: Tensor) -> Tensor:
        features = in_stretches(self.trunk, STRIDE, (envelope - 30) / 20, bands)
        scale, shift = self.context(bands)[..., None].chunk(2, 1)
        return self.head(nn.functional.silu(features * (1 + scale) + shift))


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
        self.front_end = AuditoryFrontEnd()
        self.members = nn.ModuleList(Member(self.dims) for _ in range(self.dims.members))
        self.confidence = Confidence(DESCRIPTION) if self.dims.confidence else None

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
        return self.member_outputs(envelope, spectrum, loss)[0].mean(0)

    def judge(self, envelope: Tensor, spectrum: Tensor, loss: Tensor) -> Judgement:
        """The same, and how sure the network is, where it can tell (`dims.confidence`)."""
        outputs, bands = self.member_outputs(envelope, spectrum, loss)
        if self.confidence is None:
            return Judgement(outputs.mean(0))
        return Judgement(outputs.mean(0), *self.confidence(outputs[:, :, 0].mean(-1), bands))

    def member_outputs(self, envelope: Tensor, spectrum: Tensor, loss: Tensor) -> tuple[Tensor, Tensor]:
        """Frame outputs of each member, [M, B, 5, N], and the bands' description, [B, 24, 32]."""
        envelope = envelope.clamp(max=TOP)
        bands = describe_bands(envelope, spectrum, loss)
        return torch.stack([member(envelope, bands) for member in self.members]), bands


def join(nets: Sequence[HaaqiNet]) -> HaaqiNet:
    """One network whose outputs are the means of several networks' outputs.

    Raises:
        InputError: if they differ in size.
    """
    sizes = {replace(net.dims, members=1, confidence=False) for net in nets}
    if len(sizes) != 1:
        raise InputError(f"networks of different sizes cannot be joined: {sizes}")
    members = [member for net in nets for member in net.members]
    whole = HaaqiNet(replace(nets[0].dims, members=len(members), confidence=False))
    whole.members = nn.ModuleList(members)
    return whole.eval()


def frame_times(count: int, seconds: float) -> np.ndarray:
    """Middle of each of a clip's frame scores, [count] s; the last frame may be cut short.

    >>> frame_times(2, 0.2)
    array([0.064, 0.164])
    """
    edges = np.arange(count + 1) * (STRIDE / FRAME_RATE)
    edges[-1] = min(edges[-1], seconds)
    return (edges[:-1] + edges[1:]) / 2
