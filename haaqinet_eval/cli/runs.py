"""Where the recipes' runs stand, as text and as records."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from ..distribute.status import RunStatus, read_status
from ..io.names import printable
from .tables import to_json

SHOWN = 8  # batches that are being scored


def _duration(seconds: float | None) -> str:
    """Hours, minutes and seconds.

    >>> _duration(3725), _duration(None)
    ('1:02:05', 'unknown')
    """
    if seconds is None:
        return "unknown"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items())) or "none"


def _text(status: RunStatus) -> str:
    done = status.there + status.scored
    why = f": {status.message}" if status.message else ""
    lines = [
        f"{status.state}{why}   ({status.host}, process {status.pid})",
        f"rows     {done} of {status.expected} scored, {status.there} of them by earlier runs",
        f"failed   {_counts(status.failed)}",
        f"workers  {status.workers} ({status.executor}); faults: {_counts(status.faults)}",
        f"started  {status.started:%Y-%m-%d %H:%M:%S} UTC, last heard {status.heard:%H:%M:%S}",
    ]
    if status.state == "running":
        lines.append(f"rate     {status.rate:.2f} rows/s, time left {_duration(status.seconds_left)}")
        shown = [f"{b['scene']} ({', '.join(b['listener'])})" for b in status.running[:SHOWN]]
        more = f" and {len(status.running) - SHOWN} more" if len(status.running) > SHOWN else ""
        lines.append(f"now      {'; '.join(shown)}{more}")
    if status.dashboard:
        lines.append(f"Dask     {status.dashboard}")
    if status.state in ("dead", "stopped"):
        lines.append("The same command goes on from there.")
    return "\n".join(map(printable, lines))


def _record(status: RunStatus) -> dict[str, Any]:
    return {**asdict(status), "left": status.left, "seconds_left": status.seconds_left}


def merge(
    folder: Annotated[Path, typer.Argument(help="path.exp_folder of the batches.")],
    batches: Annotated[
        int | None, typer.Option("--batches", help="evaluate.batch_size; default: what is there.")
    ] = None,
) -> None:
    """Join the batches of an evaluate recipe: one results.csv and the challenge's tables, without gaps."""
    from ..cadenza.run import find_batches, run_merge

    name, number = find_batches(folder, batches)
    raise typer.Exit(run_merge(name, folder, number))


def run_status(folder: Path, json: bool) -> str:
    """The status of a run's folder, to print."""
    found = read_status(folder)
    return to_json([_record(status) for status in found]) if json else "\n\n".join(map(_text, found))
