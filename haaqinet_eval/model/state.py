"""Weights from anywhere: read without running code, compared before memory is taken, loaded whole or refused.

A file is never believed: its tensors are plain ones that it really holds, their names and shapes are
compared with those of a network on the meta device, and only then are their values looked at.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from ..errors import InputError
from ..io.files import written

# torch's present names of a weight norm's parts -> those of the published files
WEIGHT_NORM = {
    "parametrizations.weight.original0": "weight_g",
    "parametrizations.weight.original1": "weight_v",
}
PICKLE = b"\x80"  # how torch's older files begin
LISTED, LONGEST = 300, 100  # names in a message, letters of a name


def read_safetensors(path: str | Path, values: bool = True) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by name, on the CPU (none without `values`), and the metadata of a safetensors file.

    Raises:
        InputError: no such file, or not such a file.
    """
    if not Path(path).is_file():
        raise InputError(f"weights {path}: no such file")
    try:
        with safe_open(path, "pt") as file:
            names = file.keys() if values else ()
            return {key: file.get_tensor(key).clone() for key in names}, file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise InputError(f"weights {path}: not a safetensors file: {error}") from None


def read_metadata_json(metadata: Mapping[str, str], key: str, path: str | Path) -> dict:
    """The object that a file's metadata hold as JSON under a key.

    Raises:
        InputError: it is not there, or is no JSON of an object.
    """
    try:
        content = json.loads(metadata[key])
    except KeyError:
        raise InputError(f"weights {path}: its metadata have no {key}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"weights {path}: metadata {key}: no JSON: {error}") from None
    if not isinstance(content, dict):
        raise InputError(f"weights {path}: metadata {key}: no object but {metadata[key][:LONGEST]!r}")
    return content


def read_state(path: str | Path) -> tuple[dict[str, Tensor], dict]:
    """Tensors by name, on the CPU, and the `cfg` stored beside them (`{}` if none).

    Reads `.safetensors` (`cfg` as JSON in the metadata) and torch files: a state dict, or a
    dict with one under `model`. The prefix `module.` is dropped; weight norms get the names
    `weight_g` and `weight_v`.

    Raises:
        InputError: no such file, not such a file, or no plain tensors in it.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"weights {path}: no such file")
    if path.suffix == ".safetensors":
        state, metadata = read_safetensors(path)
        cfg = read_metadata_json(metadata, "cfg", path) if "cfg" in metadata else {}
    else:
        state, cfg = _read_torch(path)
    wrong = [str(key) for key, value in state.items() if not (isinstance(key, str) and _is_plain(value))]
    if wrong or not state:
        raise InputError(f"weights {path}: no state dict of plain tensors: {_listed(wrong) or 'empty'}")
    return {_plain_name(key): value for key, value in state.items()}, cfg


def _is_plain(value: object) -> bool:
    """Whether it is a tensor of numbers that are all there, not one number in many places."""
    if not isinstance(value, Tensor) or value.layout != torch.strided or value.is_quantized or value.is_meta:
        return False
    return value.untyped_storage().nbytes() >= value.numel() * value.element_size()


def _read_torch(path: Path) -> tuple[dict[str, Tensor], dict]:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as file:
                if any(entry.compress_type != zipfile.ZIP_STORED for entry in file.infolist()):
                    raise InputError(f"weights {path}: is compressed, which torch's files are not")
        elif path.read_bytes()[:1] != PICKLE:
            raise ValueError("neither a zip nor a pickle")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except InputError:
        raise
    except Exception as error:  # a file of any other kind makes torch raise anything
        reason = str(error).partition("\n")[0][:LONGEST]
        raise InputError(f"weights {path}: is no checkpoint of torch with plain tensors: {reason}") from None
    if not isinstance(content, Mapping):
        raise InputError(f"weights {path}: holds a {type(content).__name__}, not a state dict")
    state, cfg = content.get("model", content), content.get("cfg") or {}
    if not isinstance(state, Mapping) or not isinstance(cfg, Mapping):
        raise InputError(f"weights {path}: 'model' and 'cfg' are not both dicts")
    return dict(state), dict(cfg)


def _plain_name(key: str) -> str:
    key = key.removeprefix("module.")
    for new, old in WEIGHT_NORM.items():
        key = key.replace(new, old)
    return key


def _listed(names: list[str]) -> str:
    shown = [repr(name)[1:-1] if len(name) <= LONGEST else f"{name[:LONGEST]!r}…" for name in names[:LISTED]]
    more = [f"and {len(names) - LISTED} more"] if len(names) > LISTED else []
    return ", ".join([*shown, *more])


def compare_shapes(
    wanted: Mapping[str, tuple[int, ...]], state: Mapping[str, Tensor], path: str | Path
) -> None:
    """Refuse tensors that are not those of a network.

    Raises:
        InputError: lists every key that is missing, unexpected or of another shape.
    """
    faults = {
        "missing": [key for key in wanted if key not in state],
        "unexpected": [key for key in state if key not in wanted],
        "of another shape": [
            f"{key} {tuple(state[key].shape)} instead of {shape}"
            for key, shape in wanted.items()
            if key in state and tuple(state[key].shape) != shape
        ],
    }
    if any(faults.values()):
        text = "; ".join(f"{len(keys)} {fault}: {_listed(keys)}" for fault, keys in faults.items() if keys)
        raise InputError(f"weights {path}: keys {text}")


def load_strictly(
    net: nn.Module, state: Mapping[str, Tensor], path: str | Path, frozen: bool = True
) -> nn.Module:
    """Give a network built on the meta device exactly the tensors of `state`, in float32.

    The network comes back in eval mode, its parameters frozen if so asked, else as they were built.

    Raises:
        InputError: lists every key that is missing, unexpected, of another shape or no real number,
            or values that are not finite.
    """
    own = net.state_dict()
    compare_shapes({key: tuple(value.shape) for key, value in own.items()}, state, path)
    kinds = {key: value.is_floating_point() for key, value in own.items()}
    wrong = [
        f"{key} {state[key].dtype}"
        for key, real in kinds.items()
        if state[key].is_complex() or state[key].is_floating_point() != real
    ]
    if wrong:
        raise InputError(f"weights {path}: keys {len(wrong)} of another kind: {_listed(wrong)}")
    loaded = {key: state[key].to(torch.float32 if real else torch.int64) for key, real in kinds.items()}
    wrong = [key for key, value in loaded.items() if not value.isfinite().all()]
    if wrong:
        raise InputError(f"weights {path}: values that are not finite in {_listed(wrong)}")
    net.load_state_dict(loaded, assign=True)
    return net.eval().requires_grad_(False) if frozen else net.eval()


def write_tensors(path: str | Path, state: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write a safetensors file, whole or not at all.

    Raises:
        InputError, Stopped: where it cannot be written.
    """
    with written(path, binary=True) as file:
        file.write(save(dict(state), dict(metadata)))


def write_state(path: str | Path, net: nn.Module, cfg: Mapping, **notes: str) -> None:
    """Write a network's tensors as safetensors, with `cfg` (JSON) and notes as metadata."""
    state = {key: value.detach().cpu().clone().contiguous() for key, value in net.state_dict().items()}
    write_tensors(path, state, {"cfg": json.dumps(dict(cfg)), **notes})
