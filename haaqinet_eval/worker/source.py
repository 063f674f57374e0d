"""Where the work of a submission comes from: its zip or folder, opened by whoever scores it."""

from __future__ import annotations

import json
from pathlib import Path

from ..cadenza.source import FolderLoader, FolderSource
from ..errors import InputError
from ..store import Submission as Entry
from ..submissions import Submission, from_adapter
from .challenge_data import ChallengeData
from .digests import digest


class SubmissionSource:
    """A submission's signals and its challenge's references."""

    def __init__(self, data: FolderSource, path: str, sha256: str, system: str) -> None:
        self._data, self._path, self._sha256, self._system = data, path, sha256, system

    @classmethod
    def from_entry(cls, entry: Entry, split: ChallengeData) -> SubmissionSource:
        """A submission of a split that is open here."""
        data = FolderSource(split.challenge.name, split.config, {}, split.settings, split.challenge)
        return cls(data, entry.path, entry.sha256, entry.system.name)

    def identity(self) -> str:
        """The challenge's, and the digest of what was handed in."""
        return json.dumps([self._data.identity(), self._sha256])

    def open(self) -> FolderLoader:
        """Open challenge and submission."""
        challenge = self._data.open().challenge
        signals = Submission(self._path, from_adapter(challenge))
        return FolderLoader(challenge, {self._system: signals}, True)


class Unchanged:
    """Sees to it that a submission is what was handed in, as long as it is scored.

    A zip is looked at whenever rows are to be written, and its digest is taken again where size
    or time have changed; a folder's is taken at the start and at the end.

    Raises:
        InputError: on `check`, where it is something else.
    """

    def __init__(self, entry: Entry) -> None:
        self._path, self._sha256 = Path(entry.path), entry.sha256
        self._seen: tuple[int, int] | None = None
        self.check()

    def check(self, at_the_end: bool = False) -> None:
        """Refuse a submission that has changed."""
        seen = self._look()
        if seen == self._seen and not (at_the_end and self._path.is_dir()):
            return
        sha256, _ = digest(self._path)
        if sha256 != self._sha256:
            raise InputError(
                f"{self._path}: has changed since it was handed in: SHA-256 {sha256}, not {self._sha256}"
            )
        self._seen = seen

    def _look(self) -> tuple[int, int]:
        try:
            stat = self._path.stat()
        except OSError as error:
            raise InputError(f"{self._path}: cannot be read: {error.strerror}") from None
        return stat.st_size, stat.st_mtime_ns
