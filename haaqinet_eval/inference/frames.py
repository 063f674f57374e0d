"""What a network puts out, and when."""

from __future__ import annotations

import numpy as np

OUTPUTS = ("score", "mel_cepstral_high", "bm_sync5", "d_loud", "d_norm")
FRAME_RATE = 250.0  # Hz, of envelopes
STRIDE = 32  # envelope frames a frame score: 128 ms


def frame_times(count: int, seconds: float) -> np.ndarray:
    """Middle of each of a clip's frame scores, [count] s; the last frame may be cut short.

    >>> frame_times(2, 0.2)
    array([0.064, 0.164])
    """
    edges = np.arange(count + 1) * (STRIDE / FRAME_RATE)
    edges[-1] = min(edges[-1], seconds)
    return (edges[:-1] + edges[1:]) / 2
