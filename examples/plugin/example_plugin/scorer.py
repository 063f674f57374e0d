"""The share of samples below full scale: no measure of quality, but a scorer in thirty lines."""

from __future__ import annotations

import numpy as np

from haaqinet_eval import Result, Stimulus, Unscorable

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
            Unscorable: `empty`, where there are no samples.
        """
        signal = np.asarray(stimulus.processed, dtype=float)
        if not signal.size:
            raise Unscorable("empty", "processed signal: no samples")
        return Result(float(np.mean(np.abs(signal) < FULL_SCALE)))
