"""How long workers wait to write their rows when many share a store.

    python benchmarks/writers.py --writers 8 --rate 24

Makes a store (see `store.py`) with 100,000 rows, and lets so many processes score at once. Each writes
a pair's rows per round, so many rounds a second in all, and every 5 s it beats and brings the figures
up to date (a worker: every 30 s). Prints the rounds that were held, and how long they took.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from store import CHALLENGE, SCORERS, fill, make_trials

from haaqinet_eval.scores import Score
from haaqinet_eval.store import (
    StoredScores,
    System,
    claim,
    heartbeat,
    open_store,
    refresh,
    register_challenge,
    submit,
)
from haaqinet_eval.trials import Trial

SCENES = 125  # of 20 listeners with two ears each
REFRESH = 5.0  # s between two updates of the figures


def write(url: str, number: int, trials: list[Trial], pause: float, seconds: float, times) -> None:
    """Score one submission, a pair's rows a round; `times` takes the rounds' seconds."""
    store = open_store(url)
    system = System(f"W{number:03}", "writer")
    entry, _ = submit(store, CHALLENGE, system, sha256=f"w{number}", scorers=[name for name, _ in SCORERS])
    held = claim(store, f"writer {number}", id=entry.id)
    rows, waited = StoredScores(store, entry), []
    pairs = [trials[i : i + 2] for i in range(0, len(trials), 2)]
    begun = refreshed = time.perf_counter()
    while (start := time.perf_counter()) - begun < seconds:
        pair = pairs[len(waited) % len(pairs)]
        rows.append(
            Score(
                *(replace(t, system=system.name), *scorer),
                *(0.5, {"linear": 0.5}, 0.25),
            )
            for t in pair
            for scorer in SCORERS
        )
        waited.append(time.perf_counter() - start)
        if start - refreshed > REFRESH:
            assert heartbeat(store, held)
            refresh(store, [entry.id])
            refreshed = start
        time.sleep(max(0.0, start + pause - time.perf_counter()))
    store.close()
    times.put(waited)


def main() -> None:
    """Make the store, let the writers write, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--rate", type=float, default=24.0, help="rounds a second, of all writers together")
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'store.sqlite'}"
        rng = np.random.default_rng(1)
        trials, listeners = make_trials(SCENES, rng)
        store = open_store(url)
        register_challenge(store, CHALLENGE, trials, listeners)
        fill(store, trials, 10, rng)
        store.close()
        context = multiprocessing.get_context("spawn")
        times = context.Queue()
        more = (trials, options.writers / options.rate, options.seconds, times)
        workers = [context.Process(target=write, args=(url, k, *more)) for k in range(options.writers)]
        for worker in workers:
            worker.start()
        waited = np.concatenate([times.get() for _ in workers])
        for worker in workers:
            worker.join()
    median, most = np.quantile(waited, (0.5, 0.99))
    print(f"{options.writers} writers, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores: ", end="")
    print(f"{len(waited) / options.seconds:.1f} rounds a second; s: median {median:.3f}, ", end="")
    print(f"99 % below {most:.3f}, longest {waited.max():.3f}")


if __name__ == "__main__":
    main()
