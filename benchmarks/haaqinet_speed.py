"""Seconds an ear: pyclarity's HAAQI, ours, HAAQI-Net and the paper's front ends, in one run; prints Markdown.

    python benchmarks/haaqinet_speed.py [--quick] [--threads 1 2]

Only the ratios mean something: they are taken within one run on one machine. On one thread a processor's
seconds are its own, so that other work on the machine counts as little as it can; on two threads, and on a
GPU, they are the clock's. Each number of threads has a process of its own.

Front ends of the paper's design have random weights: their time does not depend on them. One ear at a time
and 32 at once; of those designs, 32 at once are of 10 s only (of 30 s they would take over a minute, and the
spectrogram's attention 30 GB), and BEATs and the speech models take one ear (32 would take minutes). On a
processor, what takes long is timed once, and the rest is the best of 7.
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from haaqinet_eval import Audiogram, Stimulus, load_scorer
from haaqinet_eval.audio import resample
from haaqinet_eval.model import band_losses
from haaqinet_eval.model.paper import PaperDimensions, start_net
from haaqinet_eval.scorers.haaqinet import HaaqiNetScorer

RATE = 24_000  # Hz
BATCH = 32
EAR = Audiogram((20, 25, 30, 40, 50, 55, 60, 65))
DESIGNS = ("spectrogram", "distilbeats", "beats", "wav2vec2_large", "hubert_large", "wavlm_large")
PAPER = 62.52 / (0.063 + 0.027)  # s, "Efficiency Evaluation": HAAQI by the distilled network's two stages
LOAD = """
import time
start = time.perf_counter()
from haaqinet_eval import load_scorer
version = load_scorer("haaqinet").version
spent = time.perf_counter() - start
print(f"`haaqinet` ({version}) loads in {spent:.2f} s, {time.process_time():.2f} s of the processor")
"""


@dataclass(frozen=True)
class Way:
    """A way to a score."""

    name: str
    prepare: Callable[[Stimulus], Callable[[], object]]  # to the call that is timed
    device: str = "cpu"
    ears: int = 1  # a call
    longest: float = math.inf  # s of music
    slow: bool = False

    def seconds(self, stimulus: Stimulus, threads: int) -> float:
        """Shortest time an ear of some calls, s."""
        cpu = self.device == "cpu"
        clock = time.process_time if cpu and threads == 1 else time.perf_counter
        finish = (lambda: None) if cpu else torch.cuda.synchronize
        call, spent = self.prepare(stimulus), []
        for _ in range(1 if cpu and self.slow else 7):
            finish()
            start = clock()
            call()
            finish()
            spent.append(clock() - start)
        return min(spent) / self.ears


def given(seconds: float) -> Stimulus:
    """Music in babble, amplified, with its amplified reference."""
    from haaqinet_eval.nalr import NalR
    from haaqinet_eval.synthesis.degradations import babble
    from haaqinet_eval.synthesis.render import procedural_music

    rng, nalr = np.random.default_rng(7), NalR(140, RATE)
    clean = np.resize(procedural_music(min(seconds, 15), RATE, rng), int(seconds * RATE))
    clean /= np.std(clean)
    processed = nalr.amplify(EAR, babble(clean, RATE, rng, snr_db=10))
    return Stimulus(processed, RATE, EAR, 65.0, nalr.amplify(EAR, clean), amplified=True)


def pyclarity(stimulus: Stimulus) -> Callable[[], object]:
    """pyclarity's HAAQI."""
    from clarity.evaluator.haaqi import compute_haaqi
    from clarity.utils.audiogram import Audiogram as ClarityAudiogram

    ear = ClarityAudiogram(np.array(EAR.levels), np.array(EAR.frequencies))
    return lambda: compute_haaqi(stimulus.processed, stimulus.reference, RATE, RATE, ear, 2)


def network(device: str, threads: int) -> Iterator[Way]:
    """The shipped network: whole, in its two parts, and with many ears."""
    scorer = HaaqiNetScorer(device=device, threads=threads)
    net = scorer.net

    def part(stimulus: Stimulus, behind: bool) -> Callable[[], object]:
        asked = (stimulus.processed[None], band_losses(EAR)[None], [stimulus.level1])
        asked = [torch.tensor(x, dtype=torch.float32, device=device) for x in asked]
        with torch.inference_mode():
            heard = net.front_end(*asked)
        call = (lambda: net.score_features(heard, asked[1])) if behind else (lambda: net.front_end(*asked))
        return torch.inference_mode()(call)

    def many(stimulus: Stimulus) -> Callable[[], object]:
        return lambda: scorer.score_batch([stimulus] * BATCH)

    yield Way("`haaqinet`", lambda s: lambda: scorer(s), device)
    yield Way("… front end alone", lambda s: part(s, False), device)
    yield Way("… network alone", lambda s: part(s, True), device)
    yield Way(f"… {BATCH} ears at once", many, device, ears=BATCH, slow=True)


def design(name: str, device: str) -> Iterator[Way]:
    """The paper's design with one of its front ends."""
    options = {"front_end": "ssl", "encoder": {"name": name}} if "large" in name else {"front_end": name}
    net = start_net(PaperDimensions(**options), None if name == "spectrogram" else "random").eval().to(device)

    def prepare(stimulus: Stimulus, ears: int = 1) -> Callable[[], object]:
        signal = resample(stimulus.processed, RATE, net.dims.sample_rate)
        asked = (torch.tensor(x, device=device).float() for x in (signal, EAR.levels, stimulus.level1))
        asked = [x.expand(ears, *x.shape) for x in asked]
        return torch.inference_mode()(lambda: net(*asked))

    small = name in ("spectrogram", "distilbeats")
    yield Way(f"paper's design, {name}", prepare, device, slow=not small)
    if small:
        many = {"ears": BATCH, "longest": 10, "slow": True}
        yield Way(f"… {BATCH} ears at once", lambda s: prepare(s, BATCH), device, **many)


def ways(threads: int) -> Iterator[Way]:
    """All of them, pyclarity first; a network is made when its turn comes."""
    haaqi = load_scorer("haaqi")
    yield Way("pyclarity's HAAQI", pyclarity, slow=True)
    yield Way("`haaqi`", lambda s: lambda: haaqi(s))
    for device in ("cpu", "cuda")[: 1 + torch.cuda.is_available()]:
        yield from network(device, threads)
        for name in DESIGNS:
            yield from design(name, device)


def table(threads: int, lengths: tuple[int, ...]) -> None:
    """A row for each way, and the paper's own ratio."""
    torch.set_num_threads(threads)
    stimuli = {seconds: given(seconds) for seconds in (2, *lengths)}
    columns = "".join(f" {seconds} s | times pyclarity |" for seconds in lengths)
    print(f"\n{threads} thread(s)\n\n| scorer | on |{columns}\n|---|---|{'---:|---:|' * len(lengths)}")
    slowest, distilled = {}, {}
    for way in ways(threads):
        way.prepare(stimuli[2])()  # compiles, fills caches
        print(f"| {way.name} | {way.device} |", end="", flush=True)
        for seconds in lengths:
            if seconds > way.longest:
                print(" | |", end="")
                continue
            took = way.seconds(stimuli[seconds], threads)
            ratio = slowest.setdefault(seconds, took) / took
            print(f" {took:.3g} s | {ratio:.{0 if ratio >= 10 else 1}f} |", end="", flush=True)
            if way.name.endswith("distilbeats"):
                distilled[way.device] = f"1/{ratio:.0f} ({way.device})"
        print()
    print(
        f"\nThe paper's distilled network (30 s of music, machine not named): 1/{PAPER:.0f} of HAAQI's time;"
    )
    print(f"distilbeats here ({lengths[-1]} s): {', '.join(distilled.values())} of pyclarity's")


def memory(seconds: float) -> None:
    """Peak memory of this process, once it has scored a song."""
    song = np.random.default_rng(7).standard_normal(int(seconds * RATE))
    scorer = load_scorer("haaqinet")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    scorer(Stimulus(song, RATE, EAR, 65.0))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory for {seconds:g} s: {after:.0f} MB, of it {before:.0f} MB before scoring")


def main() -> None:
    """Load time, memory, and a table for each number of threads, each in a fresh interpreter."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="3 s of music instead of 10 and 30")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="default: one, then two")
    parser.add_argument("--task", choices=("memory", "table"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task == "memory":
        memory(10 if options.quick else 300)
    elif options.task == "table":
        table(options.threads[0], (3,) if options.quick else (10, 30))
    else:
        own = [*sys.argv, "--task"]
        tasks = [(1, ["-c", LOAD]), (1, [*own, "memory"])]
        tasks += [(count, [*own, "table", "--threads", str(count)]) for count in options.threads]
        for count, arguments in tasks:
            names = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS")  # read on import
            environment = os.environ | dict.fromkeys(names, str(count))
            subprocess.run([sys.executable, *arguments], env=environment, check=True)


if __name__ == "__main__":
    main()
