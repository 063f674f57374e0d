"""Work with known answers for the tests of `distribute`: importable by worker processes.

A scene's name says what happens when it is scored, see `FAULTS`; each fault happens once, or, for
a name that ends in "!", always. What has been scored is noted in a file, one line each.
"""

import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from haaqinet_eval import Audiogram, Result, Stimulus, Trial, Unscorable
from haaqinet_eval.distribute import Executor, Job, Log, TrialGroup, distribute, make_batches
from haaqinet_eval.recipe import exit_code, run_job
from haaqinet_eval.scores import ScoreFile, write_table

HUGE = 2**36  # bytes


class Level:
    """Scores the level of the signal, and takes no time."""

    version, sample_rate, needs, limits = "1", 1.0, frozenset(), (0.0, 1.0)

    def __init__(self, name: str, version: str = "1") -> None:
        self.name, self.version = name, version

    def __call__(self, stimulus: Stimulus) -> Result:
        return Result(float(stimulus.processed.mean()), {"n": len(stimulus.processed)})


def load_other_version(name: str) -> Level:
    return Level(name, "1" if os.environ.get("STUB_HERE") == str(os.getpid()) else "2")


def huge() -> None:
    np.ones(HUGE // 8)


FAULTS = {
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "ended": lambda: os.kill(os.getpid(), signal.SIGTERM),
    "hung": lambda: time.sleep(1000),
    "huge": huge,
    "slow": lambda: time.sleep(0.3),
    "bug": lambda: 1 / 0,
}


@dataclass(frozen=True)
class Stubs:
    """A source of work: sines of a level that depends on the trial.

    Args:
        folder: for the notes of what was scored, and of the faults that have happened.
    """

    folder: str
    settings: str = ""
    seconds: float = 0.0  # that each signal takes

    def identity(self) -> str:
        return self.settings

    def open(self):
        return self

    def __call__(self, groups):
        yield from [self.load] * len(groups)

    def load(self, trial: Trial) -> Stimulus:
        fault, _, _ = trial.scene.partition("-")
        if fault == "missing":
            raise Unscorable("missing_file", f"{trial.scene}: no such file")
        self._happen(fault, trial)
        time.sleep(self.seconds)
        with (Path(self.folder) / "scored").open("a") as file:
            file.write(f"{trial.scene} {trial.system} {trial.ear}\n")
        level = (sum(map(ord, trial.scene + trial.system + trial.listener)) % 97 + 1) / 100
        level *= 0.5 if trial.ear == "left" else 1.0
        return Stimulus(np.full(8, level), 1.0, Audiogram.flat(0))

    def _happen(self, fault: str, trial: Trial) -> None:
        action = FAULTS.get(fault.removesuffix("!"))
        if action is None:
            return
        mark = Path(self.folder) / f"{trial.scene}-{trial.system}-{trial.ear}"
        if fault.endswith("!") or fault == "slow" or not mark.exists():
            mark.touch()
            action()


def tasks(scenes, systems=("a", "b"), listeners=("L1", "L2"), scorers=("haaqi",)) -> list[TrialGroup]:
    """Both ears of every listener, scene and system."""
    return [
        TrialGroup(
            tuple(Trial("stub", system, scene, "song", listener, ear) for ear in ("left", "right")),
            tuple(scorers),
        )
        for scene in scenes
        for listener in listeners
        for system in systems
    ]


def key(trial: Trial) -> tuple[str, ...]:
    """Of the row that a trial gets."""
    t = trial
    return (t.challenge, t.system, t.scene, t.song, t.listener, t.ear, t.stem, "haaqi", "1")


def job(folder: Path, **options) -> Job:
    """Stubs whose notes are in a folder."""
    return Job(Stubs(str(folder), **options), {"haaqi": "1"}, Level)


def run(folder: Path, work: list[TrialGroup], executor: Executor, source: Job | None = None) -> bytes:
    """Score what is missing in a folder's results, and give the final table."""
    folder.mkdir(exist_ok=True)
    source = source or job(folder)
    file = ScoreFile(folder / "results.csv")
    wanted = [task for task in work if any(key(trial) not in file for trial in task.trials)]

    def keep(outcome):
        file.append([row for rows in outcome.rows for row in rows])

    log = Log(folder / "log.jsonl")
    log.start(2 * len(work), len(file))
    with log.ending():
        batches = make_batches(source.id, wanted, executor.signals)
        distribute(source, batches, executor.pool(source), keep, log, print)
    rows = {row.key: row for row in file}
    write_table(file.path, [rows[key(trial)] for task in work for trial in task.trials if key(trial) in rows])
    return file.path.read_bytes()


def main() -> None:
    """As a program: folder, scenes, options of the executor, seconds that a signal takes."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in the background ignore it
    folder, scenes, options, seconds = sys.argv[1:]
    executor = Executor(**json.loads(options))
    work = tasks(scenes.split(","))
    source = job(Path(folder), seconds=float(seconds))
    run_job(lambda: run(Path(folder), work, executor, source) and 0)
    sys.exit(exit_code())
