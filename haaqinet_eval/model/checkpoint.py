"""Weights on disk: a safetensors file whose metadata rebuild the network.

The metadata hold `format`, `name`, `dimensions` (JSON) and `sample_rate`, and what the trainer adds; of
joined networks `sources` (JSON), one entry of `describe_source` a file.
Three kinds of networks are read, and the authors' own files; see `load_model`.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..errors import InputError
from ..io.files import sha256
from .dimensions import Dimensions
from .net import HaaqiNet
from .network import Network
from .state import load_strictly, read_metadata_json, read_safetensors, write_tensors

FORMATS = OURS, PAPER, OFFICIAL = "haaqinet-2", "haaqinet-paper-1", "haaqinet-official-1"
OPTIONAL_FIELDS = {"music"}  # dimensions that older files lack, and then have by default
# of a training; JSON but for the note
PROVENANCE_KEYS = ("note", "settings", "data", "trials", "epoch", "sources")
LONGEST = 64  # letters of a name
WEIGHTS = Path(__file__).parents[1] / "weights" / "haaqinet.safetensors"  # those that are shipped


def save_model(net: Network, path: str | Path, name: str, **notes: str) -> None:
    """Write a network's weights, dimensions and notes; beside clip members, which are large, as float16.

    The file is written whole or not at all.
    """
    metadata = {
        "format": net.format,
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
    write_tensors(path, state, metadata)


def read_metadata(path: str | Path) -> dict[str, str]:
    """The metadata of a checkpoint.

    Raises:
        InputError: no such file, not a safetensors file, or not one of ours.
    """
    return _known(read_safetensors(path, values=False)[1], path)


def _known(metadata: dict[str, str], path: str | Path) -> dict[str, str]:
    if metadata.get("format") not in FORMATS:
        raise InputError(f"weights {path}: format {metadata.get('format')!r} is none of {', '.join(FORMATS)}")
    name = metadata.get("name", "official")
    if not (name.isprintable() and 0 < len(name) <= LONGEST):
        raise InputError(f"weights {path}: name {name[:LONGEST]!r} is no line of 1 to {LONGEST} letters")
    return metadata


def describe_source(path: str | Path) -> dict[str, Any]:
    """What a checkpoint is and tells of its training, for the metadata of one that it becomes a part of.

    Returns:
        `name`, `sha256`, and those of `PROVENANCE_KEYS` that it has; `sources` are what it was joined of.
    """
    metadata = read_metadata(path)
    told: dict[str, Any] = {key: metadata[key] for key in PROVENANCE_KEYS if metadata.get(key)}
    for key in told.keys() - {"note"}:
        with suppress(json.JSONDecodeError):
            told[key] = json.loads(told[key])
    return {"name": metadata.get("name", "official"), "sha256": sha256(path), **told}


def _dimensions(kind: type, metadata: dict[str, str], path: str | Path) -> Any:
    values = read_metadata_json(metadata, "dimensions", path)
    known = {field.name for field in fields(kind)}
    if set(values) - known or known - set(values) - OPTIONAL_FIELDS:
        raise InputError(f"{sorted(values)} are not {sorted(known)}")
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


def _design(format: str) -> tuple[type, type[Network]]:
    """Dimensions and network of a format; what is not shipped is imported when it is asked for."""
    if format == OURS:
        return Dimensions, HaaqiNet
    from .paper import PaperDimensions, PaperNet

    return PaperDimensions, PaperNet


def load_model(path: str | Path, device: str = "cpu", beats: str | Path | None = None) -> Network:
    """Rebuild a network from its checkpoint, ready to score.

    Args:
        path: a `.safetensors` file of ours, of the paper's design or not, or one of
            `convert_official`; any other file is read as one of the authors' (`load_official`).
        device: torch's name of the device to score on.
        beats: the BEATs file of an authors' teacher that holds none.

    Raises:
        InputError: for a missing or foreign file, impossible dimensions, keys that are missing,
            unexpected or of another shape, which the message lists, values that are not finite, and as
            `find_device`.
    """
    place = find_device(device)
    if Path(path).suffix != ".safetensors" or read_metadata(path)["format"] == OFFICIAL:
        from .paper import OfficialAdapter, load_official

        return OfficialAdapter(load_official(path, beats)).to(place).eval()
    state, metadata = read_safetensors(path)
    dims, cls = _design(metadata["format"])
    try:
        with torch.device("meta"):
            net = cls(_dimensions(dims, metadata, path))
    except InputError as error:
        raise InputError(f"weights {path}: dimensions: {error}") from None
    return load_strictly(net, state, path, frozen=False).to(place)


def model_version(path: str | Path, net: nn.Module | None = None) -> str:
    """Name and hash of a checkpoint: `"first-9d7da362d4f3"`; the authors' are called "official".

    Args:
        path: the checkpoint.
        net: what `load_model` made of it; tells the authors' student from their teacher.
    """
    name = getattr(net, "name", "official")
    if Path(path).suffix == ".safetensors":
        name = read_metadata(path).get("name", name)
    return f"{name}-{sha256(path)[:12]}"
