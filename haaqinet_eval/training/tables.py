"""Accuracy tables of a network on cached trials, as Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..analysis.agreement import agreement
from ..io.markdown import markdown_table
from ..model import OUTPUTS
from .cache import TrialTable

HEAD = ("n", "LCC", "SRCC", "MSE", "bias")


def _table(title: str, names: np.ndarray, predicted: np.ndarray, true: np.ndarray) -> str:
    found = ((name, agreement(predicted[names == name], true[names == name])) for name in sorted(set(names)))
    return markdown_table((title, *HEAD), [(name, *a.figures) for name, a in found])


@dataclass(frozen=True)
class WithinClip:
    """How well the conditions of one clip and listener are told apart; that is how systems are compared."""

    lcc: float  # of scores centred per clip and listener
    order: float  # share of a clip's pairs in the right order, of those whose true scores differ enough
    pairs: int  # such pairs
    kendall: float  # tau-b of the conditions' means
    conditions: int  # so many


def within_clip(
    predicted: np.ndarray, true: np.ndarray, scenes: np.ndarray, systems: np.ndarray, apart: float = 0.1
) -> WithinClip:
    """Agreement within clips.

    Args:
        predicted, true: scores [N].
        scenes: [N] one clip and ear.
        systems: [N] names of conditions.
        apart: true scores of a pair that counts differ by so much at least.
    """
    centred, right, pairs = np.zeros((2, len(true))), 0.0, 0
    for scene in np.unique(scenes):
        rows = np.flatnonzero(scenes == scene)
        p, t = predicted[rows].astype(float), true[rows].astype(float)
        centred[:, rows] = p - p.mean(), t - t.mean()
        first, second = np.triu_indices(len(rows), 1)
        truly, seemingly = t[first] - t[second], p[first] - p[second]
        far = np.abs(truly) >= apart - 1e-9
        right += np.sum(np.where(seemingly == 0, 0.5, truly * seemingly > 0)[far])
        pairs += int(far.sum())
    names = sorted(set(systems.tolist()))
    means = [[values[systems == name].mean() for name in names] for values in (predicted, true)]
    enough = len(names) > 1
    return WithinClip(
        float(np.corrcoef(centred)[0, 1]) if centred.any(1).all() else math.nan,
        right / pairs if pairs else math.nan,
        pairs,
        agreement(*means).kendall if enough else math.nan,
        len(names),
    )


def accuracy_tables(
    outputs: np.ndarray, trials: TrialTable, kinds: Mapping[str, Callable[[str], str]]
) -> str:
    """All, per part of HAAQI, per kind of condition, per loss family and per genre.

    Args:
        outputs: [N, 5] of the network, in the order of `OUTPUTS`, or the score alone, [N, 1].
        trials: the same trials.
        kinds: title of a table -> the kind of a condition, by its name.
    """
    labels = trials.labels.numpy()
    predicted, true = outputs[:, 0], labels[:, 0]
    clean = trials.systems == "clean"
    untouched = (
        f"Untouched music: mean {predicted[clean].mean():.3f} over {clean.sum()} trials (true mean "
        f"{true[clean].mean():.3f}). "
        if clean.any()
        else ""
    )
    names = OUTPUTS[: outputs.shape[1]]
    parts = [(n, *agreement(outputs[:, i], labels[:, i]).figures) for i, n in enumerate(names)]
    families = np.array([name.rpartition("-")[0] for name in trials.listeners])
    systems = trials.systems.tolist()
    within = within_clip(predicted, true, trials.scenes, trials.systems)
    return "\n".join(
        [
            markdown_table(("output", *HEAD), parts),
            f"{untouched}Within a clip and ear: LCC {within.lcc:.3f}; "
            f"order right in {100 * within.order:.1f} % of {within.pairs} pairs that truly differ by 0.1; "
            f"conditions' means: Kendall tau {within.kendall:.3f} over {within.conditions}.\n",
            *(_table(title, np.array([*map(of, systems)]), predicted, true) for title, of in kinds.items()),
            _table("hearing loss", families, predicted, true),
            _table("genre", trials.genres, predicted, true),
        ]
    )
