"""Dask: batches go to the workers of a cluster, where each thread has a process of its own.

The process is that of `executor=local`, so the limits of time and memory, and what happens when
it dies, are the same. Through the scheduler go names of trials and rows of scores, never audio.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Mapping
from concurrent.futures import CancelledError
from dataclasses import replace
from typing import Any, NoReturn, Self

import distributed
from distributed.comm import CommClosedError
from distributed.core import Status
from distributed.scheduler import KilledWorker

from ..errors import InputError, Stopped
from .batches import LOST, REFUSED, Batch, Fault, Outcome
from .guarded import job_options, local_options, safe_workers
from .pools import LocalPool

AHEAD = 2  # batches per thread that are sent ahead, so that no thread waits for the network
POLL = 1.0  # s between two looks at whether the scheduler is alive
KINDS = {"slurm": "SLURMCluster", "pbs": "PBSCluster", "lsf": "LSFCluster", "sge": "SGECluster"}

_pools: dict[int, tuple[bytes, LocalPool]] = {}  # on a worker, by thread: the latest job's process


def score_batch(job: bytes, batch: Batch, timeout: float, memory: float) -> Outcome:
    """Runs on a Dask worker: score a batch in the process that belongs to this thread."""
    held = _pools.get(threading.get_ident())
    if held is None or held[0] != job:
        if held:
            held[1].close()
        held = _pools[threading.get_ident()] = job, LocalPool(job, 1, timeout, memory)
    pool, where = held[1], distributed.get_worker().address
    try:
        pool.submit(batch)
        while not (outcomes := pool.wait()):
            pass
    except InputError as error:
        pool.close()
        del _pools[threading.get_ident()]
        return Outcome(batch, [], fault=Fault(REFUSED, str(error), False), worker=where)
    return replace(outcomes[0], worker=where)


class DaskPool:
    """Workers of a Dask cluster.

    Args:
        job: what they work at, pickled.
        client: connected; the pool closes it.
        timeout, memory: see `WorkerProcess`.
        gpu: send each batch to a worker with the Dask resource GPU.
    """

    def __init__(
        self, job: bytes, client: distributed.Client, timeout: float, memory: float, gpu: bool = False
    ) -> None:
        self._job, self._client, self._limits = job, client, (timeout, memory)
        self._resources = {"GPU": 1} if gpu else None
        self._futures: dict[distributed.Future, Batch] = {}
        self._refused: set[str] = set()
        self._why = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        cluster = self._client.cluster
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # of tasks that are given up on purpose
        if self._client.status == "running":
            self._client.cancel(list(self._futures), force=True)
        self._client.close()
        if cluster is not None:
            cluster.close()

    @property
    def _threads(self) -> dict[str, int]:
        return {name: n for name, n in self._client.nthreads().items() if name not in self._refused}

    @property
    def workers(self) -> int:
        """Threads of the workers that are there."""
        return sum(self._threads.values())

    @property
    def dashboard(self) -> str:
        """Dask's own, where it has one."""
        ours = self._client.cluster
        off = ours is not None and not ours.scheduler.http_application.applications
        return "" if off else self._client.dashboard_link or ""

    @property
    def free(self) -> int:
        """Some batches are sent ahead; one too where no worker has come up yet."""
        return max(1, AHEAD * self.workers) - len(self._futures)

    def submit(self, batch: Batch) -> None:
        """Give a batch to the scheduler.

        Raises:
            Stopped: where the scheduler is gone.
        """
        if self._client.status != "running":
            self._gone()
        future = self._client.submit(
            score_batch,
            self._job,
            batch,
            *self._limits,
            key=f"{batch.scene}-{batch.id}-{batch.groups[0].faults}-{len(self._refused)}",
            workers=list(self._threads) if self._refused else None,
            resources=self._resources,
            pure=False,
        )
        self._futures[future] = batch

    def wait(self) -> list[Outcome]:
        """What has come back; nothing where that takes a while.

        Raises:
            Stopped: where the scheduler is gone.
            InputError: where all workers have other versions or data.
        """
        if self._client.status != "running":
            self._gone()
        try:
            done = distributed.wait(list(self._futures), POLL, "FIRST_COMPLETED").done
        except TimeoutError:
            return []
        except CancelledError:
            self._gone()
        return [self._outcome(future, self._futures.pop(future)) for future in done]

    @property
    def _address(self) -> str:
        return self._client.scheduler.address if self._client.scheduler else "Dask"

    def _gone(self) -> NoReturn:
        raise Stopped(f"{self._address}: the scheduler is gone; the same command goes on from here")

    def _outcome(self, future: distributed.Future, batch: Batch) -> Outcome:
        if future.status in ("cancelled", "lost"):
            self._gone()
        try:
            outcome: Outcome = future.result()
        except KilledWorker:
            return Outcome(batch, [], fault=Fault(LOST, "the workers that had it died"))
        except (TimeoutError, CommClosedError):  # the result was on its way when the scheduler went
            self._gone()
        finally:
            future.release()
        if outcome.fault and outcome.fault.code == REFUSED:
            self._refuse(outcome)
        return replace(outcome, batch=batch)

    def _refuse(self, outcome: Outcome) -> None:
        self._refused.add(outcome.worker)
        if not self._threads:
            raise InputError(f"executor: no worker can be used: {outcome.worker}: {outcome.fault.message}")


def connect(address: str) -> distributed.Client:
    """A client of a scheduler that runs already."""
    try:
        return distributed.Client(address, timeout="20s")
    except (OSError, ValueError) as error:
        raise InputError(f"option executor.address: {address}: {error}") from None


def local_cluster(workers: int, options: Mapping[str, Any]) -> distributed.Client:
    """A client of a scheduler and worker processes on this machine, which end with it."""
    with safe_workers():
        return distributed.Client(distributed.LocalCluster(n_workers=workers, **local_options(options)))


def job_cluster(kind: str, jobs: int, options: Mapping[str, Any]) -> distributed.Client:
    """A client of workers that a batch system starts, through dask-jobqueue.

    Raises:
        InputError: where the batch system is unknown, is not here, or does not take the jobs.
    """
    if kind not in KINDS:
        raise InputError(f"option executor.kind is {kind!r}; known: {', '.join(KINDS)}")
    try:
        import dask_jobqueue
    except ModuleNotFoundError:
        raise InputError("executor needs dask-jobqueue: pip install 'haaqinet-eval[cluster]'") from None
    system = getattr(dask_jobqueue, KINDS[kind])
    command = system.job_cls.submit_command
    if shutil.which(command) is None:
        raise InputError(
            f"option executor.kind={kind}: {command}: not found; run this where jobs are submitted"
        )
    try:
        cluster = system(**job_options(kind, options))
    except (TypeError, ValueError) as error:
        raise InputError(f"option executor.options: {error}") from None
    try:
        _submit(cluster, jobs)
    except (OSError, RuntimeError, ValueError) as error:
        for given in cluster.workers.values():
            given.status = Status.failed  # or `close` calls it a bug that it was never begun
        cluster.close()
        said = " ".join(str(error).rpartition("stderr:")[2].split())
        raise InputError(f"option executor.kind={kind}: {command} does not take the job: {said}") from None
    return distributed.Client(cluster)


def _submit(cluster: distributed.SpecCluster, jobs: int) -> None:
    """`cluster.scale(jobs=jobs)`, which would only log that a job is not taken, and wait for it for ever."""
    for _ in range(jobs):
        cluster.worker_spec.update(cluster.new_worker_spec())
    cluster.sync(cluster._correct_state)
