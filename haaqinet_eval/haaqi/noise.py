"""Threshold noise: numpy's legacy Gaussians, in pyclarity's order."""

from __future__ import annotations

import numpy as np


def draw(rng: np.random.RandomState, rows: int, count: int) -> np.ndarray:
    """Next `rows * count` standard normal numbers: float32 [rows, count]."""
    out = np.empty((rows, count), np.float32)
    for row in out:
        row[:] = rng.standard_normal(count)
    return out
