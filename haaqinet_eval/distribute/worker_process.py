"""A worker process and who watches over it: it may die, hang or run out of memory.

`concurrent.futures` gives up its whole pool when one process is killed, and cannot end one that
hangs; so a process is started, fed through a socket and, if need be, killed here. It is a
program of its own (`worker_main`): nothing is forked, and the caller's script is not run again.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Connection

from ..audio import FileNote
from ..errors import InputError
from ..io.programs import environment, module_command, search_path
from ..scores import Score
from .batches import LOST, MEMORY, TIMEOUT, Batch, Fault, Outcome

ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


START = 120.0  # s that a process may take to import what it needs, where the limit is shorter


class WorkerBug(RuntimeError):
    """An exception in a worker that is no trial's fault; its traceback is the message."""


class WorkerProcess:
    """One worker process.

    Args:
        job: pickled.
        timeout: s that one signal may take.
        memory: GB that it may allocate; 0 for no limit.
    """

    def __init__(self, job: bytes, timeout: float, memory: float) -> None:
        ours, theirs = socket.socketpair()
        env = environment(**dict.fromkeys(ONE_THREAD, "1"), PYTHONPATH=search_path(sys.path))
        self.process = subprocess.Popen(
            module_command(f"{__package__}.worker_main", str(theirs.fileno()), str(memory)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env=env,
            start_new_session=True,
        )
        theirs.close()
        self.connection = Connection(ours.detach())
        self._timeout = timeout
        self._memory = memory
        self._batch: Batch | None = None
        self._rows: list[list[Score]] = []
        self._files: dict[str, FileNote] = {}
        self.ready = self.dead = False
        self._send = [job]
        self._touch()

    @property
    def name(self) -> str:
        """Host and process, for the log."""
        return f"{socket.gethostname()}:{self.process.pid}"

    def _touch(self) -> None:
        patience = self._timeout if self.ready else max(START, self._timeout)
        self.deadline = time.monotonic() + patience

    def start(self, batch: Batch) -> None:
        """Give it a batch; it must have none."""
        self._batch, self._rows, self._files, self._began = batch, [], {}, time.monotonic()
        self._touch()
        with suppress(BrokenPipeError, ConnectionResetError):  # it has died: `take` finds out
            for job in self._send:
                self.connection.send_bytes(job)
            self._send = []
            self.connection.send(batch)

    def take(self) -> Outcome | None:
        """Read one message; the batch's outcome if that was the last of it.

        Raises:
            InputError: where the worker has other versions or data.
            WorkerBug: for any other exception in it.
        """
        try:
            kind, content = self.connection.recv()
        except (EOFError, ConnectionResetError):
            return self._died()
        self.ready = True  # whatever it says, it has started
        self._touch()
        if kind == "ready":
            return None
        if kind == "scored":
            self._rows.append(content[0])
            self._files |= content[1]
        elif kind == "end":
            return self._outcome(None)
        elif kind == "memory":
            limit = f" of {self._memory:g} GB" if self._memory else ""
            self.kill()  # what it holds may be in pieces
            return self._outcome(Fault(MEMORY, f"the worker's memory{limit} was not enough"))
        else:
            self.kill()
            raise InputError(content) if kind == "refused" else WorkerBug(content)
        return None

    def expire(self) -> Outcome:
        """End a process that hangs."""
        self.kill()
        return self._outcome(Fault(TIMEOUT, f"not scored within {self._timeout:g} s", self.ready))

    def _died(self) -> Outcome:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)  # its end of the socket is closed, so it is ending
        self.kill()
        code = self.process.returncode
        how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        return self._outcome(Fault(LOST, f"the worker ended {how}", self.ready))

    def _outcome(self, fault: Fault | None) -> Outcome:
        assert self._batch is not None
        batch, self._batch = self._batch, None
        return Outcome(batch, self._rows, self._files, fault, self.name, time.monotonic() - self._began)

    def kill(self) -> None:
        """End the process at once."""
        self.dead = True
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.connection.close()
