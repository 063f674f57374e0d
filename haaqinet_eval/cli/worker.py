"""The command that scores what is queued."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .given import exit_code, print_submission, worker_name
from .options import StoreOption, WeightsOption, own_weights

if TYPE_CHECKING:
    from ..store import Store, Submission

POLL_SECONDS = 5.0
TRIES = 3  # of --once, where the store takes nothing
EXECUTORS = {
    "inline": "inline",
    "local": "local",
    "dask": "dask",
    "slurm": "batch_system",
}  # as the recipes' files


def worker(
    store: StoreOption = None,
    once: Annotated[bool, typer.Option("--once", help="End when nothing is queued.")] = False,
    lease: Annotated[
        float, typer.Option(help="Seconds after which another worker takes over from one that died.")
    ] = 60.0,
    executor: Annotated[
        str,
        typer.Option(
            help="inline: in this process; local: on its processors; dask: on a cluster; slurm: as jobs."
        ),
    ] = "inline",
    workers: Annotated[int, typer.Option(help="Processes of local; 0: one per processor.")] = 0,
    address: Annotated[str | None, typer.Option(help="Scheduler of dask, tcp://host:port.")] = None,
    weights: WeightsOption = None,
) -> None:
    """Score what is queued, as long as it runs; any number of workers may share a store."""
    import signal
    import sys
    from functools import partial

    from ..distribute import Executor
    from ..store import open_store
    from ..worker import work_once

    if executor not in EXECUTORS:
        raise InputError(f"--executor {executor!r} is unknown; known: {', '.join(EXECUTORS)}")
    place = Executor(EXECUTORS[executor], workers=workers, address=address)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    opened, name, load = open_store(store, make=False), worker_name(), own_weights(weights)
    _tell_what_waits(opened, once)
    work = partial(work_once, opened, name, lease=lease, load=load, away=load, executor=place)
    raise typer.Exit(int(_serve(opened, once, work)))


def _tell_what_waits(store: Store, once: bool) -> None:
    from ..store import submissions

    states = [entry.state for entry in submissions(store)]
    waiting, others = states.count("queued"), states.count("scoring")
    being = f", {others} being scored" if others else ""
    end = "ends when none is left" if once else f"looks every {POLL_SECONDS:g} s until Ctrl-C"
    typer.echo(f"store {store.name}: {waiting} queued{being}; {end}", err=True)


def _serve(store: Store, once: bool, work: Callable[[], Submission | None]) -> bool:
    """Do what is queued; whether any of it has no full score. A store that takes nothing is tried again."""
    from ..store import Unwritable

    troubled, refusals = False, 0
    while True:
        try:
            done = work()
        except Unwritable as error:
            refusals += 1
            if once and refusals >= TRIES:
                raise
            if refusals == 1:
                typer.echo(f"haaqinet: {error}; trying until it does", err=True)
            time.sleep(POLL_SECONDS)
            continue
        refusals = 0
        if done is not None:
            print_submission(store, done)
            troubled |= exit_code(done) != 0
        elif once:
            return troubled
        else:
            time.sleep(POLL_SECONDS)
