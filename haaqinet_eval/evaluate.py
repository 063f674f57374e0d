"""The loop: trials in, rows out. The only place that catches `Unscorable`."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, replace

from .errors import Unscorable
from .scorers import Scorer
from .scores import Key, Score, ScoreFile
from .trials import Stimulus, Trial


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


def score_trial(trial: Trial, stimulus: Stimulus | Unscorable, scorer: Scorer) -> Score:
    """Score one trial; a trial that cannot be scored gives a row with the reason."""
    start = time.perf_counter()
    try:
        if isinstance(stimulus, Unscorable):
            raise stimulus
        result = scorer(stimulus)
    except Unscorable as error:
        return blank_row(trial, scorer, error.code, error.message)
    seconds = time.perf_counter() - start
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


def _load(work: Work, trial: Trial) -> Stimulus | Unscorable:
    try:
        return work.load(trial)
    except Unscorable as error:
        return error


def score_work(work: Work, scorers: Sequence[Scorer]) -> list[Score]:
    """Score the trials of one piece of work with each scorer."""
    rows = []
    for trial in work.trials:
        stimulus = _load(work, trial)
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
