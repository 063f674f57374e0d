"""Trains networks of the paper's design from waveforms, by the loop that trains ours; loss: Eq. 3."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..model import HaaqiNet, Network
from ..model.paper import PaperDimensions, PaperNet, start_net
from ..model.paper.head import quality_loss
from .cache import TrialTable, read_split
from .loop import Trainer
from .measures import predict, summarise
from .objective import Settings
from .signals import SignalTrials, read_signals


def inputs(
    trials: SignalTrials, rows: np.ndarray, net: Network, part: tuple[float, float] = (0.0, 1.0)
) -> tuple[Tensor, Tensor, Tensor]:
    """What a network hears of some trials, on its device: signals [B, T], levels [B, 8], level1 [B]."""
    device = next(net.parameters()).device
    level1 = torch.from_numpy(trials.level1[rows]).float()
    signals = trials.signals(rows, net.dims.sample_rate, part)
    return signals.to(device), trials.levels[rows].to(device), level1.to(device)


@torch.inference_mode()
def predict_signals(net: Network, trials: SignalTrials, batch_size: int = 8) -> np.ndarray:
    """Clip scores [N, 1] of a network that hears waveforms: the paper's design, or the authors' files."""
    net.eval()
    batches = np.array_split(np.arange(len(trials)), max(len(trials) // batch_size, 1))
    return torch.cat([net(*inputs(trials, rows, net)).mean(-1).cpu() for rows in batches]).numpy()


def predict_split(
    net: Network, folder: str | Path, split: str, with_signals: bool = False
) -> tuple[np.ndarray, TrialTable]:
    """What a network of any kind predicts of a split, [N, 5] or [N, 1], and the trials.

    Args:
        net: a network.
        folder, split: of the cache.
        with_signals: ours, too, gets only the trials whose signals are kept, which are all others hear.
    """
    if isinstance(net, HaaqiNet):
        trials = read_split(folder, split, with_signals)
        return predict(net, trials), trials
    trials = read_signals(folder, split)
    return predict_signals(net, trials), trials


def stretch(crop: tuple[float, float], rng: np.random.Generator) -> tuple[float, float]:
    """Where a random part of a clip begins and ends, as shares; its length is between two shares."""
    length = rng.uniform(*crop)
    start = rng.uniform(0, 1 - length)
    return start, start + length


class SignalTrainer(Trainer):
    """Trains a `PaperNet` on `SignalTrials`; of the settings' augmentations only `crop` counts.

    Args:
        weights: of the front end, see `model.start_net`.
        folder, settings, dims, name, start, device: as of `Trainer`.
    """

    def __init__(
        self,
        folder: str | Path,
        settings: Settings,
        dims: PaperDimensions,
        name: str,
        start: str | Path | None = None,
        device: str = "cpu",
        weights: str | Path | None = None,
    ) -> None:
        self.weights = weights
        super().__init__(folder, settings, dims, name, start, device)
        if self.net.dims.frozen:
            self.average.front_end = self.net.front_end  # one copy of what does not change

    def build(self, dims: PaperDimensions) -> PaperNet:
        return start_net(dims, self.weights)

    def loss(self, trials: SignalTrials, rows: np.ndarray, rng: np.random.Generator) -> Tensor:
        signals, levels, level1 = inputs(trials, rows, self.net, stretch(self.settings.crop, rng))
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.bfloat16):
            features = self.net.features(signals, levels, level1)
            tokens = self.net.token_scores(features, levels)
        return quality_loss(tokens.float(), trials.labels[rows, 0].to(self.device))

    def measure(self, validation: SignalTrials) -> dict[str, float]:
        return summarise(predict_signals(self.average, validation)[:, 0], validation)
