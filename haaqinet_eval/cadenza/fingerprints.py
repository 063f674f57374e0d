"""Which of a system's files were scored, so that a changed file is scored again.

A run that resumes keeps the rows it finds. If the participant has enhanced again since,
those rows belong to other audio. Each file is therefore noted before it is scored, in a
CSV beside the results: size, time of change and SHA-256. The hash is only taken again
where size or time differ, so that copied or rewritten but equal files count as unchanged.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from pathlib import Path

from ..errors import InputError

COLUMNS = ("file", "size", "mtime_ns", "sha256")


def _parts(path: Path) -> list[Path]:
    return [part for part in (path, path.with_suffix(".txt")) if part.is_file()]  # with its side-car


def _stat(path: Path) -> tuple[str, str]:
    stats = [part.stat() for part in _parts(path)]
    return str(sum(s.st_size for s in stats)), str(max((s.st_mtime_ns for s in stats), default=0))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    for part in _parts(path):
        digest.update(part.read_bytes())
    return digest.hexdigest()


def _read(path: Path) -> list[list[str]]:
    text = path.read_text(encoding="utf-8", errors="replace")
    rows = list(csv.reader(text[: text.rfind("\n") + 1].splitlines()))  # a torn last line is left out
    if rows and tuple(rows[0]) != COLUMNS:
        raise InputError(f"{path}: expected the columns {', '.join(COLUMNS)}")
    return [row for row in rows[1:] if len(row) == len(COLUMNS)]


def merge_fingerprints(paths: Iterable[Path], merged: Path) -> None:
    """Join the notes of several batches in one file; a batch without a note has no file."""
    rows = [row for path in paths if path.exists() for row in _read(path)]
    with merged.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([COLUMNS, *rows])


class Fingerprints:
    """The noted files of one results file.

    Args:
        path: the CSV; made when the first file is noted.
        root: files below it are noted relative to it, so that the folder may move.
    """

    def __init__(self, path: Path, root: Path) -> None:
        self.path, self.root = path, root
        rows = _read(path) if path.exists() else []
        self._noted = {file: (size, mtime, digest) for file, size, mtime, digest in rows}

    def _name(self, file: Path) -> str:
        return str(file.relative_to(self.root) if file.is_relative_to(self.root) else file)

    def note(self, file: Path) -> None:
        """Note a file that is about to be scored."""
        name, stat = self._name(file), _stat(file)
        if self._noted.get(name, ())[:2] == stat:
            return
        self._noted[name] = (*stat, _sha256(file))
        new = not self.path.exists()
        with self.path.open("a", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            if new:
                writer.writerow(COLUMNS)
            writer.writerow((name, *self._noted[name]))

    def changed(self, file: Path) -> bool:
        """Whether a noted file is there and holds something else now."""
        noted = self._noted.get(self._name(file))
        if noted is None or not file.is_file() or noted[:2] == _stat(file):
            return False
        return noted[2] != _sha256(file)
