"""The challenges' own tables of scores, as pyclarity's recipes write them."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..scores import Score
from .challenge import Challenge, Pair
from .folders import dialect_file


def dialect_rows(challenge: Challenge, pairs: Sequence[Pair], scores: Iterable[Score]) -> list[dict]:
    """Rows of one system and scorer in the order of the pairs; only pairs with all their scores."""
    found: dict[tuple[str, str], dict[tuple[str, str], float]] = defaultdict(dict)
    for score in scores:
        if score.score is not None:
            found[score.scene, score.listener][score.ear, score.stem] = score.score
    wanted = 2 * len(challenge.stems)
    return [
        challenge.row(pair, found[pair.scene, pair.listener])
        for pair in pairs
        if len(found[pair.scene, pair.listener]) == wanted
    ]


def write_dialect(path: Path, columns: Sequence[str], rows: Iterable[Mapping]) -> None:
    """Write one table in one step, with pyclarity's quoting and line ends."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([row[name] for name in columns] for row in rows)
    part.replace(path)


def write_dialects(
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
    groups: dict[tuple[str, str], list[Score]] = defaultdict(list)
    for score in scores:
        groups[score.system, score.scorer].append(score)
    left_out = {}
    for (system, scorer), group in groups.items():
        path = dialect_file(systems[system], scorer, suffix)
        rows = dialect_rows(challenge, pairs, group)
        write_dialect(path, challenge.columns, rows)
        left_out[path] = len(pairs) - len(rows)
    return left_out
