"""Trains networks that see the bands' description of a clip alone, by the loop that trains the others."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import InputError
from ..model import Dimensions, HaaqiNet
from ..model.clip import FEATURES
from .augmentation import shift_bands
from .cache import HEARD, Trials, TrialTable, read_table, split_paths
from .confidence import describe
from .loop import Trainer
from .measures import summarise
from .objective import haaqi_loss

FILES = 500  # read at a time
KINDS = 1024  # that conditions are told apart as


@lru_cache(maxsize=KINDS)
def kind_of(condition: str) -> int:
    """A number for a condition's name, from 0 to `KINDS`; few share one."""
    return zlib.crc32(condition.encode()) % KINDS


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

    def build_helpers(self, dims: Dimensions) -> nn.Module:
        count = dims.clips if self.settings.condition_weight else 0
        return nn.ModuleList(nn.Linear(FEATURES, KINDS) for _ in range(count))

    def loss(self, trials: DescribedTrials, rows: np.ndarray, rng: np.random.Generator) -> Tensor:
        most = self.settings.band_shift
        shift = int(rng.integers(-most, most + 1))
        bands = shift_bands(trials.description[rows].float(), shift, 2).to(self.device)
        labels = trials.labels[rows].to(self.device)
        features = [clip.features(bands) for clip in self.net.clips]
        outputs = [clip.judge(x)[..., None] for clip, x in zip(self.net.clips, features, strict=True)]
        loss = sum(haaqi_loss(x, labels, self.settings) for x in outputs)
        if not self.helpers:
            return loss
        kinds = torch.tensor([kind_of(name) for name in trials.systems[rows]], device=self.device)
        told = zip(self.helpers, features, strict=True)
        return loss + self.settings.condition_weight * sum(
            nn.functional.cross_entropy(tell(x), kinds) for tell, x in told
        )

    @torch.inference_mode()
    def measure(self, validation: DescribedTrials) -> dict[str, float]:
        self.average.eval()
        parts = [x.float().to(self.device) for x in validation.description.split(512)]
        outputs = [torch.stack([clip(x) for clip in self.average.clips]) for x in parts]
        return summarise(torch.cat(outputs, 1).mean(0)[:, 0].cpu().numpy(), validation)
