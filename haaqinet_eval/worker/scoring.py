"""Scoring what is queued: one submission at a time, straight from its zip, to be taken up by anyone.

Rows go to the store as they are made. A worker that dies lets its claim run out, and the
next one goes on where the rows end: each pair of a scene and a listener has its own random
numbers, so the rows are those of an undisturbed run.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

from rich.console import Console

from ..cadenza.challenge import pair_trials
from ..cadenza.progress import show_progress
from ..cadenza.provenance import git_commit, package_versions
from ..distribute import Executor, Job, Log, Outcome, distribute, make_batches
from ..errors import InputError
from ..evaluate import lacking
from ..io.redaction import public_text
from ..registry import is_prediction
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
    note_findings,
    note_run,
    refresh,
    start_run,
    submission,
)
from ..store import Submission as Entry
from ..submissions import from_adapter, has_errors, validate
from ..submissions.checks import NOT_DECODED
from .challenge_data import ChallengeData, reopen
from .claim_guard import ClaimGuard, ClaimLost, Heartbeat
from .source import SubmissionSource, Unchanged
from .tables import judge
from .telling import tell

NOTE_SECONDS = 5.0  # between two notes of the progress in the store
REFRESH_SECONDS = 30.0  # between two updates of what the board shows of a submission


def _provenance(entry: Entry, split: ChallengeData, scorers: Sequence[Scorer]) -> dict[str, Any]:
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


def _score(
    store: Store,
    held: Claim,
    load: Callable[[str], Scorer],
    away: Callable[..., Scorer],
    executor: Executor,
    pulse: Heartbeat,
    console: Console,
) -> None:
    entry = held.submission
    split = reopen(store, entry)
    unchanged = Unchanged(entry)
    _check_audio(store, held, split, console)
    pulse.check()
    scorers = [load(name) for name in entry.scorers]
    run = start_run(store, entry.id, _provenance(entry, split, scorers), held.worker)
    rows = StoredScores(store, entry, run)
    groups = (pair_trials(split.challenge, pair, entry.system.name) for pair in split.challenge.pairs())
    todo = list(lacking(groups, scorers, rows))
    expected = sum(len(group.trials) * len(group.scorers) for group in todo)
    watch = _Watch(store, entry.id, pulse, rows, unchanged, expected, (entry.path, str(split.root)))
    if todo:
        source = SubmissionSource.from_entry(entry, split)
        job = Job(source, {s.name: s.version for s in scorers}, executor.loader(load, away))
        pool = executor.pool(job)
        batches = make_batches(job.id, todo, executor.most(len(todo), pool.workers))
        with show_progress(len(todo), "pairs", console) as watch.progress:
            distribute(job, batches, pool, watch, Log(None), console.print)
    unchanged.check(at_the_end=True)
    pulse.check()
    end_run(store, run, watch.facts)


def _check_audio(store: Store, held: Claim, split: ChallengeData, console: Console) -> None:
    """What `submit --fast` left out.

    Raises:
        ClaimLost: where it finds errors: the submission is invalid, and nobody's to score.
    """
    entry = held.submission
    if not any(item["code"] == NOT_DECODED for item in entry.findings):
        return
    found = validate(entry.path, from_adapter(split.challenge), console=console)
    kept = note_findings(store, held, [asdict(item) for item in found], has_errors(found))
    if has_errors(found) or not kept:
        raise ClaimLost


class _Watch:
    """Takes what was scored: checks its origin, writes it, shows progress, notices the end of the claim."""

    def __init__(
        self,
        store: Store,
        id: int,
        pulse: Heartbeat,
        rows: StoredScores,
        unchanged: Unchanged,
        todo: int,
        places: Sequence[str],
    ) -> None:
        self._places = places
        self._store, self._id, self._pulse, self._rows, self._unchanged = store, id, pulse, rows, unchanged
        self.progress: Callable[[list[Score]], None] = lambda rows: None
        self._began = self._refreshed = self._noted = time.monotonic()
        self._run, self._todo = rows.run, todo
        self._scored, self._failed = 0, Counter()
        self._references: dict[str, str] = {}

    def __call__(self, outcome: Outcome) -> None:
        self._note({file: note.sha256 for file, note in outcome.files.items()})
        self._unchanged.check()
        rows = [self._public(row) for group in outcome.rows for row in group]
        self._rows.append(rows)
        self._scored += sum(not row.failed for row in rows)
        self._failed.update(row.error for row in rows if row.failed)
        for group in outcome.rows:
            self.progress(group)
        self._pulse.check()
        with suppress(Unwritable):  # the next time may do
            self._show(time.monotonic())

    def _public(self, row: Score) -> Score:
        """A row whose message everybody may read."""
        return replace(row, message=public_text(row.message, self._places)) if row.message else row

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
    away: Callable[..., Scorer] = load_scorer,
    executor: Executor | None = None,
    console: Console | None = None,
) -> Entry | None:
    """Score the submission that waits longest, and tell how it ended; None where none waits.

    A mistake that concerns the whole submission, such as a zip that has changed or a
    challenge whose data are gone, makes it "failed" with the reason; `rescore` goes on from
    there. A worker that is interrupted gives it back to the queue, as does one whose store takes
    nothing more.

    Args:
        worker: a name for the log.
        lease: seconds after which another worker may take over from one that died.
        id: only this submission.
        load: gives a scorer by its name; a worker that keeps them passes its own.
        away: the same in other processes, which it is sent to.
        executor: where it is scored; None for this process.
        console: for progress; None for stderr.

    Raises:
        Unwritable: where the store takes nothing now; what was scored is kept, and another call goes on.
    """
    held = claim(store, worker, lease, id)
    if held is None:
        return None
    console = console or Console(stderr=True)
    with ClaimGuard(store, held), Heartbeat(store, held, lease) as pulse:
        if is_prediction(held.submission.challenge):
            judge(store, held, console)
            tell(store, held.submission.id)
            return submission(store, held.submission.id)
        try:
            _score(store, held, load, away, executor or Executor(), pulse, console)
        finally:
            with suppress(Unwritable):  # then the next refresh shows it
                refresh(store, [held.submission.id])
        finish(store, held)
    tell(store, held.submission.id)
    return submission(store, held.submission.id)
