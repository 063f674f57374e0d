"""Results that the challenges published: averages of whole systems, not scored here.

One JSON file in the package of each challenge: where the figures are from, and a record per system and split.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files

from ..registry import challenge_record, challenge_records

CHALLENGES = tuple(name for name, record in challenge_records().items() if record.published)


@dataclass(frozen=True)
class PublishedResult:
    """A published average of a system."""

    challenge: str
    split: str  # "test" ranked the teams; "valid" is what the baselines reached beforehand
    team: str
    system: str
    mean: float  # HAAQI
    left: float | None = None
    right: float | None = None
    baseline: bool = False
    causal: bool | None = None  # None: not said
    augmented: bool | None = None
    joint: float | None = None  # what the challenge ranked by, where that is more than HAAQI
    panel: float | None = None  # basic audio quality that a panel of listeners gave, 0 to 100
    source: str = ""


def published_results(challenge: str) -> list[PublishedResult]:
    """The published results of a challenge, best first within each split.

    >>> [round(r.mean, 4) for r in published_results("cad_icassp_2024")][:2]
    [0.6317, 0.6309]
    """
    package, _, file = challenge_record(challenge).published.partition(":")
    record = json.loads(files(package).joinpath(file).read_text(encoding="utf-8"))
    results = [
        PublishedResult(challenge, source=record["source"], **{"split": split, **result})
        for split, found in record["results"].items()
        for result in found
    ]
    return sorted(results, key=lambda r: (r.split, -(r.joint or r.mean), r.team, r.system))
