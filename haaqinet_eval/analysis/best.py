"""Which system is best for whom: the best of each group of listeners, and whether that is sure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .statistics import CONFIDENCE, Difference, Resampling, holm, interval, p_value


@dataclass(frozen=True)
class Best:
    """The best system of a group of listeners; systems by their place in the tables."""

    group: str
    system: int
    means: tuple[float, ...]  # of each system
    low: float  # 95 % interval of the best one's mean; NaN where nothing can be resampled
    high: float
    lead: Difference | None  # best minus second best; None for a single system
    ties: tuple[int, ...]  # systems that are not told apart from it, best first


def best_by_group(totals: np.ndarray, count: np.ndarray, groups: Mapping[str, Sequence[int]]) -> list[Best]:
    """The best system of each group, by the mean over the group's rows.

    Scenes and the group's listeners are resampled, see `statistics`; for a single listener scenes alone.
    The best one is compared with every other system on the same draws, and the p-values are corrected
    for the number of systems (Holm). Groups without rows are left out.

    Args:
        totals: [K, S, L] sum of the scores of K systems by scene and listener, all of the same rows.
        count: [S, L] number of rows.
        groups: name -> numbers of its listeners, from 0.
    """
    drawn: dict[tuple[int, int], Resampling] = {}
    found = []
    for name, given in groups.items():
        members = np.asarray(given, dtype=int)
        there = count[:, members]
        rows = np.flatnonzero(there.sum(axis=1))
        if not len(rows):
            continue
        there, sums = there[rows], totals[:, rows][:, :, members]
        shape = (len(rows), len(members))
        if shape not in drawn:
            drawn[shape] = Resampling.from_shape(shape)
        found.append(_best(name, sums, there, drawn[shape]))
    return found


def _best(name: str, sums: np.ndarray, count: np.ndarray, resampling: Resampling) -> Best:
    """The best of one group; sums [K, S, L], count [S, L]."""
    means = sums.sum(axis=(1, 2)) / count.sum()
    order = np.argsort(-means, kind="stable")
    first, others = int(order[0]), order[1:]
    draws = np.stack([resampling.means(table, count) for table in sums])  # [K, B]
    draws = draws[:, np.isfinite(draws[0])]
    limits = interval(means[first], draws[first], resampling.freedom)
    lead: Difference | None = None
    ties: tuple[int, ...] = ()
    if len(others):
        gaps = means[first] - means[others]
        p = [
            p_value(gap, draws[first] - draws[k], resampling.freedom)
            for gap, k in zip(gaps, others, strict=True)
        ]
        ahead = interval(gaps[0], draws[first] - draws[others[0]], resampling.freedom)
        lead = Difference(float(gaps[0]), ahead.low, ahead.high, p[0], int(count.sum()))
        corrected = holm(p)
        ties = tuple(int(k) for k, value in zip(others, corrected, strict=True) if value >= 1 - CONFIDENCE)
    return Best(name, first, tuple(means.tolist()), limits.low, limits.high, lead, ties)


def is_sure(best: Best) -> bool:
    """Whether the best one is told apart from every other system."""
    return best.lead is not None and not best.ties and math.isfinite(best.low)


def records(dates: Sequence[str], values: Sequence[float]) -> list[int]:
    """Numbers of the values that were the highest when they came, oldest first.

    >>> records(["2026-03", "2026-01", "2026-02"], [0.7, 0.6, 0.5])
    [1, 0]
    """
    found: list[int] = []
    for i in sorted(range(len(dates)), key=lambda i: (dates[i], -values[i])):
        if not found or values[i] > values[found[-1]]:
            found.append(i)
    return found
