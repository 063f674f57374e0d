"""Seconds an ear: pyclarity's HAAQI, our HAAQI, HAAQI-Net and its parts, in one run; prints Markdown.

    python benchmarks/haaqinet_speed.py [--quick] [--threads 1]

Only the ratios mean something: they are taken within one run on one machine. On one thread the seconds
are the processor's, so that other work on the machine counts as little as it can; on more they are the
clock's.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable

RATE = 24_000  # Hz
BATCH = 32
LEVELS = (20, 25, 30, 40, 50, 55, 60, 65)  # dB HL
LOAD = """
import time
start = time.perf_counter()
from haaqinet_eval import load_scorer
load_scorer("haaqinet")
print(f"{time.perf_counter() - start:.2f} s, {time.process_time():.2f} s of the processor")
"""


def best_of(call: Callable[[], object], times: int, threads: int) -> float:
    """Shortest of some runs, s."""
    clock = time.process_time if threads == 1 else time.perf_counter
    seconds = []
    for _ in range(times):
        start = clock()
        call()
        seconds.append(clock() - start)
    return min(seconds)


def given(seconds: float):
    """Music in babble, amplified, with its amplified reference."""
    import numpy as np

    from haaqinet_eval import Audiogram, Stimulus
    from haaqinet_eval.nalr import NalR
    from haaqinet_eval.synthesis.degradations import babble
    from haaqinet_eval.synthesis.render import procedural_music

    rng, ear, nalr = np.random.default_rng(7), Audiogram(LEVELS), NalR(140, RATE)
    clean = np.resize(procedural_music(min(seconds, 15), RATE, rng), int(seconds * RATE))
    clean /= np.std(clean)
    processed = nalr.amplify(ear, babble(clean, RATE, rng, snr_db=10))
    return Stimulus(processed, RATE, ear, 65.0, nalr.amplify(ear, clean), equalisation=2)


def parts(net, stimulus, device: str) -> dict[str, Callable[[], object]]:
    """The front end and what is behind it, each by itself."""
    import torch

    from haaqinet_eval.model import band_losses

    signal = torch.tensor(stimulus.processed, dtype=torch.float32, device=device)[None]
    loss = torch.tensor(band_losses(stimulus.audiogram), dtype=torch.float32, device=device)[None]
    level1 = torch.tensor([65.0], device=device)
    with torch.inference_mode():
        heard = net.front_end(signal, loss, level1)
    return {
        "front end alone": torch.inference_mode()(lambda: net.front_end(signal, loss, level1)),
        "network alone": torch.inference_mode()(lambda: net.score_features(heard, loss)),
    }


def designs(stimulus) -> dict[str, Callable[[], object]]:
    """Networks of the paper's design with random weights: their time does not depend on them."""
    import torch

    from haaqinet_eval.audio import resample
    from haaqinet_eval.model import PaperDimensions, start_net

    calls = {}
    for name in ("spectrogram", "distilbeats", "beats"):
        net = start_net(PaperDimensions(front_end=name), None if name == "spectrogram" else "random").eval()
        heard = resample(stimulus.processed, RATE, net.dims.sample_rate)
        asked = (torch.tensor(heard[None]).float(), torch.tensor([LEVELS]).float(), torch.tensor([65.0]))
        calls[f"paper's design, {name}"] = torch.inference_mode()(lambda n=net, a=asked: n(*a))
    return calls


def times_of(seconds: float, threads: int, nets: dict) -> None:
    """Rows for one length of music."""
    import numpy as np
    from clarity.evaluator.haaqi import compute_haaqi
    from clarity.utils.audiogram import Audiogram as ClarityAudiogram

    from haaqinet_eval import load_scorer

    stimulus, haaqi = given(seconds), load_scorer("haaqi")
    theirs = ClarityAudiogram(np.array(LEVELS), np.array(stimulus.audiogram.frequencies))

    def pyclarity(samples: int | None = None) -> None:
        pair = (stimulus.processed[:samples], stimulus.reference[:samples])
        compute_haaqi(*pair, RATE, RATE, theirs, 2)

    calls = {"`haaqi`": lambda: haaqi(stimulus)}
    for device, scorer in nets.items():
        calls[f"`haaqinet`, {device}"] = lambda s=scorer: s(stimulus)
        calls |= {f"… {name}, {device}": c for name, c in parts(scorer.net, stimulus, device).items()}
        ears = [stimulus] * BATCH
        calls[f"`haaqinet`, {device}, {BATCH} ears at once"] = lambda s=scorer, e=ears: s.score_batch(e)
    if seconds <= 10:  # what costs more than it tells at 30 s
        calls |= designs(stimulus)
    pyclarity(2 * RATE)  # numba compiles
    slow = best_of(pyclarity, 1, threads)
    print(f"| {seconds:g} s | pyclarity's HAAQI | {slow:.2f} s | 1 |")
    for name, call in calls.items():
        call()
        many = BATCH if "at once" in name else 1
        took = best_of(call, 1 if many > 1 or "beats" in name else 7, threads) / many
        print(f"| | {name} | {took:.4f} s | {slow / took:.0f} |", flush=True)


def memory(seconds: float) -> None:
    """Peak memory of this process, once it has scored a song."""
    import numpy as np

    from haaqinet_eval import Audiogram, Stimulus, load_scorer

    song = np.random.default_rng(7).standard_normal(int(seconds * RATE))
    scorer = load_scorer("haaqinet")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    scorer(Stimulus(song, RATE, Audiogram(LEVELS), 65.0))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory for {seconds:g} s: {after:.0f} MB, of it {before:.0f} MB before scoring")


def main() -> None:
    """Load time, times, memory."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="3 s of music instead of 10 and 30")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--memory", type=float, metavar="SECONDS", help="only the peak memory of a song")
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(options.threads)  # read when the packages are imported
    if options.memory:
        memory(options.memory)
        return
    print("`haaqinet` loads in", subprocess.check_output([sys.executable, "-c", LOAD], text=True).strip())
    song = str(10 if options.quick else 300)
    print(subprocess.check_output([sys.executable, __file__, "--memory", song], text=True))

    import torch

    from haaqinet_eval.scorers.haaqinet import HaaqiNetScorer

    torch.set_num_threads(options.threads)
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    nets = {device: HaaqiNetScorer(device=device, threads=options.threads) for device in devices}
    print(f"{options.threads} thread(s), {nets['cpu'].version}\n")
    print("| music | scorer | an ear | times pyclarity |\n|---|---|---:|---:|")
    for seconds in (3,) if options.quick else (10, 30):
        times_of(seconds, options.threads, nets)


if __name__ == "__main__":
    main()
