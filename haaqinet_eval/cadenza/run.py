"""Evaluate systems on a challenge: what every recipe's `evaluate.py` calls, and `haaqinet merge`.

Exit codes: 0, every trial has a score; 1, some have a reason instead, or
words are missing; 2, a user's mistake, or data
that changed on the way; 3, the machine ended it: a full disk, a scheduler that is gone; 130, Ctrl-C;
143, SIGTERM. All but 0 and 2 go on by the same command.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from ..analysis.summary import print_summary
from ..distribute import Executor, gpu_version
from ..errors import InputError
from ..io.jsonfile import read_json
from ..io.names import counted, printable
from ..registry import scorer_record
from ..scorers import Scorer, load_scorer
from ..scorers.own import Loader
from ..scores import Score, merge_scores, read_scores, write_table
from ..scores.frames import merge_frames
from .completing import Completing
from .fingerprints import merge_fingerprints
from .folders import (
    absolute_paths,
    batch_suffix,
    fingerprints_file,
    references_file,
    results_file,
    run_file,
)
from .metadata import check_kind, option
from .official_table import write_official_tables
from .plan import Plan, make_plan, scorer_names
from .provenance import RunRecord, scoring_settings
from .run_missing import fill
from .source import FolderSource


def _finish(
    plan: Plan, scores: Sequence[Score], config: Mapping, console: Console
) -> tuple[Counter[str], bool]:
    """Write the challenge's tables, print the summary; the failures by code, and whether nothing lacks."""
    lacking = ""
    if isinstance(plan.challenge, Completing):
        lacking = plan.challenge.complete_table(plan, config, console)
    left_out = write_official_tables(plan.challenge, plan.pairs, plan.tables, scores, plan.suffix)
    trials = len(plan.keys) // len(plan.systems) // len(plan.scorers)
    print_summary(scores, plan.challenge.listeners, trials)
    for path in left_out if isinstance(plan.challenge, Completing) else ():
        if line := plan.challenge.table_line(path):
            console.print(line, soft_wrap=True, markup=False, highlight=False)
    if lacking:
        console.print(printable(lacking), soft_wrap=True, markup=False, highlight=False)
    for path, pairs in left_out.items():
        if pairs:
            of = counted(len(plan.pairs), "pair")
            console.print(f"{path}: {pairs} of {of} left out", soft_wrap=True, markup=False)
    failures = Counter(score.error for score in scores if score.failed)
    if failures:
        codes = ", ".join(f"{code} {count}" for code, count in failures.most_common())
        of = counted(len(plan.keys), "row")
        console.print(f"{failures.total()} of {of} could not be scored: {printable(codes)}", markup=False)
        first = next(score for score in scores if score.failed)
        trial = first.trial
        told = " ".join(filter(None, (trial.system, trial.scene, trial.listener, trial.ear, trial.stem)))
        console.print(printable(f"first: {told}: {first.message}"), soft_wrap=True, markup=False)
    _say_next(plan, console)
    return failures, not (failures or lacking)


def _from_here(path: Path) -> str:
    """A path as it is shown: relative, if it is below the folder that one stands in."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _say_next(plan: Plan, console: Console) -> None:
    """Where the rows are, and the command to go on with."""
    results = results_file(plan.exp_folder, plan.suffix)
    place, goal = (_from_here(path) for path in (results, results.with_name("report.html")))
    following = f"haaqinet report {shlex.quote(place)} --out {shlex.quote(goal)}"
    if plan.suffix:
        following = f"after all batches, haaqinet merge {shlex.quote(_from_here(plan.exp_folder))}"
    rows = counted(len(plan.keys), "row")
    for line in (f"{rows} in {place}", f"next: {following}"):
        console.print(line, soft_wrap=True, markup=False, highlight=False)


def run_evaluation(name: str, config: Mapping, console: Console | None = None) -> int:
    """Evaluate the systems in `path.exp_folder`, or go on where an earlier run stopped.

    Args:
        name: challenge.
        config: pyclarity's options, and `system`, `evaluator.scorers`, `evaluator.weights`, `executor`, for
            CAD1 `evaluate.segments`.

    Returns:
        The exit code.

    Raises:
        InputError: a user's mistake, or data that changed on the way.
        Stopped: the machine ended the run.
    """
    console = console or Console()
    config = absolute_paths(config)
    option(config, "evaluate.set_random_seed", bool)
    executor, names = Executor.from_options(config.get("executor")), scorer_names(config)
    plan = make_plan(name, config, dict.fromkeys(names, ""))  # mistakes show before a scorer is loaded
    if isinstance(plan.challenge, Completing):
        plan.challenge.prepare_table(config)
    load = Loader.from_option(
        names, config["evaluator"].get("weights"), "option evaluator.weights", load_scorer
    )
    scorers = {scorer: load(scorer) for scorer in names}
    if executor.gpu:
        _name_for_gpu(scorers)
    plan = replace(plan, scorers={scorer.name: scorer.version for scorer in scorers.values()})
    path = results_file(plan.exp_folder, plan.suffix)
    fresh = not (path.exists() and read_scores(path, torn=True))
    settings = scoring_settings(plan.challenge, config)
    plan.exp_folder.mkdir(parents=True, exist_ok=True)  # Hydra made it, unless its own folder is another
    record = RunRecord(run_file(plan.exp_folder, plan.suffix), name, settings, fresh)
    record.start(plan, config)
    places = {system: str(folder) for system, folder in plan.enhanced.items()}
    source = FolderSource(name, config, places, settings, plan.challenge)
    load = executor.loader(scorers.__getitem__, load)
    scores = fill(plan, source, list(scorers.values()), load, executor, console, fresh)
    failures, whole = _finish(plan, scores, config, console)
    record.end(scored=len(scores) - failures.total(), failed=dict(failures))
    return 0 if whole else 1


def _name_for_gpu(scorers: Mapping[str, Scorer]) -> None:
    """Give scorers the version that they have on a GPU."""
    for name, scorer in scorers.items():
        if not scorer_record(name).uses_accelerator:
            raise InputError(
                f"option executor.gpu: {name} has no use for one; score it without, in the same folder"
            )
        scorer.version = gpu_version(scorer.version)


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
        for part in ("settings", "scorers", "systems", "versions"):
            if run[part] != runs[0][part]:
                raise InputError(f"{path}: its {part} differ from those in {paths[0]}")
    return runs[0]


def find_batches(exp_folder: str | Path, batches: int | None = None) -> tuple[str, int]:
    """Challenge and number of batches of an evaluation in a folder.

    Args:
        batches: as many, where there are other batches, too.

    Raises:
        InputError: for a folder without batches, or with those of two evaluations.
    """
    exp_folder, found = Path(exp_folder).expanduser(), {}
    for path in sorted(exp_folder.glob("run_*-*.json")):
        if batch := re.fullmatch(r"run_\d+-(\d+)\.json", path.name):
            found.setdefault(int(batch[1]), path)
    if batches is not None:
        found = {number: path for number, path in found.items() if number == batches}
    if len(found) != 1:
        each = " and ".join(f"1 to {number}" for number in found)
        said = f"has batches {each}; say how many with --batches" if found else "has no such batches to merge"
        raise InputError(f"{exp_folder}: {said}")
    ((batches, path),) = found.items()
    return str(_last_run(path)["challenge"]), batches


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
        raise InputError(f"evaluate.batch_size is {batches}; there is nothing to merge")
    suffixes = [batch_suffix(batch, batches) for batch in range(batches)]
    records = [run_file(exp_folder, suffix) for suffix in suffixes]
    lacking = [batch for batch, path in enumerate(records) if not path.exists()]
    if lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        todo = f"evaluate.batch={lacking[0]} evaluate.batch_size={batches}"
        raise InputError(f"{records[lacking[0]]}: no such file; the batch {todo}{more} was not run")
    run = _common_run(name, records)
    config = {
        **run["config"],
        "path": {**run["config"]["path"], "exp_folder": str(exp_folder)},
        "system": run["systems"],
        "evaluate": {**run["config"]["evaluate"], "batch": 0, "batch_size": 1},
    }
    plan = make_plan(name, config, run["scorers"])
    parts = [results_file(exp_folder, suffix) for suffix in suffixes]
    scores = merge_scores(parts, plan.keys)
    write_table(results_file(exp_folder, ""), scores)
    merge_frames(parts, results_file(exp_folder, ""))
    for notes in (fingerprints_file, references_file):
        merge_fingerprints([notes(exp_folder, suffix) for suffix in suffixes], notes(exp_folder, ""))
    record = RunRecord(run_file(exp_folder, ""), name, run["settings"], fresh=True)
    record.start(plan, config)
    if isinstance(plan.challenge, Completing):
        plan.challenge.prepare_table(config)
    failures, whole = _finish(plan, scores, config, console or Console())
    record.end(merged=batches, scored=len(scores) - failures.total(), failed=dict(failures))
    return 0 if whole else 1
