"""What the challenges published of the systems that took part."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files

from ..registry import prediction_record


@dataclass(frozen=True)
class PublishedSystem:
    """A line of a challenge's results.

    Attributes:
        rank: by the RMSE on the evaluation set, baselines among the others.
        name: of the team and its system, as the organisers anonymised it.
        baseline: the organisers' own.
        lyrics, unprocessed, severity: whether it used the words, the audio without the loss, the kind of
        loss.
        dev_rmse, eval_rmse: per cent of words.
        eval_correlation: Pearson's.
    """

    rank: int
    name: str
    baseline: bool
    lyrics: bool
    unprocessed: bool
    severity: bool
    dev_rmse: float
    eval_rmse: float
    eval_correlation: float


def published_systems(challenge: str) -> list[PublishedSystem]:
    """The published results of a challenge, best first; empty where there are none yet.

    >>> best = published_systems("clip1")[0]
    >>> best.name, best.eval_rmse
    ('T045', 26.44)
    """
    where = prediction_record(challenge).published
    if not where:
        return []
    package, _, file = where.partition(":")
    record = json.loads(files(package).joinpath(file).read_text(encoding="utf-8"))
    return [PublishedSystem(rank, **system) for rank, system in enumerate(record["systems"], start=1)]
