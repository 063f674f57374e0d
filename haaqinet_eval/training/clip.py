"""Trains networks that see the bands' description of a clip alone, by the loop that trains the others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..model import Dimensions, HaaqiNet
from .cache import HEARD, Trials, TrialTable, read_table, split_paths
from .confidence import describe
from .loop import Trainer, haaqi_loss, shift_bands, summarise

FILES = 500  # read at a time


@dataclass(frozen=True, eq=False, kw_only=True)
class DescribedTrials(TrialTable):
    """The trials of one split as their descriptions."""

    description: Tensor  # [N, D, 32] float16


def read_described(folder: str | Path, split: str) -> DescribedTrials:
    """Describe the trials of a split that exist so far, some files at a time; errors as of `split_paths`."""
    paths = split_paths(folder, split)
    parts = [paths[start : start + FILES] for start in range(0, len(paths), FILES)]
    described = [describe(Trials(**read_table(part, *HEARD))).half() for part in parts]
    return DescribedTrials(**read_table(paths), description=torch.cat(described))


class ClipTrainer(Trainer):
    """Trains a network of clip members alone.

    Raises:
        InputError: as `Trainer`; for dimensions with members of another kind, or without clip members.
    """

    def build(self, dims: Dimensions) -> HaaqiNet:
        if dims.members or not dims.clips:
            raise InputError(f"{dims.members} members and {dims.clips} clips: a clip network has clips alone")
        return HaaqiNet(dims)

    def loss(self, trials: DescribedTrials, rows: np.ndarray, rng: np.random.Generator) -> Tensor:
        most = self.settings.band_shift
        shift = int(rng.integers(-most, most + 1))
        bands = shift_bands(trials.description[rows].float(), shift, 2).to(self.device)
        labels = trials.labels[rows].to(self.device)
        return sum(haaqi_loss(clip(bands)[..., None], labels, self.settings) for clip in self.net.clips)

    @torch.inference_mode()
    def measure(self, validation: DescribedTrials) -> dict[str, float]:
        self.average.eval()
        parts = [x.float().to(self.device) for x in validation.description.split(512)]
        outputs = [torch.stack([clip(x) for clip in self.average.clips]) for x in parts]
        return summarise(torch.cat(outputs, 1).mean(0)[:, 0].cpu().numpy(), validation)
