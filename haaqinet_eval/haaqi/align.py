"""Alignment of each processed band to the reference's: the lag of the largest cross-correlation."""

from __future__ import annotations

import numpy as np
from scipy.fft import irfft, rfft

from .simd import LANES

DELAYS = 2400  # samples: 100 ms at 24 kHz, the range of delays searched
_SIZE = 16384


def band_delays(
    reference: list[np.ndarray], processed: list[np.ndarray], samples: int, pad: int
) -> np.ndarray:
    """Samples [32] by which to advance each processed band, in [-DELAYS, DELAYS).

    Args:
        reference, processed: per group flat float32 [(pad + T + pad) * 16], silent in the pads.
    """
    return np.concatenate([_delays(x, y, samples, pad) for x, y in zip(reference, processed, strict=True)])


def _delays(x: np.ndarray, y: np.ndarray, samples: int, pad: int) -> np.ndarray:
    x, y = x.reshape(-1, LANES), y.reshape(-1, LANES)
    step = _SIZE - 2 * DELAYS
    total = 0
    for start in range(0, samples, step):
        first = pad + start
        block_x = x[first : first + min(step, samples - start)].astype(np.float64)
        block_y = y[first - DELAYS : first - DELAYS + _SIZE].astype(np.float64)
        total = total + rfft(block_x, _SIZE, axis=0).conj() * rfft(block_y, _SIZE, axis=0)
    correlation = irfft(total, _SIZE, axis=0)[: 2 * DELAYS]  # delays from -DELAYS on
    last_first = correlation[::-1]  # of equals the largest delay, as pyclarity
    return DELAYS - 1 - np.argmax(last_first, axis=0).astype(np.int64)
