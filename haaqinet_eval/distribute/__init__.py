"""Scoring on whatever there is: this process, this machine's processors, a cluster.

    job = Job(source, versions)                     what a worker must know once
    batches = make_batches(job.id, groups)          names of trials that share a scene's references
    distribute(job, batches, Executor("local").pool(job), keep, Log(path))

Rows come back in any order, and only the caller writes them. Whatever dies, hangs or is killed
on the way, the rows that are kept are whole batches' or none, and the same command goes on.

One file per idea: `batches` (what travels out and back); `job_runner`
(the worker's side); `pools` (in this process, in others) with `worker_process` and `worker_main` (one
process and its program), `cluster` (Dask); `coordinate` (the loop); `log` and `status` (watching it).
"""

from ..deprecated import old_names
from ..evaluate import TrialGroup
from .batches import Batch, Outcome, make_batches
from .coordinate import distribute
from .executors import Executor, gpu_version
from .job_runner import Job, Source, WorkLoader
from .log import Log

__getattr__ = old_names(__name__)

__all__ = [
    "Batch",
    "Executor",
    "Job",
    "Log",
    "Outcome",
    "Source",
    "TrialGroup",
    "WorkLoader",
    "distribute",
    "gpu_version",
    "make_batches",
]
