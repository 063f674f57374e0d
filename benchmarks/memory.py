"""How much memory does exact HAAQI take, by length of the song?

    python benchmarks/memory.py               # 30 s, 5 and 20 minutes
    python benchmarks/memory.py 10 --rate 24000

Prints Markdown. Every row is a process of its own that loads two signals (float32, one ear each), imports the
package and scores once, on one thread; its peak is the operating system's (`ru_maxrss`), and so is what
it had before it scored. Songs are a minute of plucked notes, played again and again. The score is the
same, whatever the memory.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

MIB = 2**10  # kB, as `ru_maxrss` has them
WAYS = {
    "once": "compute_haaqi",
    "kept": "Reference.score",
    "hasqi": "hasqi_v2",
}


def write_song(folder: Path, seconds: float, rate: int) -> None:
    """Reference and processed signal, float32 [T] each."""
    from haaqi_speed import RATE, clip

    from haaqinet_eval.audio import resample

    for name, signal in zip(("reference", "processed"), clip(min(seconds, 60)), strict=True):
        at_rate = resample(signal, RATE, rate).astype(np.float32)
        np.save(folder / f"{name}.npy", np.resize(at_rate, int(seconds * rate)))


def run_task(folder: Path, way: str, rate: int) -> dict:
    """In a fresh process: peak memory (MiB) before and after a score, and the processor's seconds."""
    from haaqi_speed import LEVEL1, LISTENER

    from haaqinet_eval.haaqi import Reference, compute_haaqi
    from haaqinet_eval.hasqi import hasqi_v2

    reference, processed = (np.load(folder / f"{name}.npy") for name in ("reference", "processed"))
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    np.random.seed(1)
    if way == "once":
        score = compute_haaqi(processed, reference, rate, rate, LISTENER, 1, LEVEL1)
    elif way == "kept":
        score = Reference(reference, rate, LISTENER, 1, LEVEL1, 1).score(processed, rate).value
    else:
        score = hasqi_v2(reference, rate, processed, rate, LISTENER, 1, LEVEL1)[0]
    spent, peak = time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"before": before / MIB, "peak": peak / MIB, "seconds": spent, "score": score}


def measure(folder: Path, way: str, rate: int) -> dict:
    """`run_task` in a fresh interpreter."""
    command = [sys.executable, __file__, "--task", way, "--folder", str(folder), "--rate", str(rate)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("minutes", type=float, nargs="*", default=[0.5, 5, 20])
    parser.add_argument("--rate", type=int, default=44100, help="Hz (default 44100)")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        print(json.dumps(run_task(options.folder, options.task, options.rate)))
        return
    print("| song | way | before, MiB | peak, MiB | processor's s | score |\n|---|---|---:|---:|---:|---:|")
    for minutes in options.minutes:
        with tempfile.TemporaryDirectory() as folder:
            write_song(Path(folder), 60 * minutes, options.rate)
            for way, name in WAYS.items():
                m = measure(Path(folder), way, options.rate)
                cells = f"{m['before']:.0f}", f"{m['peak']:.0f}", f"{m['seconds']:.2f}", f"{m['score']:.10f}"
                print(f"| {minutes:g} min | `{name}` | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
