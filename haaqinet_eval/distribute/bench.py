"""A worker's side: from a batch to rows, with everything checked that must be the same everywhere."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from ..audio import FileNote, note_files
from ..errors import InputError
from ..evaluate import Work, load_stimulus, score_at_once, score_work
from ..scorers import Scorer, load_scorer
from ..scores import Score
from .batches import Batch, Task
from .versions import worker_versions

Opened = Callable[[Sequence[Task]], Iterator[Work]]  # a Work per task, in order, made when asked for


class Source(Protocol):
    """Where the work comes from; small, since it travels to every worker."""

    def identity(self) -> str:
        """What a score depends on besides trials and scorers: settings and digests."""
        ...

    def open(self) -> Opened:
        """Read metadata, open archives.

        Raises:
            InputError: where they are not those that the caller has.
        """
        ...


@dataclass(frozen=True)
class Job:
    """What a worker must know once; the rest is in the batches."""

    source: Source
    scorers: Mapping[str, str]  # versions by name
    load: Callable[[str], Scorer] = load_scorer
    versions: Mapping[str, str] = field(default_factory=worker_versions)

    @cached_property
    def id(self) -> str:
        """Digest of all that a score depends on besides trials and audio."""
        content = (self.source.identity(), sorted(self.scorers.items()), sorted(self.versions.items()))
        return hashlib.sha256(repr(content).encode()).hexdigest()[:16]

    def pickled(self) -> bytes:
        """The job as it travels.

        Raises:
            InputError: where its source or scorers cannot.
        """
        try:
            return pickle.dumps(self)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise InputError(f"executor: the work cannot be sent to another process: {error}") from None


@dataclass(frozen=True)
class Scored:
    """One task's rows, and the files that were read for them."""

    rows: list[Score]
    files: dict[str, FileNote]


class Bench:
    """A job that is open for scoring.

    Raises:
        InputError: where a package or a scorer's weights are not the caller's.
    """

    def __init__(self, job: Job) -> None:
        check_versions(job.versions, worker_versions(), "package")
        self._scorers = {name: job.load(name) for name in job.scorers}
        check_versions(job.scorers, {s.name: s.version for s in self._scorers.values()}, "scorer")
        self._open = job.source.open()

    def score(self, batch: Batch) -> Iterator[Scored]:
        """Score a batch task by task, or all at once with scorers that are quicker so."""
        works = zip(batch.tasks, self._open(batch.tasks), strict=True)
        names = dict.fromkeys(name for task in batch.tasks for name in task.scorers)
        if all(getattr(self._scorers[name], "at_once", False) for name in names):
            yield from self._score_at_once(works, names)
            return
        for task, work in works:
            with note_files() as files:
                rows = score_work(work, [self._scorers[name] for name in task.scorers])
            yield Scored(rows, files)

    def _score_at_once(self, works: Iterable[tuple[Task, Work]], names: Iterable[str]) -> Iterator[Scored]:
        loaded = []
        for task, work in works:
            with note_files() as files:
                loaded.append((task, [load_stimulus(work, trial) for trial in task.trials], files))
        rows = {}
        for name in names:
            wanted = [(task.trials, stimuli) for task, stimuli, _ in loaded if name in task.scorers]
            trials, stimuli = ([x for part in parts for x in part] for parts in zip(*wanted, strict=True))
            for trial, row in zip(trials, score_at_once(trials, stimuli, self._scorers[name]), strict=True):
                rows[trial, name] = row
        for task, _, files in loaded:
            yield Scored([rows[trial, name] for trial in task.trials for name in task.scorers], files)

    def close(self) -> None:
        """Close what the source has opened."""
        close = getattr(self._open, "close", None)
        if close:
            close()


def check_versions(wanted: Mapping[str, str], here: Mapping[str, str], what: str) -> None:
    """Refuse other versions than the caller's: their scores may differ."""
    for name in sorted(wanted.keys() | here.keys()):
        if wanted.get(name) != here.get(name):
            raise InputError(
                f"{what} {name} is {here.get(name, 'not installed')} on the worker and "
                f"{wanted.get(name, 'not installed')} where the run was started"
            )
