"""Trials on disk, ready to train on: the ear's view of each and its true score.

One `.npz` file a group of trials (one clip, one ear, several conditions), written whole or not at
all, so that a killed run goes on where it was. The envelope is kept in steps of 0.4 dB.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..audiogram import Audiogram
from ..errors import InputError
from ..io.files import written
from ..model import OUTPUTS, FrontEnd, FrontEndOutput, band_losses
from ..trials import Trial

STEP = 0.4  # dB; 255 steps reach 102 dB


def group_path(folder: str | Path, split: str, number: int) -> Path:
    """File of a group."""
    return Path(folder) / f"{split}-{number:05d}.npz"


def write_group(
    path: Path,
    hearing: FrontEnd,
    trials: Sequence[Trial],
    processed: np.ndarray,
    audiogram: Audiogram,
    level1: float,
    labels: np.ndarray | Callable[[FrontEndOutput, Tensor], np.ndarray],
    genre: str,
    protocol: str = "artists",
) -> None:
    """Store what the ear hears of signals [N, T] at 24 kHz, and their labels [N, 5] as in `OUTPUTS`.

    `labels` may be what makes them of what is heard and the loss [N, 32], as a teacher does.
    `protocol` says what the splits share, see `synthesis.protocol`.
    """
    hearing_loss = torch.from_numpy(band_losses(audiogram)).float()
    count = len(processed)
    with torch.inference_mode():
        signals = torch.from_numpy(processed).float()
        heard = hearing(signals, hearing_loss.expand(count, -1), torch.full((count,), level1))
        if callable(labels):
            labels = labels(heard, hearing_loss.expand(count, -1))
    with written(path, binary=True) as file:
        np.savez(
            file,
            envelope=(heard.envelope / STEP).round().clamp(0, 255).to(torch.uint8).numpy(),
            spectrum=heard.spectrum.numpy(),
            texture=heard.texture.half().numpy(),
            loss=hearing_loss.numpy(),
            level1=level1,
            labels=np.asarray(labels, dtype=np.float32),
            systems=np.array([t.system for t in trials]),
            listener=trials[0].listener,
            scene=trials[0].scene,
            song=trials[0].song,
            genre=genre,
            protocol=protocol,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class TrialTable:
    """What is known of all trials of one split, but for what is heard."""

    spectrum: Tensor  # [N, 32] dB above threshold
    hearing_loss: Tensor  # [N, 32] dB
    labels: Tensor  # [N, 5], see `OUTPUTS`
    level1: np.ndarray  # [N] dB SPL
    systems: np.ndarray  # [N] names of conditions
    listeners: np.ndarray  # [N]
    scenes: np.ndarray  # [N] one clip and ear
    songs: np.ndarray  # [N]
    genres: np.ndarray  # [N]
    protocol: str  # what the splits share

    def __len__(self) -> int:
        return len(self.labels)

    def digest(self) -> str:
        """Hash of what is trained on, 64 hex digits: labels, levels, losses, long-term spectra, names."""
        names = "\n".join(
            [
                "\t".join(row)
                for row in zip(self.systems, self.listeners, self.scenes, self.songs, strict=True)
            ]
        )
        found = hashlib.sha256(names.encode())
        for values in (self.labels, self.hearing_loss, self.spectrum):
            found.update(values.numpy().tobytes())
        found.update(self.level1.tobytes())
        return found.hexdigest()


@dataclass(frozen=True, eq=False, kw_only=True)
class Trials(TrialTable):
    """All trials of one split in memory."""

    envelope: Tensor  # [N, 32, L] uint8, steps of 0.4 dB above threshold
    texture: Tensor  # [N, 52, 32] float16

    def heard(self, rows: slice | np.ndarray) -> FrontEndOutput:
        """What is heard in some trials."""
        return FrontEndOutput(
            self.envelope[rows].float() * STEP, self.spectrum[rows], self.texture[rows].float()
        )


HEARD = ("envelope", "texture")  # of a group's file, for `Trials`
_STACKED = ("labels", "spectrum", "systems")  # one a trial
_SPREAD = {  # one a group -> field
    "loss": "hearing_loss",
    "level1": "level1",
    "listener": "listeners",
    "scene": "scenes",
    "song": "songs",
    "genre": "genres",
}


def read_table(paths: Sequence[Path], *further: str) -> dict[str, object]:
    """Fields of `TrialTable` of groups' files, and further arrays by their names in the files.

    Raises:
        InputError: for labels of another shape, or groups of several protocols.
    """
    groups, protocols = [], set()
    for path in paths:
        with np.load(path) as file:
            absent = {*_STACKED, *further} - set(file.files)
            if absent:
                raise InputError(
                    f"{path}: lacks {', '.join(sorted(absent))}: an earlier version's; render anew"
                )
            groups.append({key: file[key] for key in (*_STACKED, *_SPREAD, *further)})
            protocols.add(str(file["protocol"]) if "protocol" in file else "artists")
    if len(protocols) > 1:
        raise InputError(f"{paths[0].parent}: trials of several protocols: {', '.join(sorted(protocols))}")
    fields = {key: np.concatenate([g[key] for g in groups]) for key in (*_STACKED, *further)}
    for key, field in _SPREAD.items():
        fields[field] = np.concatenate([np.repeat(g[key][None], len(g["labels"]), 0) for g in groups])
    if fields["labels"].shape[1:] != (len(OUTPUTS),):
        raise InputError(
            f"{paths[0].parent}: labels of shape {fields['labels'].shape[1:]}, not ({len(OUTPUTS)},)"
        )
    tensors = {key: torch.from_numpy(fields[key]) for key in ("labels", "spectrum", "hearing_loss", *further)}
    return {**fields, **tensors, "protocol": protocols.pop()}


def split_paths(folder: str | Path, split: str) -> list[Path]:
    """The files of a split that exist so far.

    Raises:
        InputError: if there are none.
    """
    paths = sorted(Path(folder).glob(f"{split}-*.npz"))
    if not paths:
        raise InputError(f"{folder}: holds no {split} trials; run render.py first")
    return paths


def read_labels(folder: str | Path, split: str) -> TrialTable:
    """The trials of a split that exist so far, without what is heard; errors as of `read_split`."""
    return TrialTable(**read_table(split_paths(folder, split)))


def read_split(folder: str | Path, split: str, with_signals: bool = False, most: int | None = None) -> Trials:
    """Load the trials of a split that exist so far, in the order of their files.

    Args:
        folder: of the trials.
        split: its name.
        with_signals: leave out those whose signals are not kept, see `signals`.
        most: about as many groups at most, at equal distances; None for all.

    Raises:
        InputError: if there are none; and as `read_table`.
    """
    paths = split_paths(folder, split)
    if with_signals:
        paths = [path for path in paths if path.with_suffix(".safetensors").exists()]
        if not paths:
            raise InputError(f"{folder}: holds no {split} trials with signals; see render.py signals=true")
    every = 1 if most is None else -(-len(paths) // most)
    return Trials(**read_table(paths[::every], *HEARD))


class GrowingSplit:
    """The trials of a split, read anew when there are more: training may begin while rendering goes on.

    `read` is `read_split`, or `signals.read_signals`.
    """

    def __init__(
        self, folder: str | Path, split: str, read: Callable[[Path, str], TrialTable] = read_split
    ) -> None:
        self.folder, self.split, self.read = Path(folder), split, read
        self._files, self._trials = 0, None

    def __call__(self) -> TrialTable:
        """What exists now; errors as of `read`."""
        found = self.folder.glob(f"{self.split}-*")
        files = sum(path.suffix in (".npz", ".safetensors") for path in found)
        if self._trials is None or files != self._files:
            self._files, self._trials = files, None  # frees the old ones first
            self._trials = self.read(self.folder, self.split)
        return self._trials
