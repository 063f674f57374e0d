"""Rendered trials, read for training: features, true scores, and what they belong to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError


@dataclass(frozen=True, eq=False)
class Trials:
    """All trials of a split."""

    names: tuple[str, ...]  # of the features
    features: np.ndarray  # [N, F]
    labels: np.ndarray  # [N, 5]: HAAQI and its four parts
    about: Mapping[str, np.ndarray]  # system, group, song, kind, origin, listener: [N] of text
    judges: Mapping[str, np.ndarray]  # other scorers' scores [N], where they were rendered

    @property
    def true(self) -> np.ndarray:
        """True HAAQI [N]."""
        return self.labels[:, 0]

    def column(self, name: str) -> np.ndarray:
        """One feature of all trials [N]."""
        return self.features[:, self.names.index(name)]


def read_trials(folder: str | Path, split: str) -> Trials:
    """All trials of a split.

    Raises:
        InputError: there are none.
    """
    files = sorted(Path(folder).glob(f"{split}-*.npz"))
    if not files:
        raise InputError(f"{folder}: no {split}-*.npz; render them with recipes/haaqinet_target/render.py")
    groups = [_read(file) for file in files]
    about = {key: np.concatenate([g["about"][key] for g in groups]) for key in groups[0]["about"]}
    judges = {key: np.concatenate([g["judges"][key] for g in groups]) for key in groups[0]["judges"]}
    features = np.concatenate([g["features"] for g in groups])
    return Trials(groups[0]["names"], features, np.concatenate([g["labels"] for g in groups]), about, judges)


def _read(path: Path) -> dict:
    with np.load(path) as file:
        content = {key: file[key] for key in file.files if not key.startswith(("envelope", "fine"))}
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
