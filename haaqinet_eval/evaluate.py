"""From trials to rows: how a group of trials is scored, and which of its rows are still lacking."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .errors import Unscorable
from .scorers import BatchScorer, Scorer
from .scores import Key, Score, ScoreFile
from .trials import Result, Stimulus, Trial

Load = Callable[[Trial], Stimulus]  # raises Unscorable for a bad file


@dataclass(frozen=True)
class TrialGroup:
    """Trials that are scored together and in order, and the scorers that they lack; no audio.

    The ears (and stems) of one listener share their audio and, with a challenge's
    official seeding, one stream of random numbers; so they are scored in one go
    and written in one step.
    """

    trials: tuple[Trial, ...]
    scorers: tuple[str, ...]  # names
    faults: int = 0  # how often a worker has failed at it


def blank_row(trial: Trial, scorer: str, version: str, error: str = "", message: str = "") -> Score:
    """The row of a trial before it is scored, or of one that cannot be, with the reason."""
    return Score(trial, scorer, version, None, error=error, message=message)


def row_of(trial: Trial, scorer: Scorer, result: Result | Unscorable, seconds: float) -> Score:
    """The row of a trial that was scored in some seconds, or that has no score, with the reason."""
    if isinstance(result, Unscorable):
        return blank_row(trial, scorer.name, scorer.version, result.code, result.message)
    low, high = result.interval or (None, None)
    frames, times = result.frames, result.frame_times
    return replace(
        blank_row(trial, scorer.name, scorer.version),
        score=float(result.value),
        parts=dict(result.parts),
        seconds=seconds,
        low=low,
        high=high,
        unfamiliar=result.unfamiliar,
        frames=None if frames is None or times is None else (frames, times),
    )


def score_trial(trial: Trial, stimulus: Stimulus | Unscorable, scorer: Scorer) -> Score:
    """Score one trial; a trial that cannot be scored gives a row with the reason."""
    start = time.perf_counter()
    try:
        result = stimulus if isinstance(stimulus, Unscorable) else scorer(stimulus)
    except Unscorable as error:
        result = error
    return row_of(trial, scorer, result, time.perf_counter() - start)


def score_at_once(
    trials: Sequence[Trial], stimuli: Sequence[Stimulus | Unscorable], scorer: BatchScorer
) -> list[Score]:
    """Score many trials in one call; each row has its share of the seconds."""
    ready = [stimulus for stimulus in stimuli if not isinstance(stimulus, Unscorable)]
    start = time.perf_counter()
    results = iter(scorer.score_batch(ready))
    seconds = (time.perf_counter() - start) / max(len(ready), 1)
    given = [s if isinstance(s, Unscorable) else next(results) for s in stimuli]
    return [row_of(trial, scorer, result, seconds) for trial, result in zip(trials, given, strict=True)]


def load_stimulus(load: Load, trial: Trial) -> Stimulus | Unscorable:
    """A trial's stimulus, or why there is none."""
    try:
        return load(trial)
    except Unscorable as error:
        return error


def score_trials(trials: Iterable[Trial], load: Load, scorers: Sequence[Scorer]) -> list[Score]:
    """Score a group of trials with each scorer."""
    rows = []
    for trial in trials:
        stimulus = load_stimulus(load, trial)
        rows += [score_trial(trial, stimulus, scorer) for scorer in scorers]
    return rows


def lacking(
    groups: Iterable[tuple[Trial, ...]], scorers: Iterable[Scorer], done: Container[Key] | ScoreFile
) -> Iterator[TrialGroup]:
    """What is to be scored: groups with the scorers that some of their trials have no row of.

    The trials of a group are scored together, though some may be done: they share a stream of random
    numbers.
    """
    scorers = list(scorers)
    for trials in groups:
        missing = [
            s.name for s in scorers if any(blank_row(t, s.name, s.version).key not in done for t in trials)
        ]
        if missing:
            yield TrialGroup(trials, tuple(missing))


def evaluate(
    groups: Iterable[tuple[Trial, ...]],
    load: Load,
    scorers: Sequence[Scorer],
    file: ScoreFile,
    report: Callable[[list[Score]], None] = lambda rows: None,
) -> list[Score]:
    """Score here what a results file lacks, and write the rows as they are made; see `distribute` for more.

    Args:
        groups: all the trials there are, grouped as they are scored; what the file has is skipped.
        load: gives a trial's stimulus.
        scorers: each scores every trial.
        file: is filled in place.
        report: called after each group with its new rows (for a progress bar).

    Returns:
        The rows of trials that could not be scored.
    """
    by_name, failed = {scorer.name: scorer for scorer in scorers}, []
    for group in lacking(groups, scorers, file):
        rows = score_trials(group.trials, load, [by_name[name] for name in group.scorers])
        file.append(rows)
        failed += [row for row in rows if row.failed]
        report(rows)
    return failed
