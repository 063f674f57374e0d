"""The gains as features: by role, and by size for sources that have no role."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..audiogram import Audiogram

ROLES = ("vocals", "drums", "bass", "other")
ABSENT = -60.0  # dB; a stem that is to go
HIGHEST = 40.0  # dB


def describe_gains(gains: Mapping[str, float]) -> dict[str, float]:
    """Features of gains (dB) by stem. The order of sources without a role does not matter.

    >>> describe_gains({"source_1": 6, "source_2": 0}) == describe_gains({"source_1": 0, "source_2": 6})
    True
    """
    values = {name: float(np.clip(g, ABSENT, HIGHEST)) for name, g in gains.items()}
    named = all(name in ROLES for name in values)
    sizes = sorted(values.values(), reverse=True)
    kept = [g for g in sizes if g > ABSENT]
    mean = 10 * np.log10(np.mean(np.power(10.0, np.array(sizes) / 10)))
    roles = {f"gain_of_{role}": values.get(role, 0.0) - mean if named else 0.0 for role in ROLES}
    return {
        **roles,
        "gains_named": float(named),
        "gains_count": float(len(sizes)),
        "gains_absent": float(len(sizes) - len(kept)),
        "gains_mean_power": float(mean),
        "gains_highest": sizes[0] - mean,
        "gains_second": sizes[min(1, len(sizes) - 1)] - mean,
        "gains_lowest": sizes[-1] - mean,
        "gains_spread": float(np.std(sizes)),
        "gains_range": sizes[0] - sizes[-1],
    }


def describe_ear(audiogram: Audiogram, level1: float, rms: float) -> dict[str, float]:
    """Features of the listener, and the level (dB SPL) of the mixture as it is heard."""
    levels = [float(audiogram.at(f)) for f in (250, 500, 1000, 2000, 4000, 6000)]
    named = {f"loss_{i}": level for i, level in enumerate(levels)}
    return {
        **named,
        "loss_mean": float(np.mean(levels)),
        "level_spl": level1 + 20 * float(np.log10(rms + 1e-12)),
    }
