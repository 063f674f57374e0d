"""Weights on disk: a safetensors file whose metadata rebuild the network.

The metadata hold `name`, `dimensions` (JSON) and `sample_rate`, and what the trainer adds.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, fields
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ..errors import InputError
from .net import Dimensions, HaaqiNet

FORMAT = "haaqinet-1"
WEIGHTS = Path(__file__).parents[1] / "weights" / "haaqinet.safetensors"  # those that are shipped


def save_model(net: HaaqiNet, path: str | Path, name: str, **notes: str) -> None:
    """Write a network's weights, dimensions and notes."""
    metadata = {
        "format": FORMAT,
        "name": name,
        "dimensions": json.dumps(asdict(net.dims)),
        "sample_rate": str(net.dims.sample_rate),
        **notes,
    }
    state = {key: value.detach().cpu().contiguous() for key, value in net.state_dict().items()}
    save_file(state, path, metadata)


def read_metadata(path: str | Path) -> dict[str, str]:
    """The metadata of a checkpoint.

    Raises:
        InputError: no such file, not a safetensors file, or not one of ours.
    """
    if not Path(path).is_file():
        raise InputError(f"weights {path}: no such file")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise InputError(f"weights {path}: not a safetensors file: {error}") from None
    if metadata.get("format") != FORMAT:
        raise InputError(f"weights {path}: format {metadata.get('format')!r} is not {FORMAT!r}")
    return metadata


def _dimensions(text: str, path: str | Path) -> Dimensions:
    values = json.loads(text)
    known = {field.name for field in fields(Dimensions)}
    if set(values) != known:
        raise InputError(f"weights {path}: dimensions {sorted(values)} are not {sorted(known)}")
    return Dimensions(**{**values, "channels": tuple(values["channels"])})


def load_model(path: str | Path, device: str = "cpu") -> HaaqiNet:
    """Rebuild a network from its checkpoint, ready to score.

    Raises:
        InputError: for a missing or foreign file, and for missing or unexpected keys or
            shapes, which the message lists.
    """
    net = HaaqiNet(_dimensions(read_metadata(path)["dimensions"], path))
    with safe_open(path, "pt", device=device) as file:
        state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dict
    own = net.state_dict()
    missing, unexpected = sorted(set(own) - set(state)), sorted(set(state) - set(own))
    if missing or unexpected:
        raise InputError(f"weights {path}: missing keys {missing}, unexpected keys {unexpected}")
    wrong = [key for key in own if own[key].shape != state[key].shape]
    if wrong:
        raise InputError(f"weights {path}: wrong shapes of {wrong}")
    net.load_state_dict(state)
    return net.to(torch.device(device)).eval()


def sha256(path: str | Path) -> str:
    """Hash of a file, 64 hex digits."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
