"""Seconds an ear: pyclarity's HAAQI, our HAAQI, and HAAQI-Net, in one run; prints Markdown.

    python benchmarks/haaqinet_speed.py [--quick] [--threads 1]

Only the ratios mean something: they are taken within one run on one machine.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

RATE = 24_000  # Hz


def best_of(call: Callable[[], object], times: int) -> float:
    """Shortest of some runs, s."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def main() -> None:
    """Time the three on the same ear."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="3 s of music instead of 10 and 30")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(options.threads)  # read when the packages are imported

    import numpy as np
    import torch
    from clarity.evaluator.haaqi import compute_haaqi
    from clarity.utils.audiogram import Audiogram as ClarityAudiogram

    from haaqinet_eval import Audiogram, Stimulus, load_scorer
    from haaqinet_eval.nalr import NalR
    from haaqinet_eval.synthesis.degradations import babble
    from haaqinet_eval.synthesis.render import procedural_music

    torch.set_num_threads(options.threads)
    ear = Audiogram((20, 25, 30, 40, 50, 55, 60, 65))
    theirs = ClarityAudiogram(np.array(ear.levels), np.array(ear.frequencies))
    start = time.perf_counter()
    net = load_scorer("haaqinet")
    print(
        f"{options.threads} thread(s); HAAQI-Net {net.version} loads in {time.perf_counter() - start:.2f} s\n"
    )
    haaqi = load_scorer("haaqi")
    print("| music | pyclarity | HAAQI here | HAAQI-Net | pyclarity / HAAQI-Net | HAAQI here / HAAQI-Net |")
    print("|---|---|---|---|---|---|")
    for seconds in (3,) if options.quick else (10, 30):
        rng = np.random.default_rng(7)
        clean = np.resize(procedural_music(min(seconds, 15), RATE, rng), seconds * RATE)
        clean /= np.std(clean)
        nalr = NalR(140, RATE)
        reference = nalr.amplify(ear, clean)
        processed = nalr.amplify(ear, babble(clean, RATE, rng, snr_db=10))
        given = Stimulus(processed, RATE, ear, 65.0, reference, equalisation=2)
        short = Stimulus(processed[: 2 * RATE], RATE, ear, 65.0, reference[: 2 * RATE], equalisation=2)
        compute_haaqi(short.processed, short.reference, RATE, RATE, theirs, 2)  # numba compiles
        haaqi(short)
        net(given)
        slow = best_of(lambda: compute_haaqi(processed, reference, RATE, RATE, theirs, 2), 1)  # noqa: B023
        fast = best_of(lambda: haaqi(given), 3)  # noqa: B023
        ours = best_of(lambda: net(given), 5)  # noqa: B023
        print(
            f"| {seconds} s | {slow:.2f} s | {fast:.3f} s | {ours:.4f} s "
            f"| {slow / ours:.0f} | {fast / ours:.1f} |"
        )


if __name__ == "__main__":
    main()
