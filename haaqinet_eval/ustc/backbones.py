"""Networks that USTC's training starts from, all with one interface."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import gcd
from pathlib import Path

import torch
from torch import Tensor, nn

from ..errors import InputError
from ..io.files import whole
from ..systems import MUSDB_STEMS
from ..systems.neural import hdemucs
from ..systems.small_hdemucs import HDemucsSize, OneChannel, load_small, save_small
from ..systems.spleeter import separate_two
from ..systems.spleeter_network import FRAMES, HOP, RATE, load_networks, save_networks

BACKBONES = ("small", "hdemucs", "spleeter")
SILENCE = 0.05  # s behind a signal whose rate is changed, for filters to ring out


class Backbone(nn.Module):
    """A separator to train: mixtures [B, C, T] to stems [B, S, C, T], C 1 or 2, at the scenes' rate."""

    suffix = ".safetensors"  # of its file of weights

    def merged(self, stems: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
        """True stems [B, 4, C, T] and their gains' factors [B, 4], as far as it tells them apart."""
        return stems, factors

    def learned(self) -> Iterator[nn.Parameter]:
        """What is trained."""
        return self.parameters()

    def write(self, path: Path, **notes: str) -> None:
        """Write the weights for the system of its name."""
        raise NotImplementedError


class SmallHDemucs(Backbone):
    """Hybrid Demucs of any size, at 24 kHz: `system=hdemucs separator.weights=FILE.safetensors`.

    Raises:
        InputError: for weights of another size.
    """

    def __init__(self, size: HDemucsSize, start: str | Path | None = None) -> None:
        super().__init__()
        self.net = load_small(start, frozen=False) if start else OneChannel(size)
        if self.net.size != size:
            raise InputError(f"start={start}: has {asdict(self.net.size)}, not {asdict(size)}")

    def forward(self, mixture: Tensor) -> Tensor:
        """Stems of a mixture."""
        return self.net(mixture)

    def write(self, path: Path, **notes: str) -> None:
        """Write weights and size; errors as of `write_state`."""
        save_small(self.net, path, **notes)


class LargeHDemucs(Backbone):
    """The baseline's Hybrid Demucs, in stereo at 44.1 kHz: `system=hdemucs separator.weights=FILE.pt`.

    Args:
        start: torchaudio's file of weights; None for where torchaudio keeps its own.
        sample_rate: Hz, of the scenes.

    Raises:
        InputError: without torchaudio or the weights.
    """

    suffix = ".pt"

    def __init__(self, start: str | Path | None, sample_rate: int) -> None:
        super().__init__()
        loaded = hdemucs(weights=start, device="cpu")
        self.net, self.rate, self.given = loaded.model, loaded.sample_rate, sample_rate
        self.order = [list(loaded.sources).index(stem) for stem in MUSDB_STEMS]

    def forward(self, mixture: Tensor) -> Tensor:
        """Stems of a mixture, which the network hears with mean 0 and standard deviation 1."""
        channels, length = mixture.shape[1:]
        both = resampled(mixture.expand(-1, 2, -1), self.given, self.rate)
        mono = both.mean(1, keepdim=True)
        centre, scale = mono.mean(-1, keepdim=True), mono.std(-1, keepdim=True) + 1e-5
        stems = self.net((both - centre) / scale)[:, self.order] * scale[:, None] + centre[:, None]
        heard = resampled(stems, self.rate, self.given)[..., :length]
        return heard if channels == 2 else heard.mean(2, keepdim=True)

    def write(self, path: Path, **notes: str) -> None:
        """Write a file like torchaudio's, which has no room for notes."""
        with whole(path) as part:
            torch.save(self.net.state_dict(), part)


class SpleeterVocals(Backbone):
    """Spleeter, whose vocals' network learns: `system=spleeter +spleeter.weights=FILE.safetensors`.

    The accompaniment's network and all running statistics stay as they are.

    Args:
        start: a file of an earlier run; None for Spleeter's own.
        sample_rate: Hz, of the scenes.

    Raises:
        InputError: without the weights.
    """

    def __init__(self, start: str | Path | None, sample_rate: int) -> None:
        super().__init__()
        self.networks, self.given = nn.ModuleList(load_networks(start)), sample_rate
        self.networks[0].requires_grad_()

    def train(self, mode: bool = True) -> SpleeterVocals:
        """Always in evaluation mode: its batches are too small for statistics."""
        return super().train(False)

    def forward(self, mixture: Tensor) -> Tensor:
        """Vocals and accompaniment of a mixture."""
        channels, length = mixture.shape[1:]
        both = resampled(mixture.expand(-1, 2, -1), self.given, RATE)
        frames = min(-(-(both.shape[-1] // HOP + 1) // 64) * 64, FRAMES)
        stems = [separate_two([*self.networks], one, "average", frames) for one in both]  # type: ignore[list-item]
        return resampled(torch.stack(stems), RATE, self.given)[..., :channels, :length]

    def merged(self, stems: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
        """Vocals and the sum of the others, with the mean of their factors."""
        two = torch.cat([stems[:, :1], stems[:, 1:].sum(1, keepdim=True)], 1)
        return two, torch.cat([factors[:, :1], factors[:, 1:].mean(1, keepdim=True)], 1)

    def learned(self) -> Iterator[nn.Parameter]:
        """The vocals' network."""
        return self.networks[0].parameters()

    def write(self, path: Path, **notes: str) -> None:
        """Write both networks; errors as of `save_networks`."""
        save_networks([*self.networks], path, **notes)  # type: ignore[list-item]


@dataclass(frozen=True)
class Choice:
    """What is trained.

    Attributes:
        backbone: of `BACKBONES`.
        start: weights to begin with; None for random ones of `small`, the official ones of the others.
        size: of `small`.
        sample_rate: Hz, of the scenes.
    """

    backbone: str
    start: str | None
    size: HDemucsSize
    sample_rate: int

    def make(self) -> Backbone:
        """The network.

        Raises:
            InputError: for an unknown one, or without its weights.
        """
        if self.backbone == "small":
            return SmallHDemucs(self.size, self.start)
        if self.backbone == "hdemucs":
            return LargeHDemucs(self.start, self.sample_rate)
        if self.backbone == "spleeter":
            return SpleeterVocals(self.start, self.sample_rate)
        raise InputError(f"backbone={self.backbone}: known are {', '.join(BACKBONES)}")


def resampled(x: Tensor, rate: int, to_rate: int) -> Tensor:
    """Change the rate of [..., T] by cutting or lengthening its spectrum; what is behind T is no sound."""
    if rate == to_rate:
        return x
    x = nn.functional.pad(x, (0, round(SILENCE * rate)))
    x = nn.functional.pad(x, (0, -x.shape[-1] % (rate // gcd(rate, to_rate))))
    size = x.shape[-1] * to_rate // rate
    return torch.fft.irfft(torch.fft.rfft(x), size) * (to_rate / rate)
