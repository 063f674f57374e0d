"""The challenges' own tables of scores, as pyclarity's recipes write them."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..io.files import written
from ..scores import Score
from .challenge import Challenge, Pair, PairScores
from .folders import official_file

HAAQIS = "haaqi_"


def official_rows(
    challenge: Challenge, pairs: Sequence[Pair], scorer: str, scores: Iterable[Score]
) -> list[dict[str, object]]:
    """Rows of one scorer's table in the order of the pairs; only pairs with all their scores.

    Args:
        scores: of one system, of all scorers.
    """
    found: dict[tuple[str, str], dict[tuple[str, str, str], Score]] = defaultdict(dict)
    for score in scores:
        if score.score is not None:
            trial = score.trial
            found[trial.scene, trial.listener][score.scorer, trial.ear, trial.stem] = score
    wanted = 2 * len(challenge.stems)
    table = []
    for pair in pairs:
        scored = PairScores(scorer, found[pair.scene, pair.listener])
        row = challenge.row(pair, scored) if len(scored.values()) == wanted else None
        table += [row] if row is not None else []
    return table


def titles_of(columns: Sequence[str], scorer: str) -> list[str]:
    """Titles of a scorer's table: what HAAQI's are called after is that scorer.

    >>> titles_of(["scene", "haaqi_left", "score"], "haaqinet")
    ['scene', 'haaqinet_left', 'score']
    """
    return [f"{scorer}_{name.removeprefix(HAAQIS)}" if name.startswith(HAAQIS) else name for name in columns]


def write_official_table(
    path: Path, columns: Sequence[str], rows: Iterable[Mapping], titles: Sequence[str] | None = None
) -> None:
    """Write one table in one step, with pyclarity's quoting and line ends; titles if they are others."""
    with written(path) as file:
        writer = csv.writer(file)
        writer.writerow(columns if titles is None else titles)
        writer.writerows([row[name] for name in columns] for row in rows)


def write_official_tables(
    challenge: Challenge,
    pairs: Sequence[Pair],
    systems: Mapping[str, Path],
    scores: Sequence[Score],
    suffix: str,
) -> dict[Path, int]:
    """Write the table of each system and scorer.

    Args:
        systems: folder of each system.
        scores: rows of these pairs, one version of each scorer.
        suffix: of a batch's files.

    Returns:
        The number of pairs that each file lacks, because a trial of theirs has no score.
    """
    of_system: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        of_system[score.trial.system].append(score)
    left_out = {}
    for system, scorer in dict.fromkeys((score.trial.system, score.scorer) for score in scores):
        path = official_file(systems[system], scorer, suffix)
        rows = official_rows(challenge, pairs, scorer, of_system[system])
        write_official_table(path, challenge.columns, rows, titles_of(challenge.columns, scorer))
        left_out[path] = len(pairs) - len(rows)
    return left_out
