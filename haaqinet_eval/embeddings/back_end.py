"""What every embedding offers, and HAAQI-Net's own."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import torch
from torch import Tensor, nn

from ..audiogram import Audiogram
from ..errors import InputError
from ..model import WEIGHTS, HaaqiNet, load_model, model_version
from ..model.description import describe_bands
from ..model.net import TOP
from ..model.windows import cut


class Embedding(nn.Module):
    """Signals of one ear to vectors."""

    sample_rate: int  # Hz
    version: str  # of network and weights

    def forward(self, signals: Tensor, audiogram: Audiogram, level1: float) -> Tensor:
        """Vectors of signals [B, T] at `sample_rate`: [B, N, D].

        Args:
            audiogram, level1: the ear, and dB SPL of RMS 1; back ends that know no ear leave them aside.
        """
        raise NotImplementedError


class HaaqiNetEmbedding(Embedding):
    """What HAAQI-Net's clip members read their score from, in windows of 0.77 s every 384 ms.

    The signal goes through the listener's ear first, as for HAAQI-Net itself. D is 128 a member.

    Args:
        weights: a checkpoint of HAAQI-Net with clip members; None for the one that is shipped.
    """

    def __init__(self, weights: str | Path | None = None) -> None:
        super().__init__()
        path = Path(weights or WEIGHTS)
        net = load_model(path)
        if not isinstance(net, HaaqiNet) or not net.clips:
            raise InputError(f"weights {path}: have no clip members, so no embedding")
        self.net, self.version = net.requires_grad_(False), model_version(path, net)
        self.sample_rate = net.dims.sample_rate

    def forward(self, signals: Tensor, audiogram: Audiogram, level1: float) -> Tensor:
        count = len(signals)
        ear = torch.from_numpy(self.net.encode_audiogram(audiogram)).to(signals).expand(count, -1)
        heard = self.net.front_end(signals, ear, torch.full((count,), float(level1)).to(signals))
        if heard.windows is not None and heard.windows.shape[1]:
            heard, ear = cut(heard, ear)
        bands = describe_bands(heard._replace(envelope=heard.envelope.clamp(max=TOP)), ear)
        vectors = torch.cat([member.features(bands) for member in self.net.clips], -1)
        return vectors.unflatten(0, (count, -1))


BACK_ENDS = {  # name -> its class
    "haaqinet": "back_end:HaaqiNetEmbedding",
    "musicnn": "musicnn:MusicnnEmbedding",
    "vggish": "vggish:VggishEmbedding",
    "vggish_quantised": "vggish:QuantisedVggish",
}


def load_embedding(name: str, weights: str | Path | None = None) -> Embedding:
    """A back end by name, ready to be used.

    Args:
        weights: its file, see its class.

    Raises:
        InputError: for an unknown name, or weights that are missing or of another layout.
    """
    if name not in BACK_ENDS:
        raise InputError(f"embedding {name!r} is unknown; known: {', '.join(BACK_ENDS)}")
    module, _, cls = BACK_ENDS[name].partition(":")
    return getattr(import_module(f".{module}", __package__), cls)(weights).eval()
