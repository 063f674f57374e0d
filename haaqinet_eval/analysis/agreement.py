"""How well one scorer predicts another, on the same trials.

Plain functions of two score vectors [N]: predicted and true. The names follow the
HAAQI-Net paper (LCC, SRCC, MSE) and the Cadenza evaluations (Kendall's tau, bias). For
predictions that say how sure they are: `coverage` and `by_uncertainty`; for their scale:
`reliability` and `affine_fit`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..deprecated import old_names
from ..errors import InputError
from ..scores import Score

__getattr__ = old_names(__name__)

ENOUGH = 3  # pairs of systems that are needed to say whether a prediction ranks
FEW = 10  # trials below which a correlation says nothing, and is not shown


@dataclass(frozen=True)
class Agreement:
    """Agreement of predicted with true scores; correlations are NaN where undefined."""

    n: int  # number of pairs
    lcc: float  # linear correlation coefficient (Pearson)
    srcc: float  # Spearman's rank correlation coefficient
    kendall: float  # Kendall's tau-b
    mse: float  # mean squared error
    bias: float  # mean of predicted minus true

    @property
    def rmse(self) -> float:
        """Root mean squared error."""
        return float(np.sqrt(self.mse))

    @property
    def figures(self) -> tuple[str, ...]:
        """For a table: n, LCC, SRCC, MSE, bias."""
        return (
            str(self.n),
            *(f"{self.lcc:.3f}", f"{self.srcc:.3f}", f"{self.mse:.4f}", f"{self.bias:+.3f}"),
        )


@dataclass(frozen=True)
class Ordering:
    """How a prediction orders the pairs of systems that the true scores tell apart."""

    apart: int  # pairs that the true scores tell apart
    alike: int  # of these, in the same order by the predicted means

    @property
    def may_rank(self) -> bool:
        """Whether the prediction may stand in for the ranking: all of at least `ENOUGH` pairs stand alike."""
        return self.apart >= ENOUGH and self.alike == self.apart


def ordering(true: ArrayLike, predicted: ArrayLike, p: ArrayLike, alpha: float = 0.05) -> Ordering:
    """Compare the order of K systems.

    Args:
        true, predicted: means [K].
        p: p-values [K, K] of the true scores' differences, corrected for all pairs.
    """
    x, y, table = (np.asarray(values, dtype=float) for values in (true, predicted, p))
    i, j = np.triu_indices(len(x), 1)
    apart = table[i, j] < alpha
    alike = np.sign(x[i] - x[j]) == np.sign(y[i] - y[j])
    return Ordering(int(apart.sum()), int((apart & alike).sum()))


def agreement(predicted: ArrayLike, true: ArrayLike) -> Agreement:
    """Compare two vectors [N] of scores.

    Raises:
        InputError: for unequal lengths, no pair, or a value that is not finite.

    >>> a = agreement([0.1, 0.5, 0.9], [0.2, 0.6, 1.0])
    >>> round(a.lcc, 6), round(a.bias, 6)
    (1.0, -0.1)
    """
    x, y = np.asarray(predicted, dtype=np.float64), np.asarray(true, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1 or not len(x):
        raise InputError(f"agreement: shapes {x.shape} and {y.shape}; two equal vectors are needed")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InputError("agreement: a score is not finite")
    error = x - y
    ties = np.ptp(x) == 0 or np.ptp(y) == 0  # also covers a single pair
    lcc, srcc, tau = (
        (np.nan,) * 3
        if ties
        else (np.corrcoef(x, y)[0, 1], np.corrcoef(ranks(x), ranks(y))[0, 1], _kendall(x, y))
    )
    return Agreement(
        len(x), float(lcc), float(srcc), float(tau), float(np.mean(error**2)), float(np.mean(error))
    )


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks [N] from 1; equal values share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def _kendall(x: np.ndarray, y: np.ndarray) -> float:
    """Kendall's tau-b of values [N] that are not all equal, in N log N steps (Knight 1966).

    Plain numpy: scipy's statistics would add 60 MiB to a server that asks for this alone.
    """

    (x, x_counts), (y, y_counts) = (np.unique(v, return_inverse=True, return_counts=True)[1:] for v in (x, y))
    both, both_counts = np.unique(x * len(y_counts) + y, return_counts=True)  # in the order of x, then y
    x_tied, y_tied, tied = (int((c * (c - 1) // 2).sum()) for c in (x_counts, y_counts, both_counts))
    pairs = len(x) * (len(x) - 1) // 2
    apart = pairs - x_tied - y_tied + tied  # concordant or discordant
    discordant = _inversions(np.repeat(both % len(y_counts), both_counts))
    return (apart - 2 * discordant) / (math.sqrt(pairs - x_tied) * math.sqrt(pairs - y_tied))


def _inversions(numbers: np.ndarray) -> int:
    """Number of pairs of whole numbers [N] from 0 of which the larger stands first.

    Two numbers differ first in one bit: for each bit, those with the same bits above it are looked at.
    """
    found = 0
    for bit in reversed(range(int(numbers.max()).bit_length())):
        numbers = numbers[np.argsort(numbers >> (bit + 1), kind="stable")]
        above, ones = numbers >> (bit + 1), numbers >> bit & 1
        before = np.concatenate([[0], np.cumsum(ones)])  # ones before each place
        first = np.searchsorted(above, above)  # of those with the same bits above
        found += int(((before[:-1] - before[first]) * (1 - ones)).sum())
    return found


@dataclass(frozen=True)
class Coverage:
    """How often predicted intervals hold the true score; a net that is honest has its 90 % right."""

    n: int  # rows with an interval and a true score
    inside: int
    below: int  # true scores below their interval: over-rated beyond what the net admits
    above: int
    width: float  # mean; NaN without rows

    @property
    def share(self) -> float:
        """Share of true scores inside; NaN without rows."""
        return self.inside / self.n if self.n else float("nan")


def interval_contains(low: ArrayLike, high: ArrayLike, true: ArrayLike) -> np.ndarray:
    """Whether each interval interval_contains its true score, ends included: [N] bool."""
    lows, highs, trues = (np.asarray(values, dtype=np.float64) for values in (low, high, true))
    return (lows <= trues) & (trues <= highs)


def coverage(low: ArrayLike, high: ArrayLike, true: ArrayLike) -> Coverage:
    """Compare intervals [N] with true scores [N]; rows that lack one of these (NaN) do not count.

    >>> found = coverage([0.1, 0.1, 0.6, float("nan")], [0.3, 0.3, 0.9, float("nan")], [0.2, 0.4, 0.5, 0.5])
    >>> found.n, found.inside, found.below, found.above, round(found.width, 3)
    (3, 1, 1, 1, 0.233)
    """
    rows = np.stack([np.asarray(values, dtype=np.float64) for values in (low, high, true)])
    lows, highs, trues = rows[:, np.isfinite(rows).all(axis=0)]
    below, above = int((trues < lows).sum()), int((trues > highs).sum())
    width = float(np.mean(highs - lows)) if len(lows) else float("nan")
    return Coverage(len(lows), len(lows) - below - above, below, above, width)


@dataclass(frozen=True)
class Bin:
    """Rows whose predicted scores are alike."""

    start: float
    stop: float
    n: int
    predicted: float  # mean
    true: float  # mean
    spread: float  # standard deviation of the true scores; 0 for a single row


def reliability(predicted: ArrayLike, true: ArrayLike, bins: int = 10) -> list[Bin]:
    """Mean true over mean predicted score in bins of equal width on [0, 1]; empty bins are left out.

    The reliability diagram (DeGroot and Fienberg 1983), for a score in place of a probability.

    >>> [(b.n, b.predicted, b.true) for b in reliability([0.1, 0.3, 0.9], [0.0, 0.5, 1.0], bins=2)]
    [(2, 0.2, 0.25), (1, 0.9, 1.0)]
    """
    x, y = np.asarray(predicted, dtype=np.float64), np.asarray(true, dtype=np.float64)
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, bins - 1)
    return [
        Bin(
            *(float(edges[k]), float(edges[k + 1]), int(mine.sum())),
            *(float(x[mine].mean()), float(y[mine].mean()), float(y[mine].std())),
        )
        for k in range(bins)
        if (mine := place == k).any()
    ]


def affine_fit(predicted: ArrayLike, true: ArrayLike) -> tuple[float, float]:
    """Slope and offset of the line that maps predicted to true scores best, by least squares.

    NaN where all predictions are equal.

    >>> slope, offset = affine_fit([0.2, 0.4, 0.6], [0.1, 0.5, 0.9])
    >>> round(slope, 6), round(offset, 6)
    (2.0, -0.3)
    """
    x, y = np.asarray(predicted, dtype=np.float64), np.asarray(true, dtype=np.float64)
    if not np.ptp(x) > 0:
        return float("nan"), float("nan")
    slope = float(np.mean((x - x.mean()) * (y - y.mean())) / np.var(x))
    return slope, float(y.mean() - slope * x.mean())


def by_uncertainty(low: ArrayLike, high: ArrayLike, unfamiliar: Sequence[bool]) -> np.ndarray:
    """Order [N] in which to verify predictions: unfamiliar sound first, then by width of the interval.

    Rows without an interval (NaN) come after those with one.

    >>> by_uncertainty([0.1, 0.4, float("nan"), 0.3], [0.2, 0.9, float("nan"), 0.4], [0, 0, 0, 1]).tolist()
    [3, 1, 0, 2]
    """
    width = np.asarray(high, dtype=np.float64) - np.asarray(low, dtype=np.float64)
    return np.lexsort((-np.nan_to_num(width, nan=-1.0), ~np.asarray(unfamiliar, dtype=bool)))


def error_by_uncertainty(error: ArrayLike, order: Sequence[int], share: float = 0.1) -> tuple[float, float]:
    """Mean absolute error of the first share of an order of doubt, and of the rest; NaN where there is none.

    Doubt that is worth following has the larger error first.

    >>> error_by_uncertainty([0.25, -0.5, 0.25, 0.25], [1, 0, 2, 3], 0.25)
    (0.5, 0.25)
    """
    size = np.abs(np.asarray(error, dtype=np.float64))[np.asarray(order, dtype=int)]
    first = max(1, round(share * len(size)))
    early, late = (float(part.mean()) if len(part) else float("nan") for part in (size[:first], size[first:]))
    return early, late


def _trial_key(score: Score) -> tuple:
    trial = score.trial
    return (trial.challenge, trial.system, trial.scene, trial.listener, trial.ear, trial.stem)


def pair_scores(scores: Iterable[Score], predicted: str, true: str) -> list[tuple[Score, Score]]:
    """Rows of two scorers for the same trials; a trial that either failed is left out."""
    found: dict[tuple, dict[str, Score]] = defaultdict(dict)
    for score in scores:
        if not score.failed and score.scorer in (predicted, true):
            found[_trial_key(score)][score.scorer] = score
    return [(pair[predicted], pair[true]) for pair in found.values() if len(pair) == 2]


def agreement_by(
    scores: Iterable[Score],
    predicted: str,
    true: str,
    group: Callable[[Score], str] = lambda score: "all",
) -> dict[str, Agreement]:
    """Agreement of two scorers per group of trials, e.g. per listener or per ear."""
    groups: dict[str, list] = defaultdict(list)
    for pair in pair_scores(scores, predicted, true):
        groups[group(pair[1])].append(pair)
    return {
        name: agreement([p.score for p, _ in pairs], [t.score for _, t in pairs])
        for name, pairs in sorted(groups.items())
    }
