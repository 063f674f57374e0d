"""What goes to a worker, trials grouped so that a scene's references are made once, and what comes back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, field, replace
from functools import cached_property
from itertools import groupby

from ..audio import FileNote
from ..evaluate import TrialGroup
from ..scores import Score

MOST = 16  # signals in a batch, unless one pair of a scene and a listener has more

TIMEOUT, MEMORY, LOST, REFUSED = "timeout", "out_of_memory", "worker_lost", "refused"
RETRIES = {TIMEOUT: 1, MEMORY: 1, LOST: 3}  # a worker dies of the machine's faults more often than of a clip


@dataclass(frozen=True)
class Batch:
    """Groups that share a scene's references, scored one after another by one worker."""

    job: str  # id of the job
    groups: tuple[TrialGroup, ...]
    alone: bool = False  # nothing else is scored meanwhile: the retry of what a worker failed at

    @cached_property
    def id(self) -> str:
        """Digest of its content: the job's settings and versions, trials and scorers."""
        content = [self.job, [[list(map(astuple, t.trials)), t.scorers] for t in self.groups]]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]

    @property
    def scene(self) -> str:
        """The scene, or the song where there are no scenes."""
        return self.groups[0].trials[0].scene

    @property
    def listeners(self) -> list[str]:
        """The listeners in the order of scoring."""
        return list(dict.fromkeys(group.trials[0].listener for group in self.groups))


@dataclass(frozen=True)
class Fault:
    """Why a batch was not finished."""

    code: str  # a key of RETRIES, or REFUSED
    message: str
    blamed: bool = True  # whether the first group that is missing was being scored


@dataclass(frozen=True)
class Outcome:
    """What a worker made of a batch."""

    batch: Batch
    rows: list[list[Score]]  # of each of its first groups; of all of them where there is no fault
    files: dict[str, FileNote] = field(default_factory=dict)  # that were read for them
    fault: Fault | None = None
    worker: str = ""  # host and process
    seconds: float = 0.0


def make_batches(job: str, groups: Iterable[TrialGroup], most: int = MOST) -> Iterator[Batch]:
    """Cut groups of trials, in their order, into batches of one scene each.

    The systems of one scene and listener share an ear's model of the reference, so they
    always stay together.

    Args:
        most: signals in a batch, where that leaves the systems together.
    """
    for _, of_scene in groupby(groups, lambda group: group.trials[0].scene):
        held: list[TrialGroup] = []
        for _, same in groupby(of_scene, lambda group: group.trials[0].listener):
            pair = list(same)
            if held and len(held) + len(pair) > most:
                yield Batch(job, tuple(held))
                held = []
            held += pair
        if held:
            yield Batch(job, tuple(held))


def retry_alone(batch: Batch, alone: bool) -> list[Batch]:
    """Each group of a batch as a batch of its own, with one fault more to its name."""
    return [Batch(batch.job, (replace(group, faults=group.faults + 1),), alone) for group in batch.groups]
