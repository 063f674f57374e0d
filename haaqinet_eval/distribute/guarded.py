"""Dask clusters that only their owner can use: TLS with keys of the run, few addresses, no dashboard.

Whoever reaches a Dask scheduler can run code on its workers, so ours demands a certificate. Dask
makes one for the run, in memory; those that Dask's own configuration names come first.
"""

from __future__ import annotations

import logging
import os
import shlex
from collections.abc import Mapping
from typing import Any

import dask
import distributed
from distributed.utils import get_ip

from ..errors import InputError
from ..io.programs import ROOT, SAFE

NO_DASHBOARD = "127.0.0.1:0"  # Dask always serves its health and metrics somewhere


def security(options: Mapping[str, Any]) -> distributed.Security | None:
    """What secures a cluster: Dask's configuration, else keys made for this run; None with security=false.

    Raises:
        InputError: where keys cannot be made.
    """
    if not options.get("security", True):
        return None
    configured = distributed.Security()
    if configured.tls_ca_file:
        return configured
    try:
        return distributed.Security.temporary()
    except ImportError:
        raise InputError("executor needs cryptography: pip install 'haaqinet-eval[cluster]'") from None


def _protocol(keys: distributed.Security | None) -> str:
    return "tcp://" if keys is None else "tls://"


def local_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of `distributed.LocalCluster`."""
    keys = security(options)
    settings = {
        "host": "127.0.0.1",
        "protocol": _protocol(keys),
        "dashboard_address": None,
        "threads_per_worker": 1,
        "silence_logs": logging.ERROR,
    }
    return {**settings, **options, "security": keys}


def job_options(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a cluster of dask-jobqueue.

    Args:
        kind: as dask-jobqueue's configuration calls it, e.g. "slurm".
        options: the user's; those of dask-jobqueue's configuration count too.
    """

    def told(name: str) -> Any:
        return options.get(name) or dask.config.get(f"jobqueue.{kind}.{name.replace('_', '-')}", None)

    keys = security(options)
    scheduler = {"dashboard": False, "dashboard_address": NO_DASHBOARD, **(told("scheduler_options") or {})}
    if not (told("interface") or scheduler.keys() & {"host", "interface"}):
        scheduler["host"] = get_ip()  # where it would tell workers to call, rather than everywhere
    root = f'{shlex.quote(str(ROOT))}"${{PYTHONPATH:+:$PYTHONPATH}}"'
    exports = [f"export {name}={value}" for name, value in {**SAFE, "PYTHONPATH": root}.items()]
    return {
        "protocol": _protocol(keys),
        "shared_temp_directory": told("shared_temp_directory") or os.getcwd(),  # of the keys' files
        **options,
        "security": keys,
        "scheduler_options": scheduler,
        "worker_extra_args": [
            *("--no-dashboard", "--dashboard-address", NO_DASHBOARD),
            *(told("worker_extra_args") or ()),
        ],
        "job_script_prologue": [*exports, *(told("job_script_prologue") or ())],
    }


def safe_workers() -> Any:
    """While this context holds, workers that are started run no code of the current folder."""
    return dask.config.set({f"distributed.nanny.pre-spawn-environ.{k}": v for k, v in SAFE.items()})
