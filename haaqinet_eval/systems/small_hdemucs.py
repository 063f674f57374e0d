"""Hybrid Demucs of any size, one channel at a time, with weights of recipes/ustc/train.py."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from torch import Tensor, nn

from ..errors import InputError
from ..model.state import load_strictly, read_state, write_state
from . import MUSDB_STEMS

RATE = 24_000  # Hz
LARGEST = 512  # channels


@dataclass(frozen=True)
class HDemucsSize:
    """Sizes of torchaudio's `HDemucs`; its small model for low rates has nfft 1024 and depth 5."""

    channels: int = 8
    nfft: int = 1024
    depth: int = 5


class OneChannel(nn.Module):
    """Mixtures to stems; each channel by itself, at the same level."""

    def __init__(self, size: HDemucsSize) -> None:
        super().__init__()
        from torchaudio.models import HDemucs

        self.size = size
        self.net = HDemucs(list(MUSDB_STEMS), audio_channels=1, **asdict(size))

    def forward(self, mixture: Tensor) -> Tensor:
        """[B, C, T] to [B, 4, C, T], in the order of `MUSDB_STEMS`."""
        one = mixture.reshape(-1, 1, mixture.shape[-1])
        scale = one.std(-1, keepdim=True) + 1e-5
        stems = self.net(one / scale)[:, :, 0] * scale
        return stems.reshape(*mixture.shape[:2], len(MUSDB_STEMS), -1).transpose(1, 2)


def save_small(net: OneChannel, path: str | Path, **notes: str) -> None:
    """Write a network; errors as of `write_state`."""
    write_state(path, net.net, {"hdemucs": asdict(net.size)}, **notes)


def load_small(path: str | Path, frozen: bool = True) -> OneChannel:
    """A network as `save_small` wrote it.

    Raises:
        InputError: no such file, or not of such a network.
    """
    state, cfg = read_state(path)
    given = cfg.get("hdemucs")
    names = set(asdict(HDemucsSize()))
    if not isinstance(given, dict) or set(given) != names:
        raise InputError(f"weights {path}: its metadata name no sizes of a small HDemucs")
    for name, value in given.items():
        if not isinstance(value, int) or not 1 <= value <= (LARGEST if name == "channels" else 8192):
            raise InputError(f"weights {path}: its metadata have hdemucs.{name} {value!r}")
    try:
        net = OneChannel(HDemucsSize(**given))
    except (ValueError, RuntimeError, ZeroDivisionError, IndexError) as error:
        raise InputError(f"weights {path}: no HDemucs has the sizes {given}: {error}") from None
    load_strictly(net.net, state, path, frozen)
    return net.eval()
