"""True HASQI as a scorer."""

from __future__ import annotations

from ..hasqi import Reference
from .intrusive import IntrusiveScorer


class HasqiScorer(IntrusiveScorer):
    """Intrusive HASQI v2, for speech; prepared references are `hasqi.Reference`."""

    name = "hasqi"
    version = "hasqi-v2/1"  # as HAAQI's
    index = "HASQI"
    reference = Reference
