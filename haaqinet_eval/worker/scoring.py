"""Scoring what is queued: one submission at a time, straight from its zip, to be taken up by anyone.

Rows go to the store as they are made. A worker that dies lets its claim run out, and the
next one goes on where the rows end: each pair of a scene and a listener has its own random
numbers, so the rows are those of an undisturbed run.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from rich.console import Console

from ..cadenza.challenge import pair_trials
from ..cadenza.progress import show_progress
from ..cadenza.provenance import git_commit, package_versions
from ..distribute import Executor, Job, Log, Scored, Task, distribute, make_batches
from ..errors import InputError, Stopped
from ..evaluate import missing_scorers
from ..scorers import Scorer, load_scorer
from ..scores import Score
from ..store import (
    Claim,
    Store,
    StoredScores,
    Unwritable,
    claim,
    end_run,
    finish,
    note_run,
    refresh,
    start_run,
    submission,
)
from ..store import Submission as Entry
from .holding import Holding, Pulse
from .source import SubmissionSource, Unchanged
from .splits import Split, reopen

NOTE_SECONDS = 5.0  # between two notes of the progress in the store
REFRESH_SECONDS = 30.0  # between two updates of what the board shows of a submission


def _provenance(entry: Entry, split: Split, scorers: Sequence[Scorer]) -> dict[str, Any]:
    return {
        "submission": {"path": entry.path, "sha256": entry.sha256, "size": entry.size},
        "root": str(split.root),
        "config": split.config,
        "settings": split.settings,
        "seeds": "official: one stream per pair, from the MD5 of its scene or song",
        "scorers": {scorer.name: scorer.version for scorer in scorers},
        "versions": package_versions(),
        "git_commit": git_commit(),
    }


def _tasks(split: Split, entry: Entry, rows: StoredScores, scorers: Sequence[Scorer]) -> Iterator[Task]:
    """What the store lacks, pair by pair."""
    for pair in split.challenge.pairs():
        trials = pair_trials(split.challenge, pair, entry.system.name)
        if missing := missing_scorers(trials, scorers, rows):
            yield Task(trials, tuple(scorer.name for scorer in missing))


def _score(
    store: Store,
    held: Claim,
    load: Callable[[str], Scorer],
    executor: Executor,
    pulse: Pulse,
    console: Console,
) -> None:
    entry = held.submission
    split = reopen(store, entry)
    unchanged = Unchanged(entry)
    scorers = [load(name) for name in entry.scorers]
    run = start_run(store, entry.id, _provenance(entry, split, scorers), held.worker)
    rows = StoredScores(store, entry, run)
    tasks = list(_tasks(split, entry, rows, scorers))
    todo = sum(len(task.trials) * len(task.scorers) for task in tasks)
    watch = _Watch(store, entry.id, pulse, rows, unchanged, todo)
    if tasks:
        source = SubmissionSource.of(entry, split)
        job = Job(source, {s.name: s.version for s in scorers}, executor.loader(load))
        pool = executor.pool(job)
        batches = make_batches(job.id, tasks, executor.most(len(tasks), pool.workers))
        with show_progress(len(tasks), "pairs", console) as watch.progress:
            distribute(job, batches, pool, watch, Log(None), console.print)
    unchanged.check(at_the_end=True)
    pulse.check()
    end_run(store, run, watch.facts)


class _Watch:
    """Takes what was scored: checks its origin, writes it, shows progress, notices the end of the claim."""

    def __init__(
        self, store: Store, id: int, pulse: Pulse, rows: StoredScores, unchanged: Unchanged, todo: int
    ) -> None:
        self._store, self._id, self._pulse, self._rows, self._unchanged = store, id, pulse, rows, unchanged
        self.progress: Callable[[list[Score]], None] = lambda rows: None
        self._began = self._refreshed = self._noted = time.monotonic()
        self._run, self._todo = rows.run, todo
        self._scored, self._failed = 0, Counter()
        self._references: dict[str, str] = {}

    def __call__(self, scored: Sequence[Scored]) -> None:
        self._note({file: note.sha256 for one in scored for file, note in one.files.items()})
        self._unchanged.check()
        rows = [row for one in scored for row in one.rows]
        try:
            self._rows.append(rows)
        except Unwritable as error:
            raise Stopped(str(error)) from None
        self._scored += sum(not row.failed for row in rows)
        self._failed.update(row.error for row in rows if row.failed)
        for one in scored:
            self.progress(one.rows)
        self._pulse.check()
        with suppress(Unwritable):  # the next time may do
            self._show(time.monotonic())

    def _show(self, now: float) -> None:
        if now - self._noted > NOTE_SECONDS:
            note_run(self._store, self._run, {"progress": self._progress(now)})
            self._noted = now
        if now - self._refreshed > REFRESH_SECONDS:
            refresh(self._store, [self._id])
            self._refreshed = now

    def _progress(self, now: float) -> dict[str, Any]:
        """What the board may show of a run that goes on: rows, rows per second, failures by reason."""
        done = self._scored + self._failed.total()
        rate = done / max(now - self._began, 1e-9)
        return {"scored": self._scored, "failed": dict(self._failed), "rows": self._todo, "rate": rate}

    def _note(self, digests: dict[str, str]) -> None:
        for file, sha256 in digests.items():
            if self._references.setdefault(file, sha256) != sha256:
                raise InputError(f"{file}: has changed while this was scored; scores would not be comparable")

    @property
    def facts(self) -> dict[str, Any]:
        """What this run came to; of its reference files the digest of the sorted list of their digests."""
        lines = [f"{file}\0{sha256}\n" for file, sha256 in sorted(self._references.items())]
        digest = hashlib.sha256("".join(lines).encode()).hexdigest()
        references = {"files": len(lines), "sha256": digest}
        return {"scored": self._scored, "failed": dict(self._failed), "references": references}


def work_once(
    store: Store,
    worker: str,
    *,
    lease: float = 60.0,
    id: int | None = None,
    load: Callable[[str], Scorer] = load_scorer,
    executor: Executor | None = None,
    console: Console | None = None,
) -> Entry | None:
    """Score the submission that waits longest, and tell how it ended; None where none waits.

    A mistake that concerns the whole submission, such as a zip that has changed or a
    challenge whose data are gone, makes it "failed" with the reason; `rescore` goes on from
    there. A worker that is interrupted gives it back to the queue.

    Args:
        worker: a name for the log.
        lease: seconds after which another worker may take over from one that died.
        id: only this submission.
        load: gives a scorer by its name; a worker that keeps them passes its own.
        executor: where it is scored; None for this process.
        console: for progress; None for stderr.
    """
    held = claim(store, worker, lease, id)
    if held is None:
        return None
    console = console or Console(stderr=True)
    with Holding(store, held), Pulse(store, held, lease) as pulse:
        try:
            _score(store, held, load, executor or Executor(), pulse, console)
        finally:
            with suppress(Unwritable):  # then the next refresh shows it
                refresh(store, [held.submission.id])
        finish(store, held)
    return submission(store, held.submission.id)
