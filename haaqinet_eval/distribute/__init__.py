"""Scoring on whatever there is: this process, this machine's processors, a cluster.

    job = Job(source, versions)                     what a worker must know once
    batches = make_batches(job.id, tasks)           names of trials that share a scene's references
    distribute(job, batches, Executor("local").pool(job), keep, Log(path))

Rows come back in any order, and only the caller writes them. Whatever dies, hangs or is killed
on the way, the rows that are kept are whole batches' or none, and the same command goes on.

One file per idea: `batches` (what travels out) and `outcome` (what comes back); `bench` (the
worker's side); `pools` (in this process, in others) with `child` and `serve` (one process and its
program), `cluster` (Dask); `coordinate` (the loop); `log` and `status` (watching it).
"""

from .batches import Batch, Task, make_batches
from .bench import Job, Opened, Scored, Source
from .coordinate import distribute
from .executors import Executor, gpu_version
from .log import Log

__all__ = [
    "Batch",
    "Executor",
    "Job",
    "Log",
    "Opened",
    "Scored",
    "Source",
    "Task",
    "distribute",
    "gpu_version",
    "make_batches",
]
