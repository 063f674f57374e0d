"""A results file that is being filled, and the files of several batches joined."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import InputError
from ..io.names import counted
from .frames import append_frames
from .reading import read_scores
from .row import COLUMNS, Key, Score
from .writing import to_row, write_scores


class ScoreFile:
    """A results file that is being filled; opening it resumes what is there.

    Failed rows of an earlier run are dropped on opening, so that they are tried
    again; scored rows stay and are never scored twice.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        earlier = read_scores(self.path, torn=True) if self.path.exists() else []
        self._scores = {score.key: score for score in earlier if not score.failed}
        write_scores(self.path, self._scores.values())

    def __contains__(self, key: Key) -> bool:
        return key in self._scores

    def __iter__(self) -> Iterator[Score]:
        return iter(self._scores.values())

    def __len__(self) -> int:
        return len(self._scores)

    def append(self, scores: Iterable[Score]) -> None:
        """Add rows in one write, flushed to the disk; before that, their frames to the file beside it."""
        scores = [score for score in scores if score.key not in self._scores]
        append_frames(self.path, ((s.key, s.frames) for s in scores if s.frames is not None))
        lines = _Lines()
        csv.DictWriter(lines, COLUMNS, lineterminator="\n").writerows(map(to_row, scores))
        with self.path.open("a", encoding="utf-8", newline="") as file:
            file.write("".join(lines))
            file.flush()
            os.fsync(file.fileno())
        self._scores.update((score.key, score) for score in scores)


class _Lines(list):
    """A list that a CSV writer can write to."""

    write = list.append


def merge_scores(paths: Iterable[str | Path], expected: Iterable[Key] | None = None) -> list[Score]:
    """Join the results files of several batches.

    Args:
        paths: results files; each key may stand in one of them only.
        expected: the keys that must be there; None leaves gaps unchecked.

    Raises:
        InputError: for a key in two files, with both names, or for keys that are missing or not expected.
    """
    merged: dict[Key, Score] = {}
    source: dict[Key, Path] = {}
    for path in map(Path, paths):
        for score in read_scores(path):
            if score.key in merged:
                raise InputError(
                    f"{path}: {' '.join(score.key)} is already in {source[score.key]}; "
                    "two batches overlap, merge files of one batch_size only"
                )
            merged[score.key], source[score.key] = score, path
    if expected is None:
        return list(merged.values())
    expected = list(expected)
    missing = [key for key in expected if key not in merged]
    if missing:
        raise InputError(
            f"missing: {len(missing)} of {counted(len(expected), 'row')}; first: {' '.join(missing[0])}"
        )
    extra = set(merged) - set(expected)
    if extra:
        raise InputError(f"not expected: {counted(len(extra), 'row')}; first: {' '.join(min(extra))}")
    return [merged[key] for key in expected]
