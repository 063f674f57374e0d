"""What else could run the networks behind the front end: bfloat16, torch.compile, ONNX; prints Markdown.

    python benchmarks/haaqinet_backends.py

The shipped HAAQI-Net, 10 s of music, one thread, the processor's seconds, best of 50 calls. In every row the
front end and the bands' description are torch's in float32 (the description's quantiles can be neither
compiled nor exported); what comes behind is the row's. Scores are compared over five conditions and two ears.
torch.compile needs a C++ compiler; ONNX needs packages that are no dependencies of ours.
"""

from __future__ import annotations

import itertools
import os
import shutil
import time
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import torch
from torch import Tensor, nn

from haaqinet_eval import Audiogram
from haaqinet_eval.model import WEIGHTS, HaaqiNet, band_losses, load_model, model_version
from haaqinet_eval.model.auditory import FRAME_RATE
from haaqinet_eval.model.description import describe_bands
from haaqinet_eval.model.dimensions import STRIDE
from haaqinet_eval.model.net import FRAME_MEMBERS, TOP, with_mean
from haaqinet_eval.model.windows import as_frames, cut
from haaqinet_eval.nalr import NalR
from haaqinet_eval.synthesis.conditions import CONDITIONS
from haaqinet_eval.synthesis.render import NFIR, SAMPLE_RATE, procedural_music

SECONDS, CALLS = 10, 50
EARS = (Audiogram((20, 25, 30, 40, 50, 55, 60, 65)), Audiogram.flat(10))
SYSTEMS = ("clean", "babble-2", "clipping-2", "lowpass-2", "tilt_down-2")
PACKAGES = ("onnx", "onnxscript", "onnxruntime")
Run = Callable[..., Tensor]


class Behind(nn.Module):
    """The clip networks of a HAAQI-Net: descriptions of a clip and of its windows to frame outputs [B, 5, N].

    Args:
        whole: the network.
        frames: N.
    """

    def __init__(self, whole: HaaqiNet, frames: int) -> None:
        super().__init__()
        self.clips, self.frames = whole.clips, frames

    def forward(self, bands: Tensor, windows: Tensor) -> Tensor:
        outputs = torch.stack([member(windows) for member in self.clips[:FRAME_MEMBERS]]).mean(0)
        outputs = outputs.unflatten(0, (len(bands), -1)).transpose(1, 2)
        mean = torch.stack([member(bands) for member in self.clips]).mean(0)
        return with_mean(as_frames(outputs, self.frames, STRIDE), mean)


def describe(whole: HaaqiNet, signal: Tensor, loss: Tensor, level1: Tensor) -> tuple[Tensor, Tensor]:
    """What `Behind` takes: descriptions of the clip [B, D, 32] and of its windows [B W, D, 32]."""
    heard = whole.front_end(signal, loss, level1)
    heard = heard._replace(envelope=heard.envelope.clamp(max=TOP))
    return describe_bands(heard, loss), describe_bands(*cut(heard, loss))


def asked() -> list[list[Tensor]]:
    """Signal, loss and level of RMS 1, each [1, ...], of music under several conditions."""
    clean = procedural_music(SECONDS, SAMPLE_RATE, np.random.default_rng(7))
    clean, nalr, out = clean / np.std(clean), NalR(NFIR, SAMPLE_RATE), []
    for ear, system in itertools.product(EARS, SYSTEMS):
        signal = CONDITIONS[system].process(clean, SAMPLE_RATE, np.random.default_rng(8))
        given = (nalr.amplify(ear, signal), band_losses(ear), np.array(65.0))
        out.append([torch.tensor(x[None], dtype=torch.float32) for x in given])
    return out


def best_of(call: Callable[[], object]) -> float:
    """Shortest of some calls, ms of the processor."""
    spent = []
    for _ in range(CALLS):
        start = time.process_time()
        call()
        spent.append(time.process_time() - start)
    return 1000 * min(spent)


def bfloat16(net: nn.Module, given: list[Tensor]) -> Run:
    """Products and convolutions in bfloat16, as autocast chooses."""
    return torch.autocast("cpu", torch.bfloat16)(net.forward)


def compiled(net: nn.Module, given: list[Tensor]) -> Run | str:
    """torch.compile, for this length of music; or what is missing."""
    compiler = os.environ.get("CXX", "g++")
    if not shutil.which(compiler):
        return f"no C++ compiler ({compiler})"
    import torch._inductor.config

    torch._inductor.config.force_disable_caches = True  # or a second run would not compile
    return torch.compile(net)


def onnx(net: nn.Module, given: list[Tensor]) -> Run | str:
    """Exported, and run by onnxruntime; or what is missing."""
    missing = [name for name in PACKAGES if not find_spec(name)]
    if missing:
        return f"pip install {' '.join(missing)}"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = torch.onnx.export(net, tuple(given), dynamo=True, verbose=False).model_proto.SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]
    return lambda *x: torch.tensor(session.run(None, dict(zip(names, map(np.asarray, x), strict=True)))[0])


def main() -> None:
    """One row for each."""
    torch.set_num_threads(1)
    whole, signals = load_model(WEIGHTS), asked()
    net = Behind(whole, -(-int(SECONDS * FRAME_RATE) // STRIDE)).eval().requires_grad_(False)
    ways = {"torch, float32": lambda *_: net, "torch, bfloat16": bfloat16}
    ways |= {"torch.compile": compiled, "onnxruntime": onnx}
    with torch.no_grad():
        described = [describe(whole, *given) for given in signals]
        before = best_of(lambda: describe(whole, *signals[0]))
        print(f"{model_version(WEIGHTS)}, torch {torch.__version__}; before the networks: {before:.1f} ms\n")
        print(
            "| networks run by | made ready in | time | of float32 | whole ear | of float32 | scores apart |"
        )
        print("|---|---:|---:|---:|---:|---:|---:|")
        first = None
        for name, make in ways.items():
            start = time.perf_counter()
            run = make(net, described[0])
            if isinstance(run, str):
                print(f"| {name} | {run} | | | | | |")
                continue
            run(*described[0])
            ready = time.perf_counter() - start
            scores = torch.cat([run(*given)[:, 0].mean(-1) for given in described])
            took = best_of(lambda run=run: run(*described[0]))
            base, exact = first = first or (took, scores)
            ear, apart = before + took, (scores - exact).abs().max()
            shares = f"{took / base:.2f} | {ear:.1f} ms | {ear / (before + base):.2f}"
            print(f"| {name} | {ready:.1f} s | {took:.2f} ms | {shares} | {apart:.0e} |", flush=True)


if __name__ == "__main__":
    main()
