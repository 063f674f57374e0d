"""From named features to a score and its interval: boosted trees and dense networks, averaged.

Three boosters answer: of the mean, and of two quantiles, whose interval is widened until it holds
nine in ten of the validation's true scores (conformalised quantile regression, Romano, Patterson
and Candès 2019). The networks know the mean only; they and the trees err differently.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from .dense import Dense
from .trees import Booster

BOOSTERS = ("mean", "low", "high")


@dataclass(frozen=True, eq=False)
class TargetModel:
    """From named features to a score and the interval that holds the true one in 9 of 10 cases."""

    names: tuple[str, ...]  # of the features, in the order of the inputs
    boosters: Mapping[str, Booster]  # by `BOOSTERS`
    margin: float  # by which the interval of the quantiles is widened on both sides
    networks: tuple[Dense, ...] = ()  # their mean counts as much as the trees

    def row(self, features: Mapping[str, float]) -> np.ndarray:
        """The input [F] of trees and networks."""
        return np.array([features[name] for name in self.names], dtype=np.float32).astype(float)

    def __call__(self, features: Mapping[str, float]) -> tuple[float, tuple[float, float]]:
        """Score and interval, in [0, 1]."""
        return self.of_row(self.row(features))

    def of_row(self, row: np.ndarray) -> tuple[float, tuple[float, float]]:
        """The same from the input [F]."""
        mean, low, high = (self.boosters[name](row) for name in BOOSTERS)
        if self.networks:
            given = torch.from_numpy(row).float()[None]
            with torch.inference_mode():
                answers = [float(network(given)[0, 0]) for network in self.networks]
            mean = (mean + sum(answers) / len(answers)) / 2
        mean, low, high = (float(np.clip(x, 0, 1)) for x in (mean, low, high))
        return mean, (min(max(low - self.margin, 0.0), mean), max(min(high + self.margin, 1.0), mean))


def margin_of(
    low: Sequence[float], high: Sequence[float], true: Sequence[float], share: float = 0.9
) -> float:
    """By how much intervals must be widened, or may shrink, to hold a share of the true scores."""
    outside = np.maximum(np.asarray(low) - true, np.asarray(true) - high)
    level = min(np.ceil((len(outside) + 1) * share) / len(outside), 1.0)
    return float(np.quantile(outside, level, method="higher"))


def pack(model: TargetModel) -> dict[str, np.ndarray]:
    """A model's trees and networks as named arrays."""
    trees = {
        f"{name}.{part}": getattr(booster, part)
        for name, booster in model.boosters.items()
        for part in Booster.__annotations__
    }
    return trees | {
        f"network{i}.{name}": tensor.numpy()
        for i, network in enumerate(model.networks)
        for name, tensor in network.state_dict().items()
    }


def unpack(arrays: Mapping[str, np.ndarray], names: Sequence[str], margin: float) -> TargetModel:
    """The model of arrays that `pack` named."""
    parts = Booster.__annotations__
    boosters = {name: Booster(*(arrays[f"{name}.{part}"] for part in parts)) for name in BOOSTERS}
    networks = []
    while state := part_of(arrays, f"network{len(networks)}."):
        networks.append(Dense.of(state))
    return TargetModel(tuple(names), boosters, margin, tuple(networks))


def part_of(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, torch.Tensor]:
    """Arrays whose names begin so, as tensors without it."""
    return {k.removeprefix(prefix): torch.from_numpy(a) for k, a in arrays.items() if k.startswith(prefix)}


def target_version(path: str | Path) -> str:
    """`target-` and the first 12 digits of the file's SHA-256."""
    return f"target-{hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]}"
