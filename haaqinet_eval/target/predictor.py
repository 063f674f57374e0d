"""A trained scorer that knows the target: its model, the network that guesses roles, and their features."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ..audio import rms
from ..audiogram import Audiogram
from ..errors import InputError
from ..model import band_losses
from .asked import Asked
from .ear import Heard
from .expected import in_steps
from .features import compare, fine_levels
from .gains import describe_ear, describe_gains
from .model import TargetModel, pack, part_of, unpack
from .roles import RoleNet

FORMAT = "haaqinet-target-2"


class KnownScene:
    """A scene as far as it is known: what there was to process, for whom, and what was asked for.

    Args:
        net: guesses the roles.
        mixture: as the listener hears it.
        audiogram, level1: of the ear; dB SPL of RMS 1.
        gains: dB by stem.
    """

    def __init__(
        self, net: RoleNet, mixture: Heard, audiogram: Audiogram, level1: float, gains: Mapping[str, float]
    ) -> None:
        self.mixture, self.level1 = mixture, level1
        tiles, envelope = fine_levels(mixture, level1), in_steps(mixture.envelope)
        self.asked = Asked(net, tiles, envelope, band_losses(audiogram), gains)
        self.constant = describe_gains(gains) | describe_ear(audiogram, level1, rms(mixture.signal))

    def features(self, output: Heard) -> dict[str, float]:
        """All features of an output, in time with the mixture and as long."""
        tiles, envelope = fine_levels(output, self.level1), in_steps(output.envelope)
        return compare(output, self.mixture) | self.constant | self.asked.describe(tiles, envelope)


def save_target(path: str | Path, model: TargetModel, net: RoleNet, **notes: str) -> None:
    """Write the model and the roles' network as safetensors."""
    arrays = pack(model) | {f"roles.{name}": t.numpy() for name, t in net.state_dict().items()}
    cfg = {"format": FORMAT, "names": model.names, "margin": model.margin}
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: np.ascontiguousarray(a) for name, a in arrays.items()}, path, {"cfg": json.dumps(cfg), **notes}
    )


def load_target(path: str | Path) -> tuple[TargetModel, RoleNet]:
    """Read what `save_target` wrote.

    Raises:
        InputError: no such file, or not such a file.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"weights {path}: no such file")
    try:
        with safe_open(path, "numpy") as file:
            cfg = json.loads((file.metadata() or {}).get("cfg", "{}"))
            if cfg.get("format") != FORMAT:
                raise InputError(f"weights {path}: format {cfg.get('format')!r}, not {FORMAT}")
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, json.JSONDecodeError) as error:
        raise InputError(f"weights {path}: not a safetensors file: {error}") from None
    net = RoleNet()
    net.load_state_dict(part_of(arrays, "roles."))
    return unpack(arrays, cfg["names"], cfg["margin"]), net.eval().requires_grad_(False)
