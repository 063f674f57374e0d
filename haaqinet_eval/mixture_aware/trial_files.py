"""Rendered trials, read for training: features, true scores, and what they belong to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..model.filters import HAAQI_FREQUENCIES, center_frequencies
from .features import STEP


@dataclass(frozen=True, eq=False)
class Trials:
    """All trials of a split."""

    names: tuple[str, ...]  # of the features
    features: np.ndarray  # [N, F]
    labels: np.ndarray  # [N, 5]: HAAQI and its four parts
    about: Mapping[str, np.ndarray]  # system, group, song, kind, origin, listener: [N] of text
    judges: Mapping[str, np.ndarray]  # other scorers' scores [N], where they were rendered

    def extended(self, rows: Sequence[Mapping[str, float]]) -> Trials:
        """With further features, one row a trial."""
        more = np.array([list(row.values()) for row in rows])
        return replace(
            self, names=(*self.names, *rows[0]), features=np.concatenate([self.features, more], axis=1)
        )

    def only(self, chosen: np.ndarray) -> Trials:
        """Those that are chosen [N]."""
        about, judges = (
            {name: values[chosen] for name, values in of.items()} for of in (self.about, self.judges)
        )
        return Trials(self.names, self.features[chosen], self.labels[chosen], about, judges)

    def joined(self, other: Trials) -> Trials:
        """With further trials of the same features; without other scorers' scores."""
        about = {name: np.concatenate([of, other.about[name]]) for name, of in self.about.items()}
        features = np.concatenate([self.features, columns(other, self.names)])
        return Trials(self.names, features, np.concatenate([self.labels, other.labels]), about, {})

    @property
    def true(self) -> np.ndarray:
        """True HAAQI [N]."""
        return self.labels[:, 0]

    def column(self, name: str) -> np.ndarray:
        """One feature of all trials [N]."""
        return self.features[:, self.names.index(name)]


def columns(trials: Trials, names: Sequence[str]) -> np.ndarray:
    """Features [N, F] in the order of names, as a model takes them."""
    places = {name: i for i, name in enumerate(trials.names)}
    return trials.features[:, [places[name] for name in names]].astype(float)


@dataclass(frozen=True, eq=False)
class Tiles:
    """Levels (dB SPL) of one scene's tiles of time and frequency."""

    mixture: np.ndarray  # [M, 14]
    outputs: np.ndarray  # [N, M, 14], of its systems
    stems: np.ndarray  # [S, M, 14]
    gains: Mapping[str, float]  # dB by stem, in the order of `stems`
    envelopes: np.ndarray  # [1 + N, 32, L] bytes in steps of `STEP` dB: of the mixture and its systems
    loss: np.ndarray  # [32] dB, of the ear
    path: Path  # of the file

    def signals(self) -> np.ndarray:
        """What the ear got of the mixture and its systems, in time with it: [1 + N, T] at 24 kHz."""
        with np.load(self.path) as file:
            return (file["signals"] * file["scales"][:, None]).astype(np.float32)


def group_files(folder: str | Path, split: str) -> list[Path]:
    """Files of a split that are there now; rendering may add more.

    Raises:
        InputError: there are none.
    """
    files = sorted(Path(folder).glob(f"{split}-*.npz"))
    if not files:
        raise InputError(f"{folder}: no {split}-*.npz; render them with recipes/haaqinet_target/render.py")
    return files


def read_tiles(files: Sequence[Path]) -> list[Tiles]:
    """Tiles of the scenes of `group_files`, in their order."""
    scenes = []
    for path in files:
        with np.load(path) as file:
            gains, fine = json.loads(str(file["gains"])), STEP * file["fine"].astype(np.float32)
            stems = STEP * file["fine_stems"].astype(np.float32)
            gains = {str(name): gains[name] for name in file["stems"]}
            loss = np.maximum(np.interp(center_frequencies(), HAAQI_FREQUENCIES, file["loss"]), 0)
            scenes.append(Tiles(fine[0], fine[1:], stems, gains, file["envelope"], loss, path))
    return scenes


def read_split(folder: str | Path, split: str) -> tuple[Trials, list[Tiles]]:
    """Trials and tiles of a split, in the order of its files.

    Raises:
        InputError: there are none.
    """
    files = group_files(folder, split)
    return read_trials(files), read_tiles(files)


def read_trials(files: Sequence[Path]) -> Trials:
    """All trials of `group_files`, in their order."""
    groups = [_read(file) for file in files]
    about = {key: np.concatenate([g["about"][key] for g in groups]) for key in groups[0]["about"]}
    judges = {key: np.concatenate([g["judges"][key] for g in groups]) for key in groups[0]["judges"]}
    features = np.concatenate([g["features"] for g in groups])
    return Trials(groups[0]["names"], features, np.concatenate([g["labels"] for g in groups]), about, judges)


def _read(path: Path) -> dict:
    with np.load(path) as file:
        content = {
            key: file[key] for key in file.files if not key.startswith(("envelope", "fine", "signals"))
        }
    count = len(content["labels"])
    one = {key: np.repeat(str(content[key]), count) for key in ("song", "kind", "origin", "listener")}
    gains = json.dumps(json.loads(str(content["gains"])), sort_keys=True)
    return {
        "names": tuple(content["names"].tolist()),
        "features": content["features"],
        "labels": content["labels"],
        "about": {**one, "group": np.repeat(path.stem, count), "gains": np.repeat(gains, count),
                  "system": content["system"].astype(str)},
        "judges": {key.removeprefix("judge_"): content[key] for key in content if key.startswith("judge_")},
    }  # fmt: skip
