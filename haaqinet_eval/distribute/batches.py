"""What travels to a worker: names of trials, grouped so that a scene's references are made once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, replace
from functools import cached_property
from itertools import groupby

from ..trials import Trial

MOST = 16  # signals in a batch, unless one pair of a scene and a listener has more


@dataclass(frozen=True)
class Task:
    """The trials of one `Work` and the scorers that it lacks; the audio stays where it is."""

    trials: tuple[Trial, ...]
    scorers: tuple[str, ...]  # names
    faults: int = 0  # how often a worker has failed at it


@dataclass(frozen=True)
class Batch:
    """Tasks that share a scene's references, scored one after another by one worker."""

    job: str  # id of the job
    tasks: tuple[Task, ...]
    alone: bool = False  # nothing else is scored meanwhile: the retry of what a worker failed at

    @cached_property
    def id(self) -> str:
        """Digest of its content: the job's settings and versions, trials and scorers."""
        content = [self.job, [[list(map(astuple, t.trials)), t.scorers] for t in self.tasks]]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]

    @property
    def scene(self) -> str:
        """The scene, or the song where there are no scenes."""
        return self.tasks[0].trials[0].scene

    @property
    def listeners(self) -> list[str]:
        """The listeners in the order of scoring."""
        return list(dict.fromkeys(task.trials[0].listener for task in self.tasks))


def make_batches(job: str, tasks: Iterable[Task], most: int = MOST) -> Iterator[Batch]:
    """Cut tasks, in their order, into batches of one scene each.

    The systems of one scene and listener share an ear's model of the reference, so they
    always stay together.

    Args:
        most: signals in a batch, where that leaves the systems together.
    """
    for _, of_scene in groupby(tasks, lambda task: task.trials[0].scene):
        held: list[Task] = []
        for _, group in groupby(of_scene, lambda task: task.trials[0].listener):
            pair = list(group)
            if held and len(held) + len(pair) > most:
                yield Batch(job, tuple(held))
                held = []
            held += pair
        if held:
            yield Batch(job, tuple(held))


def singly(batch: Batch, alone: bool) -> list[Batch]:
    """Each task of a batch as a batch of its own, with one fault more to its name."""
    return [Batch(batch.job, (replace(task, faults=task.faults + 1),), alone) for task in batch.tasks]
