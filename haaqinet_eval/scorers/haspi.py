"""True HASPI as a scorer."""

from __future__ import annotations

from typing import Any

from ..errors import Unscorable
from ..haspi import Reference
from ..trials import Stimulus
from .intrusive import IntrusiveScorer


class HaspiScorer(IntrusiveScorer):
    """Intrusive HASPI v2, for speech; prepared references are `haspi.Reference`.

    The reference is clean speech without amplification, heard by an ear without a loss: a stimulus with
    `amplified`, whose reference is amplified for the listener, is Unscorable, amplified_reference.
    """

    name = "haspi"
    version = "haspi-v2/1"  # as HAAQI's
    index = "HASPI"
    reference = Reference

    def _prepare(self, signal: Any, sample_rate: float, stimulus: Stimulus, seed: int | None) -> Reference:
        if stimulus.amplified:
            told = "the reference is amplified already (equalisation 2); HASPI compares with plain speech"
            raise Unscorable("amplified_reference", told)
        return Reference(signal, sample_rate, stimulus.audiogram, stimulus.level1, seed)
