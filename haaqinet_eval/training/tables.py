"""Accuracy tables of a network on cached trials, as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..agreement import Agreement, agreement
from ..model import OUTPUTS
from .cache import Trials

_HEAD = "| {} | n | LCC | SRCC | MSE | bias |\n|---|---|---|---|---|---|\n"


def _row(name: str, a: Agreement) -> str:
    return f"| {name} | {a.n} | {a.lcc:.3f} | {a.srcc:.3f} | {a.mse:.4f} | {a.bias:+.3f} |\n"


def _table(title: str, names: np.ndarray, predicted: np.ndarray, true: np.ndarray) -> str:
    rows = (_row(n, agreement(predicted[names == n], true[names == n])) for n in sorted(set(names)))
    return _HEAD.format(title) + "".join(rows)


def within_clip(predicted: np.ndarray, true: np.ndarray, scenes: np.ndarray) -> float:
    """LCC of scores [N] centred per clip and ear: how well systems are told apart."""
    centred = []
    for values in (predicted, true):
        out = values.astype(float).copy()
        for scene in np.unique(scenes):
            out[scenes == scene] -= out[scenes == scene].mean()
        centred.append(out)
    return float(np.corrcoef(*centred)[0, 1])


def accuracy_tables(outputs: np.ndarray, trials: Trials, kinds: Mapping[str, Callable[[str], str]]) -> str:
    """All, per part of HAAQI, per kind of condition, per loss family and per genre.

    Args:
        outputs: [N, 5] of the network, in the order of `OUTPUTS`.
        trials: the same trials.
        kinds: title of a table -> the kind of a condition, by its name.
    """
    labels = trials.labels.numpy()
    predicted, true = outputs[:, 0], labels[:, 0]
    clean = predicted[trials.systems == "clean"]
    parts = [_row(n, agreement(outputs[:, i], labels[:, i])) for i, n in enumerate(OUTPUTS)]
    families = np.array([name.rpartition("-")[0] for name in trials.listeners])
    systems = trials.systems.tolist()
    centred = within_clip(predicted, true, trials.scenes)
    return "\n".join(
        [
            _HEAD.format("output") + "".join(parts),
            f"Untouched music: mean {clean.mean():.3f} over {len(clean)} trials (true mean "
            f"{true[trials.systems == 'clean'].mean():.3f}). Within a clip and ear: LCC {centred:.3f}.\n",
            *(_table(title, np.array([*map(of, systems)]), predicted, true) for title, of in kinds.items()),
            _table("hearing loss", families, predicted, true),
            _table("genre", trials.genres, predicted, true),
        ]
    )
