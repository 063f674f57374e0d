"""The row that records a score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from warnings import warn

from ..trials import Trial
from .frames import Frames

Key = tuple[str, ...]
TRIAL_COLUMNS = tuple(f.name for f in fields(Trial))


@dataclass(frozen=True)
class Score:
    """A row: a trial with one scorer's answer, or the reason why there is none.

    Earlier versions had the trial's fields themselves (`score.system`, `Score(system=…)`); both still work,
    with a warning.
    """

    trial: Trial
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
    def key(self) -> Key:
        """What makes a row unique: trial, scorer and scorer version."""
        return _key(self)

    @property
    def failed(self) -> bool:
        """Whether the trial could not be scored."""
        return self.score is None

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> str:
            if name not in TRIAL_COLUMNS:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            _warn(name)
            return getattr(self.trial, name)


COLUMNS = (*TRIAL_COLUMNS, *(f.name for f in fields(Score) if f.name not in ("trial", "frames")))
KEY_COLUMNS = COLUMNS[: COLUMNS.index("score")]
_key = attrgetter(*(f"trial.{name}" for name in TRIAL_COLUMNS), "scorer", "version")


def _warn(name: str) -> None:
    warn(f"{name} of Score is now trial.{name}", DeprecationWarning, stacklevel=3)


def _with_earlier_arguments(make: Callable[..., None]) -> Callable[..., None]:
    def make_score(self: Score, *given: Any, **options: Any) -> None:
        named = {name: options.pop(name) for name in TRIAL_COLUMNS if name in options}
        if given and not isinstance(given[0], Trial):
            named |= zip(TRIAL_COLUMNS, given, strict=False)
            given = given[len(TRIAL_COLUMNS) :]
        if named:
            _warn(next(iter(named)))
            trial = options.pop("trial", None)
            given = (replace(trial, **named) if trial else Trial(**named), *given)
        make(self, *given, **options)

    return make_score


Score.__init__ = _with_earlier_arguments(Score.__init__)  # type: ignore[method-assign]
