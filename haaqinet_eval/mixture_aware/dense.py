"""Small dense networks on the features, beside the trees: smooth where those have steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..model.dimensions import WIDEST, check_range
from ..model.state import load_strictly

FARTHEST = 5.0  # standard deviations; features are no farther from their mean than this


@dataclass(frozen=True)
class Settings:
    """Of the networks."""

    count: int = 3  # with seeds of their own
    width: int = 192
    dropout: float = 0.3
    noise: float = 0.1  # added to the features, standard deviations
    epochs: int = 30
    batch_size: int = 128
    rate: float = 2e-3
    decay: float = 0.05
    parts: float = 0.3  # weight of HAAQI's four parts, which are predicted beside it


class Dense(nn.Module):
    """Features [B, F] to HAAQI and its parts, [B, 5] in [0, 1]."""

    def __init__(self, features: int, outputs: int = 5, width: int = 192, dropout: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        layers, inputs = [], features
        for _ in range(3):
            layers += [nn.Linear(inputs, width), nn.LayerNorm(width), nn.SiLU(), nn.Dropout(dropout)]
            inputs = width
        self.layers, self.last = nn.Sequential(*layers), nn.Linear(width, outputs)

    def normed(self, features: Tensor) -> Tensor:
        """Features in standard deviations from their mean."""
        return ((features - self.mean) / self.scale).clamp(-FARTHEST, FARTHEST)

    def of_normed(self, features: Tensor) -> Tensor:
        """The same from features that are normed."""
        return torch.sigmoid(self.last(self.layers(features)))

    def forward(self, features: Tensor) -> Tensor:
        return self.of_normed(self.normed(features))

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor], features: int, path: str | Path) -> Dense:
        """The network of a `state_dict`, to be asked; `path` is for messages.

        Raises:
            InputError: lists what is missing, unexpected or of another shape.
        """
        last = state.get("last.weight", torch.empty(0))
        outputs, width = last.shape if last.ndim == 2 else (0, 0)
        check_range(f"weights {path}: outputs of a network", outputs, 1, WIDEST)
        check_range(f"weights {path}: width of a network", width, 1, WIDEST)
        with torch.device("meta"):
            network = cls(features, outputs, width)
        return load_strictly(network, state, path)


def fit_dense(rows: np.ndarray, labels: np.ndarray, settings: Settings, seed: int) -> Dense:
    """Train on features [N, F] and labels [N, 5]: HAAQI and its parts."""
    torch.manual_seed(seed)
    x, y = torch.from_numpy(rows).float(), torch.from_numpy(labels).float()
    network = Dense(x.shape[1], y.shape[1], settings.width, settings.dropout)
    network.mean.copy_(x.mean(0))
    network.scale.copy_(x.std(0) + 1e-6)
    weights = torch.tensor([1.0, *[settings.parts / (y.shape[1] - 1)] * (y.shape[1] - 1)])
    optimiser = torch.optim.AdamW(network.parameters(), settings.rate, weight_decay=settings.decay)
    batches = -(-len(x) // settings.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.rate, total_steps=settings.epochs * batches
    )
    x = network.normed(x)
    for _ in range(settings.epochs):
        for some in torch.randperm(len(x)).tensor_split(batches):
            given = x[some] + settings.noise * torch.randn(len(some), x.shape[1])
            loss = ((network.of_normed(given) - y[some]).square().mean(0) * weights).sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network.eval().requires_grad_(False)
