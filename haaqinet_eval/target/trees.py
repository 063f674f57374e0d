"""Gradient-boosted trees as arrays: grown with scikit-learn, evaluated with numpy alone.

A model has three boosters, of the mean and of two quantiles, whose interval is widened until it holds
nine in ten of the validation's true scores (conformalised quantile regression, Romano, Patterson
and Candès 2019).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BOOSTERS = ("mean", "low", "high")


@dataclass(frozen=True, eq=False)
class Booster:
    """A sum of regression trees, all nodes in one list.

    A node is a leaf where `feature` is negative. An input goes left where it is not above the threshold.
    """

    feature: np.ndarray  # [M] int16
    threshold: np.ndarray  # [M] float64
    left: np.ndarray  # [M] int32, index of a node
    right: np.ndarray  # [M] int32
    value: np.ndarray  # [M] float64, of leaves
    roots: np.ndarray  # [T] int32
    baseline: np.ndarray  # [1]

    def __call__(self, row: np.ndarray) -> float:
        """The sum for one input [F]."""
        node = self.roots
        while True:
            feature = self.feature[node]
            inner = feature >= 0
            if not inner.any():
                return float(self.baseline[0] + self.value[node].sum())
            below = row[np.maximum(feature, 0)] <= self.threshold[node]
            node = np.where(inner, np.where(below, self.left[node], self.right[node]), node)

    @classmethod
    def of(cls, regressor, rounds: int | None = None) -> Booster:
        """The first trees of scikit-learn's `HistGradientBoostingRegressor`, without categories or gaps."""
        trees = [step[0].nodes for step in regressor._predictors[:rounds]]
        roots = np.cumsum([0, *map(len, trees[:-1])])
        nodes = np.concatenate(trees)
        shift = np.repeat(roots, list(map(len, trees)))
        leaf = nodes["is_leaf"].astype(bool)
        return cls(
            np.where(leaf, -1, nodes["feature_idx"]).astype(np.int16),
            np.where(leaf, 0.0, nodes["num_threshold"]),
            (nodes["left"] + shift).astype(np.int32),
            (nodes["right"] + shift).astype(np.int32),
            np.where(leaf, nodes["value"], 0.0),
            roots.astype(np.int32),
            np.asarray(regressor._baseline_prediction, dtype=float).reshape(-1)[:1],
        )


def mean_of(boosters: Sequence[Booster]) -> Booster:
    """One booster whose sum is the mean of several boosters' sums."""
    starts = np.cumsum([0, *(len(b.feature) for b in boosters[:-1])])
    moved = {
        part: np.concatenate([getattr(b, part) + start for b, start in zip(boosters, starts, strict=True)])
        for part in ("left", "right", "roots")
    }
    same = {part: np.concatenate([getattr(b, part) for b in boosters]) for part in ("feature", "threshold")}
    value = np.concatenate([b.value for b in boosters]) / len(boosters)
    baseline = np.mean([b.baseline for b in boosters], axis=0)
    moved = {part: places.astype(np.int32) for part, places in moved.items()}
    return Booster(**same, **moved, value=value, baseline=baseline)


@dataclass(frozen=True, eq=False)
class TargetModel:
    """From named features to a score and the interval that holds the true one in 9 of 10 cases."""

    names: tuple[str, ...]  # of the features, in the order of the trees' inputs
    boosters: Mapping[str, Booster]  # by `BOOSTERS`
    margin: float  # by which the interval of the quantiles is widened on both sides

    def row(self, features: Mapping[str, float]) -> np.ndarray:
        """The trees' input [F]."""
        return np.array([features[name] for name in self.names], dtype=np.float32).astype(float)

    def __call__(self, features: Mapping[str, float]) -> tuple[float, tuple[float, float]]:
        """Score and interval, in [0, 1]."""
        return self.of_row(self.row(features))

    def of_row(self, row: np.ndarray) -> tuple[float, tuple[float, float]]:
        """The same from the trees' input [F]."""
        mean, low, high = (float(np.clip(self.boosters[name](row), 0, 1)) for name in BOOSTERS)
        return mean, (min(max(low - self.margin, 0.0), mean), max(min(high + self.margin, 1.0), mean))


def margin_of(
    low: Sequence[float], high: Sequence[float], true: Sequence[float], share: float = 0.9
) -> float:
    """By how much intervals must be widened, or may shrink, to hold a share of the true scores."""
    outside = np.maximum(np.asarray(low) - true, np.asarray(true) - high)
    level = min(np.ceil((len(outside) + 1) * share) / len(outside), 1.0)
    return float(np.quantile(outside, level, method="higher"))


def pack(model: TargetModel) -> dict[str, np.ndarray]:
    """A model's trees as named arrays."""
    return {
        f"{name}.{part}": getattr(booster, part)
        for name, booster in model.boosters.items()
        for part in Booster.__annotations__
    }


def unpack(arrays: Mapping[str, np.ndarray], names: Sequence[str], margin: float) -> TargetModel:
    """The model of arrays that `pack` named."""
    parts = Booster.__annotations__
    boosters = {name: Booster(*(arrays[f"{name}.{part}"] for part in parts)) for name in BOOSTERS}
    return TargetModel(tuple(names), boosters, margin)


def target_version(path: str | Path) -> str:
    """`target-` and the first 12 digits of the file's SHA-256."""
    return f"target-{hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]}"
