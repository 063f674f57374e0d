"""Systems of one or more runs side by side: each one's mean, and how far it is behind the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import InputError
from ..registry import is_ranked
from ..scores import Score
from .comparison import compare_systems
from .standings import score_interval, standings
from .statistics import Difference, Interval


@dataclass(frozen=True)
class Entrant:
    """A system of a run, by one scorer."""

    name: str  # with its run's, where several runs have it
    mean: float | None  # None unless all its trials have a score
    interval: Interval | None
    scored: int
    expected: int
    behind: Difference | None  # the best one's score minus this one's, on the trials that both have


def side_by_side(
    runs: Mapping[str, tuple[Sequence[Score], int | Mapping[str, int]]], scorer: str
) -> list[Entrant]:
    """All systems of some runs of one challenge, the best first, the incomplete ones last.

    Where the scorer cannot rank, they are in alphabetical order, and nobody is behind.

    Args:
        runs: rows of each run by its name, and the trials per system that it was asked for.
        scorer: whose scores.

    Raises:
        InputError: for runs of several challenges, and where versions of the scorer differ.
    """
    challenges = sorted({row.trial.challenge for rows, _ in runs.values() for row in rows})
    if len(challenges) > 1:
        raise InputError(f"runs of {' and '.join(challenges)} do not compare")
    found = []
    for run, (rows, expected) in runs.items():
        for entry in standings(rows, expected):
            if entry.scorer == scorer:
                mine = [s for s in rows if (s.trial.system, s.scorer) == (entry.system, scorer)]
                found.append((run, entry, mine))
    systems = [entry.system for _, entry, _ in found]
    ranked = all(is_ranked(scorer, challenge) for challenge in challenges)
    found.sort(
        key=lambda item: (
            ranked and item[1].mean is None,
            -(item[1].mean or 0) * ranked,
            item[1].system,
            item[0],
        )
    )
    entrants = []
    for run, entry, rows in found:
        name = entry.system if systems.count(entry.system) == 1 else f"{entry.system} ({run})"
        limits = None if entry.mean is None else score_interval(rows)
        behind = None
        if ranked and rows is not found[0][2] and entry.mean is not None:
            behind = compare_systems(found[0][2], rows, scorer, {}).overall
        entrants.append(Entrant(name, entry.mean, limits, entry.scored, entry.expected, behind))
    return entrants


SIDE_HEAD = ["system", "mean", "95 % interval", "behind the best", "95 % interval", "p", "scored"]


def side_by_side_rows(entrants: Sequence[Entrant]) -> list[list[str]]:
    """Cells under `SIDE_HEAD`; dashes for what is not known."""
    return [
        [
            e.name,
            "–" if e.mean is None else f"{e.mean:.4f}",
            _ends(e.interval),
            "–" if e.behind is None else f"{e.behind.value:.4f}",
            _ends(e.behind),
            "–" if e.behind is None or e.behind.p != e.behind.p else f"{e.behind.p:.2g}",
            f"{e.scored}/{e.expected}",
        ]
        for e in entrants
    ]


def _ends(found: Interval | Difference | None) -> str:
    if found is None or found.low != found.low:
        return "–"
    return f"{found.low:.3f} to {found.high:.3f}"
