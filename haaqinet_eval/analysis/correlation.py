"""Correlation of two measures of the same things, with intervals that know what is drawn together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .agreement import FEW, agreement, ranks
from .statistics import DRAWS, Interval, Resampling, index, interval, pair_sums

NONE = Interval(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class Correlation:
    """Of two measures."""

    n: int  # rows that both have a value in
    pearson: Interval  # NaN below `agreement.FEW` rows, or where one is constant
    spearman: Interval


def correlation(
    first: ArrayLike, second: ArrayLike, scenes: Sequence, listeners: Sequence, draws: int = DRAWS
) -> Correlation:
    """Pearson's and Spearman's correlation of two vectors [R], with 95 % intervals.

    Args:
        first, second: values; rows in which one is NaN do not count.
        scenes, listeners: labels [R] of what is drawn apart, as for `statistics.mean_interval`.
        draws: how many.

    >>> found = correlation(range(12), [v**3 for v in range(12)], "abcdefabcdef", "xxxxxxyyyyyy", draws=200)
    >>> found.n, round(found.spearman.value, 6), found.pearson.low < found.pearson.value
    (12, 1.0, True)
    """
    x, y = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    if len(x) < FEW or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Correlation(len(x), NONE, NONE)
    found = agreement(x, y)
    places = index(np.asarray(list(scenes))[both]), index(np.asarray(list(listeners))[both])
    given = [(found.lcc, x, y), (found.srcc, ranks(x), ranks(y))]
    return Correlation(len(x), *(_with_interval(value, a, b, places, draws) for value, a, b in given))


def _with_interval(
    value: float, x: np.ndarray, y: np.ndarray, places: tuple[np.ndarray, np.ndarray], draws: int
) -> Interval:
    """The correlation of every draw, from its sums."""
    shape = (int(places[0].max()) + 1, int(places[1].max()) + 1)
    x, y = x - x.mean(), y - y.mean()
    resampling = Resampling.from_shape(shape, draws)
    tables = [pair_sums(v, *places, shape)[0] for v in (np.ones_like(x), x, y, x * x, y * y, x * y)]
    n, sx, sy, xx, yy, xy = (resampling.sums(table) for table in tables)
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = (xy - sx * sy / n) / np.sqrt((xx - sx**2 / n) * (yy - sy**2 / n))
    return interval(value, drawn.clip(-1, 1), resampling.freedom)
