"""Weights on disk: a safetensors file whose metadata rebuild the network.

The metadata hold `format`, `name`, `dimensions` (JSON) and `sample_rate`, and what the trainer adds; of
joined networks `sources` (JSON), one entry of `describe_source` a file.
Three kinds of networks are read, and the authors' own files; see `load_model`.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ..errors import InputError
from .net import Dimensions, HaaqiNet
from .official import FORMAT as OFFICIAL
from .official import OfficialAdapter, load_official
from .paper import PaperDimensions, PaperNet

FORMAT, PAPER = "haaqinet-2", "haaqinet-paper-1"
KINDS = {FORMAT: (Dimensions, HaaqiNet), PAPER: (PaperDimensions, PaperNet)}
LATER = {"music"}  # dimensions that older files lack, and then have by default
TOLD = ("note", "settings", "data", "trials", "epoch", "sources")  # of a training; JSON but for the note
WEIGHTS = Path(__file__).parents[1] / "weights" / "haaqinet.safetensors"  # those that are shipped


def save_model(net: HaaqiNet | PaperNet, path: str | Path, name: str, **notes: str) -> None:
    """Write a network's weights, dimensions and notes; beside clip members, which are large, as float16.

    The file is written whole or not at all.
    """
    metadata = {
        "format": FORMAT if isinstance(net, HaaqiNet) else PAPER,
        "name": name,
        "dimensions": json.dumps(asdict(net.dims)),
        "sample_rate": str(net.dims.sample_rate),
        **notes,
    }
    state = {key: value.detach().cpu().clone().contiguous() for key, value in net.state_dict().items()}
    if any(key.startswith("clips.") for key in state):  # filters, not norms nor what says how sure it is
        large = [
            key for key, value in state.items() if value.ndim > 1 and key.startswith(("clips.", "members."))
        ]
        state |= {key: state[key].half() for key in large}
    part = Path(path).with_suffix(".part")
    save_file(state, part, metadata)
    os.replace(part, path)


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
    known = (*KINDS, OFFICIAL)
    if metadata.get("format") not in known:
        raise InputError(f"weights {path}: format {metadata.get('format')!r} is none of {', '.join(known)}")
    return metadata


def describe_source(path: str | Path) -> dict[str, Any]:
    """What a checkpoint is and tells of its training, for the metadata of one that it becomes a part of.

    Returns:
        `name`, `sha256`, and those of `TOLD` that it has; `sources` are what it was itself joined of.
    """
    metadata = read_metadata(path)
    told: dict[str, Any] = {key: metadata[key] for key in TOLD if metadata.get(key)}
    for key in told.keys() - {"note"}:
        with suppress(json.JSONDecodeError):
            told[key] = json.loads(told[key])
    return {"name": metadata.get("name", "official"), "sha256": sha256(path), **told}


def _dimensions(kind: type, text: str, path: str | Path) -> Dimensions | PaperDimensions:
    values = json.loads(text)
    known = {field.name for field in fields(kind)}
    if set(values) - known or known - set(values) - LATER:
        raise InputError(f"weights {path}: dimensions {sorted(values)} are not {sorted(known)}")
    return kind(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})


def find_device(name: str) -> torch.device:
    """A device by torch's name of it: "cpu", "cuda", "cuda:1", …

    Raises:
        InputError: for a name that torch does not know, or a device that is not there.
    """
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"device={name}: {str(error).splitlines()[0]}") from None
    return device


def load_model(
    path: str | Path, device: str = "cpu", beats: str | Path | None = None
) -> HaaqiNet | PaperNet | OfficialAdapter:
    """Rebuild a network from its checkpoint, ready to score.

    Args:
        path: a `.safetensors` file of ours, of the paper's design or not, or one of
            `convert_official`; any other file is read as one of the authors' (`load_official`).
        device: torch's name of the device to score on.
        beats: the BEATs file of an authors' teacher that holds none.

    Raises:
        InputError: for a missing or foreign file, for missing or unexpected keys or
            shapes, which the message lists, and as `find_device`.
    """
    place = find_device(device)
    if Path(path).suffix != ".safetensors" or read_metadata(path)["format"] == OFFICIAL:
        return OfficialAdapter(load_official(path, beats)).to(place).eval()
    metadata = read_metadata(path)
    dims, cls = KINDS[metadata["format"]]
    net = cls(_dimensions(dims, metadata["dimensions"], path))
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
    return net.to(place).eval()


def model_version(path: str | Path) -> str:
    """Name and hash of a checkpoint: `"first-9d7da362d4f3"`; the authors' are called "official"."""
    named = Path(path).suffix == ".safetensors"
    name = read_metadata(path).get("name", "official") if named else "official"
    return f"{name}-{sha256(path)[:12]}"


def sha256(path: str | Path) -> str:
    """Hash of a file, 64 hex digits."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
