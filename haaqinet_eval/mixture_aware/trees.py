"""Gradient-boosted trees as arrays: grown with scikit-learn, evaluated with numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


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

    def is_sound(self, features: int) -> bool:
        """Whether every input [F] comes to a leaf: nodes lead on to later ones, and numbers are numbers."""
        count = len(self.feature)
        if not (len(self.threshold) == len(self.left) == len(self.right) == len(self.value) == count):
            return False
        inner = np.flatnonzero(self.feature >= 0)
        places = np.stack([self.left[inner], self.right[inner]])
        return bool(
            len(self.roots)
            and len(self.baseline) == 1
            and (self.feature < features).all()
            and ((places > inner) & (places < count)).all()
            and ((self.roots >= 0) & (self.roots < count)).all()
            and not np.isnan(self.threshold).any()
            and np.isfinite(self.value).all()
            and np.isfinite(self.baseline).all()
        )

    @classmethod
    def from_regressor(cls, regressor, rounds: int | None = None) -> Booster:
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
