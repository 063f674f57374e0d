"""How measures go together over degraded sounds: pooled, and within a group of degradations.

A pooled correlation is high where both measures tell one kind of degradation from another; within a group it
says whether they order what is worse and worse in the same way. Intervals come from drawing degradations and
listeners of files apart (`analysis.statistics`), as for means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..analysis.correlation import Correlation, correlation
from ..analysis.statistics import Interval
from ..scores import Score
from ..synthesis.conditions import GROUPS
from .degrading import GRID, group_of

DRAWS = 500


def _key(row: Score) -> tuple[str, str, str]:
    return row.trial.scene, row.trial.system, row.trial.listener


@dataclass(frozen=True, eq=False)
class Measured:
    """Values of M measures for R sounds in ears; NaN where one has none."""

    metrics: tuple[str, ...]  # [M]
    values: np.ndarray  # [R, M]
    files: np.ndarray  # [R]
    degradations: np.ndarray
    listeners: np.ndarray

    @classmethod
    def from_rows(cls, rows: Sequence[Score]) -> Measured:
        """From rows of the results file; failed ones are NaN."""
        metrics = tuple(dict.fromkeys(row.scorer for row in rows))
        keys = sorted({_key(row) for row in rows})
        place, column = {key: i for i, key in enumerate(keys)}, {name: i for i, name in enumerate(metrics)}
        values = np.full((len(keys), len(metrics)), np.nan)
        for row in rows:
            if row.score is not None:
                values[place[_key(row)], column[row.scorer]] = row.score
        about = np.array(keys, dtype=object).reshape(-1, 3)
        return cls(metrics, values, *(about[:, i].astype(str) for i in range(3)))

    @cached_property
    def groups(self) -> np.ndarray:
        """Group of each sound's degradation, [R]."""
        return np.array([group_of(name) for name in self.degradations])

    def some(self, chosen: np.ndarray) -> Measured:
        """Some of the sounds, by a mask [R]."""
        about = (self.files[chosen], self.degradations[chosen], self.listeners[chosen])
        return Measured(self.metrics, self.values[chosen], *about)

    def of(self, metric: str) -> np.ndarray:
        """One measure's values [R]."""
        return self.values[:, self.metrics.index(metric)]


def correlate(measured: Measured, first: str, second: str, draws: int = DRAWS) -> Correlation:
    """Pearson's and Spearman's correlation of two measures, with 95 % intervals."""
    x, y = measured.of(first), measured.of(second)
    return correlation(x, y, measured.degradations, _ears(measured), draws)


def _ears(measured: Measured) -> np.ndarray:
    return np.array([f"{f}\n{ear}" for f, ear in zip(measured.files, measured.listeners, strict=True)])


def centred(measured: Measured) -> Measured:
    """Values less the mean of their group of degradations, file and listener: what is left within a group."""
    values = measured.values.copy()
    labels = np.array([f"{a}\n{b}" for a, b in zip(measured.groups, _ears(measured), strict=True)])
    for label in set(labels.tolist()):
        mine = labels == label
        held = np.isfinite(values[mine])
        number = np.maximum(held.sum(0), 1)
        values[mine] -= np.where(held, values[mine], 0).sum(0) / number
    about = (measured.files, measured.degradations, measured.listeners)
    return Measured(measured.metrics, values, *about)


def matrix(
    measured: Measured, draws: int = DRAWS, value: Callable[[Correlation], Interval] = lambda c: c.spearman
) -> np.ndarray:
    """Correlations of all pairs of measures, [M, M]."""
    names = measured.metrics
    out = np.eye(len(names))
    for i, first in enumerate(names):
        for j in range(i):
            out[i, j] = out[j, i] = value(correlate(measured, first, names[j], draws)).value
    return out


def by_group(measured: Measured, truth: str, draws: int = DRAWS) -> Mapping[str, dict[str, Correlation]]:
    """Correlation of every other measure with one, by group of degradations: {group: {metric: …}}."""
    others = [name for name in measured.metrics if name != truth]
    found = {}
    for group in groups_of(measured):
        some = measured.some(measured.groups == group)
        found[group] = {name: correlate(some, name, truth, draws) for name in others}
    return found


def groups_of(measured: Measured) -> list[str]:
    """Groups of more than one degradation, the report's first."""
    there = {g for g in measured.groups if len(set(measured.degradations[measured.groups == g])) > 1}
    return [group for group in (*(f"paper_{kind}" for kind in GRID), *GROUPS) if group in there]
