"""How long an evaluation will take, from a few of its rows that are scored here."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import InputError, Unscorable
from ..evaluate import load_stimulus, score_trial
from ..scorers import Scorer
from .challenge import pair_trials
from .loaders import pair_loaders
from .plan import Plan


@dataclass(frozen=True)
class Estimate:
    """What an evaluation takes of one processor like this one, each row on its own."""

    rows: int
    loading: float  # s a trial, for all its scorers
    scoring: Mapping[str, float]  # s a row, by scorer
    measured: int  # trials that this was measured on

    @property
    def hours(self) -> float:
        """Of one processor, for all rows."""
        trials = self.rows / max(len(self.scoring), 1)
        return trials * (self.loading + sum(self.scoring.values())) / 3600


def estimate(plan: Plan, scorers: Mapping[str, Scorer]) -> Estimate:
    """Score the first pair of a scene and a listener that has a score, for one system, and extrapolate.

    Where the songs' lengths are known, the pair's is set against their mean. The first row of each scorer is
    scored twice, and the second time counts: the first compiles, and reads weights.

    Raises:
        InputError: where nothing of the first system can be scored.
    """
    system, folder = next(iter(plan.enhanced.items()))
    message, mean = "", _mean_seconds(plan)
    for pair in plan.pairs:
        (load,) = pair_loaders(plan.challenge, pair, {system: folder}, False)
        trials = pair_trials(plan.challenge, pair, system)
        load_stimulus(load, trials[0])  # what is read first by a process takes longer
        (load,) = pair_loaders(plan.challenge, pair, {system: folder}, False)
        start = time.perf_counter()
        stimuli = [load_stimulus(load, trial) for trial in trials]
        loading = (time.perf_counter() - start) / len(trials)
        lost = next((stimulus for stimulus in stimuli if isinstance(stimulus, Unscorable)), None)
        if lost is not None:
            message = message or f"{pair.scene} {pair.listener}: {lost.message}"
            continue
        longer = mean / (plan.challenge.seconds(pair.song) or mean)
        scoring = {}
        for name, scorer in scorers.items():
            score_trial(trials[0], stimuli[0], scorer)
            rows = [
                score_trial(trial, stimulus, scorer) for trial, stimulus in zip(trials, stimuli, strict=True)
            ]
            scoring[name] = longer * sum(row.seconds for row in rows) / len(rows)
        return Estimate(len(plan.keys), longer * loading, scoring, len(trials))
    raise InputError(f"no time can be measured, as nothing of {system} can be scored: {message}")


def _mean_seconds(plan: Plan) -> float:
    """Mean duration (s) of what is compared; 1 where it is not known."""
    known = [s for song in {pair.song for pair in plan.pairs} if (s := plan.challenge.seconds(song))]
    return sum(known) / len(known) if known else 1.0
