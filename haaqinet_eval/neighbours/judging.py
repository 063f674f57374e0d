"""Which neighbour says what HAAQI says, for whom and on what; and where they say the opposite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..analysis.correlation import Correlation
from ..registry import scorer_record
from .correlating import DRAWS, Measured, correlate, groups_of

STAND_IN = 0.8  # Spearman's correlation whose lower limit a stand-in reaches
APART = 0.1  # difference of HAAQI that is more than a trifle
SHARE = 0.1  # of a neighbour's own range of values, likewise


@dataclass(frozen=True)
class Verdict:
    """A neighbour against HAAQI on the sounds of one group and one listener."""

    group: str
    listener: str
    metric: str
    found: Correlation

    @property
    def stands_in(self) -> bool:
        """Whether it could be used instead: even the lower limit of Spearman's correlation is high."""
        return self.found.spearman.low >= STAND_IN


@dataclass(frozen=True)
class Contradiction:
    """Two degradations of one sound in one ear that HAAQI and a neighbour order in opposite ways."""

    metric: str
    file: str
    listener: str
    better: str  # degradation, as HAAQI says
    worse: str
    haaqi: tuple[float, float]  # of the better and the worse one
    value: tuple[float, float]  # the neighbour's


def verdicts(measured: Measured, truth: str = "haaqi", draws: int = DRAWS) -> list[Verdict]:
    """Every neighbour in every group of degradations ("all" first) for every listener."""
    out = []
    groups = ["all", *groups_of(measured)]
    for listener in dict.fromkeys(measured.listeners.tolist()):
        for group in groups:
            mine = measured.listeners == listener
            some = measured.some(mine if group == "all" else mine & (measured.groups == group))
            out += [
                Verdict(group, listener, metric, correlate(some, metric, truth, draws))
                for metric in measured.metrics
                if metric != truth
            ]
    return out


def best(found: Sequence[Verdict]) -> list[Verdict]:
    """Of every group and listener the neighbour with the highest Spearman's correlation."""
    chosen: dict[tuple[str, str], Verdict] = {}
    for verdict in found:
        key, value = (verdict.group, verdict.listener), verdict.found.spearman.value
        if np.isfinite(value) and (key not in chosen or value > chosen[key].found.spearman.value):
            chosen[key] = verdict
    return list(chosen.values())


def contradictions(
    measured: Measured, metric: str, truth: str = "haaqi"
) -> tuple[float, list[Contradiction]]:
    """How often a neighbour contradicts HAAQI, and the pairs that do, the gravest first.

    Looked at are pairs of degradations of one sound in one ear that HAAQI tells apart by more than `APART`;
    contradicted are those that the neighbour orders the other way by more than `SHARE` of its own range here.

    Returns:
        share of the pairs, NaN without any; the contradicted pairs.
    """
    sign = 1.0 if scorer_record(metric).limits[0] < scorer_record(metric).limits[1] else -1.0
    trifle = SHARE * float(np.ptp(measured.of(metric)[np.isfinite(measured.of(metric))], axis=0))
    pairs, found = 0, []
    for ear in _ears(measured):
        x, y = measured.of(truth)[ear], measured.of(metric)[ear]
        i, j = np.nonzero(x[:, None] - x[None, :] > APART)
        known = np.isfinite(y[i]) & np.isfinite(y[j])
        i, j = i[known], j[known]
        pairs += len(i)
        wrong = sign * (y[j] - y[i]) > trifle
        for a, b in zip(ear[i[wrong]], ear[j[wrong]], strict=True):
            found.append(_contradiction(measured, metric, truth, int(a), int(b)))
    found.sort(key=lambda c: -(c.haaqi[0] - c.haaqi[1]) * abs(c.value[0] - c.value[1]))
    return (len(found) / pairs if pairs else float("nan")), found


def _ears(measured: Measured) -> Iterator[np.ndarray]:
    """Places of the sounds of one file in one ear."""
    for file in dict.fromkeys(measured.files.tolist()):
        for listener in dict.fromkeys(measured.listeners.tolist()):
            yield np.flatnonzero((measured.files == file) & (measured.listeners == listener))


def _contradiction(measured: Measured, metric: str, truth: str, a: int, b: int) -> Contradiction:
    x, y = measured.of(truth), measured.of(metric)
    names = str(measured.degradations[a]), str(measured.degradations[b])
    about = metric, str(measured.files[a]), str(measured.listeners[a])
    return Contradiction(*about, *names, (float(x[a]), float(x[b])), (float(y[a]), float(y[b])))
