"""HAAQI-Net: an ear's view of music to frame scores, whose mean is the score.

    signal -> Hearing -> envelope [B, 32, L], long-term spectrum [B, 32], texture [B, 52, 32]
    all of them and hearing loss -> what each band is like over the clip, [B, D, 32]
    envelope -> trunk, the same temporal filters in every band -> features [B, D, N];
    the bands' description scales and shifts the filters' outputs and the features
    features and their mean and spread over the clip -> head -> frame outputs in [0, 1], [B, 5, N]:
    the score and HAAQI's four parts
    the bands' description -> clip members -> the same of the clip, [B, 5]
    that of windows of 0.77 s -> clip members -> frame outputs, where there is no trunk

Where there are clip members, the mean of theirs is the score: they know best how good a clip is. The frames
say where it is bad, and are moved so that their mean is the score. Frame scores and their mean follow
Wisnu et al., "HAAQI-Net"; front end, trunk and clip members are our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import InputError
from .auditory import BANDS, FRAME_RATE, SAMPLE_RATE
from .clip import ClipMember
from .confidence import Confidence, Judgement
from .hearing import Heard, Hearing
from .stretches import in_stretches
from .texture import TEXTURE, count_windows
from .windows import as_frames, cut

OUTPUTS = ("score", "mel_cepstral_high", "bm_sync5", "d_loud", "d_norm")
TOP = 102.0  # dB above threshold; nothing above is told apart
DESCRIPTION = 24 + TEXTURE  # numbers a band, see `describe_bands`
STRIDE = 32  # envelope frames a frame score: 128 ms
ASKED = 2  # clip members that are asked about windows: more tell no better where it is bad


@dataclass(frozen=True)
class Dimensions:
    """What a checkpoint carries to rebuild its network."""

    front_end: str = "auditory"
    sample_rate: int = SAMPLE_RATE  # Hz
    filters: int = 32  # temporal filters, shared by all bands
    channels: tuple[int, int, int] = (40, 64, 96)  # of the trunk's further layers
    features: int = 128  # per frame
    context: int = 96  # of what the bands' description is turned into
    dropout: float = 0.2
    members: int = 1  # networks of this size, trained apart, whose outputs are averaged
    clips: int = 0  # networks that see the bands' description alone, and then make the score; see `clip`
    clip_channels: int = 384
    confidence: bool = False  # whether the network says how sure it is
    music: bool = False  # whether it then tells music from other sounds


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


def _bounded(heard: Heard) -> Heard:
    return heard._replace(envelope=heard.envelope.clamp(max=TOP))


def describe_bands(heard: Heard, loss: Tensor) -> Tensor:
    """What each band is like over the clip, in the light of the loss [B, 32] dB: [B, DESCRIPTION, 32].

    Loss, place, long-term level; how the envelope's level spreads (mean, four quantiles,
    deviation: the lowest shows a noise floor) and how often the band is inaudible; how fast it
    moves (deviation of its differences over 4, 16, 64 and 256 ms); how it rises and falls
    (quantiles of the differences over 64 and 256 ms: a room lets sound fall slowly); and how much
    it moves with the next band and with the fourth above (correlation). Then the texture.
    """
    envelope, spectrum, texture, _ = heard
    place = torch.linspace(-1, 1, BANDS, dtype=loss.dtype, device=loss.device).expand_as(loss)
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
    return torch.cat([own, texture], 1)


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


class Member(nn.Module):
    """One network behind the front end: envelope [B, 32, L] and bands [B, D, 32] to [B, 5, N]."""

    def __init__(self, dims: Dimensions) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(DESCRIPTION, affine=False)
        self.trunk = Trunk(dims)
        self.context = Context(dims.context, dims.features, dims.dropout)
        self.head = Head(dims.features, dims.dropout)

    def forward(self, envelope: Tensor, bands: Tensor) -> Tensor:
        bands = self.norm(bands)
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
        self.front_end = Hearing()
        self.members = nn.ModuleList(Member(self.dims) for _ in range(self.dims.members))
        size = (DESCRIPTION, self.dims.clip_channels, self.dims.dropout, len(OUTPUTS))
        self.clips = nn.ModuleList(ClipMember(*size) for _ in range(self.dims.clips))
        self.confidence = Confidence(DESCRIPTION, self.dims.music) if self.dims.confidence else None

    def forward(self, signals: Tensor, loss: Tensor, level1: Tensor) -> Tensor:
        """Frame outputs [B, 5, N] in [0, 1], one every 128 ms, in the order of `OUTPUTS`.

        Args:
            signals: [B, T] at 24 kHz: the hearing aid's output.
            loss: [B, 32] dB, see `band_losses`.
            level1: [B] dB SPL of RMS 1.
        """
        return self.score_features(self.front_end(signals, loss, level1), loss)

    def score_features(self, heard: Heard, loss: Tensor) -> Tensor:
        """The same from what is heard, at least 32 frames of it."""
        return self.opinions(heard, loss)[0]

    def judge(self, heard: Heard, loss: Tensor) -> Judgement:
        """The same, and how sure the network is, where it can tell (`dims.confidence`)."""
        outputs, opinions, bands = self.opinions(heard, loss)
        if self.confidence is None:
            return Judgement(outputs)
        return Judgement(outputs, *self.confidence(opinions[:, :, 0], bands))

    def score_clips(self, signals: Tensor, loss: Tensor, level1: Tensor) -> Tensor:
        """Means of `forward`'s frame outputs, [B, 5]; the frames are left out where they do not count."""
        heard = self.front_end(signals, loss, level1)
        if not self.clips:
            return self.score_features(heard, loss).mean(-1)
        return self._opinions_of_clips(describe_bands(_bounded(heard), loss)).mean(0)

    def opinions(self, heard: Heard, loss: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Frame outputs [B, 5, N], each member's of the clip [M, B, 5], the bands' description [B, D, 32]."""
        heard = _bounded(heard)
        bands = describe_bands(heard, loss)
        frames = [member(heard.envelope, bands) for member in self.members]
        if not self.clips:
            return torch.stack(frames).mean(0), torch.stack([x.mean(-1) for x in frames]), bands
        opinions = self._opinions_of_clips(bands)
        mean = opinions.mean(0)
        outputs = torch.stack(frames).mean(0) if frames else self._by_windows(heard, loss, mean)
        return with_mean(outputs, mean), opinions, bands

    def _opinions_of_clips(self, bands: Tensor) -> Tensor:
        """What each clip member says of descriptions [B, D, 32]: [M, B, 5]."""
        return torch.stack([member(bands) for member in self.clips])

    def _by_windows(self, heard: Heard, loss: Tensor, whole: Tensor) -> Tensor:
        """Frame outputs [B, 5, N]: what the clip members say of windows; of the whole [B, 5] without."""
        length = heard.envelope.shape[-1]
        count = -(-length // STRIDE)
        if heard.windows is None or not count_windows(length):
            return whole[..., None].expand(-1, -1, count)
        bands = describe_bands(*cut(heard, loss))
        outputs = torch.stack([member(bands) for member in self.clips[:ASKED]]).mean(0)
        return as_frames(outputs.unflatten(0, (len(whole), -1)).transpose(1, 2), count, STRIDE)


def with_mean(frames: Tensor, mean: Tensor) -> Tensor:
    """Frames [..., N] in [0, 1], moved, and scaled where they meet 0 or 1, until their mean is another [...].

    >>> with_mean(torch.tensor([0.2, 0.4]), torch.tensor(0.6))
    tensor([0.5000, 0.7000])
    >>> with_mean(torch.tensor([0.2, 0.8]), torch.tensor(0.9))
    tensor([0.8000, 1.0000])
    """
    mean = mean[..., None]
    frames = (frames + mean - frames.mean(-1, keepdim=True)).clamp(0, 1)
    now = frames.mean(-1, keepdim=True)
    lower = frames * (mean / now.clamp(min=1e-6))
    higher = 1 - (1 - frames) * ((1 - mean) / (1 - now).clamp(min=1e-6))
    return torch.where(mean < now, lower, higher)


def join(nets: Sequence[HaaqiNet]) -> HaaqiNet:
    """One network whose score is the mean of several networks' scores.

    Raises:
        InputError: if they differ in size.
    """
    alike = {"clips": 0, "clip_channels": 0, "dropout": 0.0, "confidence": False, "music": False}
    sizes = {replace(net.dims, members=1, **alike) for net in nets if net.members}
    widths = {net.dims.clip_channels for net in nets if net.clips}
    if len(sizes) > 1 or len(widths) > 1:
        raise InputError(f"networks of different sizes cannot be joined: {sizes}, clips of {widths} channels")
    members = [member for net in nets for member in net.members]
    clips = [member for net in nets for member in net.clips]
    dims = replace(sizes.pop() if sizes else nets[0].dims, members=len(members), clips=len(clips))
    dims = replace(dims, clip_channels=widths.pop() if widths else Dimensions.clip_channels)
    whole = HaaqiNet(replace(dims, dropout=nets[0].dims.dropout, confidence=False, music=False))
    whole.members, whole.clips = nn.ModuleList(members), nn.ModuleList(clips)
    return whole.eval()


def frame_times(count: int, seconds: float) -> np.ndarray:
    """Middle of each of a clip's frame scores, [count] s; the last frame may be cut short.

    >>> frame_times(2, 0.2)
    array([0.064, 0.164])
    """
    edges = np.arange(count + 1) * (STRIDE / FRAME_RATE)
    edges[-1] = min(edges[-1], seconds)
    return (edges[:-1] + edges[1:]) / 2
