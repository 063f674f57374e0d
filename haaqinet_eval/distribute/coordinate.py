"""The one loop: batches out, rows in. Only the caller writes; a worker never does.

A group of trials that a worker failed at is tried again on its own, with nothing beside it, when all else
is done; then it gets rows with the reason. What the worker had finished before is kept, and
what it had not begun goes to another one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from ..errors import Stopped
from ..evaluate import blank_row
from .batches import RETRIES, Batch, Outcome, retry_alone
from .job_runner import Job
from .log import Log
from .pools import Pool
from .stopping import StopRequest, stopping

Keep = Callable[[Outcome], None]  # writes rows, all or none; raises OSError where it cannot


def failed_rows(job: Job, batch: Batch, code: str, message: str) -> Outcome:
    """Rows with a reason for the one group of a batch."""
    (group,) = batch.groups
    rows = [blank_row(t, n, job.scorers[n], code, message) for t in group.trials for n in group.scorers]
    return Outcome(batch, [rows])


class _Coordinator:
    def __init__(self, job: Job, pool: Pool, keep: Keep, log: Log, wish: StopRequest) -> None:
        self._job, self._pool, self._keep, self._log, self._wish = job, pool, keep, log, wish
        self._soon: deque[Batch] = deque()  # goes out before anything new
        self._late: deque[Batch] = deque()  # goes out alone, at the end
        self._running: dict[str, Batch] = {}

    def run(self, batches: Iterator[Batch]) -> None:
        while self._fill(batches) or self._running:
            for outcome in self._pool.wait():
                self._take(outcome)

    def _fill(self, batches: Iterator[Batch]) -> bool:
        while self._pool.free > 0 and not self._wish.end:
            batch = self._soon.popleft() if self._soon else next(batches, None)
            if batch is None:
                if self._running or not self._late:
                    break
                batch = self._late.popleft()
            self._send(batch)
            if batch.alone:
                break
        return bool(self._running)

    def _send(self, batch: Batch) -> None:
        self._log.sent(batch)
        self._running[batch.id] = batch
        self._pool.submit(batch)

    def _take(self, outcome: Outcome) -> None:
        del self._running[outcome.batch.id]
        if outcome.rows:
            self._keep(outcome)
        self._log.done(outcome)
        rest = outcome.batch.groups[len(outcome.rows) :]
        if not rest:
            return
        fault = outcome.fault
        left = Batch(self._job.id, rest)
        if not fault.blamed:
            self._soon.append(left)
            return
        first, others = Batch(self._job.id, rest[:1]), rest[1:]
        if others:
            self._soon.append(Batch(self._job.id, others))
        self._again(first, fault.code, fault.message)

    def _again(self, batch: Batch, code: str, message: str) -> None:
        (retry,) = retry_alone(batch, alone=True)
        faults = retry.groups[0].faults
        if faults <= RETRIES[code]:
            self._late.append(retry)
            return
        outcome = failed_rows(self._job, batch, code, f"{message}, {faults} times in a row")
        self._keep(outcome)
        self._log.given_up(batch, code, len(outcome.rows[0]))


def distribute(
    job: Job,
    batches: Iterator[Batch],
    pool: Pool,
    keep: Keep,
    log: Log,
    tell: Callable[[str], None] = lambda text: None,
) -> None:
    """Score batches wherever the pool does, in whatever order they come back.

    Args:
        keep: is given what was scored, in this process; it writes.
        tell: is given what the user should know, in one line.

    Raises:
        InputError: no worker has the caller's versions or data.
        Stopped: the disk is full, or the place where workers run is gone.
        KeyboardInterrupt: after Ctrl-C; what was running at the first one has been kept.
    """

    def asked() -> None:
        tell("stopping: what is being scored is finished first; Ctrl-C again stops at once")

    with stopping(asked) as wish, pool:
        try:
            _Coordinator(job, pool, keep, log, wish).run(batches)
        except OSError as error:
            raise Stopped(f"{error.filename or 'results'}: {error.strerror or error}") from None
    if wish.end:
        raise KeyboardInterrupt
