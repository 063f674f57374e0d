"""A trained scorer that knows the target: its model, the network that guesses roles, and their features."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save

from ..audio import rms
from ..audiogram import Audiogram
from ..errors import InputError
from ..io.files import written
from ..model import band_losses
from ..model.state import load_strictly, read_metadata_json, read_safetensors
from .ear import AuditoryFeatures
from .expected import in_steps
from .features import compare, fine_levels
from .gain_features import GainFeatures
from .gains import describe_ear, describe_gains
from .model import TargetModel, pack, part_of, settings_of, unpack
from .stems import RoleNet

FORMAT, EARLIER = "haaqinet-target-3", "haaqinet-target-2"


class KnownScene:
    """A scene as far as it is known: what there was to process, for whom, and what was asked for.

    Args:
        net: guesses the roles.
        mixture: as the listener hears it.
        audiogram, level1: of the ear; dB SPL of RMS 1.
        gains: dB by stem.
    """

    def __init__(
        self,
        net: RoleNet,
        mixture: AuditoryFeatures,
        audiogram: Audiogram,
        level1: float,
        gains: Mapping[str, float],
    ) -> None:
        self.mixture, self.level1 = mixture, level1
        tiles, envelope = fine_levels(mixture, level1), in_steps(mixture.envelope)
        self.asked = GainFeatures(net, mixture.signal, tiles, envelope, band_losses(audiogram), gains)
        self.constant = describe_gains(gains) | describe_ear(audiogram, level1, rms(mixture.signal))

    @cached_property
    def unprocessed(self) -> dict[str, float]:
        """Features of the mixture itself, as an output."""
        return self.features(self.mixture)

    def features(self, output: AuditoryFeatures) -> dict[str, float]:
        """All features of an output, in time with the mixture and as long."""
        tiles, envelope = fine_levels(output, self.level1), in_steps(output.envelope)
        return (
            compare(output, self.mixture)
            | self.constant
            | self.asked.describe(output.signal, tiles, envelope)
        )


def save_target(path: str | Path, model: TargetModel, net: RoleNet, **notes: str) -> None:
    """Write the model and the roles' network as safetensors."""
    arrays = pack(model) | {f"roles.{name}": t.numpy() for name, t in net.state_dict().items()}
    cfg = {"format": FORMAT, **settings_of(model)}
    tensors = {name: np.ascontiguousarray(a) for name, a in arrays.items()}
    with written(path, binary=True) as file:
        file.write(save(tensors, {"cfg": json.dumps(cfg), **notes}))


def load_target(path: str | Path) -> tuple[TargetModel, RoleNet]:
    """Read what `save_target` wrote.

    Raises:
        InputError: no such file, not such a file, or one whose parts do not fit.
    """
    state, metadata = read_safetensors(path)
    cfg = read_metadata_json(metadata, "cfg", path) if "cfg" in metadata else {}
    if cfg.get("format") not in (FORMAT, EARLIER):
        raise InputError(f"weights {path}: format {cfg.get('format')!r}, not {FORMAT}")
    with torch.device("meta"):
        net = RoleNet()
    load_strictly(net, part_of(state, "roles."), path)
    rest = {key: value for key, value in state.items() if not key.startswith("roles.")}
    return unpack(rest, cfg, path), net
