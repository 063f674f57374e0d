"""A checkpoint read without torch, if `inference` scores with it and nothing is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..haaqi.cochlea import BANDS, RATE
from ..io.files import sha256
from .network import FEATURES, GROUPS, HIDDEN, INNER, LISTENING, OUTPUTS, Tensors
from .texture import TEXTURE

DESCRIPTION = 24 + TEXTURE  # numbers a band
LONGEST = 64  # letters of a name
MOST, WIDEST = 64, 16_384  # members, channels
DIMENSIONS = {  # of a checkpoint, and of what kind they are
    "front_end": str,
    "sample_rate": int,
    "filters": int,
    "channels": list,
    "features": int,
    "context": int,
    "dropout": float,
    "members": int,
    "clips": int,
    "clip_channels": int,
    "confidence": bool,
    "music": bool,
}


def read_sound(path: Path) -> tuple[Tensors, dict[str, Any], str] | None:
    """Tensors, dimensions and version of a checkpoint; None for any that torch must load or refuse.

    Raises:
        ModuleNotFoundError: safetensors is not installed.
    """
    from safetensors import SafetensorError, safe_open

    if path.suffix != ".safetensors" or not path.is_file():
        return None
    try:
        with safe_open(path, "np") as file:
            metadata = file.metadata() or {}
            dims, name = _dimensions(metadata), metadata.get("name", "")
            if dims is None or not (name.isprintable() and 0 < len(name) <= LONGEST):
                return None
            wanted = _shapes(dims)
            if {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()} != wanted:  # noqa: SIM118
                return None
            tensors = {key: file.get_tensor(key) for key in wanted}
    except (SafetensorError, OSError, TypeError):
        return None
    if not all(_is_sound(key, value) for key, value in tensors.items()):
        return None
    return tensors, dims, f"{name}-{sha256(path)[:12]}"


def _is_sound(key: str, value: np.ndarray) -> bool:
    if key.endswith("num_batches_tracked"):
        return np.issubdtype(value.dtype, np.integer)
    return np.issubdtype(value.dtype, np.floating) and bool(np.isfinite(value).all())


def _dimensions(metadata: dict[str, str]) -> dict[str, Any] | None:
    """Those of a network whose score the clip members make, None for any other."""
    try:
        dims = {"music": False, **json.loads(metadata["dimensions"])}
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    ours = metadata.get("format") == "haaqinet-2" and dims.keys() == DIMENSIONS.keys()
    if not ours or any(type(dims[key]) is not kind for key, kind in DIMENSIONS.items()):
        return None
    known = dims["front_end"] == "auditory" and dims["sample_rate"] == RATE and dims["members"] == 0
    channels = dims["channels"]
    widths = [dims[key] for key in ("filters", "features")] + channels
    sound = len(channels) == 3 and all(type(n) is int and 1 <= n <= WIDEST for n in widths)
    sound = sound and dims["filters"] % 2 == 0 and 0 <= dims["dropout"] <= 0.99
    sizes = all(4 <= dims[key] <= WIDEST for key in ("context", "clip_channels"))
    return dims if known and sound and sizes and 1 <= dims["clips"] <= MOST else None


def _shapes(dims: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """Names and shapes of such a network's tensors."""
    channels, d = dims["clip_channels"], DESCRIPTION
    half, quarter = channels // 2, channels // 4
    layers = {
        0: (channels, d, 1),
        3: (half, channels, 5),
        6: (quarter, half, 3),
        10: (INNER, quarter * BANDS // 2),
        13: (FEATURES, INNER),
        15: (OUTPUTS, FEATURES),
    }
    member: dict[str, tuple[int, ...]] = {"norm.running_mean": (d,), "norm.running_var": (d,)}
    member["norm.num_batches_tracked"] = ()
    for number, shape in layers.items():
        member |= {f"layers.{number}.weight": shape, f"layers.{number}.bias": shape[:1]}
    shapes = {f"clips.{n}.{key}": shape for n in range(dims["clips"]) for key, shape in member.items()}
    if not dims["confidence"]:
        return shapes
    size = GROUPS * d
    sure: dict[str, tuple[int, ...]] = {"center": (size,), "whiten": (size, size), "limit": (), "margin": ()}
    networks = [("quantiles", 4, HIDDEN, 2)]
    if dims["music"]:
        sure["wide_margin"] = ()
        networks.append(("music", size, LISTENING, 1))
    for name, inputs, hidden, outputs in networks:
        sure |= {f"{name}.0.weight": (hidden, inputs), f"{name}.0.bias": (hidden,)}
        sure |= {f"{name}.2.weight": (outputs, hidden), f"{name}.2.bias": (outputs,)}
    return shapes | {f"confidence.{key}": shape for key, shape in sure.items()}
