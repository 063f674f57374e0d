"""Which files were scored, and what was in them, so that a changed file is noticed.

A run that resumes keeps the rows it finds. If a system's signals have changed since, those rows
belong to other audio and are made again; if a reference has changed, all rows may, and the run is
refused. What a worker reads is noted in a CSV before the rows are written: size, time of change
and SHA-256 of the bytes that were decoded. The hash is only taken again where size or time differ,
so that copied or rewritten but equal files count as unchanged.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from ..audio import FileNote, time_of_change
from ..errors import InputError
from ..io.csvfile import TornError, read_rows
from ..io.files import read_text, written
from ..io.location import is_url, locate
from ..io.redaction import redact

COLUMNS = ("file", "size", "mtime_ns", "sha256")


def _read(path: Path) -> list[list[str]]:
    text = read_text(path, torn=True)
    rows = []
    with suppress(TornError):  # a torn last line is left out
        for line, row in read_rows(text[: text.rfind("\n") + 1], path, COLUMNS, exact=True):
            try:
                int(row["size"]), int(row["mtime_ns"])
            except ValueError as error:
                raise InputError(f"{path}, line {line}: size and mtime_ns: {error}") from None
            rows.append(list(row.values()))
    return rows


def merge_fingerprints(paths: Iterable[Path], merged: Path) -> None:
    """Join the notes of several batches in one file; a batch without a note has no file."""
    rows = {row[0]: row for path in paths if path.exists() for row in _read(path)}
    with written(merged) as out:
        csv.writer(out, lineterminator="\n").writerows([COLUMNS, *rows.values()])


class Fingerprints:
    """The noted files of one results file.

    Args:
        path: the CSV; made when the first file is noted.
        root: files below it are noted relative to it, so that the folder may move.
        urls: below which files may lie; with a password they are noted without it.
    """

    def __init__(self, path: Path, root: Path, urls: Iterable[str] = ()) -> None:
        self.path, self.root = path, root
        self._urls = {redact(url): url for url in urls}
        rows = _read(path) if path.exists() else []
        self._noted = {file: FileNote(int(size), int(mtime), digest) for file, size, mtime, digest in rows}

    def _name(self, file: str) -> str:
        name = file.removeprefix(str(self.root) + os.sep)
        return redact(name) if is_url(name) else name

    def _place(self, name: str) -> Path:
        for shown, url in self._urls.items():
            if name.startswith(shown):
                name = url + name.removeprefix(shown)
        return locate(name) if is_url(name) else self.root / name

    def __iter__(self):
        return map(self._place, self._noted)

    def note(self, files: Mapping[str, FileNote]) -> None:
        """Note files that were read.

        Raises:
            OSError: where the disk does not take it.
        """
        new = {self._name(file): note for file, note in files.items()}
        new = {name: note for name, note in new.items() if self._noted.get(name) != note}
        if not new:
            return
        fresh = not self.path.exists()
        with self.path.open("a", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            if fresh:
                writer.writerow(COLUMNS)
            writer.writerows((name, n.size, n.mtime_ns, n.sha256) for name, n in new.items())
        self._noted.update(new)

    def differs(self, files: Mapping[str, FileNote]) -> str | None:
        """The first of some files that were read and held something else when it was noted."""
        for file, note in files.items():
            earlier = self._noted.get(self._name(file))
            if earlier is not None and earlier.sha256 != note.sha256:
                return file
        return None

    def changed(self, file: Path) -> bool:
        """Whether a noted file, or its side-car, is there and holds something else now."""
        return any(self._changed(part) for part in (file, file.with_suffix(".txt")))

    def _changed(self, file: Path) -> bool:
        noted = self._noted.get(self._name(str(file)))
        if noted is None or not file.is_file():
            return False
        if noted.size == file.stat().st_size and noted.mtime_ns == time_of_change(file):
            return False
        return noted.sha256 != hashlib.sha256(file.read_bytes()).hexdigest()
