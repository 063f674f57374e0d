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
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from haaqinet_eval import Audiogram, Stimulus, load_scorer
from haaqinet_eval.audio import resample
from haaqinet_eval.inference.scoring import WINDOW_MEMBERS, describe_clip, levels_of
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
MEMORY = """
import resource, sys
import numpy as np
from haaqinet_eval import Audiogram, Stimulus, load_scorer
seconds = float(sys.argv[1])
song, scorer = np.random.default_rng(7).standard_normal(int(24_000 * seconds)), load_scorer("haaqinet")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
scorer(Stimulus(song, 24_000, Audiogram.flat(40), 65.0))
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"peak memory for {seconds:g} s: {after:.0f} MB, of it {before:.0f} MB before scoring")
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
    """The shipped network: whole, in its two parts, and with many ears; on a processor by torch, too."""
    scorer = HaaqiNetScorer(device=device, threads=threads)

    def many(stimulus: Stimulus) -> Callable[[], object]:
        return lambda: scorer.score_batch([stimulus] * BATCH)

    def front_end(stimulus: Stimulus) -> Callable[[], object]:
        signal = (stimulus.processed * 10 ** (stimulus.level1 / 20)).astype(np.float32)
        return lambda: describe_clip(signal, levels_of(EAR))

    def behind(stimulus: Stimulus) -> Callable[[], object]:
        whole, windows = front_end(stimulus)()
        members = scorer.quick.members
        return lambda: [m(whole[None]) for m in members] + [m(windows) for m in members[:WINDOW_MEMBERS]]

    yield Way("`haaqinet`", lambda s: lambda: scorer(s), device)
    if scorer.quick is not None:
        yield Way("… front end alone", front_end, device)
        yield Way("… network alone", behind, device)
        by_torch = HaaqiNetScorer(device=device, threads=threads)
        by_torch.quick = None
        yield Way("… by torch, as for gradients", lambda s: lambda: by_torch(s), device)
    else:
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


def main() -> None:
    """Load time, memory, and a table for each number of threads, each in a fresh interpreter."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="3 s of music instead of 10 and 30")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="default: one, then two")
    parser.add_argument("--task", choices=("table",), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task == "table":
        table(options.threads[0], (3,) if options.quick else (10, 30))
    else:
        own = [*sys.argv, "--task"]
        tasks = [(1, ["-c", LOAD]), (1, ["-c", MEMORY, "10" if options.quick else "300"])]
        tasks += [(count, [*own, "table", "--threads", str(count)]) for count in options.threads]
        for count, arguments in tasks:
            names = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS")  # read on import
            environment = os.environ | dict.fromkeys(names, str(count))
            subprocess.run([sys.executable, *arguments], env=environment, check=True)


if __name__ == "__main__":
    main()
