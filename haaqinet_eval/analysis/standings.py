"""Means over rows: per system, per group, per ear; never over survivors.

A system's mean exists only when every expected trial has a score. Failed and
missing trials lower the coverage, not the mean.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..audiogram import EARS
from ..scores import Score
from .statistics import Interval, mean_interval


@dataclass(frozen=True)
class Standing:
    """One system as one scorer sees it."""

    system: str
    scorer: str
    mean: float | None  # over all expected trials; None unless all were scored
    left: float | None  # mean of the left ears
    right: float | None
    scored: int  # trials with a score
    expected: int  # trials that the challenge asks for
    errors: tuple[tuple[str, int], ...]  # reason code and count, most frequent first
    rank: int | None = None  # 1 is best; None for an incomplete system

    @property
    def coverage(self) -> float:
        """Share of the expected trials that have a score."""
        return self.scored / self.expected if self.expected else 0.0


def current_versions(scores: Iterable[Score]) -> list[Score]:
    """The rows of each scorer's newest version (the one whose row came last); versions never mix."""
    scores = list(scores)
    newest = {score.scorer: score.version for score in scores}
    return [score for score in scores if score.version == newest[score.scorer]]


def mean_score(scores: Iterable[Score]) -> float:
    """Plain mean of the scores; NaN for none."""
    values = [s.score for s in scores if s.score is not None]
    return float(np.mean(values)) if values else float("nan")


def score_interval(rows: Iterable[Score]) -> Interval:
    """Plain mean of the rows that have a score, with its interval over scenes and listeners."""
    scored = [(row.score, row.trial) for row in rows if row.score is not None]
    trials = [trial for _, trial in scored]
    labels = [trial.scene for trial in trials], [trial.listener for trial in trials]
    return mean_interval([score for score, _ in scored], *labels)


def _standing(system: str, scorer: str, rows: list[Score], expected: int) -> Standing:
    scored = [row for row in rows if not row.failed]
    errors: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.failed:
            errors[row.error] += 1
    complete = bool(scored) and len(scored) == expected
    left, right = (mean_score(r for r in scored if r.trial.ear == ear) if complete else None for ear in EARS)
    return Standing(
        system,
        scorer,
        mean_score(scored) if complete else None,
        left,
        right,
        len(scored),
        expected,
        tuple(sorted(errors.items(), key=lambda item: (-item[1], item[0]))),
    )


def standings(scores: Iterable[Score], expected: int | Mapping[str, int]) -> list[Standing]:
    """Rank the systems, one list per scorer, scorers in alphabetical order.

    The mean over ears (and stems) and then over signals is the plain mean over
    rows, since every signal has equally many; this is how the challenges rank.
    Equal means share a rank. Incomplete systems come last, unranked.

    Args:
        scores: rows of one challenge.
        expected: trials per system that were asked for; by scorer where these differ.
    """
    groups: dict[tuple[str, str], list[Score]] = defaultdict(list)
    for score in scores:
        groups[score.scorer, score.trial.system].append(score)
    table = [
        _standing(system, scorer, rows, expected if isinstance(expected, int) else expected.get(scorer, 0))
        for (scorer, system), rows in groups.items()
    ]
    ranked = []
    for entry in table:
        rivals = [e.mean for e in table if e.scorer == entry.scorer and e.mean is not None]
        rank = None if entry.mean is None else 1 + sum(mean > entry.mean for mean in rivals)
        ranked.append(Standing(**{**vars(entry), "rank": rank}))
    last = len(ranked) + 1
    return sorted(ranked, key=lambda e: (e.scorer, e.rank or last, e.system))


def without_ranks(entries: Iterable[Standing], systems: Collection[str]) -> list[Standing]:
    """Standings of one scorer in which some systems, references, take no rank and hold no other's."""
    entries = list(entries)
    above = [e.mean for e in entries if e.mean is not None and e.system not in systems]
    return [
        replace(e, rank=None)
        if e.mean is None or e.system in systems
        else replace(e, rank=1 + sum(mean > e.mean for mean in above))
        for e in entries
    ]


def group_means(
    scores: Iterable[Score], group: Callable[[Score], str]
) -> dict[tuple[str, str], dict[str, tuple[float, int]]]:
    """Mean score and number of scored rows by (system, scorer), then by group."""
    groups: dict[tuple[str, str], dict[str, list[Score]]] = defaultdict(lambda: defaultdict(list))
    for score in scores:
        if not score.failed:
            groups[score.trial.system, score.scorer][group(score)].append(score)
    return {
        key: {name: (mean_score(rows), len(rows)) for name, rows in by_group.items()}
        for key, by_group in groups.items()
    }


def seconds_per_ear(scores: Iterable[Score]) -> dict[str, float]:
    """Median seconds that each scorer took for a row."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for score in scores:
        if not score.failed:
            seconds[score.scorer].append(score.seconds)
    return {scorer: float(np.median(values)) for scorer, values in sorted(seconds.items())}
