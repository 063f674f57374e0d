"""Songs of the training, scored by models that never heard them, and intervals that are honest there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from .fitting import predict
from .model import TargetModel, margin_of
from .trial_files import Trials

FitModel = Callable[[Trials], TargetModel]


def left_out(trials: Trials, songs: Sequence[str], fit_model: FitModel) -> tuple[np.ndarray, np.ndarray]:
    """Scores [N] and intervals [N, 2] of trials of some songs, by models fitted without the song.

    Trials of other songs have NaN.
    """
    scores, intervals = np.full(len(trials.true), np.nan), np.full((len(trials.true), 2), np.nan)
    for song in songs:
        of = trials.about["song"] == song
        scores[of], intervals[of] = predict(fit_model(trials.only(~of)), trials.only(of))
    return scores, intervals


def widened(model: TargetModel, parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> TargetModel:
    """A model whose intervals are wider, or narrower, so that nine in ten true scores would be in them.

    Args:
        parts: intervals [N, 2], with the model's present margin, and true scores [N] of songs that were not
            trained on.
    """
    intervals, true = (np.concatenate(some) for some in zip(*parts, strict=True))
    return replace(model, margin=model.margin + margin_of(*intervals.T, true))
