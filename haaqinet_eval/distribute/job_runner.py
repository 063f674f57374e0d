"""A worker's side: from a batch to rows, with everything checked that must be the same everywhere."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from ..audio import FileNote, track_file_reads
from ..errors import InputError
from ..evaluate import Load, TrialGroup, load_stimulus, score_at_once, score_trials
from ..io.differences import first_difference
from ..scorers import Scorer, load_scorer
from ..scores import Score
from .batches import Batch
from .versions import worker_versions

WorkLoader = Callable[[Sequence[TrialGroup]], Iterator[Load]]  # one per group, in order, made when asked for


class Source(Protocol):
    """Where the work comes from; small, since it travels to every worker."""

    def identity(self) -> str:
        """What a score depends on besides trials and scorers: settings and digests."""
        ...

    def open(self) -> WorkLoader:
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


class JobRunner:
    """A job that is open for scoring.

    Raises:
        InputError: where a package or a scorer's weights are not the caller's.
    """

    def __init__(self, job: Job) -> None:
        check_versions(job.versions, worker_versions(), "package")
        self._scorers = {name: job.load(name) for name in job.scorers}
        check_versions(job.scorers, {s.name: s.version for s in self._scorers.values()}, "scorer")
        self._open = job.source.open()

    def score(self, batch: Batch) -> Iterator[tuple[list[Score], dict[str, FileNote]]]:
        """Each group's rows and the files read for them; scored all at once where that is quicker."""
        loaders = zip(batch.groups, self._open(batch.groups), strict=True)
        names = dict.fromkeys(name for group in batch.groups for name in group.scorers)
        if all(_prefers_batches(self._scorers[name]) for name in names):
            yield from self._score_at_once(loaders, names)
            return
        for group, load in loaders:
            with track_file_reads() as files:
                rows = score_trials(group.trials, load, [self._scorers[name] for name in group.scorers])
            yield rows, files

    def _score_at_once(
        self, loaders: Iterable[tuple[TrialGroup, Load]], names: Iterable[str]
    ) -> Iterator[tuple[list[Score], dict[str, FileNote]]]:
        loaded = []
        for group, load in loaders:
            with track_file_reads() as files:
                loaded.append((group, [load_stimulus(load, trial) for trial in group.trials], files))
        rows = {}
        for name in names:
            wanted = [(group.trials, stimuli) for group, stimuli, _ in loaded if name in group.scorers]
            trials, stimuli = ([x for part in parts for x in part] for parts in zip(*wanted, strict=True))
            for trial, row in zip(trials, score_at_once(trials, stimuli, self._scorers[name]), strict=True):
                rows[trial, name] = row
        for group, _, files in loaded:
            yield [rows[trial, name] for trial in group.trials for name in group.scorers], files

    def close(self) -> None:
        """Close what the source has opened."""
        close = getattr(self._open, "close", None)
        if close:
            close()


def _prefers_batches(scorer: Scorer) -> bool:
    earlier = getattr(scorer, "at_once", False)  # the attribute's name in earlier versions
    return getattr(scorer, "prefers_batches", earlier)


def check_versions(wanted: Mapping[str, str], here: Mapping[str, str], what: str) -> None:
    """Refuse other versions than the caller's: their scores may differ."""
    name = first_difference(wanted, here)
    if name is not None:
        raise InputError(
            f"{what} {name} is {here.get(name, 'not installed')} on the worker and "
            f"{wanted.get(name, 'not installed')} where the run was started"
        )
