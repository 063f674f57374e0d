"""From named features to a score and its interval: boosted trees and dense networks, averaged.

Three boosters answer: of the mean, and of two quantiles, whose interval is widened until it holds
nine in ten of the validation's true scores (conformalised quantile regression, Romano, Patterson
and Candès 2019). The networks know the mean only; they and the trees err differently.

A model may have a base: an earlier model, whose answers, for the output and for the mixture as if it
were one, are further features of it (stacking, Wolpert 1992).
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
OWN, UNPROCESSED = "base_", "base_unprocessed_"  # a base's answers for an output and for the mixture
SMALL = {"feature": np.int16, **dict.fromkeys(REAL, np.float32)}  # types of the parts in files
EXACT = ("mean", "scale")  # of a network, which are not rounded to half precision


@dataclass(frozen=True, eq=False)
class TargetModel:
    """From named features to a score and the interval that holds the true one in 9 of 10 cases."""

    names: tuple[str, ...]  # of the features, in the order of the inputs
    boosters: Mapping[str, Booster]  # by `BOOSTERS`
    margin: float  # by which the interval of the quantiles is widened on both sides
    networks: tuple[Dense, ...] = ()  # their mean counts as much as the trees
    base: TargetModel | None = None  # its `answers` are features, too

    def row(
        self, features: Mapping[str, float], unprocessed: Mapping[str, float] | None = None
    ) -> np.ndarray:
        """The input [F] of trees and networks, with a base's answers, of features of an output.

        Args:
            unprocessed: features of the mixture as an output; for a model with a base.
        """
        if self.base:
            of_mixture = self.base.answers(self.base.row(unprocessed or features), UNPROCESSED)
            own = self.base.answers(self.base.row(features))
            features = {**features, **own, **of_mixture}
        return np.array([features[name] for name in self.names], dtype=np.float32).astype(float)

    def __call__(
        self, features: Mapping[str, float], unprocessed: Mapping[str, float] | None = None
    ) -> tuple[float, tuple[float, float]]:
        """Score and interval, in [0, 1]; see `row`."""
        return self.of_row(self.row(features, unprocessed))

    def of_row(self, row: np.ndarray) -> tuple[float, tuple[float, float]]:
        """The same from the input [F]."""
        mean, low, high = (self.boosters[name](row) for name in BOOSTERS)
        if self.networks:
            mean = (mean + float(self._networks(row)[0])) / 2
        mean, low, high = (float(np.clip(x, 0, 1)) for x in (mean, low, high))
        return mean, (min(max(low - self.margin, 0.0), mean), max(min(high + self.margin, 1.0), mean))

    def answers(self, row: np.ndarray, prefix: str = OWN) -> dict[str, float]:
        """What trees and networks say of an input [F]: features of a model that has this one as its base."""
        values = {name: self.boosters[name](row) for name in BOOSTERS}
        parts = self._networks(row) if self.networks else np.zeros(0)
        values |= {f"network_{i}": float(part) for i, part in enumerate(parts)}
        return {f"{prefix}{name}": value for name, value in {"score": self.of_row(row)[0], **values}.items()}

    def _networks(self, row: np.ndarray) -> np.ndarray:
        """The networks' mean answer: HAAQI and its parts [5]."""
        given = torch.from_numpy(row).float()[None]
        with torch.inference_mode():
            return np.mean([network(given)[0].numpy() for network in self.networks], axis=0)


def margin_of(
    low: Sequence[float], high: Sequence[float], true: Sequence[float], share: float = 0.9
) -> float:
    """By how much intervals must be widened, or may shrink, to hold a share of the true scores."""
    outside = np.maximum(np.asarray(low) - true, np.asarray(true) - high)
    level = min(np.ceil((len(outside) + 1) * share) / len(outside), 1.0)
    return float(np.quantile(outside, level, method="higher"))


def pack(model: TargetModel) -> dict[str, np.ndarray]:
    """A model's trees and networks as named arrays, in half the bits."""
    trees = {
        f"{name}.{part}": getattr(booster, part).astype(SMALL.get(part, np.int32))
        for name, booster in model.boosters.items()
        for part in Booster.__annotations__
    }
    base = {f"base.{name}": array for name, array in pack(model.base).items()} if model.base else {}
    return (
        trees
        | base
        | {
            f"network{i}.{name}": tensor.numpy().astype(np.float32 if name in EXACT else np.float16)
            for i, network in enumerate(model.networks)
            for name, tensor in network.state_dict().items()
        }
    )


def settings_of(model: TargetModel) -> dict:
    """What a file says of a model besides `pack`: for `unpack`."""
    base = {"base": settings_of(model.base)} if model.base else {}
    return {"names": model.names, "margin": model.margin, **base}


def unpack(state: Mapping[str, Tensor], cfg: Mapping, path: str | Path) -> TargetModel:
    """The model of tensors that `pack` named.

    Args:
        state: the tensors; nothing else may be among them.
        cfg: `settings_of` the model, as a file has them.
        path: for messages.

    Raises:
        InputError: for what does not fit.
    """
    names, margin, below = cfg.get("names"), cfg.get("margin"), cfg.get("base")
    if below is not None and not isinstance(below, dict):
        raise InputError(f"weights {path}: cfg base: no object")
    if not (isinstance(names, list) and names and all(isinstance(name, str) for name in names)):
        raise InputError(f"weights {path}: cfg names: no list of features")
    if isinstance(margin, bool) or not isinstance(margin, int | float) or not -1 <= margin <= 1:
        raise InputError(f"weights {path}: cfg margin {margin!r} is not from -1 to 1")
    boosters = {
        name: _booster(part_of(state, f"{name}."), len(names), f"{path}: {name}") for name in BOOSTERS
    }
    networks, known = [], [f"{name}." for name in BOOSTERS]
    base = None
    if below is not None:
        base = unpack(part_of(state, "base."), below, f"{path}: base")
        known.append("base.")
    while part := part_of(state, prefix := f"network{len(networks)}."):
        wide = {name: t.float() if t.dtype == torch.float16 else t for name, t in part.items()}
        networks.append(Dense.from_state(wide, len(names), path))
        known.append(prefix)
    if strange := [key for key in state if not key.startswith(tuple(known))]:
        raise InputError(f"weights {path}: unexpected key {strange[0][:100]!r}")
    return TargetModel(tuple(names), boosters, margin, tuple(networks), base)


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
