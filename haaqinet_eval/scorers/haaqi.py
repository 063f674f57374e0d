"""True HAAQI as a scorer."""

from __future__ import annotations

from ..errors import Unscorable
from ..haaqi import Reference
from ..haaqi.cochlea import RATE
from ..trials import Result, Stimulus


class HaaqiScorer:
    """Intrusive HAAQI: compares one ear's signal with its reference.

    `Stimulus.reference` is a signal [T], or a `haaqi.Reference`, which is heard once however
    many systems are scored against it; then its own audiogram, level and equalisation count.
    `Stimulus.rng` is the threshold noise, see `haaqi.Reference`.
    """

    name = "haaqi"
    version = "haaqi-v1/1"  # the index's version / ours: the second rises when any score moves
    sample_rate = RATE
    needs = frozenset({"reference"})
    limits = (0.0, 1.0)

    def __call__(self, stimulus: Stimulus) -> Result:
        """Score one ear; parts are HAAQI's four features and its two intermediate sums.

        Raises:
            Unscorable: needs_reference, or the codes of `haaqi.Reference` and its `score`.
        """
        reference = stimulus.reference
        if reference is None:
            raise Unscorable("needs_reference", "HAAQI compares with a reference, and the stimulus has none")
        if not isinstance(reference, Reference):
            reference = Reference(
                reference,
                stimulus.reference_sample_rate or stimulus.sample_rate,
                stimulus.audiogram,
                stimulus.equalisation,
                stimulus.level1,
            )
        return reference.score(stimulus.processed, stimulus.sample_rate, stimulus.rng)
