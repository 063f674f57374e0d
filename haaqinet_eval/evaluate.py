"""The loop: trials in, rows out. The only place that catches `Unscorable`."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, replace

from .errors import Unscorable
from .scorers import BatchScorer, Scorer
from .scores import Key, Score, ScoreFile
from .trials import Result, Stimulus, Trial


@dataclass(frozen=True)
class Work:
    """Trials that are scored together and in order, and how to load one.

    The ears (and stems) of one listener share their audio and, with a challenge's
    official seeding, one stream of random numbers; so they are scored in one go
    and written in one step.
    """

    trials: tuple[Trial, ...]
    load: Callable[[Trial], Stimulus]  # raises Unscorable for a bad file


def blank_row(trial: Trial, scorer: Scorer, error: str = "", message: str = "") -> Score:
    """The row of a trial before it is scored, or of one that cannot be, with the reason."""
    return Score(
        challenge=trial.challenge,
        system=trial.system,
        scene=trial.scene,
        song=trial.song,
        listener=trial.listener,
        ear=trial.ear,
        stem=trial.stem,
        scorer=scorer.name,
        version=scorer.version,
        score=None,
        error=error,
        message=message,
    )


def row_of(trial: Trial, scorer: Scorer, result: Result | Unscorable, seconds: float) -> Score:
    """The row of a trial that was scored in some seconds, or that has no score, with the reason."""
    if isinstance(result, Unscorable):
        return blank_row(trial, scorer, result.code, result.message)
    low, high = result.interval or (None, None)
    return replace(
        blank_row(trial, scorer),
        score=float(result.value),
        parts=dict(result.parts),
        seconds=seconds,
        low=low,
        high=high,
        unfamiliar=result.unfamiliar,
        frames=None if result.frames is None else (result.frames, result.frame_times),
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


def load_stimulus(work: Work, trial: Trial) -> Stimulus | Unscorable:
    """A trial's stimulus, or why there is none."""
    try:
        return work.load(trial)
    except Unscorable as error:
        return error


def score_work(work: Work, scorers: Sequence[Scorer]) -> list[Score]:
    """Score the trials of one piece of work with each scorer."""
    rows = []
    for trial in work.trials:
        stimulus = load_stimulus(work, trial)
        rows += [score_trial(trial, stimulus, scorer) for scorer in scorers]
    return rows


def missing_scorers(trials: Sequence[Trial], scorers: Iterable[Scorer], done: Container[Key]) -> list[Scorer]:
    """Scorers that some of the trials have no row of among the keys that are done.

    The trials of one piece of work are scored together, though some may be done: they share a
    stream of random numbers.
    """
    return [s for s in scorers if any(blank_row(t, s).key not in done for t in trials)]


def evaluate(
    works: Iterable[Work],
    scorers: Sequence[Scorer],
    file: ScoreFile,
    report: Callable[[list[Score]], None] = lambda rows: None,
) -> list[Score]:
    """Score what the results file lacks, and write the rows as they are made.

    Args:
        works: all the work there is; what the file has already is skipped.
        scorers: each scores every trial.
        file: is filled in place.
        report: called after each piece of work with its new rows (for a progress bar).

    Returns:
        The rows of trials that could not be scored.
    """
    failed = []
    for work in works:
        missing = missing_scorers(work.trials, scorers, file)
        rows = score_work(work, missing) if missing else []
        if rows:
            file.append(rows)
        failed += [row for row in rows if row.failed]
        report(rows)
    return failed
