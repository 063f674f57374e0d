"""All pairs of systems: how often one wins over another, and what strength that gives each.

Bradley and Terry (1952, Biometrika 39:324): system i wins over j with probability
1 / (1 + exp(b_j - b_i)). The strengths b are fitted by Hunter's minorise-maximise steps (2004, Ann. Stat.
32:384). Half a win each way is added to every pair, so that a system that always wins has a finite
strength. Intervals come from the two-way bootstrap of `statistics`, or of judges where people compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .statistics import CONFIDENCE, Resampling, index, pair_sums

DRAWS = 400  # of strengths: an interval's ends to about a twentieth of its width
STEPS = 2000
JUDGES = 5  # that are needed for intervals over judges
PRIOR = 0.5  # wins added to each side of each pair


@dataclass(frozen=True)
class Strength:
    """A system's strength: log-odds against the average of all, with its 95 % interval."""

    value: float
    low: float
    high: float


def strengths(wins: ArrayLike, prior: float = PRIOR) -> np.ndarray:
    """Bradley-Terry strengths [..., K] of numbers of wins [..., K, K] (row over column); their mean is 0.

    >>> strengths([[0, 30], [10, 0]], prior=0).round(3).tolist()  # half of log 3 each way
    [0.549, -0.549]
    """
    won = np.asarray(wins, dtype=float)
    k = won.shape[-1]
    won = (won + prior) * (1 - np.eye(k))
    games = won + np.swapaxes(won, -1, -2)
    total = won.sum(axis=-1)
    power = np.ones_like(total)
    for _ in range(STEPS):
        before = power
        power = total / (games / (power[..., :, None] + power[..., None, :])).sum(axis=-1)
        power = power / np.exp(np.log(power).mean(axis=-1, keepdims=True))
        if np.abs(np.log(power / before)).max(initial=0.0) < 1e-9:
            break
    return np.log(power)


def win_tables(
    scores: np.ndarray, scenes: Sequence, listeners: Sequence
) -> tuple[np.ndarray, tuple[int, int]]:
    """Wins [K, K, S * L] of row over column in each scene and listener, a draw counting half; and (S, L).

    Args:
        scores: [K, R] of K systems on the same rows.
        scenes, listeners: [R].
    """
    scene, listener = index(scenes), index(listeners)
    shape = (int(scene.max()) + 1, int(listener.max()) + 1)
    k = len(scores)
    tables = np.zeros((k, k, shape[0] * shape[1]))
    for i in range(k):
        for j in range(i + 1, k):
            gap = scores[i] - scores[j]
            won = (gap > 0) + 0.5 * (gap == 0)
            ahead, count = pair_sums(won, scene, listener, shape)
            tables[i, j], tables[j, i] = ahead.ravel(), (count - ahead).ravel()
    return tables, shape


def win_rates(wins: np.ndarray) -> np.ndarray:
    """Share of wins [K, K] of numbers of wins [K, K]; NaN on the diagonal and where there was no game."""
    games = wins + wins.T
    with np.errstate(invalid="ignore"):
        return np.where(games > 0, wins / games, np.nan)


def strengths_with_intervals(tables: np.ndarray, shape: tuple[int, int]) -> list[Strength]:
    """Strength of each system, with intervals over scenes and listeners, see `win_tables`."""
    k = len(tables)
    resampling = Resampling.from_shape(shape, DRAWS)
    drawn = np.zeros((DRAWS, k, k))
    for i in range(k):
        for j in range(k):
            if i != j:
                drawn[:, i, j] = resampling.sums(tables[i, j].reshape(shape))
    return spread(strengths(tables.sum(axis=-1)), strengths(drawn))


def spread(values: np.ndarray, draws: np.ndarray) -> list[Strength]:
    """Strengths [K] with percentile intervals of their draws [B, K]."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(draws, (tail, 1 - tail), axis=0)
    return [Strength(float(v), float(a), float(b)) for v, a, b in zip(values, low, high, strict=True)]


def judged_strengths(wins: np.ndarray, seed: int = 1) -> list[Strength]:
    """Strengths of what people compared: wins [J, K, K] by judge; the intervals are over judges.

    Fewer than `JUDGES` tell nothing of other people: then each pair's share of wins is drawn from what its
    answers leave open (beta distribution, Jeffreys' prior), as if the answers were independent.
    """
    judges, whole = len(wins), wins.sum(axis=0)
    rng = np.random.default_rng(seed)
    if judges >= JUDGES:
        picks = rng.multinomial(judges, np.full(judges, 1 / judges), size=DRAWS)
        drawn = np.einsum("bj,jkl->bkl", picks, wins)
    else:
        games, k = whole + whole.T, len(whole)
        drawn = np.zeros((DRAWS, k, k))
        for i, j in zip(*np.triu_indices(k, 1), strict=True):
            if games[i, j]:
                share = rng.beta(whole[i, j] + 0.5, whole[j, i] + 0.5, DRAWS)
                drawn[:, i, j], drawn[:, j, i] = games[i, j] * share, games[i, j] * (1 - share)
    return spread(strengths(whole), strengths(drawn))
