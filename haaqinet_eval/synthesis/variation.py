"""Settings of conditions varied around their table's, so that a network cannot learn a table by heart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .conditions import Condition, Step
from .degradations import Rng

Change = Callable[[float, Rng], float]


def _plus(most: float) -> Change:
    """Up to so much more or less."""
    return lambda value, rng: value + rng.uniform(-most, most)


def _times(octaves: float, least: float = 0.0, most: float = np.inf) -> Change:
    """Up to so many octaves more or less, within limits; a list of values moves one by one."""
    return lambda value, rng: float(np.clip(value * 2 ** rng.uniform(-octaves, octaves), least, most))


def _nearer_one(octaves: float) -> Change:
    """What is missing to 1 moves by up to so many octaves."""
    return lambda value, rng: max(1 - (1 - value) * 2 ** rng.uniform(-octaves, octaves), 0.0)


def _whole(octaves: float) -> Change:
    """Up to so many octaves more or less, a whole number."""
    return lambda value, rng: round(value * 2 ** rng.uniform(-octaves, octaves))


CHANGES: dict[str, Change] = {  # by the setting's name
    "snr_db": _plus(3.5),
    "threshold_db": _plus(4),
    "direct_db": _plus(4),
    "crest_db": _plus(2),
    "floor_db": _plus(6),
    "db": _plus(2.5),
    "bits": _plus(0.7),
    "slope": _times(0.6),
    "gain_db": _times(0.6),
    "depth_db": _times(0.6),
    "error_db": _times(0.8),
    "spread_db": _times(0.6),
    "strength": _times(0.5),
    "ratio": _times(0.4, 1.1),
    "release": _times(1.5),
    "attack": _times(1.5),
    "centers": _times(0.7, 80, 10_000),
    "octaves": _times(1.0),
    "cutoff": _times(0.4, 80, 10_000),
    "share": _times(0.7, 0.0, 0.9),
    "drive": _times(0.6),
    "mask_power": _times(0.5),
    "t60": _times(0.7),
    "distance": _times(0.8),
    "level": _nearer_one(1.5),
    "hz": _whole(0.4),
}


def _changed(step: Step, rng: Rng) -> Step:
    function, settings = step
    changed = dict(settings)
    for name, change in CHANGES.items():
        value = settings.get(name)
        if isinstance(value, tuple):
            changed[name] = tuple(sorted(change(one, rng) for one in value))
        elif value is not None:
            changed[name] = change(value, rng)
    return function, changed


def varied(condition: Condition, rng: Rng) -> Condition:
    """The same condition with other settings: of noise, filters, masks, rooms and levels."""
    steps, after = (
        tuple(_changed(step, rng) for step in part) for part in (condition.steps, condition.after)
    )
    return replace(condition, steps=steps, after=after)
