"""How the leaderboard bears many visitors at once.

    python benchmarks/board_load.py --rows 100000 --visitors 20 --sessions 200

Fills a store (see `leaderboard.py`), starts the board on it at 127.0.0.1, and visits each page as so many
browsers would that open it at the same moment: over a WebSocket each, until the page's script has ended. Each
page is visited when nothing of it is kept yet, and again. Then so many sessions are opened and held, and the
memory of the server is read. Prints Markdown; the browsers' own drawing is not in it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import runpy
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

ROOT = Path(__file__).parents[1]
SINGLE = runpy.run_path(str(Path(__file__).with_name("leaderboard.py")))  # one visitor, and the store
VIEWS = tuple(SINGLE["VIEWS"])
MOST = 500  # visitors or sessions at once
PATIENCE = 120.0  # s that a page may take
SMALL = 200  # bytes of a message that may tell the end of a page


def memory(pid: int) -> float:
    """MiB that a process holds now."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def seconds_on_a_core(pid: int) -> float:
    """Seconds that a process has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def board(store: str) -> Iterator[tuple[int, int]]:
    """The board, started as people start it; its port and process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "haaqinet_eval.cli", "leaderboard", f"--port={port}", f"--store={store}"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)
    try:
        for _ in range(round(PATIENCE / 0.2)):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(30)


async def open_page(port: int, page: str) -> ClientConnection:
    """A visitor's connection, once the page's script has ended."""
    address = f"127.0.0.1:{port}"
    wire = await connect(
        f"ws://{address}/_stcore/stream",
        origin=f"http://{address}",
        subprotocols=["streamlit"],
        max_size=None,
        compression=None,
    )
    ask = BackMsg()
    ask.rerun_script.page_name = "" if page == "standings" else page
    await wire.send(ask.SerializeToString())
    while True:
        data = await wire.recv()
        if len(data) < SMALL and ForwardMsg.FromString(data).WhichOneof("type") == "script_finished":
            return wire


async def crowd(port: int, page: str, visitors: int) -> list[float]:
    """Seconds that each of so many visitors waits who come at once."""

    async def visit() -> float:
        start = time.perf_counter()
        wire = await asyncio.wait_for(open_page(port, page), PATIENCE)
        waited = time.perf_counter() - start
        await wire.close()
        return waited

    return sorted(await asyncio.gather(*(visit() for _ in range(visitors))))


async def hold(port: int, pid: int, sessions: int) -> tuple[float, float]:
    """MiB of the server before and while so many sessions are open, spread over the pages."""
    before = memory(pid)
    pages = (VIEWS[number % len(VIEWS)] for number in range(sessions))
    held = [await asyncio.wait_for(open_page(port, page), PATIENCE) for page in pages]
    during = memory(pid)
    for wire in held:
        await wire.close()
    return before, during


async def measure(port: int, pid: int, visitors: int, sessions: int) -> None:
    """Print what was measured."""
    print(f"{os.cpu_count()} cores, load {' '.join(f'{load:.1f}' for load in os.getloadavg())} at the start.")
    print(f"Of {visitors} visitors at once, s: with nothing kept, then again; all of them on a core.\n")
    print("| page | one alone | first: median | worst | on a core | again: median | worst | on a core |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for page in VIEWS:
        cells = []
        for _ in range(2):
            busy = seconds_on_a_core(pid)
            waited = await crowd(port, page, visitors)
            cells += [median(waited), waited[-1], seconds_on_a_core(pid) - busy]
        [alone] = await crowd(port, page, 1)
        print(f"| {page} | " + " | ".join(f"{cell:.2f}" for cell in [alone, *cells]) + " |", flush=True)
    before, during = await hold(port, pid, sessions)
    print(f"\nMemory: {before:.0f} MiB after these visits, {during:.0f} MiB with {sessions} sessions open.")
    print(f"Load {os.getloadavg()[0]:.1f} at the end.")


def main() -> None:
    """Make the store, start the board, measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--visitors", type=int, choices=range(1, MOST + 1), metavar=f"1..{MOST}", default=20)
    parser.add_argument("--sessions", type=int, choices=range(MOST + 1), metavar=f"0..{MOST}", default=200)
    parser.add_argument("--store", help="a store to read instead of one made for this")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = options.store or SINGLE["make_store"](Path(folder) / "store.sqlite", options.rows)
        with board(store) as (port, pid):
            asyncio.run(measure(port, pid, options.visitors, options.sessions))


if __name__ == "__main__":
    main()
