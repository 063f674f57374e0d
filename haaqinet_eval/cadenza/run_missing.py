"""Filling a results file: what it lacks is scored wherever the executor says, and written here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from ..distribute import Executor, Job, Log, Outcome, distribute, make_batches
from ..errors import InputError
from ..io.names import counted
from ..scorers import Scorer
from ..scores import Score, ScoreFile, read_scores, write_scores, write_table
from .fingerprints import Fingerprints
from .folders import fingerprints_file, log_file, references_file, results_file
from .plan import Plan
from .progress import show_progress
from .source import FolderSource

_ADVICE = "the scores would not be comparable; put it back, or use another path.exp_folder"


def drop_changed(path: Path, plan: Plan, fingerprints: Fingerprints) -> int:
    """Take out of a results file the rows whose audio has changed since; returns how many."""
    if not path.exists():
        return 0
    pairs = {(pair.scene, pair.listener): pair for pair in plan.pairs}
    changed: dict[Path, bool] = {}
    enhanced = plan.enhanced

    def stale(score: Score) -> bool:
        trial = score.trial
        pair = pairs.get((trial.scene, trial.listener))
        if pair is None or trial.system not in plan.systems:
            return False
        file = enhanced[trial.system] / plan.challenge.enhanced_file(pair, trial.ear, trial.stem)
        if file not in changed:
            changed[file] = fingerprints.changed(file)
        return changed[file]

    scores = read_scores(path, torn=True)
    kept = [score for score in scores if not stale(score)]
    if len(kept) < len(scores):
        write_scores(path, kept)
    return len(scores) - len(kept)


class ResultsWriter:
    """Takes what was scored, checks what it was scored from, and writes both.

    Args:
        file: for the rows; anything that has `append`, which takes all rows or none.
        signals, references: for the files that were read.
        folders: those whose files are signals; all other files are references.
        report: is given the rows of each group of trials, once they are written.
    """

    def __init__(
        self,
        file: Any,
        signals: Fingerprints,
        references: Fingerprints,
        folders: Sequence[Path],
        report: Callable[[list[Score]], None],
    ) -> None:
        self._file, self._signals, self._references = file, signals, references
        self._folders, self._report = tuple(f"{folder}/" for folder in folders), report

    def __call__(self, outcome: Outcome) -> None:
        """Write what came back.

        Raises:
            InputError: where a reference is not what it was when it was read first.
            OSError: where the disk does not take it.
        """
        mine = {file: note for file, note in outcome.files.items() if file.startswith(self._folders)}
        others = {file: note for file, note in outcome.files.items() if file not in mine}
        changed = self._references.differs(others)
        if changed:
            raise InputError(f"{changed}: has changed since it was first read; {_ADVICE}")
        self._references.note(others)
        self._signals.note(mine)
        self._file.append([row for rows in outcome.rows for row in rows])
        for rows in outcome.rows:
            self._report(rows)


def _notes(plan: Plan, source: FolderSource, fresh: bool) -> tuple[Fingerprints, Fingerprints]:
    """Notes of signals and references, which must be as they were."""
    paths = [find(plan.exp_folder, plan.suffix) for find in (fingerprints_file, references_file)]
    if fresh:
        for path in paths:
            path.unlink(missing_ok=True)
    signals, references = (Fingerprints(path, plan.exp_folder, source.urls) for path in paths)
    for file in references:
        if references.changed(file):
            raise InputError(f"{file}: has changed since the earlier run; {_ADVICE}")
    return signals, references


def fill(
    plan: Plan,
    source: FolderSource,
    scorers: Sequence[Scorer],
    load: Callable[[str], Scorer],
    executor: Executor,
    console: Console,
    fresh: bool,
) -> list[Score]:
    """Score what the results file lacks, and put it in its final order.

    Args:
        load: gives a worker its scorers.
        fresh: whether the file has no rows yet.

    Raises:
        InputError, Stopped, KeyboardInterrupt: see `distribute`.
    """
    path = results_file(plan.exp_folder, plan.suffix)
    notes = _notes(plan, source, fresh)
    dropped = drop_changed(path, plan, notes[0])
    if dropped:
        console.print(f"{counted(dropped, 'row')} scored again: the enhanced files have changed")
    file = ScoreFile(path)
    there = sum(key in file for key in plan.keys)
    if there:
        console.print(f"{there} of {counted(len(plan.keys), 'row')} already there", highlight=False)
    todo = sum(1 for _ in plan.lacking(file, scorers))
    if todo:
        job = Job(source, plan.scorers, load)
        pool = executor.pool(job)
        log = Log(log_file(plan.exp_folder, plan.suffix))
        log.start(len(plan.keys), there, executor=executor.name, dashboard=pool.dashboard)
        batches = make_batches(job.id, plan.lacking(file, scorers), executor.most(todo, pool.workers))
        with log.ending(), show_progress(todo, "signals", console) as report:
            keep = ResultsWriter(file, *notes, list(plan.enhanced.values()), report)
            distribute(job, batches, pool, keep, log, console.print)
    return _put_in_order(path, plan, file)


def _put_in_order(path: Path, plan: Plan, file: ScoreFile) -> list[Score]:
    """Write the final table: the plan's rows in its order, then those of earlier runs by key."""
    keys = set(plan.keys)
    scores = plan.chosen(file)
    write_table(path, [*scores, *sorted((s for s in file if s.key not in keys), key=lambda s: s.key)])
    return scores
