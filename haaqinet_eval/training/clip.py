"""Trains networks that see the bands' description of a clip alone, by the loop that trains the others."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import InputError
from ..model import Dimensions, HaaqiNet, load_model
from ..model.clip import FEATURES, ClipMember
from ..synthesis.options import natural
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
    replayed: Tensor | None = None  # [N] bool: of the kind that the network knows already; None for none


def with_replay(
    new: Callable[[], DescribedTrials], replay: Callable[[], DescribedTrials], times: int
) -> Callable[[], DescribedTrials]:
    """Trials to train a network on with, among those of the kind that it knows, so that it forgets less.

    Args:
        new, replay: as `GrowingSplit`.
        times: how often a replayed trial comes in an epoch.

    Raises:
        InputError: for times that are no whole number from 1 on; when called, if the splits of the two
            share other things (`protocol`).
    """
    natural(times, "replay_times", 1)

    def joined() -> DescribedTrials:
        parts = [new(), *[replay()] * times]
        if len({part.protocol for part in parts}) > 1:
            raise InputError(f"replay: trials of protocol {parts[1].protocol}, not {parts[0].protocol}")
        marks = [torch.full((len(part),), n > 0) for n, part in enumerate(parts)]
        content = {field.name: [getattr(part, field.name) for part in parts] for field in fields(parts[0])}
        content |= {"protocol": [parts[0].protocol], "replayed": marks}
        return DescribedTrials(**{name: _concatenated(some) for name, some in content.items()})

    return joined


def _concatenated(parts: list) -> object:
    """Arrays one after the other; one thing of another kind is itself."""
    first = parts[0]
    if isinstance(first, Tensor):
        return torch.cat(parts)
    return np.concatenate(parts) if isinstance(first, np.ndarray) else first


def read_described(folder: str | Path, split: str) -> DescribedTrials:
    """Describe the trials of a split that exist so far, some files at a time; errors as of `split_paths`."""
    paths = split_paths(folder, split)
    parts = [paths[start : start + FILES] for start in range(0, len(paths), FILES)]
    described = [describe(Trials(**read_table(part, *HEARD))).half() for part in parts]
    return DescribedTrials(**read_table(paths), description=torch.cat(described))


class ClipTrainer(Trainer):
    """Trains a network of clip members alone.

    Raises:
        InputError: as `Trainer`; for dimensions with members of another kind, or without clip members;
            settings that need a network to start from, where there is none.
    """

    def build(self, dims: Dimensions) -> HaaqiNet:
        if dims.members or not dims.clips:
            raise InputError(f"{dims.members} members and {dims.clips} clips: a clip network has clips alone")
        settings = self.settings
        if not self.start and (settings.hold_weight or not settings.convolutions):
            name = "hold_weight" if settings.hold_weight else "convolutions=false"
            raise InputError(f"settings.{name}: needs start=, a network that is trained on")
        net = HaaqiNet(dims)
        for part in self._fixed(net):
            part.requires_grad_(False)
        return net

    def _fixed(self, net: HaaqiNet) -> list[nn.Module]:
        """Parts that are not trained."""
        if self.settings.convolutions:
            return []
        return [part for clip in net.clips for part in (clip.norm, clip.layers[: ClipMember.CONVOLUTIONS])]

    @cached_property
    def _before(self) -> nn.ModuleList:
        """Clip members of the network that training began with, on our device."""
        return load_model(self.start).clips.to(self.device).requires_grad_(False).eval()

    def build_helpers(self, dims: Dimensions) -> nn.Module:
        count = dims.clips if self.settings.condition_weight else 0
        return nn.ModuleList(nn.Linear(FEATURES, KINDS) for _ in range(count))

    def loss(self, trials: DescribedTrials, rows: np.ndarray, rng: np.random.Generator) -> Tensor:
        for part in self._fixed(self.net):
            part.eval()
        most = self.settings.band_shift
        shift = int(rng.integers(-most, most + 1))
        bands = shift_bands(trials.description[rows].float(), shift, 2).to(self.device)
        labels = trials.labels[rows].to(self.device)
        features = [clip.features(bands) for clip in self.net.clips]
        outputs = [clip.judge(x)[..., None] for clip, x in zip(self.net.clips, features, strict=True)]
        loss = sum(haaqi_loss(x, labels, self.settings) for x in outputs)
        if self.settings.hold_weight and trials.replayed is not None:
            known = trials.replayed[rows].to(self.device)
            moved = [x[..., 0] - clip(bands) for x, clip in zip(outputs, self._before, strict=True)]
            held = sum(x[known].square().sum() for x in moved) / known.numel()
            loss = loss + self.settings.hold_weight * held / labels.shape[1]
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
