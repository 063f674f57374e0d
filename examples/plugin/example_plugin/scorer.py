"""The share of samples below full scale: no measure of quality, but a scorer in thirty lines."""

from __future__ import annotations

import numpy as np

from haaqinet_eval import Result, Stimulus
from haaqinet_eval.scorers.checks import validate_signal

FULL_SCALE = 0.999  # of 1


class UnclippedScorer:
    """Share of one ear's samples whose size is below full scale."""

    name = "unclipped"
    version = "1"  # raise it whenever a score changes
    sample_rate = 32000.0  # Hz; this scorer takes any
    needs: frozenset[str] = frozenset()
    limits = (0.0, 1.0)

    def __call__(self, stimulus: Stimulus) -> Result:
        """Score one ear.

        Raises:
            Unscorable: see `validate_signal`, for silence, NaN, stereo and the like.
        """
        signal = validate_signal(stimulus, stimulus.processed)
        return Result(float(np.mean(np.abs(signal) < FULL_SCALE)))
