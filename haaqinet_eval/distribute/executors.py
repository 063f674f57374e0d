"""Where work is scored, by the options of the `executor` group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from math import ceil
from typing import Any

from ..errors import InputError
from ..scorers import Scorer, load_scorer
from .batches import MOST
from .job_runner import Job
from .pools import InlinePool, LocalPool, Pool, core_count

ROUNDS = 4  # batches that each worker gets at least, so that none is long alone at the end
NAMES = ("inline", "local", "dask", "batch_system")
EARLIER = {"jobs": "batch_system"}  # names of earlier versions


def load_on_gpu(load: Callable[..., Scorer], name: str) -> Scorer:
    """A scorer on a worker's GPU; its version says so, since the last digits are not a CPU's."""
    scorer = load(name, device="cuda")
    scorer.version = gpu_version(scorer.version)
    return scorer


def gpu_version(version: str) -> str:
    """How a scorer's version is called where it runs on a GPU."""
    return f"{version}-gpu"


@dataclass(frozen=True)
class Executor:
    """Options of the group `executor`."""

    name: str = "inline"  # one of NAMES
    workers: int = 0  # local, dask without an address: processes; 0, one per processor
    timeout: float = 600.0  # s that one signal may take, or a batch on a GPU; inline has no limit
    memory: float = 0.0  # GB that a worker may allocate; 0, no limit; inline has none
    signals: int = MOST  # in a batch, unless one scene and listener has more
    address: str | None = None  # dask: of a scheduler, tcp://host:port; None starts one here
    gpu: bool = False  # dask: send batches to workers with the resource GPU
    kind: str = "slurm"  # batch_system: slurm, pbs, lsf or sge
    jobs: int = 1  # batch_system: how many to ask the batch system for
    options: Mapping[str, Any] = field(default_factory=dict)  # for LocalCluster, SLURMCluster, …

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", EARLIER.get(self.name, self.name))
        if self.name not in NAMES:
            raise InputError(f"option executor.name is {self.name!r}; known: {', '.join(NAMES)}")
        for name, low in (("workers", 0), ("timeout", 0.01), ("memory", 0), ("signals", 1), ("jobs", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or value < low:
                raise InputError(f"option executor.{name} is {value!r}, not a number of {low} or more")

    @classmethod
    def from_options(cls, options: Mapping[str, Any] | None) -> Executor:
        """From a configuration, where None is `inline`.

        Raises:
            InputError: for an option that is unknown or impossible.
        """
        options = options or {}
        unknown = options.keys() - {f.name for f in fields(cls)}
        if options.get("gpu") and options.get("name") not in ("dask", "batch_system", *EARLIER):
            raise InputError("option executor.gpu: GPUs are Dask's to find; use executor=dask or slurm")
        if unknown:
            known = ", ".join(f.name for f in fields(cls))
            raise InputError(f"option executor.{min(unknown)} is unknown; known: {known}")
        return cls(**options)

    of = from_options  # its name in earlier versions

    @property
    def here(self) -> bool:
        """Whether work stays in this process."""
        return self.name == "inline"

    @property
    def processes(self) -> int:
        """Processes of a pool on this machine."""
        return self.workers or core_count()

    def loader(
        self, here: Callable[[str], Scorer], away: Callable[..., Scorer] = load_scorer
    ) -> Callable[[str], Scorer]:
        """What gives a worker its scorers: `here` in this process, `away` in another, or on its GPU."""
        if self.here:
            return here
        return partial(load_on_gpu, away) if self.gpu else away

    def most(self, signals: int, workers: int) -> int:
        """How many signals a batch may have, so that each worker gets several."""
        return max(1, min(self.signals, ceil(signals / (ROUNDS * max(1, workers)))))

    def pool(self, job: Job) -> Pool:
        """A place where batches of a job are scored.

        Raises:
            InputError: where it cannot be had.
        """
        if self.here:
            return InlinePool(job)
        if self.name == "local":
            return LocalPool(job.pickled(), self.workers, self.timeout, self.memory)
        return self._dask(job)

    def _dask(self, job: Job) -> Pool:
        try:
            from . import cluster
        except ModuleNotFoundError as error:
            raise InputError(
                f"executor={self.name} needs {error.name}: pip install 'haaqinet-eval[cluster]'"
            ) from None
        pickled = job.pickled()
        if self.name == "batch_system":
            client = cluster.job_cluster(self.kind, self.jobs, self.options)
        elif self.address:
            client = cluster.connect(self.address)
        else:
            client = cluster.local_cluster(self.processes, self.options)
        return cluster.DaskPool(pickled, client, self.timeout, self.memory, self.gpu)
