"""Evaluate systems on a challenge: what every recipe's `evaluate.py` and `merge.py` call.

Exit codes: 0, every trial has a score; 1, some have a reason instead; 2, a user's
mistake, one line on stderr.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from rich.console import Console

from ..errors import InputError
from ..evaluate import blank_row, evaluate
from ..frames import merge_frames
from ..jsonfile import read_json
from ..scorers import Scorer, load_scorer
from ..scores import Key, Score, ScoreFile, merge_scores, read_scores, write_scores
from ..summary import print_summary
from . import load_challenge
from .challenge import Challenge, Pair, batch_options, expected_keys, select_pairs
from .dialect import write_dialects
from .fingerprints import Fingerprints, merge_fingerprints
from .folders import (
    ENHANCED,
    absolute_paths,
    batch_suffix,
    find_systems,
    fingerprints_file,
    results_file,
    run_file,
)
from .metadata import check_kind, option
from .progress import show_progress
from .provenance import RunRecord, scoring_settings
from .works import works


@dataclass(eq=False)
class Plan:
    """What a run is to score."""

    challenge: Challenge
    pairs: list[Pair]
    systems: dict[str, Path]  # folder of each
    scorers: dict[str, str]  # versions by name
    suffix: str  # of the batch's files

    @cached_property
    def keys(self) -> list[Key]:
        """Keys of all the rows that belong to the plan."""
        return expected_keys(self.challenge, self.pairs, list(self.systems), self.scorers)

    @property
    def enhanced(self) -> dict[str, Path]:
        """Folder of each system's signals."""
        return {name: folder / ENHANCED for name, folder in self.systems.items()}

    def chosen(self, scores: Iterable[Score]) -> list[Score]:
        """The rows of the plan among others, in its order."""
        found = {score.key: score for score in scores}
        return [found[key] for key in self.keys if key in found]


def scorer_names(config: Mapping) -> list[str]:
    """The scorers that `evaluator` asks for."""
    names = option(config, "evaluator.scorers", list)
    if not names or len(set(names)) < len(names):
        raise InputError(f"option evaluator.scorers is {names}, not a list of different scorers")
    return [check_kind(name, str, "option evaluator.scorers") for name in names]


def make_plan(name: str, config: Mapping, scorers: Mapping[str, str]) -> Plan:
    """Find the systems, read the challenge and choose its pairs; paths in `config` are absolute."""
    systems = find_systems(Path(config["path"]["exp_folder"]), config.get("system"))
    enhanced = {system: folder / ENHANCED for system, folder in systems.items()}
    challenge = load_challenge(name, config, enhanced)
    pairs = select_pairs(challenge, config)
    if not pairs:
        raise InputError(
            "there is no scene and listener to score; see the scene_listeners file and evaluate.*"
        )
    return Plan(challenge, pairs, systems, dict(scorers), batch_suffix(*batch_options(config)))


def drop_changed(path: Path, plan: Plan, fingerprints: Fingerprints) -> int:
    """Take out of a results file the rows whose audio has changed since; returns how many."""
    if not path.exists():
        return 0
    pairs = {(pair.scene, pair.listener): pair for pair in plan.pairs}
    changed: dict[Path, bool] = {}

    def stale(score: Score) -> bool:
        pair = pairs.get((score.scene, score.listener))
        if pair is None or score.system not in plan.systems:
            return False
        file = plan.enhanced[score.system] / plan.challenge.enhanced_file(pair, score.ear, score.stem)
        if file not in changed:
            changed[file] = fingerprints.changed(file)
        return changed[file]

    scores = read_scores(path)
    kept = [score for score in scores if not stale(score)]
    if len(kept) < len(scores):
        write_scores(path, kept)
    return len(scores) - len(kept)


def _score(plan: Plan, config: Mapping, scorers: Sequence[Scorer], console: Console) -> list[Score]:
    exp_folder = Path(config["path"]["exp_folder"])
    path = results_file(exp_folder, plan.suffix)
    fingerprints = Fingerprints(fingerprints_file(exp_folder, plan.suffix), exp_folder)
    dropped = drop_changed(path, plan, fingerprints)
    if dropped:
        console.print(f"{dropped} rows are scored again: their enhanced files have changed")
    file = ScoreFile(path)

    def all_works(opened: Callable[[Path], None]):
        return works(plan.challenge, plan.pairs, plan.enhanced, config["evaluate"]["set_random_seed"], opened)

    todo = sum(
        any(blank_row(trial, scorer).key not in file for trial in work.trials for scorer in scorers)
        for work in all_works(lambda path: None)
    )
    resumed = sum(key in file for key in plan.keys)
    if resumed:
        console.print(f"{resumed} of {len(plan.keys)} rows are there already", highlight=False)
    with show_progress(todo, "signals", console) as report:
        evaluate(all_works(fingerprints.note), scorers, file, report)
    return plan.chosen(file)


def _finish(plan: Plan, scores: Sequence[Score], console: Console) -> Counter[str]:
    """Write the challenge's tables, print the summary, and return the failures by code."""
    left_out = write_dialects(plan.challenge, plan.pairs, plan.systems, scores, plan.suffix)
    trials = len(plan.keys) // len(plan.systems) // len(plan.scorers)
    print_summary(scores, plan.challenge.listeners, trials)
    for path, pairs in left_out.items():
        if pairs:
            console.print(
                f"{path}: {pairs} of {len(plan.pairs)} pairs left out", soft_wrap=True, markup=False
            )
    failures = Counter(score.error for score in scores if score.failed)
    if failures:
        codes = ", ".join(f"{code} {count}" for code, count in failures.most_common())
        console.print(f"{failures.total()} of {len(plan.keys)} rows could not be scored: {codes}")
        first = next(score for score in scores if score.failed)
        trial = " ".join(filter(None, (first.system, first.scene, first.listener, first.ear, first.stem)))
        console.print(f"first: {trial}: {first.message}", soft_wrap=True, markup=False)
    return failures


def run_evaluation(name: str, config: Mapping, console: Console | None = None) -> int:
    """Evaluate the systems in `path.exp_folder`, or go on where an earlier run stopped.

    Args:
        name: challenge.
        config: pyclarity's options, and `system`, `evaluator.scorers`, for CAD1 `evaluate.segments`.

    Returns:
        The exit code.

    Raises:
        InputError: a user's mistake.
    """
    console = console or Console()
    config = absolute_paths(config)
    option(config, "evaluate.set_random_seed", bool)
    names = scorer_names(config)
    plan = make_plan(name, config, dict.fromkeys(names, ""))  # mistakes show before a scorer is loaded
    scorers = [load_scorer(scorer) for scorer in names]
    plan = replace(plan, scorers={scorer.name: scorer.version for scorer in scorers})
    exp_folder = Path(config["path"]["exp_folder"])
    path = results_file(exp_folder, plan.suffix)
    fresh = not (path.exists() and read_scores(path))
    settings = scoring_settings(plan.challenge, config)
    record = RunRecord(run_file(exp_folder, plan.suffix), name, settings, fresh)
    record.start(config=config, systems=list(plan.systems), scorers=plan.scorers, expected=len(plan.keys))
    scores = _score(plan, config, scorers, console)
    failures = _finish(plan, scores, console)
    record.end(scored=len(scores) - failures.total(), failed=dict(failures))
    return 1 if failures else 0


def _last_run(path: Path) -> dict:
    record = read_json(path, dict)
    if not record.get("runs"):
        raise InputError(f"{path}: holds no run")
    return {**record["runs"][-1], "settings": record["settings"], "challenge": record["challenge"]}


def _common_run(name: str, paths: Sequence[Path]) -> dict:
    """The first batch's run, if the others were made alike."""
    runs = [_last_run(path) for path in paths]
    for path, run in zip(paths, runs, strict=True):
        if run["challenge"] != name:
            raise InputError(f"{path}: a batch of challenge {run['challenge']!r}, not {name!r}")
        for part in ("settings", "scorers", "systems"):
            if run[part] != runs[0][part]:
                raise InputError(f"{path}: its {part} differ from those in {paths[0]}")
    return runs[0]


def run_merge(name: str, exp_folder: str | Path, batches: int, console: Console | None = None) -> int:
    """Join the batches of an evaluation: `results_1-B.csv` … to `results.csv` and the tables.

    What is to be there follows from the batches' own `run_1-B.json` …, which must agree.

    Returns:
        The exit code.

    Raises:
        InputError: for a batch that is missing or was made otherwise, and for gaps and duplicates.
    """
    exp_folder = Path(exp_folder).expanduser().absolute()
    if check_kind(batches, int, "option evaluate.batch_size") < 2:
        raise InputError(f"option evaluate.batch_size is {batches}; there is nothing to merge")
    suffixes = [batch_suffix(batch, batches) for batch in range(batches)]
    run = _common_run(name, [run_file(exp_folder, suffix) for suffix in suffixes])
    config = {
        **run["config"],
        "path": {**run["config"]["path"], "exp_folder": str(exp_folder)},
        "system": run["systems"],
        "evaluate": {**run["config"]["evaluate"], "batch": 0, "batch_size": 1},
    }
    plan = make_plan(name, config, run["scorers"])
    parts = [results_file(exp_folder, suffix) for suffix in suffixes]
    scores = merge_scores(parts, plan.keys)
    write_scores(results_file(exp_folder, ""), scores)
    merge_frames(parts, results_file(exp_folder, ""))
    notes = [fingerprints_file(exp_folder, suffix) for suffix in suffixes]
    merge_fingerprints(notes, fingerprints_file(exp_folder, ""))
    record = RunRecord(run_file(exp_folder, ""), name, run["settings"], fresh=True)
    record.start(config=config, systems=list(plan.systems), scorers=plan.scorers, expected=len(plan.keys))
    failures = _finish(plan, scores, console or Console())
    record.end(merged=batches, scored=len(scores) - failures.total(), failed=dict(failures))
    return 1 if failures else 0
