"""How much faster is our HAAQI than pyclarity's? Both run side by side, in turn.

    python benchmarks/haaqi_speed.py            # 10 s and 30 s clips, start-up, memory
    python benchmarks/haaqi_speed.py --quick    # 10 s clips only, one repetition

Prints Markdown. Times are medians; ratios compare runs that alternate on the same machine. On one thread they
are the processor's, so that other work on the machine counts as little as it can; on two, the clock's.
Every row also says how far the two scores, from the same seed, are apart.
"""

import argparse
import json
import logging
import os
import re
import resource
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

from haaqinet_eval.audiogram import Audiogram  # noqa: E402

RATE = 44100
LISTENER = Audiogram((20, 25, 30, 40, 50, 55, 60, 65))
LEVEL1 = 95.0


def clip(seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Plucked notes and a clipped, noisy, late copy: [T] each."""
    rng = np.random.RandomState(1)
    samples = int(seconds * RATE)
    music = 0.01 * rng.standard_normal(samples)
    for start in range(0, samples - RATE // 2, RATE // 6):
        age = np.arange(RATE // 2) / RATE
        for harmonic in range(1, 7):
            wave = np.sin(2 * np.pi * harmonic * 110 * 2 ** (rng.randint(24) / 12) * age)
            music[start : start + len(age)] += 0.2 / harmonic * wave * np.exp(-6 * age)
    processed = np.clip(np.roll(music, 200), -0.25, 0.25) + 0.005 * rng.standard_normal(samples)
    return music, processed


def timed(function) -> tuple[float, object]:
    """Wall-clock seconds and result."""
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def timed_twice(function) -> tuple[float, float, object]:
    """Seconds of the processor and on the clock, and result."""
    start = time.process_time()
    spent, result = timed(function)
    return time.process_time() - start, spent, result


def compare(seconds: float, repeats: int) -> list[str]:
    """Rows of the speed table for one length of clip."""
    from clarity.evaluator.haaqi import compute_haaqi as theirs
    from clarity.utils.audiogram import Audiogram as ClarityAudiogram

    from haaqinet_eval.haaqi import Reference, compute_haaqi, set_threads

    music, processed = clip(seconds)
    listener = ClarityAudiogram(np.array(LISTENER.levels))
    kept = Reference(music, RATE, LISTENER, 1, LEVEL1, rng=1)

    def seeded(function, audiogram):
        np.random.seed(1)
        return function(processed, music, RATE, RATE, audiogram, 1, LEVEL1)

    ways = {
        ("pyclarity", 1): lambda: seeded(theirs, listener),
        ("ours", 1): lambda: seeded(compute_haaqi, LISTENER),
        ("ours, reference kept", 1): lambda: kept.score(processed, RATE).value,
        ("ours", 2): lambda: seeded(compute_haaqi, LISTENER),
        ("ours, reference kept", 2): lambda: kept.score(processed, RATE).value,
    }
    times, clocks = ({way: [] for way in ways} for _ in range(2))
    values = {}
    for repeat in range(repeats + 1):  # the first warms up: compilation, caches, kept reference
        for way, run in ways.items():
            if repeat == 0 and way[0] == "pyclarity":
                continue
            set_threads(way[1])
            ours = way[0] != "pyclarity"
            if ours:  # after another scorer and another number of threads the caches hold other data
                run()
            for _ in range(3 if ours else 1):
                spent, clock, values[way] = timed_twice(run)
                if repeat:
                    times[way].append(spent)
                    clocks[way].append(clock)
    medians, by_clock = ({way: statistics.median(t) for way, t in some.items()} for some in (times, clocks))
    rows = []
    for way in ways:
        apart = abs(values[way] - values["pyclarity", 1])
        of = medians if way[1] == 1 else by_clock
        median, base, single = of[way], of["pyclarity", 1], by_clock[way[0], 1] / by_clock[way]
        cells = (
            f"{seconds:g} s",
            *way,
            f"{median:.3f}",
            f"{base / median:.1f}",
            f"{single:.2f}",
            f"{apart:.0e}",
        )
        rows.append(f"| {' | '.join(map(str, cells))} |")
    return rows


def second_processor() -> float:
    """How much faster two threads do plain arithmetic here and now: 2 on an idle machine, 1 on a busy one."""
    from numba import njit

    from haaqinet_eval.haaqi.threads import each, set_threads

    @njit(nogil=True)
    def work(count):
        total = 0.0
        for i in range(count):
            total += np.sin(total + i)
        return total

    work(1)
    spent = {}
    for count in (1, 2) * 3:
        set_threads(count)
        spent.setdefault(count, []).append(timed(lambda: each(work, (5_000_000, 5_000_000)))[0])
    return statistics.median(spent[1]) / statistics.median(spent[2])


def child(task: str) -> dict:
    """Run this script's `task` in a fresh interpreter."""
    environment = {**os.environ, "NUMBA_NUM_THREADS": "2"}
    out = subprocess.run(
        [sys.executable, __file__, "--task", task], capture_output=True, text=True, env=environment
    )
    if out.returncode:
        raise SystemExit(out.stderr)
    return json.loads(out.stdout)


def peak_memory() -> float:
    """MB that this process has held at most; on Linux without what its parent held."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run_task(task: str) -> dict:
    """In a fresh interpreter: seconds from import to the first score, or peak memory (MB)."""
    kind, _, seconds = task.partition(":")
    music, processed = clip(float(seconds))
    start = time.perf_counter()
    from haaqinet_eval.haaqi import Reference, compute_haaqi, set_threads

    if kind == "kept":
        reference = Reference(music, RATE, LISTENER, 1, LEVEL1)
        score = reference.score(processed, RATE).value
    else:
        set_threads(1 if kind == "one" else 2)
        score = compute_haaqi(processed, music, RATE, RATE, LISTENER, 1, LEVEL1)
    spent = time.perf_counter() - start
    return {"seconds": spent, "peak": peak_memory(), "score": score}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="10 s clips only, one repetition, no 5-minute song"
    )
    parser.add_argument("--repeats", type=int, default=3, help="rounds over all ways (default 3)")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    if options.task:
        print(json.dumps(run_task(options.task)))
        return
    print("| clip | HAAQI | threads | seconds | times pyclarity | times one thread | scores apart |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for seconds in (10,) if options.quick else (10, 30):
        for row in compare(seconds, 1 if options.quick else options.repeats):
            print(row, flush=True)
    print(f"\nTwo threads of plain arithmetic, measured now: {second_processor():.2f} times one")
    start = min(child("one:0.6")["seconds"] for _ in range(3))
    print(f"Start-up from numba's cache, import and first score (of 0.6 s of music): {start:.2f} s")
    for seconds, kinds in ((30, ("one", "two", "kept")), (300, ("one", "two", "kept"))):
        if seconds > 30 and options.quick:
            continue
        for kind in kinds:
            peak = child(f"{kind}:{seconds}")["peak"]
            ways = {"one": "one thread", "two": "two threads", "kept": "reference kept, two threads"}
            print(f"Peak memory of the process, {seconds} s clip, {ways[kind]}: {peak:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
