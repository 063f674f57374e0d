"""One row of the standings."""

from __future__ import annotations

from dataclasses import dataclass

from ..registry import caution, is_ranked


@dataclass(frozen=True)
class StandingRow:
    """One row of the standings."""

    challenge: str
    split: str
    scorer: str
    version: str
    origin: str
    rank: int | None  # 1 is best; None for an incomplete system, a reference row, and without `is_ranked`
    rank_low: int | None  # best and worst rank that the differences leave open
    rank_high: int | None
    tie_group: int | None  # from 1; every system is significantly better than all of later groups
    team: str
    system: str
    submission: int
    mean: float | None  # over all expected trials; None unless all were scored
    low: float | None  # 95 % interval of the mean
    high: float | None
    left: float | None
    right: float | None
    scored: int  # trials
    expected: int
    unfamiliar: int  # trials whose sound is unlike what a predicting scorer was trained on
    errors: dict[str, int]  # reason code and number of trials
    seconds: float | None  # mean of the scorer's seconds per row
    causal: bool | None
    augmented: bool | None
    model_size: int | None
    note: str
    reference: str  # "passthrough", "ideal", "baseline", …; empty for an entry
    state: str
    reason: str
    date: str  # received, ISO 8601, UTC
    trained_on: str = ""
    look_ahead: float | None = None  # ms
    speed: float | None = None  # real-time factor
    ties: tuple[int, ...] = ()  # ranked submissions that are not told apart from it, best first

    @property
    def label(self) -> str:
        """Team and system."""
        return f"{self.team} / {self.system}"

    @property
    def coverage(self) -> float:
        """Share of the expected trials that have a score."""
        return self.scored / self.expected if self.expected else 0.0

    @property
    def caution(self) -> str:
        """What to say of the scorer's table, see `registry.caution`."""
        return caution(self.scorer, self.challenge)

    @property
    def is_ranked(self) -> bool:
        """Whether the scorer's means say which system of the challenge is better."""
        return is_ranked(self.scorer, self.challenge)
