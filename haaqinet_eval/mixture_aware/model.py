"""From named features to a score and its interval: boosted trees and dense networks, averaged.

Three boosters answer: of the mean, and of two quantiles, whose interval is widened until it holds
nine in ten of the validation's true scores (conformalised quantile regression, Romano, Patterson
and Candès 2019). The networks know the mean only; they and the trees err differently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..io.files import sha256
from .dense import Dense
from .trees import Booster

BOOSTERS = ("mean", "low", "high")
REAL = ("threshold", "value", "baseline")  # parts of a booster that are no indices


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


def unpack(state: Mapping[str, Tensor], names: object, margin: object, path: str | Path) -> TargetModel:
    """The model of tensors that `pack` named.

    Args:
        state: the tensors; nothing else may be among them.
        names, margin: of the features; of the interval: as a file has them.
        path: for messages.

    Raises:
        InputError: for what does not fit.
    """
    if not (isinstance(names, list) and names and all(isinstance(name, str) for name in names)):
        raise InputError(f"weights {path}: cfg names: no list of features")
    if isinstance(margin, bool) or not isinstance(margin, int | float) or not -1 <= margin <= 1:
        raise InputError(f"weights {path}: cfg margin {margin!r} is not from -1 to 1")
    boosters = {
        name: _booster(part_of(state, f"{name}."), len(names), f"{path}: {name}") for name in BOOSTERS
    }
    networks, known = [], [f"{name}." for name in BOOSTERS]
    while part := part_of(state, prefix := f"network{len(networks)}."):
        networks.append(Dense.from_state(part, len(names), path))
        known.append(prefix)
    if strange := [key for key in state if not key.startswith(tuple(known))]:
        raise InputError(f"weights {path}: unexpected key {strange[0][:100]!r}")
    return TargetModel(tuple(names), boosters, margin, tuple(networks))


def _booster(state: Mapping[str, Tensor], features: int, where: str) -> Booster:
    """Trees of a file; their nodes lead on, to nodes that are there, so that an answer comes."""
    parts = Booster.__annotations__
    if state.keys() != parts.keys():
        raise InputError(f"weights {where}: has {sorted(state)}, not {sorted(parts)}")
    for name, value in state.items():
        if value.ndim != 1 or value.is_floating_point() != (name in REAL) or value.dtype == torch.bool:
            raise InputError(f"weights {where}.{name}: {value.dtype} {list(value.shape)} does not fit")
    arrays = {name: value.numpy() for name, value in state.items()}
    booster = Booster(**arrays)
    if not booster.is_sound(features):
        raise InputError(f"weights {where}: its trees lead to nodes or features that are not there")
    return booster


def part_of(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Tensors whose names begin so, without it."""
    return {k.removeprefix(prefix): tensor for k, tensor in state.items() if k.startswith(prefix)}


def target_version(path: str | Path) -> str:
    """`target-` and the first 12 digits of the file's SHA-256."""
    return f"target-{sha256(path)[:12]}"
