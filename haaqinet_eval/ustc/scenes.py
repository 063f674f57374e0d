"""Scenes to rebalance: stems of songs, the gains that are asked for, and a listener's ear."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..audiogram import CLARITY_FREQUENCIES, Audiogram
from ..errors import InputError
from ..io.files import written
from ..nalr import NalR
from ..synthesis import hearing_losses
from ..synthesis.multitracks import draw_excerpt
from ..synthesis.remix import ROLES, Scene, draw_gains, make_stems
from ..synthesis.render import SAMPLE_RATE

NFIR = 220  # order of NAL-R's filter


@dataclass(frozen=True)
class SceneRules:
    """What is drawn.

    Attributes:
        count: scenes.
        seconds: of a scene.
        procedural: share of procedural songs among them; the rest are excerpts of songs in stems.
        split: whose hearing losses they have.
        seed: of everything.
    """

    count: int = 200
    seconds: float = 8.0
    procedural: float = 0.5
    split: str = "train"
    seed: int = 1


def draw_scenes(rules: SceneRules, songs: Sequence[Path]) -> Iterator[tuple[Scene, Audiogram]]:
    """A scene after the other, one ear each; the first ones are the same for any count.

    Args:
        rules: without songs all scenes are procedural.
        songs: folders of songs in stems.
    """
    for number in range(rules.count):
        rng = np.random.default_rng([rules.seed, number])
        if songs and rng.random() >= rules.procedural:
            stems, name = draw_excerpt(songs, rules.seconds, rng)
            origin = "real"
        else:
            stems, name, origin = make_stems("remix", (), rules.seconds, 1.0, rng)
        gains = draw_gains("remix", ROLES, rng)
        yield Scene("remix", name, origin, stems, gains), hearing_losses.draw(rules.split, rng)[1]


@dataclass(frozen=True, eq=False)
class Batch:
    """Excerpts of scenes."""

    stems: Tensor  # [B, 4, C, T] in the order of `ROLES`
    factors: Tensor  # [B, 4], of the gains
    filters: Tensor  # [B, NFIR + 1], NAL-R's for the ears
    ears: Sequence[Audiogram]  # B

    def by_channel(self, stems: Tensor, factors: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Arguments of `targets.stages` for stems [B, S, C, T] with factors [B, S]: channels are rows."""
        channels = stems.shape[2]
        rows = [x.repeat_interleave(channels, 0) for x in (factors, self.filters)]
        return stems.transpose(1, 2).flatten(0, 1), self.stems.sum(1).flatten(0, 1), *rows


@dataclass(frozen=True, eq=False)
class SceneSet:
    """Scenes to train on, in one channel."""

    stems: np.ndarray  # [N, 4, T] in the order of `ROLES`, float16
    gains: np.ndarray  # [N, 4] dB
    filters: np.ndarray  # [N, NFIR + 1], NAL-R's for the ear
    levels: np.ndarray  # [N, 8] dB HL, the ear's; [0, 8] in files of old

    def __len__(self) -> int:
        return len(self.stems)

    def batch(self, rows: np.ndarray, seconds: float, rng: np.random.Generator) -> Batch:
        """Random stretches of some scenes, no longer than they are."""
        length = min(round(seconds * SAMPLE_RATE), self.stems.shape[-1])
        starts = rng.integers(self.stems.shape[-1] - length + 1, size=len(rows))
        parts = [self.stems[row, :, start : start + length] for row, start in zip(rows, starts, strict=True)]
        known = parts, 10 ** (self.gains[rows] / 20), self.filters[rows]
        stems, factors, filters = (torch.from_numpy(np.asarray(x, np.float32)) for x in known)
        ears = [Audiogram(tuple(self.levels[row])) for row in rows if len(self.levels)]
        return Batch(stems[:, :, None], factors, filters, ears)


def prepare_scenes(
    path: Path, rules: SceneRules, songs: Sequence[Path], step: Callable[[], None]
) -> SceneSet:
    """The scenes of a file, which is made where it is not there yet.

    Args:
        path: an .npz file.
        rules, songs: as `draw_scenes`.
        step: called after each scene that is made.

    Raises:
        InputError: for a file with scenes of other rules.
    """
    about = str({**asdict(rules), "songs": [song.name for song in songs]})
    if not path.exists():
        nalr, parts = NalR(NFIR, SAMPLE_RATE), []
        for scene, ear in draw_scenes(rules, songs):
            stems = np.stack([scene.stems[role] for role in ROLES])
            stems = stems / (np.abs(stems.sum(0)).max() + 1e-9)
            gains = [scene.gains[role] for role in ROLES]
            parts.append((stems.astype(np.float16), gains, nalr.build(ear)[0], ear.levels))
            step()
        names = ("stems", "gains", "filters", "levels")
        arrays = {name: np.array(some) for name, some in zip(names, zip(*parts, strict=True), strict=True)}
        with written(path, binary=True) as file:
            np.savez(file, **arrays, about=about)
    with np.load(path) as file:
        if str(file.get("about")) != about:
            raise InputError(f"{path}: holds scenes of other rules; choose another file, or remove it")
        levels = file["levels"] if "levels" in file else np.zeros((0, len(CLARITY_FREQUENCIES)))
        return SceneSet(file["stems"], file["gains"], file["filters"], levels)
