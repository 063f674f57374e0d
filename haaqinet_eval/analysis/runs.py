"""Finished runs as reports and tables read them: rows, listeners, how many trials were asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..audiogram import Listener, read_listeners
from ..errors import InputError
from ..io.runfile import asked_trials, listeners_file, read_run, run_beside
from ..registry import CALIBRATED
from ..scores import Score, read_scores, results_path
from .standings import current_versions


@dataclass(frozen=True)
class Run:
    """A results file and what is needed to read it."""

    path: Path
    challenge: str
    scores: list[Score]
    listeners: dict[str, Listener]
    expected: dict[str, int]  # trials per system that each scorer was asked for
    note: str = ""  # what could not be read, for the user


def load_run(
    results: Path, listeners: Path | None = None, expected: int | None = None, *, asked_first: bool = False
) -> Run:
    """Read a results file with the `run.json` beside it.

    Args:
        results: `results.csv` of an evaluate recipe, or its folder.
        listeners: Clarity listener JSON; default: the one that `run.json` names, if it is here: the folder
            may come from another machine.
        expected: trials per system; default: from `run.json`, for each scorer.
        asked_first: whether `expected` is only for what `run.json` does not say.

    Raises:
        InputError: where neither the arguments nor `run.json` say it.
    """
    results = results_path(results)
    scores = current_versions(read_scores(results))
    if not scores:
        raise InputError(f"{results}: holds no rows")
    record = read_run(run_beside(results))
    asked = asked_trials(record)
    trials = {}
    for scorer in scorers_of(scores):
        told = asked.get(scorer) or _as_predicted(scorer, asked)
        trials[scorer] = (told or expected or 0) if asked_first else (expected or told)
    if lacking := [scorer for scorer, number in trials.items() if not number]:
        what = f"how many trials of {', '.join(lacking)} are expected"
        raise InputError(f"{results}: no run.json beside it says {what}; give --expected")
    people, note = read_listeners_of(results, listeners)
    return Run(results, scores[0].trial.challenge, scores, people, trials, note)


def load_runs(results: Sequence[Path], listeners: Path | None, expected: int | None) -> list[Run]:
    """Several runs; of more than one, `expected` is for those whose `run.json` does not say."""
    several = len(results) > 1
    return [load_run(path, listeners, expected, asked_first=several) for path in results]


def read_listeners_of(results: Path, listeners: Path | None = None) -> tuple[dict[str, Listener], str]:
    """Listeners of a results file, none where their file is not here, and then a sentence that says so.

    Args:
        listeners: Clarity listener JSON; default: the one that the `run.json` beside the results names.
    """
    place, note = listeners or listeners_file(read_run(run_beside(results))), ""
    if listeners is None and place and not place.is_file():
        place, note = None, f"{place}: not on this machine, so severities are unknown; give --listeners"
    return (read_listeners(place) if place else {}), note


def by_name(runs: Sequence[Run]) -> dict[str, tuple[list[Score], dict[str, int]]]:
    """Rows and numbers of trials of each run, by its folder's name; by its path, where names are alike."""
    names = [run.path.parent.name for run in runs]
    return {
        name if name and names.count(name) == 1 else str(run.path): (run.scores, run.expected)
        for run, name in zip(runs, names, strict=True)
    }


def scorers_of(scores: Sequence[Score]) -> list[str]:
    """The scorers that rows are of, in alphabetical order."""
    return sorted({score.scorer for score in scores})


def _as_predicted(scorer: str, asked: Mapping[str, int]) -> int:
    """Trials of a scorer that `calibrate apply` has added: those of the scorer that it maps."""
    return asked.get(scorer.removesuffix(CALIBRATED), 0)
