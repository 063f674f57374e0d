"""The row that records a score."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from operator import attrgetter

from ..trials import Trial
from .frames import Frames

Key = tuple[str, ...]


@dataclass(frozen=True)
class Score(Trial):
    """A trial with one scorer's answer, or the reason why there is none: a row, whose columns come first."""

    stem: str = field()
    scorer: str
    version: str  # of the scorer
    score: float | None  # None for a failed trial
    parts: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0  # wall clock spent by the scorer
    error: str = ""  # reason code; empty for a scored trial
    message: str = ""  # the reason in words
    low: float | None = None  # with `high`: where the true score is in 9 of 10 cases, for a predicted score
    high: float | None = None
    unfamiliar: bool = False  # the sound is unlike what the scorer was trained on
    frames: Frames | None = field(default=None, compare=False, repr=False)  # in a file beside the rows

    @property
    def trial(self) -> Trial:
        """Which ear heard which rendering of which scene."""
        return Trial(*_trial(self))

    @property
    def key(self) -> Key:
        """What makes a row unique: trial, scorer and scorer version."""
        return _key(self)

    @property
    def failed(self) -> bool:
        """Whether the trial could not be scored."""
        return self.score is None


COLUMNS = tuple(f.name for f in fields(Score) if f.name != "frames")
KEY_COLUMNS = COLUMNS[: COLUMNS.index("score")]
_key = attrgetter(*KEY_COLUMNS)
_trial = attrgetter(*(f.name for f in fields(Trial)))
