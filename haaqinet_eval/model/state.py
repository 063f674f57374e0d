"""Weights that others published: read without running code, load without leaving anything random."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ..errors import InputError

# torch's present names of a weight norm's parts -> those of the published files
WEIGHT_NORM = {
    "parametrizations.weight.original0": "weight_g",
    "parametrizations.weight.original1": "weight_v",
}


def read_state(path: str | Path) -> tuple[dict[str, Tensor], dict]:
    """Tensors by name, in float32 on the CPU, and the `cfg` stored beside them (`{}` if none).

    Reads `.safetensors` (`cfg` as JSON in the metadata) and torch files: a state dict, or a
    dict with one under `model`. The prefix `module.` is dropped; weight norms get the names
    `weight_g` and `weight_v`.

    Raises:
        InputError: no such file, not such a file, no tensors in it, or values that are not finite.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"weights {path}: no such file")
    read = _read_safetensors if path.suffix == ".safetensors" else _read_torch
    state, cfg = read(path)
    wrong = [str(key) for key, value in state.items() if not isinstance(value, Tensor)]
    if wrong or not state:
        raise InputError(f"weights {path}: no state dict of tensors: {_listed(wrong) or 'empty'}")
    state = {_plain(key): value.float() for key, value in state.items()}
    wrong = [key for key, value in state.items() if not value.isfinite().all()]
    if wrong:
        raise InputError(f"weights {path}: values that are not finite in {_listed(wrong)}")
    return state, cfg


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict]:
    try:
        with safe_open(path, "pt") as file:
            cfg = json.loads((file.metadata() or {}).get("cfg", "{}"))
            return {key: file.get_tensor(key) for key in file.keys()}, cfg  # noqa: SIM118
    except (SafetensorError, json.JSONDecodeError) as error:
        raise InputError(f"weights {path}: not a safetensors file: {error}") from None


def _read_torch(path: Path) -> tuple[dict[str, Tensor], dict]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"weights {path}: not a torch file of plain tensors: {reason}") from None
    if not isinstance(content, Mapping):
        raise InputError(f"weights {path}: holds a {type(content).__name__}, not a state dict")
    state, cfg = content.get("model", content), content.get("cfg") or {}
    if not isinstance(state, Mapping) or not isinstance(cfg, Mapping):
        raise InputError(f"weights {path}: 'model' and 'cfg' are not both dicts")
    return dict(state), dict(cfg)


def _plain(key: str) -> str:
    key = key.removeprefix("module.")
    for new, old in WEIGHT_NORM.items():
        key = key.replace(new, old)
    return key


def _listed(names: list[str]) -> str:
    return ", ".join(names)


def load_strictly(net: nn.Module, state: Mapping[str, Tensor], path: str | Path) -> nn.Module:
    """Give a network built on the meta device exactly the tensors of `state`.

    The network comes back in eval mode, its parameters frozen.

    Raises:
        InputError: lists every key that is missing, unexpected or of another shape.
    """
    shapes = {key: tuple(value.shape) for key, value in net.state_dict().items()}
    faults = {
        "missing": [key for key in shapes if key not in state],
        "unexpected": [key for key in state if key not in shapes],
        "of another shape": [
            f"{key} {tuple(state[key].shape)} instead of {shape}"
            for key, shape in shapes.items()
            if key in state and tuple(state[key].shape) != shape
        ],
    }
    if any(faults.values()):
        text = "; ".join(f"{len(keys)} {fault}: {_listed(keys)}" for fault, keys in faults.items() if keys)
        raise InputError(f"weights {path}: keys {text}")
    net.load_state_dict(state, assign=True)
    return net.eval().requires_grad_(False)


def write_state(path: str | Path, net: nn.Module, cfg: Mapping, **notes: str) -> None:
    """Write a network's tensors as safetensors, with `cfg` (JSON) and notes as metadata."""
    state = {key: value.detach().cpu().clone().contiguous() for key, value in net.state_dict().items()}
    save_file(state, path, {"cfg": json.dumps(dict(cfg)), **notes})
