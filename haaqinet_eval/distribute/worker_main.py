"""The program of a worker process: `python -m haaqinet_eval.distribute.worker_main FD`.

It is given a job and then batches through the socket FD, and sends back each group of trials as it is
scored. Its standard input is a pipe that nobody writes to: when that closes, whoever started
the process is gone, and it ends.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import traceback
from multiprocessing.connection import Connection

from ..errors import InputError
from .job_runner import JobRunner


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def _limit_memory(gigabytes: float) -> None:
    """Let allocations beyond the limit fail with MemoryError, rather than the machine run out."""
    if gigabytes:
        import resource

        limit = int(gigabytes * 2**30)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _serve(connection: Connection) -> None:
    bench = JobRunner(pickle.loads(connection.recv_bytes()))
    connection.send(("ready", ""))
    while True:
        batch = connection.recv()
        try:
            for scored in bench.score(batch):
                connection.send(("scored", scored))
            connection.send(("end", ""))
        except MemoryError as error:
            connection.send(("memory", str(error)))


def main() -> None:
    """Serve until the parent closes the socket or ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_end_with_parent, daemon=True).start()
    connection = Connection(int(sys.argv[1]))
    _limit_memory(float(sys.argv[2]))
    try:
        _serve(connection)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except InputError as error:
        connection.send(("refused", str(error)))
    except Exception:  # a bug: told to the parent, which stops the run with it
        connection.send(("bug", traceback.format_exc()))


if __name__ == "__main__":
    main()
