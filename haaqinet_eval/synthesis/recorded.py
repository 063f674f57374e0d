"""Trials with recorded sounds in them: real talkers, surroundings, and residuals of other songs.

The usual conditions, but that their babble is of the recordings' talkers; and recorded surroundings,
residuals of other clips of the split (`leftovers`), a mixing desk's effects (`studio`), rooms (`rooms`), and
what real separators make of music (`separators`). A split's recordings stay in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .clips import Clip
from .conditions import CONDITIONS, Condition, Step
from .conditions import SHARES as USUAL
from .degradations import Noise, babble, spectral_subtraction
from .leftovers import GROUP as LEFT
from .leftovers import leftovers
from .recorded_noise import GROUP as SURROUNDED
from .recorded_noise import read_environments, read_recordings
from .render import Group, Plan, render
from .rooms import ROOMS
from .separators import GROUP as SEPARATED
from .separators import Separate, separations
from .studio import STUDIO
from .voices import talk_of

SHARES = {**USUAL, "room": 0.08, SURROUNDED: 0.25, LEFT: 0.18, SEPARATED: 0.08}  # see `conditions.draw`
TALKING = (babble, spectral_subtraction)  # steps with talkers

Table = Mapping[str, Condition]


def with_talkers(condition: Condition, talk: Noise) -> Condition:
    """The same condition, with other talkers in its babble."""

    def heard(step: Step) -> Step:
        function, settings = step
        return function, {**settings, "talk": talk} if function in TALKING else settings

    return replace(condition, steps=tuple(map(heard, condition.steps)))


def usual_with_talkers(folder: Path | None, split: str) -> dict[str, Condition]:
    """The usual conditions, with a folder's talkers of a split; the synthetic ones where it has none.

    Raises:
        InputError: as `read_recordings`.
    """
    talk = talk_of(read_recordings(folder, split)) if folder else None
    return {name: with_talkers(c, talk) if talk else c for name, c in CONDITIONS.items()}


@dataclass(frozen=True)
class Recorded:
    """Renders groups in conditions with recorded sounds.

    Args:
        folder: of recordings with an index (path, kind, split); None: synthetic babble, no surroundings.
        alone: the surroundings alone.
        separators: by name, that music goes through; none without.
    """

    folder: Path | None
    alone: bool = False
    separators: Mapping[str, Separate] = field(default_factory=dict)
    _tables: dict[str, Table] = field(default_factory=dict)

    def __call__(self, clips: Sequence[Clip], split: str, number: int, plan: Plan) -> Group:
        """As `render.render`; errors as of `read_recordings`."""
        if split not in self._tables:
            self._tables[split] = self._table(clips, split)
        return render(clips, split, number, plan, among=self._tables[split], shares=SHARES)

    def _table(self, clips: Sequence[Clip], split: str) -> Table:
        around = read_environments(self.folder, split) if self.folder else {}
        if self.alone:
            return around
        paths = tuple(sorted({clip.path for clip in clips}))
        left = {**leftovers(paths), **separations(self.separators, paths)}
        return {**usual_with_talkers(self.folder, split), **around, **left, **STUDIO, **ROOMS}
