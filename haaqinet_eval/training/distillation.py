"""Distils BEATs into three layers while HAAQI-Net is trained on top of them: the rows of Table IV.

Loss: Eq. 9, that of the score (Eq. 3) plus that of the mimicked layers (Eq. 4). Wisnu et al., "HAAQI-Net".
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..model import find_device, load_model
from ..model.paper import PaperDimensions, PaperNet, load_beats, load_official
from ..model.paper.beats import Beats
from ..model.paper.distilbeats import DistilBeats, distillation_loss
from ..model.paper.features import Patches, full_scale
from ..model.paper.head import PaperHead, quality_loss
from ..model.paper.official import Teacher
from ..model.state import read_state
from .objective import Settings
from .paper import SignalTrainer, inputs, stretch
from .signals import SignalTrials


@dataclass(frozen=True)
class Distillation:
    """What distinguishes the rows of Table IV, but for `weighted`, which is the network's."""

    heads: str = "independent"  # "single", "sequential" or "independent"
    adaptive: bool = False  # Eq. 4's weights of clips; else "L1 + Cosine"
    as_printed: bool = False  # Eq. 7 as printed, see `distilbeats.layer_losses`
    tuned: bool = False  # BLSTM, attention and the layers between go on learning
    weight: float = 1.0  # of the distillation loss; Eq. 9 has 1


@dataclass(frozen=True, eq=False)
class Source:
    """What a student learns from."""

    beats: Beats
    head: PaperHead | None = None  # its scores' head, if it has one
    dims: dict | None = None  # that head's part of `PaperDimensions`


def load_teacher(path: str | Path, beats: str | Path | None = None) -> Source:
    """A teacher from a file: BEATs alone, an authors' teacher, or a network of ours on top of BEATs.

    Args:
        path: the file.
        beats: the BEATs file of an authors' teacher that holds none.

    Raises:
        InputError: for a file of another kind, or as `load_model` and `load_beats`.
    """
    names = read_state(path)[0]
    if "blstm.weight_ih_l0" in names:
        net = load_official(path, beats)
        if isinstance(net, Teacher):
            own = {"adapter": net.linear0.out_features, "average": 1, "level_scale": 1.0}
            return Source(net.beats_model, net, own)
    elif "head.blstm.weight_ih_l0" in names:
        net = load_model(path)
        if net.dims.front_end == "beats":
            own = {key: getattr(net.dims, key) for key in ("adapter", "average", "level_scale")}
            return Source(net.front_end.net, net.head, own)
    else:
        return Source(load_beats(path))
    raise InputError(f"teacher {path}: is no network on top of BEATs")


def start_student(source: Source, dims: PaperDimensions, heads: str, tuned: bool) -> PaperNet:
    """A student with the teacher's first layers and, where it has one, its head.

    The head's sizes are the teacher's; the weights of Eq. 2 are new, as the student has other layers.

    Raises:
        InputError: `heads` is unknown, BEATs has fewer than 12 layers, or the head is to stay as it is
            and there is none.
    """
    student = DistilBeats.from_beats(source.beats, heads)
    encoder = {**asdict(source.beats.config), "finetuned_model": False, "heads": heads}
    dims = replace(dims, front_end="distilbeats", encoder=encoder, frozen=False)
    if source.head is None:
        if not tuned:
            raise InputError("the teacher has no head that could stay as it is: set tuned=true")
        return PaperNet(dims, Patches(student))
    sizes = {"hidden": source.head.blstm.hidden_size, "linear": source.head.linear1.out_features}
    net = PaperNet(replace(dims, **sizes, **source.dims), Patches(student))
    taken = {
        key: value
        for key, value in source.head.state_dict().items()
        if key in net.head.state_dict() and not key.startswith(("weights", "layer_norm."))
    }
    net.head.load_state_dict(taken, strict=False)
    for name, parameter in net.head.named_parameters():
        parameter.requires_grad_(tuned or name not in taken)
    return net


class DistilTrainer(SignalTrainer):
    """Trains a student; `source` is the teacher, which stays as it is."""

    def __init__(
        self,
        folder: str | Path,
        settings: Settings,
        dims: PaperDimensions,
        name: str,
        source: Source,
        distillation: Distillation,
        device: str = "cpu",
    ) -> None:
        self.distillation, self.source = distillation, source
        self.beats = source.beats.to(find_device(device)).eval().requires_grad_(False)
        super().__init__(folder, settings, dims, name, device=device)

    def build(self, dims: PaperDimensions) -> PaperNet:
        return start_student(self.source, dims, self.distillation.heads, self.distillation.tuned)

    def _resume(self, about: str) -> None:
        super()._resume(about + json.dumps(asdict(self.distillation)))

    def loss(self, trials: SignalTrials, rows: np.ndarray, rng: np.random.Generator) -> Tensor:
        signals, levels, level1 = inputs(trials, rows, self.net, stretch(self.settings.crop, rng))
        how = self.distillation
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.bfloat16):
            with torch.no_grad():
                layers = self.beats.layers(full_scale(signals, level1))
            predictions = self.net.features(signals, levels, level1)
            tokens = self.net.token_scores(predictions, levels)
        targets = layers[:, list(self.net.front_end.net.mimicked)].float()
        quality = quality_loss(tokens.float(), trials.labels[rows, 0].to(self.device))
        distil = distillation_loss(predictions.float(), targets, how.adaptive, how.as_printed)
        return quality + how.weight * distil
