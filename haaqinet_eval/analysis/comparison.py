"""Two systems on the same trials: their paired difference, where it comes from, largest wins and losses."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from ..audiogram import Listener
from ..errors import InputError
from ..io.names import counted
from ..scores import Score
from ..trials import Trial
from .standings import current_versions
from .statistics import Difference, paired_difference
from .summary import severity_of

Pair = tuple[Score, Score]  # rows of the same trial


@dataclass(frozen=True)
class Group:
    """The difference within some trials, such as those of a listener."""

    kind: str  # "all", "ear", "stem", "severity", "listener", "scene" or "part"
    name: str
    first: float  # means of the two systems
    second: float
    difference: Difference


@dataclass(frozen=True)
class Comparison:
    """What two systems' rows say of each other.

    Attributes:
        scorer, first, second: names; a difference is first minus second.
        groups: "all" first, then by kind; listeners, scenes and parts by their difference, lowest first.
        pairs: rows of the trials that both have a score for, by their difference, lowest first.
        alone: number of trials with a score of the first alone, and of the second alone.
    """

    scorer: str
    first: str
    second: str
    groups: tuple[Group, ...]
    pairs: tuple[Pair, ...]
    alone: tuple[int, int]

    @property
    def overall(self) -> Difference:
        """The difference over all trials that both have."""
        return self.groups[0].difference

    def of(self, kind: str) -> list[Group]:
        """The groups of a kind."""
        return [group for group in self.groups if group.kind == kind]


def compare_systems(
    first: Iterable[Score], second: Iterable[Score], scorer: str, listeners: Mapping[str, Listener]
) -> Comparison:
    """Compare the rows of two systems that one scorer scored.

    Intervals and p-values are those of the two-way bootstrap over scenes and listeners, see
    `statistics.paired_difference`; they are for one look at a pair, not for many.

    Args:
        first, second: rows of one system each; other scorers' rows and failed ones do not count.
        listeners: for the severities.

    Raises:
        InputError: where they have no trial in common, or were scored by different versions.
    """
    rows = [
        {_trial(s): s for s in current_versions(given) if s.scorer == scorer and not s.failed}
        for given in (first, second)
    ]
    versions = {score.version for table in rows for score in table.values()}
    if len(versions) > 1:
        raise InputError(f"{scorer}: versions {' and '.join(sorted(versions))} do not compare; score again")
    common = rows[0].keys() & rows[1].keys()
    if not common:
        found = " and ".join(counted(len(table), "trial") for table in rows)
        raise InputError(f"{scorer}: the two systems have no trial in common; they have {found} with a score")
    pairs = sorted(((rows[0][key], rows[1][key]) for key in common), key=_gain)
    names = [pairs[0][i].trial.system for i in (0, 1)]
    groups = [_group("all", "all", pairs)]
    by: dict[str, Callable[[Score], str]] = {
        "ear": lambda s: s.trial.ear,
        "stem": lambda s: s.trial.stem,
        "severity": severity_of(listeners),
        "listener": lambda s: s.trial.listener,
        "scene": lambda s: s.trial.scene,
    }
    for kind, label in by.items():
        groups += _groups(kind, label, pairs, by_size=kind in ("listener", "scene"))
    groups += _parts(pairs)
    alone = (len(rows[0]) - len(common), len(rows[1]) - len(common))
    return Comparison(scorer, names[0], names[1], tuple(groups), tuple(pairs), alone)


def _trial(score: Score) -> Trial:
    return replace(score.trial, system="")


def _gain(pair: Pair) -> float:
    return value_of(pair[0]) - value_of(pair[1])


def value_of(score: Score) -> float:
    """A row's score; NaN where it failed."""
    return math.nan if score.score is None else score.score


def _group(kind: str, name: str, pairs: Sequence[Pair], value: Callable[[Score], float] = value_of) -> Group:
    values = [[value(pair[i]) for pair in pairs] for i in (0, 1)]
    labels = ([pair[0].trial.scene for pair in pairs], [pair[0].trial.listener for pair in pairs])
    found = paired_difference(values[0], values[1], *labels)
    return Group(kind, name, fmean(values[0]), fmean(values[1]), found)


def _groups(kind: str, label: Callable[[Score], str], pairs: Sequence[Pair], by_size: bool) -> list[Group]:
    members = defaultdict(list)
    for pair in pairs:
        members[label(pair[0])].append(pair)
    if len(members) == 1 and kind in ("stem", "severity"):  # the remix; nothing known of listeners
        return []
    found = [_group(kind, name, members[name]) for name in sorted(members)]
    return sorted(found, key=lambda group: group.difference.value) if by_size else found


def _parts(pairs: Sequence[Pair]) -> list[Group]:
    """The parts that every row has, as HAAQI's: which of them made the difference."""
    shared = set.intersection(*(set(score.parts) for pair in pairs for score in pair))
    usable = [name for name in sorted(shared) if all(math.isfinite(s.parts[name]) for p in pairs for s in p)]
    return [_group("part", name, pairs, lambda score, n=name: score.parts[n]) for name in usable]  # type: ignore[misc]
