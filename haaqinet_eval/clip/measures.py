"""How far predictions are from what listeners got: the challenges' measures, whole and by hearing loss.

With x the prediction and y the per cent of words that listeners wrote down:

    RMSE = sqrt(mean (x - y)^2)                     ranks the teams; lower is better
    standard error = std(x - y) / sqrt(N)           CLIP1's "Std", of the population
    NCC: Pearson's correlation; KT: Kendall's tau b (CLIP1); MAE, Spearman (CLIP2)

CLIP2's script gives 0 for a correlation that is not defined, of constant predictions; here it is None.
Source: pyclarity 0.9.0, recipes/cad_icassp_2026 and clip2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .labels import SEVERITIES, Labels
from .predictions import Table

DRAWS, SEED = 2000, 20260101  # of the bootstrap over prompts
ALL = "all"


@dataclass(frozen=True)
class Measures:
    """Agreement of predictions with listeners, in per cent of words.

    Attributes:
        group: "all", or a simulated hearing loss.
        signals: how many were judged.
        rmse, low, high: with its 95 % interval, from a bootstrap over prompts; no interval with one prompt.
        standard_error: of the mean difference.
        mae: mean absolute difference.
        bias: mean of prediction minus truth.
        ncc, kendall, spearman: None where predictions or labels are all alike.
    """

    group: str
    signals: int
    rmse: float
    low: float | None
    high: float | None
    standard_error: float
    mae: float
    bias: float
    ncc: float | None
    kendall: float | None
    spearman: float | None


def evaluate(table: Table, labels: Labels) -> tuple[Measures, ...]:
    """Measures over all signals, then over each hearing loss with two signals or more.

    Raises:
        InputError: for a signal without prediction, or a split whose labels are not there.
    """
    if not labels.known:
        raise InputError(
            f"{labels.root}: the labels of {labels.split} are not there, so nothing can be judged"
        )
    predicted = np.array(labels.values_of(table.values, table.name, "prediction"))
    signals = list(labels.signals.values())
    truth = np.array([signal.correctness for signal in signals], dtype=float)
    prompts = [signal.prompt for signal in signals]
    found = [_measures(ALL, predicted, truth, prompts)]
    for severity in SEVERITIES:
        chosen = np.array([signal.severity == severity for signal in signals])
        if chosen.sum() >= 2:
            among = [p for p, c in zip(prompts, chosen, strict=True) if c]
            found.append(_measures(severity, predicted[chosen], truth[chosen], among))
    return tuple(found)


def _measures(group: str, predicted: np.ndarray, truth: np.ndarray, prompts: Sequence[str]) -> Measures:
    from scipy.stats import kendalltau, spearmanr

    error = predicted - truth
    alike = len(error) < 2 or np.ptp(predicted) == 0 or np.ptp(truth) == 0
    low, high = _interval(error**2, prompts)
    return Measures(
        group=group,
        signals=len(error),
        rmse=math.sqrt(np.mean(error**2)),
        low=low,
        high=high,
        standard_error=float(np.std(error) / math.sqrt(len(error))),
        mae=float(np.mean(np.abs(error))),
        bias=float(np.mean(error)),
        ncc=None if alike else float(np.corrcoef(predicted, truth)[0, 1]),
        kendall=None if alike else float(kendalltau(predicted, truth).statistic),
        spearman=None if alike else float(spearmanr(predicted, truth).statistic),
    )


def _interval(squares: np.ndarray, prompts: Sequence[str]) -> tuple[float | None, float | None]:
    """95 % interval of the RMSE: prompts are drawn, since the versions of a prompt belong together."""
    _, place = np.unique(prompts, return_inverse=True)
    counts, sums = np.bincount(place), np.bincount(place, squares)
    if len(counts) < 2:
        return None, None
    times = np.random.default_rng(SEED).multinomial(len(counts), np.full(len(counts), 1 / len(counts)), DRAWS)
    means = np.sqrt((times @ sums) / (times @ counts))
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
