"""Grouped bars, scatter plots with trend lines and heat maps: figures of matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..analysis.agreement import affine_fit
from ..analysis.correlation import Correlation
from ..registry import scorer_record
from .correlating import Measured, by_group, matrix
from .degrading import GRID, LEVELS, kind_and_level

KINDS = (*(f"paper_{kind}" for kind in GRID), "clipping", "reverberation", "mp3", "opus", "vorbis")
SHADES = ("#9ecae1", "#4292c6", "#2171b5", "#08306b")
COLUMNS = 4  # of small plots, side by side


def _grid(count: int, size: tuple[float, float]) -> tuple[Any, list[Any]]:
    import matplotlib.pyplot as plt

    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(size[0] * columns, size[1] * rows), squeeze=False)
    for axis in axes.flat[count:]:
        axis.set_axis_off()
    return figure, list(axes.flat[:count])


def bars(measured: Measured, file: str, listener: str) -> Any:
    """A small plot a measure: bars by kind of degradation, darker where there is more of it."""
    figure, axes = _grid(len(measured.metrics), (3.6, 2.6))
    mine = measured.some((measured.files == file) & (measured.listeners == listener))
    kinds = [kind for kind in KINDS if any(kind_and_level(name)[0] == kind for name in mine.degradations)]
    for axis, metric in zip(axes, mine.metrics, strict=True):
        for place, kind in enumerate(kinds):
            chosen = [i for i, name in enumerate(mine.degradations) if kind_and_level(name)[0] == kind]
            chosen.sort(key=lambda i: _severity(str(mine.degradations[i])))
            width = 0.8 / max(len(chosen), 1)
            for step, i in enumerate(chosen):
                left = place - 0.4 + width * (step + 0.5)
                axis.bar(left, mine.of(metric)[i], width, color=SHADES[step + (4 - len(chosen)) // 2])
        axis.set_title(scorer_record(metric).label, fontsize=9)
        axis.set_xticks(range(len(kinds)), [k.replace("paper_", "") for k in kinds], rotation=45, ha="right")
        axis.tick_params(labelsize=7)
        axis.margins(y=0.1)
    figure.suptitle(f"{file}, listener {listener}: light is little, dark is much", fontsize=11)
    figure.tight_layout()
    return figure


def _severity(name: str) -> int:
    level = kind_and_level(name)[1]
    return LEVELS.index(level) if level in LEVELS else int(level or 0)


def scatter(measured: Measured, truth: str) -> Any:
    """A small plot a measure over the true one: a dot a sound, colours by group, a line through all."""
    others = [name for name in measured.metrics if name != truth]
    figure, axes = _grid(len(others), (3.4, 3.0))
    import matplotlib.pyplot as plt

    groups = list(dict.fromkeys(measured.groups.tolist()))
    colors = plt.get_cmap("tab20")(np.arange(len(groups)) % 20)
    for axis, metric in zip(axes, others, strict=True):
        x, y = measured.of(truth), measured.of(metric)
        both = np.isfinite(x) & np.isfinite(y)
        for group, color in zip(groups, colors, strict=True):
            some = both & (measured.groups == group)
            axis.scatter(x[some], y[some], s=7, alpha=0.6, color=color, label=group, linewidths=0)
        if both.any():
            slope, offset = affine_fit(x[both], y[both])
            ends = np.array([x[both].min(), x[both].max()])
            axis.plot(ends, offset + slope * ends, color="black", linewidth=1)
        axis.set_title(scorer_record(metric).label, fontsize=9)
        axis.set_xlabel(scorer_record(truth).label, fontsize=8)
        axis.tick_params(labelsize=7)
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="lower center", ncols=6, fontsize=8, markerscale=2)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    return figure


def heat_maps(maps: dict[str, np.ndarray], names: Sequence[str]) -> Any:
    """Correlations of all pairs of measures, a heat map each, with the numbers."""
    import matplotlib.pyplot as plt

    size = 0.44 * len(names) + 1.8
    figure, axes = plt.subplots(
        -(-len(maps) // 2), 2, figsize=(2 * size, size * -(-len(maps) // 2)), squeeze=False
    )
    for axis, (title, values) in zip(axes.flat, maps.items(), strict=False):
        _heat(axis, values, names, names)
        axis.set_title(title, fontsize=11)
    figure.tight_layout()
    return figure


def group_heat_map(measured: Measured, truth: str) -> Any:
    """Spearman's correlation with the true measure, within each group of degradations."""
    import matplotlib.pyplot as plt

    found = by_group(measured, truth, draws=2)
    names = [name for name in measured.metrics if name != truth]
    values = np.array([[found[group][name].spearman.value for group in found] for name in names])
    figure, axis = plt.subplots(figsize=(0.7 * len(found) + 3, 0.42 * len(names) + 2))
    _heat(axis, values, list(found), names)
    axis.set_title(f"Spearman's correlation with {scorer_record(truth).label}", fontsize=11)
    figure.tight_layout()
    return figure


def _heat(axis: Any, values: np.ndarray, columns: Sequence[str], rows: Sequence[str]) -> None:
    axis.imshow(np.ma.masked_invalid(values), cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    axis.set_xticks(range(len(columns)), columns, rotation=60, ha="right", fontsize=8)
    axis.set_yticks(range(len(rows)), rows, fontsize=8)
    for (i, j), value in np.ndenumerate(values):
        if np.isfinite(value):
            color = "white" if abs(value) > 0.65 else "black"
            axis.text(
                j, i, f"{value:.2f}".replace("0.", "."), ha="center", va="center", fontsize=7, color=color
            )


def pearson(found: Correlation) -> Any:
    """Pearson's of a correlation, for `matrix`."""
    return found.pearson


def all_maps(measured: Measured, within: Measured) -> dict[str, np.ndarray]:
    """The four heat maps' values."""
    both = {"pooled": measured, "within a degradation": within}
    kinds = {"Pearson": pearson, "Spearman": lambda found: found.spearman}
    return {
        f"{kind}, {name}": matrix(m, 2, value) for name, m in both.items() for kind, value in kinds.items()
    }
