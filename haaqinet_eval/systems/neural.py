"""The challenges' baselines: Hybrid Demucs and Open-Unmix, for users who have the weights.

Both are thin wrappers (torchaudio's pipeline HDEMUCS_HIGH_MUSDB, Défossez 2021; umxhq,
Stöter et al. 2019). Nothing is fetched unless `download` is true.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..audio import resample
from ..errors import InputError
from . import MUSDB_STEMS, Song

if TYPE_CHECKING:
    import torch

SEGMENT, OVERLAP = 10.0, 0.1  # seconds; share of a second, see `separate_in_chunks`
UMXHQ_FILES = (
    "vocals-b62c91ce.pth",
    "drums-9619578f.pth",
    "bass-8d85a5bd.pth",
    "other-b52fbbf7.pth",
)


def separate_in_chunks(
    model: Callable[[torch.Tensor], torch.Tensor], mixture: torch.Tensor, sample_rate: int, sources: int
) -> torch.Tensor:
    """Run a separator chunk by chunk with linear cross-fades: [C, T] -> [sources, C, T].

    The first chunk is 11 s long; chunks overlap by 0.1 s (pyclarity's `separate_sources`,
    `segment=10`, `overlap=0.1`). As there, the first chunk fades out over its last 0.1 s
    even where it is the only one.
    """
    import torch

    length = mixture.shape[-1]
    chunk = int(sample_rate * SEGMENT * (1 + OVERLAP))
    overlap = int(OVERLAP * sample_rate)
    ramp = torch.linspace(0, 1, overlap, device=mixture.device)
    out = torch.zeros(sources, *mixture.shape, device=mixture.device)
    start, end = 0, chunk
    while start < length - OVERLAP * sample_rate:
        with torch.no_grad():
            part = model(mixture[None, :, start:end])[0].clone()
        if start:
            part[..., :overlap] *= ramp
        if end < length or not start:
            part[..., -overlap:] *= 1 - ramp
        out[..., start:end] += part
        start, end = end - overlap, end + chunk
    return out


def pick_device(device: str | None, option: str = "separator.device") -> torch.device:
    """`separator.device` as pyclarity reads it: empty for CUDA where there is one, "cpu", "gpu0", …

    `option` is its name in messages.

    Raises:
        InputError: for another word or a GPU that is not there.
    """
    import torch

    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cpu":
        return torch.device("cpu")
    number = device.removeprefix("gpu")
    if number == device or not number.isdecimal():
        raise InputError(f"{option}: {device!r} is neither 'cpu' nor 'gpu0', 'gpu1', …")
    if int(number) >= torch.cuda.device_count():
        raise InputError(f"{option}: {device}: there are {torch.cuda.device_count()} GPUs")
    return torch.device(f"cuda:{number}")


@dataclass(frozen=True, eq=False)
class TorchSeparator:
    """A torch model [B, 2, T] -> [B, N, 2, T] as a system."""

    name: str
    model: torch.nn.Module  # in evaluation mode, on `device`
    sources: Sequence[str]  # the model's stems, in its order
    sample_rate: int  # Hz, the model's
    normalise: bool  # whether the model wants a mixture of mean 0 and standard deviation 1
    device: torch.device
    blind: ClassVar[bool] = True
    amplifies: ClassVar[bool] = True
    rebalances: ClassVar[bool] = True

    def separate(self, song: Song) -> dict[str, np.ndarray]:
        """The four estimated stems, [T, 2] each."""
        import torch

        song.check_stems(MUSDB_STEMS, self.name)
        mixture = resample(song.mixture, song.sample_rate, self.sample_rate)
        mono = mixture.mean(1)
        centre, scale = (mono.mean(), mono.std()) if self.normalise else (0.0, 1.0)
        if not scale:
            return {stem: np.zeros_like(song.mixture) for stem in MUSDB_STEMS}
        given = torch.from_numpy(((mixture - centre) / scale).T.astype(np.float32)).to(self.device)
        stems = separate_in_chunks(self.model, given, self.sample_rate, len(self.sources)).cpu().numpy()
        stems = stems.transpose(0, 2, 1) * scale + centre
        return {
            source: to_length(resample(stem, self.sample_rate, song.sample_rate), len(song.mixture))
            for source, stem in zip(self.sources, stems, strict=True)
        }


def to_length(signal: np.ndarray, length: int) -> np.ndarray:
    """Cut or pad the sample that two changes of the rate may add or take: [T', C] to [length, C]."""
    return np.pad(signal[:length], ((0, max(0, length - len(signal))), (0, 0)))


def hdemucs(
    download: bool = False, weights: str | Path | None = None, device: str | None = None
) -> TorchSeparator:
    """Hybrid Demucs, trained on MUSDB18-HQ's training set: the stronger baseline of CAD1 and ICASSP 2024.

    Args:
        download: fetch the weights (about 320 MB) if they are missing.
        weights: a file of weights; by default where torchaudio keeps its own. A .safetensors file of
            recipes/ustc/train.py is a small network.
        device: see `pick_device`.

    Raises:
        InputError: if torchaudio or the weights are missing; names the option.
    """
    try:
        import torch
        from torchaudio.pipelines import HDEMUCS_HIGH_MUSDB as bundle
    except ImportError:
        raise _needs_extra("hdemucs", "torch and torchaudio") from None
    if weights and Path(weights).suffix == ".safetensors":
        from .small_hdemucs import RATE, load_small

        place = pick_device(device)
        net = load_small(weights).to(place)
        return TorchSeparator("hdemucs", net, MUSDB_STEMS, RATE, normalise=False, device=place)
    path = Path(weights) if weights else Path(torch.hub.get_dir(), "torchaudio", bundle._model_path)
    if not path.is_file() and (weights or not download):
        raise _no_weights("hdemucs", path)
    place = pick_device(device)
    if path.is_file():
        model = bundle._model_factory_func()
        _load_weights(model, path, "hdemucs")
    else:
        model = bundle.get_model()
    return TorchSeparator(
        "hdemucs",
        model.eval().to(place),
        model.sources,
        int(bundle.sample_rate),
        normalise=True,
        device=place,
    )


def openunmix(
    download: bool = False, weights: str | Path | None = None, device: str | None = None
) -> TorchSeparator:
    """Open-Unmix (umxhq, no Wiener iterations), trained on MUSDB18-HQ: the lighter baseline.

    Args:
        download: fetch the weights (about 136 MB) and, if need be, the code by torch.hub.
        weights: a folder with umxhq's four files; by default torch's own.
        device: see `pick_device`.

    Raises:
        InputError: if the package or a file of weights is missing; names the option.
    """
    try:
        import torch
    except ImportError:
        raise _needs_extra("openunmix", "torch") from None

    folder = Path(weights) if weights else Path(torch.hub.get_dir(), "checkpoints")
    missing = [name for name in UMXHQ_FILES if not (folder / name).is_file()]
    if missing and (weights or not download):
        raise _no_weights("openunmix", folder / missing[0])
    place = pick_device(device)
    model = _umxhq(download)(niter=0, pretrained=bool(missing))
    if not missing:
        for file in UMXHQ_FILES:
            _load_weights(model.target_models[file.partition("-")[0]], folder / file, "openunmix")
    return TorchSeparator(
        "openunmix",
        model.eval().to(place),
        MUSDB_STEMS,
        int(model.sample_rate),
        normalise=False,
        device=place,
    )


def _umxhq(download: bool) -> Callable[..., torch.nn.Module]:
    """The function that builds umxhq: from the package, or else from torch.hub's copy of its code."""
    import torch

    try:
        from openunmix import umxhq
    except ImportError:
        code = Path(torch.hub.get_dir(), "sigsep_open-unmix-pytorch_master")
        if code.is_dir():
            return partial(torch.hub.load, str(code), "umxhq", source="local")
        if download:
            return partial(torch.hub.load, "sigsep/open-unmix-pytorch", "umxhq", trust_repo=True)
        raise InputError(
            "system openunmix: needs its code: pip install openunmix, or separator.download=true "
            "to let torch.hub fetch it"
        ) from None
    return umxhq


def _load_weights(model: torch.nn.Module, path: Path, system: str) -> None:
    """Load a state dict; more than the model needs may stand in it (umxhq's files have buffers of old)."""
    import pickle

    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        missing = model.load_state_dict(state, strict=False).missing_keys
        if missing:
            raise RuntimeError(f"{missing[0]} is missing")
    except (RuntimeError, pickle.UnpicklingError, EOFError, TypeError, AttributeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: no weights for system {system}: {reason}") from None


def _needs_extra(system: str, packages: str) -> InputError:
    return InputError(f"system {system}: needs {packages}; pip install 'haaqinet-eval[separation]'")


def _no_weights(system: str, path: Path) -> InputError:
    return InputError(
        f"system {system}: no weights at {path}; set separator.download=true to fetch them "
        "or separator.weights=PATH to use your own"
    )
