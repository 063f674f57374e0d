"""True HAAQI as a scorer."""

from __future__ import annotations

from ..haaqi import Reference
from .intrusive import IntrusiveScorer


class HaaqiScorer(IntrusiveScorer):
    """Intrusive HAAQI; prepared references are `haaqi.Reference`."""

    name = "haaqi"
    version = "haaqi-v1/1"  # the index's version / ours: the second rises when a recipe's score moves
    index = "HAAQI"
    reference = Reference
