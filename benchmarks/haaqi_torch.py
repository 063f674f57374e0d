"""HAAQI in torch: how near to the exact one, how fast and how large, forward and backward.

    python benchmarks/haaqi_torch.py             # speed, memory, agreement on tests/haaqi_cases.py
    python benchmarks/haaqi_torch.py --speed     # speed and memory alone

Prints text. Trials longer than 9 s are left out. Speed is the processor's time of one ear on one thread, the
reference heard before; memory is the operating system's peak of the process.
"""

import argparse
import os
import resource
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import numpy as np
import torch

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "tests")]

from haaqi_cases import COUNT, make_case  # noqa: E402
from haaqi_speed import LEVEL1, LISTENER, RATE, clip  # noqa: E402

from haaqinet_eval.audio import resample  # noqa: E402
from haaqinet_eval.audiogram import Audiogram  # noqa: E402
from haaqinet_eval.haaqi import Reference  # noqa: E402
from haaqinet_eval.model.haaqi import DifferentiableHaaqi  # noqa: E402

LONGEST = 9.0  # s


def agreement() -> None:
    """How far the scores are from the exact ones, and whether all gradients are finite."""
    apart, finite = [], 0
    for index in range(COUNT):
        case = make_case(index)
        if len(case.reference) > LONGEST * case.reference_rate:
            continue
        ear = Audiogram(case.levels), case.equalisation, case.level1
        exact = Reference(case.reference, case.reference_rate, *ear)
        expected = exact.score(case.processed, case.processed_rate).value
        processed = torch.tensor(case.processed[None], dtype=torch.float32, requires_grad=True)
        model = DifferentiableHaaqi([case.reference], case.reference_rate, [ear[0]], *ear[1:])
        score = model(processed, case.processed_rate).value
        score.sum().backward()
        apart.append(abs(score.item() - expected))
        finite += bool(torch.isfinite(processed.grad).all())
    apart = np.array(apart)
    near = 100 * np.mean(apart <= 0.005)
    print(f"{len(apart)} trials: within .005 {near:.1f} %, median {np.median(apart):.1e},")
    print(
        f"95 % within {np.quantile(apart, 0.95):.1e}, worst {apart.max():.1e}; gradients finite in {finite}"
    )


def speed(seconds: float, repeats: int = 3) -> None:
    """Processor's seconds of both passes over an ear at 24 kHz, the median."""
    music, processed = (resample(signal, RATE, 24000) for signal in clip(seconds))
    model = DifferentiableHaaqi([music], 24000, [LISTENER], 1, LEVEL1)
    spent = []
    for _ in range(repeats + 1):
        signal = torch.tensor(processed[None], dtype=torch.float32, requires_grad=True)
        start = time.process_time()
        value = model(signal).value.sum()
        forward = time.process_time() - start
        value.backward()
        spent.append((forward, time.process_time() - start))
    forward, both = np.median(spent[1:], axis=0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(f"{seconds:g} s: forward {forward:.2f} s, both passes {both:.2f} s; peak so far {peak:.0f} MiB")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speed", action="store_true", help="leave agreement out")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for seconds in (1, 4, 10):
        speed(seconds)
    if not options.speed:
        agreement()


if __name__ == "__main__":
    main()
