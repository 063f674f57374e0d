"""What comes back for a batch: rows of its groups of trials, and why the rest is missing."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..audio import FileNote
from ..scores import Score
from .batches import Batch

TIMEOUT, MEMORY, LOST, REFUSED = "timeout", "out_of_memory", "worker_lost", "refused"
RETRIES = {TIMEOUT: 1, MEMORY: 1, LOST: 3}  # a worker dies of the machine's faults more often than of a clip


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
