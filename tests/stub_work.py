"""Work with known answers for the tests of `distribute`: importable by worker processes.

A scene's name says what happens when it is scored, see `FAULTS`; each fault happens once, or, for
a name that ends in "!", always. What has been scored is noted in a file, one line each.
"""

import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from haaqinet_eval import Audiogram, Result, Stimulus, Trial, Unscorable
from haaqinet_eval.distribute import Task
from haaqinet_eval.evaluate import Work

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
    opened: list = field(default_factory=list, compare=False)

    def identity(self) -> str:
        return self.settings

    def open(self):
        return self

    def __call__(self, tasks):
        for task in tasks:
            yield Work(task.trials, self.load)

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


def tasks(scenes, systems=("a", "b"), listeners=("L1", "L2"), scorers=("haaqi",)) -> list[Task]:
    """Both ears of every listener, scene and system."""
    return [
        Task(
            tuple(Trial("stub", system, scene, "song", listener, ear) for ear in ("left", "right")),
            tuple(scorers),
        )
        for scene in scenes
        for listener in listeners
        for system in systems
    ]
