"""Where a run stands, read from its log by anyone who can read the folder."""

from __future__ import annotations

import json
import os
import socket
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import InputError

SILENT = 3600.0  # s without a line after which a run on another machine counts as dead
RECENT = 300.0  # s over which the rate is taken


@dataclass
class RunStatus:
    """One run; `state` is running, complete, stopped, refused, crashed or dead."""

    run: str
    state: str
    host: str
    pid: int
    executor: str
    dashboard: str  # Dask's own; may be empty
    started: datetime
    heard: datetime  # the latest line of its log
    expected: int  # rows
    there: int  # rows that an earlier run had scored
    message: str = ""  # why it ended
    scored: int = 0  # rows, by this run
    failed: dict[str, int] = field(default_factory=dict)  # rows by reason
    faults: dict[str, int] = field(default_factory=dict)  # batches that a worker failed at, by reason
    workers: int = 0  # that have sent something
    rate: float = 0.0  # rows per second, lately
    running: list[dict[str, Any]] = field(
        default_factory=list
    )  # batches out now: batch, scene, listener, since

    @property
    def left(self) -> int:
        """Rows that are still to come."""
        return max(0, self.expected - self.there - self.scored - sum(self.failed.values()))

    @property
    def seconds_left(self) -> float | None:
        """At this rate; None where it is not known."""
        return self.left / self.rate if self.rate > 0 else None


def read_status(folder: str | Path) -> list[RunStatus]:
    """The latest run of each log in a run's folder; a Slurm array has one per batch.

    Raises:
        InputError: where there is no log.
    """
    folder = Path(folder).expanduser()
    paths = sorted(folder.glob("log*.jsonl"))
    if not paths:
        raise InputError(f"{folder}: no run; log.jsonl is written by a recipe's evaluate.py")
    return [status for path in paths if (status := _latest(path)) is not None]


def _lines(path: Path) -> list[dict[str, Any]]:
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue  # torn by a crash
        if isinstance(record, dict) and "event" in record:
            found.append(record)
    return found


def _latest(path: Path) -> RunStatus | None:
    lines = _lines(path)
    starts = [i for i, line in enumerate(lines) if line["event"] == "start"]
    if not starts:
        return None
    lines = [line for line in lines[starts[-1] :] if line["run"] == lines[starts[-1]]["run"]]
    first, last = lines[0], lines[-1]
    status = RunStatus(
        run=first["run"],
        state="running",
        host=first["host"],
        pid=first["pid"],
        executor=first.get("executor", ""),
        dashboard=first.get("dashboard", ""),
        started=datetime.fromisoformat(first["time"]),
        heard=datetime.fromisoformat(last["time"]),
        expected=first["expected"],
        there=first["there"],
    )
    _count(status, lines)
    if last["event"] == "end":
        status.state, status.message, status.running = last["state"], last["message"], []
    elif not _alive(status):
        status.state = "dead"
    return status


def _count(status: RunStatus, lines: list[dict[str, Any]]) -> None:
    failed, faults, workers, running = Counter(), Counter(), set(), {}
    for line in lines:
        if line["event"] == "sent":
            running[line["batch"]] = {name: line[name] for name in ("batch", "scene", "listener")}
            running[line["batch"]]["since"] = line["time"]
        elif line["event"] in ("done", "given_up"):
            running.pop(line["batch"], None)
            status.scored += line.get("scored", 0)
            failed.update(line["failed"])
            faults.update([line["fault"]] if "fault" in line else [])
            workers.update([line["worker"]] if "worker" in line else [])
    status.failed, status.faults, status.workers = dict(failed), dict(faults), len(workers)
    status.running = list(running.values())
    status.rate = _rate(status, lines)


def _rate(status: RunStatus, lines: list[dict[str, Any]]) -> float:
    since = max(status.started.timestamp(), status.heard.timestamp() - RECENT)
    rows = sum(
        line.get("scored", 0) + sum(line["failed"].values())
        for line in lines
        if line["event"] == "done" and datetime.fromisoformat(line["time"]).timestamp() > since
    )
    seconds = status.heard.timestamp() - since
    return rows / seconds if seconds > 0 else 0.0


def _alive(status: RunStatus) -> bool:
    if status.host != socket.gethostname() or os.name != "posix":  # Windows: signal 0 would be Ctrl-C
        return (datetime.now(UTC) - status.heard).total_seconds() < SILENT
    try:
        os.kill(status.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
