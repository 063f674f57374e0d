"""How sure a mean over scenes and listeners is, and which systems it tells apart.

Scores of one scene are alike, and so are scores of one listener; a bootstrap over
single rows takes them for independent and gives intervals that are far too narrow.
Here scenes and listeners are drawn apart, and a row counts as often as its scene
times as often as its listener was drawn: the two-way cluster or "pigeonhole" bootstrap
(McCullagh 2000, Bernoulli 6:285; Owen 2007, Ann. Appl. Stat. 1:386). It is slightly
conservative: Owen shows that it counts the variance of the single row three times, which
matters only where there are few rows per scene and per listener.

Systems are compared on the same draws, so the difference of two systems is paired.

Shapes: R rows, S scenes, L listeners, B draws, K systems. Plain numpy; the draws come
from numpy's legacy generator, whose stream is frozen, so figures made by different
versions of numpy belong to the same draws.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError

DRAWS = 2000
SEED = 20240601
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate and its interval of confidence; NaN limits where nothing can be resampled."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """A paired difference: first minus second."""

    value: float
    low: float
    high: float
    p: float  # two-sided, for one comparison; see `holm` for several
    n: int  # rows that both have


@dataclass(frozen=True)
class RankRange:
    """Where a system may stand, given what the differences tell apart."""

    low: int  # best rank: one more than the systems that are significantly better
    high: int  # worst rank
    group: int  # tie group, from 1: each system is significantly better than all of later groups


def index(labels: Sequence) -> np.ndarray:
    """Numbers [R] from 0 for labels [R] of scenes or listeners."""
    return np.unique(np.asarray(labels), return_inverse=True)[1].reshape(-1)


def pair_sums(
    values: np.ndarray, scene: np.ndarray, listener: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of values [R] per scene and listener: two arrays [S, L].

    Args:
        scene, listener: whole numbers [R] from 0, below S and L.
        shape: (S, L).
    """
    cell = np.asarray(scene) * shape[1] + np.asarray(listener)
    size = shape[0] * shape[1]
    total = np.bincount(cell, weights=values, minlength=size).reshape(shape)
    return total, np.bincount(cell, minlength=size).reshape(shape).astype(float)


def draw_weights(size: int, draws: int = DRAWS, seed: int = SEED) -> np.ndarray:
    """How often each of `size` clusters is drawn in each of B draws with replacement: [B, size].

    A single cluster cannot be resampled and always counts once.
    """
    picks = np.random.RandomState(seed).randint(0, size, size=(draws, size), dtype=np.int64)
    flat = (picks + size * np.arange(draws)[:, None]).ravel()
    return np.bincount(flat, minlength=draws * size).reshape(draws, size).astype(float)


@dataclass(frozen=True, eq=False)
class Resampling:
    """B draws of S scenes and L listeners, used for all systems of a comparison."""

    scenes: np.ndarray  # [B, S] times drawn
    listeners: np.ndarray  # [B, L]

    @classmethod
    def from_shape(cls, shape: tuple[int, int], draws: int = DRAWS, seed: int = SEED) -> Resampling:
        """Draws for tables of S scenes and L listeners; the same each time they are asked for."""
        return cls(draw_weights(shape[0], draws, seed), draw_weights(shape[1], draws, seed + 1))

    @property
    def freedom(self) -> int:
        """Degrees of freedom: the smaller number of clusters that is resampled, less one."""
        return min((w.shape[1] - 1 for w in (self.scenes, self.listeners) if w.shape[1] > 1), default=0)

    def means(self, total: np.ndarray, count: np.ndarray) -> np.ndarray:
        """Mean of each draw, [B], from sums and numbers [S, L] of `pair_sums`.

        NaN for a draw that met no row, which can only happen in a small sparse table.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.sums(total) / self.sums(count)

    def sums(self, table: np.ndarray) -> np.ndarray:
        """Sum of each draw, [B], from a table [S, L]."""
        return np.einsum("bl,bl->b", self.scenes @ table, self.listeners)


def interval(value: float, draws: np.ndarray, freedom: int, confidence: float = CONFIDENCE) -> Interval:
    """Percentile interval of an estimate from its draws [B]; NaN where `freedom` is 0."""
    draws = draws[np.isfinite(draws)]
    if not freedom or not len(draws):
        return Interval(float(value), math.nan, math.nan)
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, (tail, 1 - tail))
    return Interval(float(value), float(low), float(high))


def _table(values: ArrayLike, scenes: Sequence, listeners: Sequence) -> tuple[np.ndarray, np.ndarray]:
    table = np.asarray(values, dtype=float)
    if table.ndim != 1 or not len(table) or len(scenes) != len(table) or len(listeners) != len(table):
        raise InputError(f"bootstrap: {table.shape} values, {len(scenes)} scenes, {len(listeners)} listeners")
    if not np.isfinite(table).all():
        raise InputError("bootstrap: a value is not finite")
    scene, listener = index(scenes), index(listeners)
    return pair_sums(table, scene, listener, (int(scene.max()) + 1, int(listener.max()) + 1))


def mean_interval(
    values: ArrayLike,
    scenes: Sequence,
    listeners: Sequence,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Interval:
    """Mean of rows [R] with its interval, resampled over scenes and listeners.

    Args:
        values: scores [R], all finite.
        scenes, listeners: labels [R]. Songs may stand in for scenes where scenes share songs.
        draws, seed: number of draws, and where the generator starts.

    >>> result = mean_interval([0.2, 0.4, 0.6, 0.8], ["a", "a", "b", "b"], ["x", "y", "x", "y"])
    >>> result.value, result.low < 0.5 < result.high
    (0.5, True)
    """
    total, count = _table(values, scenes, listeners)
    resampling = Resampling.from_shape(total.shape, draws, seed)
    means = resampling.means(total, count)
    return interval(total.sum() / count.sum(), means, resampling.freedom, confidence)


def paired_difference(
    first: ArrayLike,
    second: ArrayLike,
    scenes: Sequence,
    listeners: Sequence,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Difference:
    """Mean difference of two systems on the same rows [R], with interval and p-value."""
    difference = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    total, count = _table(difference, scenes, listeners)
    resampling = Resampling.from_shape(total.shape, draws, seed)
    means = resampling.means(total, count)
    found = interval(total.sum() / count.sum(), means, resampling.freedom, confidence)
    p = p_value(found.value, means, resampling.freedom)
    return Difference(found.value, found.low, found.high, p, len(difference))


def student_tail(t: float, freedom: int) -> float:
    """Probability that |T| exceeds |t|, Student's t with a whole number of degrees of freedom.

    Closed form of Abramowitz and Stegun, 26.7.3 and 26.7.4.
    """
    if math.isinf(t):
        return 0.0
    angle = math.atan2(abs(t), math.sqrt(freedom))
    cosine2 = math.cos(angle) ** 2
    odd = freedom % 2
    term = math.sin(angle) * (math.cos(angle) if odd else 1.0)
    total = 0.0
    for k in range(freedom // 2):
        total += term
        term *= cosine2 * ((2 * k + 2) / (2 * k + 3) if odd else (2 * k + 1) / (2 * k + 2))
    inside = 2 / math.pi * (angle + total) if odd else total
    return min(1.0, max(0.0, 1.0 - inside))


def p_value(difference: float, draws: np.ndarray, freedom: int) -> float:
    """Two-sided p-value of a difference from its draws [B].

    From the bootstrap's standard error and Student's t, not from counting draws: B draws
    cannot show a p below 1/B, and the corrections for many pairs need smaller ones.
    """
    if not freedom or difference == 0:
        return 1.0
    error = float(np.nanstd(draws))
    return student_tail(difference / error if error > 0 else math.inf, freedom)


def holm(p: ArrayLike) -> np.ndarray:
    """p-values [M] corrected for M comparisons, Holm 1979.

    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    raw = np.asarray(p, dtype=float)
    order = np.argsort(raw, kind="stable")
    stepped = np.maximum.accumulate(raw[order] * np.arange(len(raw), 0, -1))
    corrected = np.empty_like(raw)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def compare_all(means: np.ndarray, draws: np.ndarray, freedom: int) -> np.ndarray:
    """Holm-corrected p-values [K, K] of all pairs of systems.

    Args:
        means: [K]; draws: [B, K], from one resampling of the same rows.
    """
    k = len(means)
    table = np.ones((k, k))
    i, j = np.triu_indices(k, 1)
    p = [p_value(means[a] - means[b], draws[:, a] - draws[:, b], freedom) for a, b in zip(i, j, strict=True)]
    table[i, j] = table[j, i] = holm(p)
    return table


def rank_ranges(means: np.ndarray, p: np.ndarray, alpha: float = 1 - CONFIDENCE) -> list[RankRange]:
    """Rank range and tie group of K systems, in their order.

    A tie group ends where every system so far is significantly better than every one that
    follows, as the clusters of the machine translation shared tasks (WMT) are made.

    Args:
        means: [K], higher is better.
        p: corrected p-values [K, K] of all pairs.
    """
    means = np.asarray(means, dtype=float)
    better = (p < alpha) & (means[:, None] > means[None, :])  # [K, K]: row beats column
    low, high = 1 + better.sum(axis=0), len(means) - better.sum(axis=1)
    groups = np.empty(len(means), dtype=int)
    order = np.argsort(-means, kind="stable")
    group = 1
    for place, k in enumerate(order):
        if place and better[np.ix_(order[:place], order[place:])].all():
            group += 1
        groups[k] = group
    return [RankRange(int(a), int(b), int(g)) for a, b, g in zip(low, high, groups, strict=True)]
