"""What a command tells of a submission: what became of what was handed in, and where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..io.names import printable

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..store import Store, Submission, System
    from ..worker import Accepted


def given_json(store: Store, given: Accepted, entry: Submission | None, told: System) -> str:
    """What became of what was handed in, as JSON."""
    from dataclasses import asdict

    from .tables import submission_record, to_json

    if entry is None:  # not kept: all that may be told is what was said just now
        record = {"id": None, "system": asdict(told), "state": "invalid", "progress": []}
        record["reason"] = given.findings[0]["message"]
    else:
        record = {**submission_record(entry), "progress": progress_of(store, entry)}
    return to_json({**record, "new": given.new, "findings": given.findings})


def exit_code(entry: Submission) -> int:
    """1 for what has errors or lacks a score, else 0."""
    return int(entry.state in ("invalid", "incomplete", "failed"))


def print_given(
    store: Store, path: Path, given: Accepted, entry: Submission | None, expected: Collection[str] = ()
) -> None:
    """What became of what was handed in: findings, whether the bytes are known, where it stands."""
    from ..submissions.findings import Finding
    from ..submissions.listing import to_table

    typer.echo(to_table([Finding(**item) for item in given.findings], path.name, expected))
    if entry is None:
        return
    if not given.new:
        whose = printable(f"as {entry.system.name} of {entry.system.team}")
        typer.echo(f"the same bytes were handed in before, {whose}, on {entry.received:%Y-%m-%d %H:%M} UTC")
    print_submission(store, entry)


def print_submission(store: Store, entry: Submission) -> None:
    """Where a submission stands: its state with the reason, and the rows that are there."""
    from .tables import progress_table

    reason = f": {entry.reason}" if entry.reason else ""
    typer.echo(printable(f"submission {entry.id}: {entry.state}{reason}"))
    progress = progress_of(store, entry)
    if progress:
        typer.echo(progress_table(progress))


def progress_of(store: Store, entry: Submission) -> list[dict[str, Any]]:
    """Rows that are there, per version of a scorer."""
    from collections import Counter

    from ..store import challenge, read_rows

    expected = challenge(store, entry.challenge, entry.split).expected
    origin = "external" if entry.origin == "external" else "here"
    counts = Counter((row.scorer, row.version, row.failed) for row in read_rows(store, entry.id, origin))
    return [
        {"scorer": s, "version": v, "scored": counts[s, v, False], "failed": counts[s, v, True]}
        | {"expected": expected}
        for s, v in dict.fromkeys((s, v) for s, v, _ in counts)
    ]


def worker_name() -> str:
    """This process, for the log of a submission."""
    import os
    import socket

    return f"{socket.gethostname()} {os.getpid()}"
