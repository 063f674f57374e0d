"""How well one scorer predicts another, on the same trials.

Plain functions of two score vectors [N]: predicted and true. The names follow the
HAAQI-Net paper (LCC, SRCC, MSE) and the Cadenza evaluations (Kendall's tau, bias).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .errors import InputError
from .scores import Score


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


def agreement(predicted: Sequence[float], true: Sequence[float]) -> Agreement:
    """Compare two vectors [N] of scores.

    Raises:
        InputError: for unequal lengths, no pair, or a value that is not finite.

    >>> a = agreement([0.1, 0.5, 0.9], [0.2, 0.6, 1.0])
    >>> round(a.lcc, 6), round(a.bias, 6)
    (1.0, -0.1)
    """
    from scipy import stats

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
        else (
            stats.pearsonr(x, y).statistic,
            stats.spearmanr(x, y).statistic,
            stats.kendalltau(x, y).statistic,
        )
    )
    return Agreement(
        len(x), float(lcc), float(srcc), float(tau), float(np.mean(error**2)), float(np.mean(error))
    )


def _trial_key(score: Score) -> tuple:
    return (score.challenge, score.system, score.scene, score.listener, score.ear, score.stem)


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
