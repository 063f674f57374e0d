"""musicnn [Pons and Serra 2019], a tagger of music, from the checkpoint in its own wheel.

The package asks for TensorFlow 1 and is not imported: `pip install --no-deps musicnn==0.1.0` brings the
files, and the network is written down here in torch.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad, relu

from ..audiogram import Audiogram
from ..errors import InputError
from ..io.files import sha256
from ..model.state import load_strictly
from .back_end import Embedding
from .mel import librosa_filters, spectrum
from .tf_checkpoint import read_checkpoint

SIZE, HOP, BANDS = 512, 256, 96
PATCH = 187  # frames, 3 s
SCALE = 10_000.0  # of mel power, before the logarithm
EPS = 1e-3  # of TensorFlow's batch norms
WANTED = "pip install --no-deps musicnn==0.1.0, or give weights=…/MTT_musicnn/.index"


class _Block(nn.Module):
    """Convolution, ReLU and batch norm; zeros in time, so that no frame is lost."""

    def __init__(self, before: int, channels: int, frames: int, bands: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, channels, (frames, bands))
        self.norm = nn.BatchNorm2d(channels, eps=EPS)
        self.around = (0, 0, (frames - 1) // 2, frames // 2)  # TensorFlow's "same" has the odd one behind

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, L, F] to [B, C', L, F']."""
        return self.norm(relu(self.conv(pad(x, self.around))))


class Musicnn(nn.Module):
    """Log mel spectra [B, L, 96] to the layer before the tags, [B, 200]."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(1, eps=EPS)
        shapes = ((204, 7, 38), (204, 7, 67), (51, 128, 1), (51, 64, 1), (51, 32, 1))
        self.front = nn.ModuleList(_Block(1, *shape) for shape in shapes)
        self.middle = nn.ModuleList(_Block(1, 64, 7, width) for width in (561, 64, 64))
        self.pooled, self.dense = nn.BatchNorm1d(1506, eps=EPS), nn.Linear(1506, 200)
        self.last = nn.BatchNorm1d(200, eps=EPS)

    def forward(self, spectra: Tensor) -> Tensor:
        x = self.norm(spectra[:, None])
        front = torch.cat([block(x).amax(-1) for block in self.front], 1)  # [B, 561, L]
        layers = [front]
        for block in self.middle:
            out = block(layers[-1].transpose(1, 2)[:, None])[..., 0]
            layers.append(out + layers[-1] if len(layers) > 1 else out)
        together = torch.cat(layers, 1)
        both = torch.stack([together.amax(-1), together.mean(-1)], -1).flatten(1)
        return self.last(relu(self.dense(self.pooled(both))))


def _converted(held: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """The checkpoint's tensors under the names of `Musicnn`."""
    out: dict[str, np.ndarray] = {}

    def norm(name: str, number: int) -> None:
        theirs = f"batch_normalization{f'_{number}' if number else ''}"
        names = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean"}
        for mine, its in {**names, "running_var": "moving_variance"}.items():
            out[f"{name}.{mine}"] = held[f"{theirs}/{its}"]
        out[f"{name}.num_batches_tracked"] = np.array(0)

    norm("norm", 0)
    for number, place in enumerate([*(f"front.{i}" for i in range(5)), *(f"middle.{i}" for i in range(3))]):
        theirs = f"conv2d{f'_{number}' if number else ''}"
        out[f"{place}.conv.weight"] = held[f"{theirs}/kernel"].transpose(3, 2, 0, 1)
        out[f"{place}.conv.bias"] = held[f"{theirs}/bias"]
        norm(f"{place}.norm", number + 1)
    norm("pooled", 9)
    out["dense.weight"], out["dense.bias"] = held["dense/kernel"].T, held["dense/bias"]
    norm("last", 10)
    return {name: torch.tensor(value.copy()) for name, value in out.items()}


class MusicnnEmbedding(Embedding):
    """A vector of 200 for every 3 s, from the layer before the tags of MTT_musicnn.

    What is left at the end has none; a shorter signal is one patch as it is. Mel power stays in single
    precision: the package rounds it to half, which overflows where music is loud.

    Args:
        weights: the checkpoint's `.index`; None for that of an installed package.

    Raises:
        InputError: where there is none, or another network's.
    """

    sample_rate = 16_000

    def __init__(self, weights: str | Path | None = None) -> None:
        super().__init__()
        if weights is None:
            found = find_spec("musicnn")
            if found is None or not found.submodule_search_locations:
                raise InputError(f"embedding musicnn: no checkpoint: {WANTED}")
            weights = Path(found.submodule_search_locations[0]) / "MTT_musicnn" / ".index"
        try:
            tensors = _converted(read_checkpoint(weights))
        except KeyError as error:
            raise InputError(f"weights {weights}: are not musicnn's: no {error}; {WANTED}") from None
        with torch.device("meta"):
            self.net = Musicnn()
        load_strictly(self.net, tensors, weights)
        filters = librosa_filters(BANDS, SIZE, self.sample_rate)
        self.register_buffer("mel", torch.from_numpy(filters).float(), persistent=False)
        self.version = f"musicnn-{sha256(weights)[:12]}"

    def spectra(self, signals: Tensor) -> Tensor:
        """Log mel power [B, L, 96] of signals [B, T], a frame every 16 ms."""
        power = spectrum(pad(signals, (SIZE // 2, SIZE // 2)), SIZE, SIZE, HOP).square() @ self.mel
        return (SCALE * power + 1).log10()

    def forward(self, signals: Tensor, audiogram: Audiogram, level1: float) -> Tensor:
        spectra = self.spectra(signals)
        size = min(PATCH, spectra.shape[1])
        patches = spectra[:, : spectra.shape[1] // size * size].unflatten(1, (-1, size))
        return self.net(patches.flatten(0, 1)).unflatten(0, patches.shape[:2])
