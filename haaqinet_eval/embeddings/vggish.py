"""VGGish [Hershey et al. 2017], from the weights of torchvggish.

The file is the user's: `vggish-10086976.pth` of https://github.com/harritaylor/torchvggish (release v0.1),
and for the quantised variant AudioSet's own `vggish_pca_params.npz` beside it. Nothing is fetched.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..audiogram import Audiogram
from ..errors import InputError
from ..io.files import sha256
from ..model.state import load_strictly, read_state
from .back_end import Embedding
from .mel import spectrum, vggish_filters

WIDTHS = (64, 128, 256, 256, 512, 512)  # channels of the convolutions
POOLED = (0, 1, 3, 5)  # behind these
FRAMES = 96  # of 10 ms, an example
OFFSET = 0.01  # below which mel magnitudes are not told apart
PCA_FILE = "vggish_pca_params.npz"
RANGE = 2.0  # what the principal components are clipped to
WANTED = "give weights=vggish-10086976.pth, the file of torchvggish's release v0.1"


def convolutions() -> nn.Sequential:
    """Six of them, four poolings: [B, 1, 96, 64] to [B, 512, 6, 4]."""
    layers: list[nn.Module] = []
    before = 1
    for place, width in enumerate(WIDTHS):
        layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if place in POOLED else []
        before = width
    return nn.Sequential(*layers)


def dense_layers() -> nn.Sequential:
    """Three of them: [B, 12288] to [B, 128]."""
    wide = [nn.Linear(512 * 4 * 6, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU()]
    return nn.Sequential(*wide, nn.Linear(4096, 128), nn.ReLU())


class VggishEmbedding(Embedding):
    """A vector of 128 for every 0.96 s, as the network gives it: neither rotated nor quantised.

    Shorter signals, and what is left at the end, have none; a signal below 0.975 s is repeated to that.

    Args:
        weights: torchvggish's file.

    Raises:
        InputError: without weights, or where they are another network's.
    """

    sample_rate = 16_000

    def __init__(self, weights: str | Path | None = None) -> None:
        super().__init__()
        if weights is None:
            raise InputError(f"embedding vggish: its weights are in no package; {WANTED}")
        with torch.device("meta"):
            self.features = convolutions()
            self.embeddings = dense_layers()
        load_strictly(self, read_state(weights)[0], weights)
        self.register_buffer("mel", torch.from_numpy(vggish_filters()).float(), persistent=False)
        self.version = f"vggish-{sha256(weights)[:12]}"

    def examples(self, signals: Tensor) -> Tensor:
        """Log mel magnitudes [B, N, 96, 64] of signals [B, T]."""
        needed = (FRAMES - 1) * 160 + 400
        if signals.shape[-1] < needed:
            signals = signals.repeat(1, -(-needed // signals.shape[-1]))[:, :needed]
        bands = (spectrum(signals, 512, 400, 160) @ self.mel + OFFSET).log()
        return bands[:, : bands.shape[1] // FRAMES * FRAMES].unflatten(1, (-1, FRAMES))

    def forward(self, signals: Tensor, audiogram: Audiogram, level1: float) -> Tensor:
        examples = self.examples(signals)
        maps = self.features(examples.flatten(0, 1)[:, None])
        return self.embeddings(maps.permute(0, 2, 3, 1).flatten(1)).unflatten(0, examples.shape[:2])


class QuantisedVggish(VggishEmbedding):
    """The same as AudioSet published it: principal components, clipped, in 8 bits; no gradients pass.

    Args:
        weights: torchvggish's file; the components lie beside it.
    """

    def __init__(self, weights: str | Path | None = None) -> None:
        super().__init__(weights)
        assert weights is not None
        place = Path(weights).with_name(PCA_FILE)
        try:
            with np.load(place) as held:
                found = [torch.from_numpy(held[name]).float() for name in ("pca_eigen_vectors", "pca_means")]
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"weights {place}: the principal components cannot be read: {error}") from None
        self.rotation, self.middle = found[0], found[1].flatten()

    def forward(self, signals: Tensor, audiogram: Audiogram, level1: float) -> Tensor:
        vectors = super().forward(signals, audiogram, level1) - self.middle
        turned = (vectors @ self.rotation.T).clamp(-RANGE, RANGE)
        return ((turned + RANGE) * (255 / (2 * RANGE))).round()
