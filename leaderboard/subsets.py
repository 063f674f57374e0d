"""The standings over some of the trials: one ear, one severity, one genre.

Means, intervals and ranks are made as the store makes those of all trials: the same draws of
scenes and listeners for every system (`haaqinet_eval.statistics`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from haaqinet_eval.statistics import (
    Resampling,
    compare_all,
    index,
    interval,
    pair_sums,
    rank_ranges,
)
from haaqinet_eval.store import Entry

EQUAL = 1e-12  # means that differ by less are equal, as in the store's standings


def restrict(entries: Sequence[Entry], rows: Callable[[Entry], pd.DataFrame]) -> list[Entry]:
    """The entries of one scorer, with figures over the rows that are left of each.

    Args:
        entries: of one scorer version; those that are incomplete stay as they are.
        rows: gives an entry's rows within the subset: scene, listener, ear and score.
    """
    whole = [entry for entry in entries if entry.mean is not None]
    rest = [entry for entry in entries if entry.mean is None]
    if not whole:
        return rest
    frames = [rows(entry) for entry in whole]
    if not len(frames[0]):
        return rest
    scene, listener = index(frames[0].scene), index(frames[0].listener)
    shape = int(scene.max()) + 1, int(listener.max()) + 1
    resampling = Resampling.of(shape)
    means, draws, found = [], [], []
    for entry, frame in zip(whole, frames, strict=True):
        total, count = pair_sums(frame.score.to_numpy(float), scene, listener, shape)
        sides = {ear: frame.score[frame.ear == ear].mean() for ear in ("left", "right")}
        means.append(float(frame.score.mean()))
        draws.append(resampling.means(total, count))
        limits = interval(means[-1], draws[-1], resampling.freedom)
        finite = np.isfinite(limits.low)
        found.append(
            replace(
                entry,
                **dict.fromkeys(("rank", "rank_low", "rank_high", "tie_group")),
                mean=means[-1],
                low=limits.low if finite else None,
                high=limits.high if finite else None,
                **{ear: None if np.isnan(mean) else float(mean) for ear, mean in sides.items()},
            )
        )
    found = _ranked(found, np.array(means), np.stack(draws, axis=1), resampling.freedom)
    return sorted(found, key=lambda e: -e.mean) + rest


def _ranked(entries: list[Entry], means: np.ndarray, draws: np.ndarray, freedom: int) -> list[Entry]:
    """Ranks for those that are no reference rows."""
    at = [i for i, entry in enumerate(entries) if not entry.reference]
    if not at:
        return entries
    own = means[at]
    places = rank_ranges(own, compare_all(own, draws[:, at], freedom))
    entries = list(entries)
    for i, place in zip(at, places, strict=True):
        entries[i] = replace(
            entries[i],
            rank=1 + int(sum(own > means[i] + EQUAL)),
            rank_low=place.low,
            rank_high=place.high,
            tie_group=place.group,
        )
    return entries
