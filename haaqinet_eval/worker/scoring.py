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
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ..cadenza.challenge import EarReference, Pair
from ..cadenza.progress import show_progress
from ..cadenza.provenance import git_commit, package_versions
from ..cadenza.works import works
from ..errors import InputError
from ..evaluate import Work, blank_row, evaluate
from ..scorers import Scorer, load_scorer
from ..scores import Score
from ..store import Claim, Store, StoredScores, claim, end_run, finish, refresh, start_run, submission
from ..store import Submission as Entry
from ..submissions import Submission, from_adapter
from .digests import digest
from .holding import Holding, Pulse
from .splits import Split, reopen

REFRESH_SECONDS = 30.0  # between two updates of what the board shows of a submission


class _NotedReferences:
    """A challenge that keeps digests of the references it gave, for the run's provenance."""

    def __init__(self, split: Split) -> None:
        self._challenge = split.challenge
        self._digests: dict[tuple[str, ...], str] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._challenge, name)

    def reference(self, pair: Pair, ear: str, stem: str) -> EarReference:
        found = self._challenge.reference(pair, ear, stem)
        samples = np.ascontiguousarray(found.samples)
        key = (pair.scene, pair.listener, ear, stem)
        self._digests[key] = hashlib.sha256(samples.tobytes() + repr(found.level1).encode()).hexdigest()
        return found

    @property
    def facts(self) -> dict[str, Any]:
        """How many references were heard, and the digest of the sorted list of their digests."""
        lines = [f"{chr(0).join(key)}\0{value}\n" for key, value in sorted(self._digests.items())]
        return {"number": len(lines), "sha256": hashlib.sha256("".join(lines).encode()).hexdigest()}


def _check_bytes(entry: Entry) -> None:
    sha256, _ = digest(Path(entry.path))
    if sha256 != entry.sha256:
        raise InputError(
            f"{entry.path}: has changed since it was handed in: SHA-256 {sha256}, not {entry.sha256}"
        )


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


def _score(store: Store, held: Claim, load: Callable[[str], Scorer], pulse: Pulse, console: Console) -> None:
    entry = held.submission
    split = reopen(store, entry)
    _check_bytes(entry)
    scorers = [load(name) for name in entry.scorers]
    run = start_run(store, entry.id, _provenance(entry, split, scorers), held.worker)
    rows = StoredScores(store, entry, run)
    noted = _NotedReferences(split)
    with Submission(entry.path, from_adapter(split.challenge)) as signals:

        def all_works() -> Iterator[Work]:
            return works(noted, noted.pairs(), {entry.system.name: signals}, set_random_seed=True)

        missing = sum(
            any(blank_row(trial, scorer).key not in rows for trial in work.trials for scorer in scorers)
            for work in all_works()
        )
        with show_progress(missing, "pairs", console) as progress:
            watch = _Watch(store, entry.id, pulse, progress)
            evaluate(all_works(), scorers, rows, watch)
    pulse.check()
    end_run(store, run, {**watch.facts, "references": noted.facts})


class _Watch:
    """Called with the rows of each pair: shows progress, keeps the board up to date, notices the end."""

    def __init__(self, store: Store, id: int, pulse: Pulse, progress: Callable[[list[Score]], None]) -> None:
        self._store, self._id, self._pulse, self._progress = store, id, pulse, progress
        self._refreshed = time.monotonic()
        self._scored, self._failed = 0, Counter()

    def __call__(self, rows: list[Score]) -> None:
        self._scored += sum(not row.failed for row in rows)
        self._failed.update(row.error for row in rows if row.failed)
        self._progress(rows)
        self._pulse.check()
        if time.monotonic() - self._refreshed > REFRESH_SECONDS:
            refresh(self._store, [self._id])
            self._refreshed = time.monotonic()

    @property
    def facts(self) -> dict[str, Any]:
        """What this run came to."""
        return {"scored": self._scored, "failed": dict(self._failed)}


def work_once(
    store: Store,
    worker: str,
    *,
    lease: float = 60.0,
    id: int | None = None,
    load: Callable[[str], Scorer] = load_scorer,
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
        console: for progress; None for stderr.
    """
    held = claim(store, worker, lease, id)
    if held is None:
        return None
    console = console or Console(stderr=True)
    with Holding(store, held), Pulse(store, held, lease) as pulse:
        try:
            _score(store, held, load, pulse, console)
        finally:
            refresh(store, [held.submission.id])
        finish(store, held)
    return submission(store, held.submission.id)
