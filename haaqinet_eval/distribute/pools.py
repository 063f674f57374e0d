"""Places where batches are scored: in this process, and in processes of this machine."""

from __future__ import annotations

import os
import time
from multiprocessing import connection
from typing import Protocol, Self

from ..audio import FileNote
from ..errors import InputError
from ..scores import Score
from .batches import MEMORY, Batch, Fault, Outcome
from .job_runner import Job, JobRunner
from .worker_process import WorkerProcess

STARTS = 3  # times in a row that a worker process may die before it is ready


class Pool(Protocol):
    """Where batches are scored; a context manager, whose end leaves no process behind."""

    @property
    def workers(self) -> int:
        """How many batches are scored at a time."""
        ...

    @property
    def dashboard(self) -> str:
        """Where it can be watched, if it can."""
        ...

    @property
    def free(self) -> int:
        """How many more batches it takes now."""
        ...

    def submit(self, batch: Batch) -> None:
        """Take a batch."""
        ...

    def wait(self) -> list[Outcome]:
        """What has come back; waits a while for something, and may return nothing.

        Raises:
            InputError: where no worker has the caller's versions or data.
            Stopped: where the place itself is gone.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


class InlinePool:
    """The plain loop, in this process: for debugging, and where one core is all there is."""

    workers, dashboard = 1, ""

    def __init__(self, job: Job) -> None:
        self._bench = JobRunner(job)
        self._batch: Batch | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._bench.close()

    @property
    def free(self) -> int:
        """One at a time."""
        return int(self._batch is None)

    def submit(self, batch: Batch) -> None:
        """Keep a batch for `wait`."""
        self._batch = batch

    def wait(self) -> list[Outcome]:
        """Score the batch."""
        batch, self._batch, start = self._batch, None, time.monotonic()
        scored: list[list[Score]] = []  # those before an error are kept
        read: dict[str, FileNote] = {}
        fault = None
        try:
            for rows, files in self._bench.score(batch):
                scored.append(rows)
                read |= files
        except MemoryError:
            fault = Fault(MEMORY, "the process's memory was not enough")
        return [Outcome(batch, scored, read, fault, "here", time.monotonic() - start)]


def core_count() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LocalPool:
    """Processes of this machine, each with one numeric thread; see `worker_process`.

    Args:
        job: what they work at.
        workers: processes; 0 for one per processor that this process may use.
        timeout, memory: see `WorkerProcess`.

    Raises:
        InputError: on Windows, whose processes inherit no socket.
    """

    dashboard = ""

    def __init__(self, job: bytes, workers: int = 0, timeout: float = 600.0, memory: float = 0.0) -> None:
        if os.name != "posix":
            raise InputError("executor=local, and Dask's workers, need Linux or macOS; use executor=inline")
        self.workers = workers or core_count()
        self._make = lambda: WorkerProcess(job, timeout, memory)
        self._idle: list[WorkerProcess] = []
        self._busy: dict[connection.Connection, WorkerProcess] = {}
        self._failed_starts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes at once."""
        for child in (*self._idle, *self._busy.values()):
            child.kill()
        self._idle, self._busy = [], {}

    @property
    def free(self) -> int:
        """Processes without a batch."""
        return self.workers - len(self._busy)

    def submit(self, batch: Batch) -> None:
        """Give a batch to an idle process, or to a new one."""
        child = self._idle.pop() if self._idle else self._make()
        self._busy[child.connection] = child
        child.start(batch)

    def wait(self) -> list[Outcome]:
        """What the processes send until one of them has ended its batch, or a limit is reached."""
        if not self._busy:
            return []
        patience = min(child.deadline for child in self._busy.values()) - time.monotonic()
        heard = connection.wait(list(self._busy), max(0.0, patience))
        outcomes = [self._handle(self._busy[one], True) for one in heard]
        late = [c for c in self._busy.values() if c.deadline <= time.monotonic()]
        outcomes += [self._handle(child, False) for child in late]
        return [outcome for outcome in outcomes if outcome is not None]

    def _handle(self, child: WorkerProcess, heard: bool) -> Outcome | None:
        key = child.connection
        outcome = child.take() if heard else child.expire()
        if outcome is None:
            return None
        del self._busy[key]
        if not child.dead:
            self._idle.append(child)
        self._failed_starts = 0 if child.ready else self._failed_starts + 1
        if self._failed_starts >= STARTS:
            raise InputError(f"executor: worker processes do not start: {outcome.fault.message}")
        return outcome
