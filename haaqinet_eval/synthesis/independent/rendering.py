"""Groups of the independent set: a clip, an ear, six conditions; a function of split and number alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ...audio import rms
from ...errors import InputError
from ..clips import Clip
from ..degradations import Array, Rng
from ..recorded_noise import SILENT, load_recording, read_recordings, stretch
from ..render import Group, Plan, render
from ..voices import KINDS as TALKING
from .ears import draw_ear
from .table import conditions, shares_of

VERSION = 2
GROUPS = {"validation": 50, "test": 90}  # none to train on
SEED = 1906


def _sounds(length: int, rate: float, rng: Rng, count: int, *, paths: Sequence[Path]) -> list[Array]:
    """Stretches [length] at Hz of so many recordings, none silent; each but once if there are enough."""
    found, order = [], [paths[n] for n in rng.permutation(len(paths))]
    for n in range(max(20 * count, len(order))):
        recording = load_recording(order[n % len(order)], rate)
        sound = stretch(recording, rng.integers(len(recording)), length).astype(float)
        if rms(sound) > 10 * SILENT:
            found.append(sound / rms(sound))
        if len(found) == count:
            return found
    raise InputError(f"{paths[0].parent}: recordings are silent")


@dataclass(frozen=True)
class Independent:
    """Renders groups of the set.

    Args:
        noises: a folder of recordings for each split, with an index (path, kind; split where divided).
    """

    noises: dict[str, Path]
    _drawn: dict[str, Callable[..., Group]] = field(default_factory=dict)

    def __call__(self, clips: Sequence[Clip], split: str, number: int, plan: Plan) -> Group:
        """As `render.render`.

        Raises:
            InputError: for the split `train`, a number beyond `GROUPS`, an absent tool; as `read_recordings`.
        """
        if split not in GROUPS:
            raise InputError(f"splits={split}: the independent set is for {' and '.join(GROUPS)} only")
        if split not in self._drawn:
            self._drawn[split] = self._maker(clips, split)
        return self._drawn[split](clips, split, number, Plan(seed=SEED, seconds=plan.seconds, augment=0.0))

    def _maker(self, clips: Sequence[Clip], split: str) -> Callable[..., Group]:
        recordings = read_recordings(self.noises[split], split)
        talking = [path for kind in TALKING for path in recordings.get(kind, ())]
        other = [path for kind, paths in recordings.items() if kind not in TALKING for path in paths]
        if not talking or not other:
            raise InputError(f"{self.noises[split]}: talkers (kind speech) and other sounds are needed")
        sources = (talking, other, sorted({clip.path for clip in clips}))
        table = conditions(*(partial(_sounds, paths=paths) for paths in sources))
        return partial(render, among=table, shares=shares_of(table), ears=draw_ear)
