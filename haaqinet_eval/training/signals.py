"""Trials to train on from their waveforms: what the hearing aid put out, kept beside the ear's view.

One `.safetensors` file beside a group's `.npz`: `signals` [N, T] as float16 (noise 66 dB or more below each
sample) and `levels` [8] dB HL. Rows are read from the file when they are needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from ..audio import resample
from ..audiogram import CLARITY_FREQUENCIES, Audiogram
from ..errors import InputError
from ..model import FrontEnd, band_losses
from ..model.state import write_tensors
from .cache import STEP, TrialTable, read_table

SAMPLE_RATE = 24_000  # Hz
SAME_DB = 0.5  # mean difference of envelopes that still are of the same signals


def signals_path(path: Path) -> Path:
    """File of the signals of a group of `cache.group_path`."""
    return path.with_suffix(".safetensors")


def write_signals(
    path: Path,
    hearing: FrontEnd,
    systems: Sequence[str],
    processed: np.ndarray,
    audiogram: Audiogram,
    level1: float,
) -> None:
    """Store the signals [N, T] at 24 kHz of a group that `cache.write_group` has written.

    Raises:
        InputError: if the group's file was made from other signals: a changed plan, music or code.
    """
    with np.load(path) as file:
        stored, names = file["envelope"], file["systems"].tolist()
    signals = torch.from_numpy(processed).float()
    same = names == list(systems)
    if same:
        hearing_loss = torch.from_numpy(band_losses(audiogram)).float().expand(len(signals), -1)
        with torch.inference_mode():
            heard = hearing.ear(signals, hearing_loss, torch.full((len(signals),), level1))[0]
        same = heard.shape == stored.shape
        same = same and (heard.clamp(max=102) - STEP * torch.from_numpy(stored)).abs().mean() < SAME_DB
    if not same:
        raise InputError(f"{path}: was rendered from other signals; render into another folder")
    levels = torch.tensor(audiogram.resample(CLARITY_FREQUENCIES).levels, dtype=torch.float32)
    tensors = {"signals": signals.half(), "levels": levels}
    write_tensors(signals_path(path), tensors, {"sample_rate": str(SAMPLE_RATE)})


@dataclass(frozen=True, eq=False, kw_only=True)
class SignalTrials(TrialTable):
    """The trials of one split whose signals are kept."""

    levels: Tensor  # [N, 8] dB HL
    files: tuple[Path, ...]  # of signals
    places: np.ndarray  # [N, 2] file and row

    def signals(self, rows: np.ndarray, sample_rate: int, part: tuple[float, float] = (0.0, 1.0)) -> Tensor:
        """Signals of some trials, [B, T] at Hz, from one share of the clip to another."""
        out = []
        for file, row in self.places[rows]:
            with safe_open(self.files[file], "pt") as opened:
                kept = opened.get_slice("signals")
                start, stop = (round(share * kept.get_shape()[1]) for share in part)
                signal = kept[int(row) : int(row) + 1, start:stop][0]
            out.append(resample(signal.double().numpy(), SAMPLE_RATE, sample_rate))
        return torch.from_numpy(np.stack(out)).float()


def read_signals(folder: str | Path, split: str) -> SignalTrials:
    """The trials of a split whose signals exist so far.

    Raises:
        InputError: if there are none; and as `cache.read_table`.
    """
    files = tuple(sorted(Path(folder).glob(f"{split}-*.safetensors")))
    if not files:
        raise InputError(f"{folder}: holds no {split} trials with signals; run render.py signals=true first")
    levels, places = [], []
    for number, file in enumerate(files):
        with safe_open(file, "pt") as opened:
            count = opened.get_slice("signals").get_shape()[0]
            levels.append(opened.get_tensor("levels").expand(count, -1))
        places += [(number, row) for row in range(count)]
    table = read_table([file.with_suffix(".npz") for file in files])
    return SignalTrials(**table, levels=torch.cat(levels), files=files, places=np.array(places))
