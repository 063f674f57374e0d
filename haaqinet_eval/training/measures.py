"""What a network predicts of cached trials, and how well."""

from __future__ import annotations

import math

import numpy as np
import torch

from ..analysis.agreement import agreement
from ..model import FrontEndOutput, HaaqiNet
from .cache import Trials


def on_device(device: torch.device, heard: FrontEndOutput) -> FrontEndOutput:
    return FrontEndOutput(*(None if x is None else x.to(device) for x in heard))


@torch.inference_mode()
def predict(net: HaaqiNet, trials: Trials, batch_size: int = 64) -> np.ndarray:
    """Clip outputs [N, 5] of a network for cached trials."""
    net.eval()
    device, out = next(net.parameters()).device, []
    for start in range(0, len(trials), batch_size):
        rows = slice(start, start + batch_size)
        outputs = net.score_features(
            on_device(device, trials.heard(rows)), trials.hearing_loss[rows].to(device)
        )
        out.append(outputs.mean(-1).cpu())
    return torch.cat(out).numpy()


def measure(net: HaaqiNet, trials: Trials) -> dict[str, float]:
    """Agreement on a split, and the mean score of untouched music (NaN where there is none)."""
    return summarise(predict(net, trials)[:, 0], trials)


def summarise(predicted: np.ndarray, trials: Trials) -> dict[str, float]:
    """The same of given scores [N]."""
    result = agreement(predicted, trials.labels[:, 0].numpy())
    clean = predicted[trials.systems == "clean"]
    mean = float(clean.mean()) if len(clean) else math.nan
    return {"lcc": result.lcc, "srcc": result.srcc, "mse": result.mse, "bias": result.bias, "clean": mean}
