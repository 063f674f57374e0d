"""The log of a run: one JSON object per line, each with the run, most with batch, scene and listeners."""

from __future__ import annotations

import json
import os
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import InputError, Stopped
from ..io.redaction import redacted
from .batches import Batch, Outcome


class Log:
    """Appends to a file, or to nothing.

    Args:
        path: None for no log.
    """

    def __init__(self, path: Path | None) -> None:
        now = datetime.now(UTC)
        self.path = path
        self.run = f"{now:%Y%m%dT%H%M%S.%f}-{socket.gethostname()}-{os.getpid()}"

    def write(self, event: str, **facts: Any) -> None:
        """One line, in one write; raises OSError where the disk does not take it."""
        if self.path is None:
            return
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = (
            json.dumps({"time": time, "run": self.run, "event": event, **redacted(facts)}, default=str) + "\n"
        )
        with self.path.open("ab", buffering=0) as file:
            file.write(line.encode())

    def start(self, expected: int, there: int, **facts: Any) -> None:
        """A run begins: rows that it is to have, rows that are there already."""
        host = {"host": socket.gethostname(), "pid": os.getpid()}
        self.write("start", expected=expected, there=there, **host, **facts)

    def sent(self, batch: Batch) -> None:
        """A batch goes to a worker."""
        self.write("sent", **_which(batch))

    def done(self, outcome: Outcome) -> None:
        """A batch comes back; `fault` where it was not finished."""
        rows = [row for group in outcome.rows for row in group]
        failed = Counter(row.error for row in rows if row.failed)
        facts: dict[str, Any] = {"worker": outcome.worker, "seconds": round(outcome.seconds, 3)}
        facts |= {"scored": len(rows) - failed.total(), "failed": dict(failed)}
        if outcome.fault:
            facts |= {"fault": outcome.fault.code, "message": outcome.fault.message}
        self.write("done", **_which(outcome.batch), **facts)

    def given_up(self, batch: Batch, code: str, rows: int) -> None:
        """A group of trials gets rows with a reason."""
        self.write("given_up", **_which(batch), failed={code: rows})

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Around a run, so that its end is noted, and how it ended."""
        try:
            yield
        except BaseException as error:
            with suppress(OSError):  # the disk may be what is wrong
                self.write("end", state=_states(error), message=str(error))
            raise
        self.write("end", state="complete", message="")


def _states(error: BaseException) -> str:
    if isinstance(error, InputError):
        return "refused"
    known = isinstance(error, KeyboardInterrupt | SystemExit | Stopped)
    return "stopped" if known else "crashed"


def _which(batch: Batch) -> dict[str, Any]:
    systems = list(dict.fromkeys(group.trials[0].system for group in batch.groups))
    return {
        "batch": batch.id,
        "scene": batch.scene,
        "listener": batch.listeners,
        "system": systems,
        "signals": len(batch.groups),
    }
