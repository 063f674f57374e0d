"""The report's plots: PNG in base64."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ..io.names import printable
from ..registry import INTRUSIVE, ScorerRecord, scorer_bounds, scorer_record, scorer_title
from .agreement import FEW, Agreement, agreement_by, pair_scores
from .standings import group_means

if TYPE_CHECKING:
    from .runs import Run


def _png(figure: Any) -> str:
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
    plt.close(figure)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _label(system: str) -> str:
    """A system's name in a legend, which leaves out what begins with a line."""
    shown = printable(system)
    return f" {shown}" if shown.startswith("_") else shown


def scatter_plot(run: Run, predictor: ScorerRecord) -> str | None:
    """Predicted against intrusive score, a dot per ear: PNG in base64, or None without pairs."""
    import matplotlib.pyplot as plt

    pairs = pair_scores(run.scores, predictor.name, INTRUSIVE)
    if not pairs:
        return None
    figure, axes = plt.subplots(figsize=(5.4, 5))
    for system in sorted({true.trial.system for _, true in pairs}):
        mine = [(true.score, predicted.score) for predicted, true in pairs if true.trial.system == system]
        true_scores, predictions = zip(*mine, strict=True)
        axes.scatter(true_scores, predictions, s=16, alpha=0.75, label=_label(system))
    bounds = scorer_record(INTRUSIVE).bounds
    axes.plot(bounds, bounds, color="0.6", linewidth=1, zorder=0)
    figures = agreement_by(run.scores, predictor.name, INTRUSIVE)["all"]
    axes.set(
        xlim=bounds,
        ylim=predictor.bounds,
        xlabel=scorer_title(INTRUSIVE),
        ylabel=predictor.title,
        title=f"{run.challenge}: {_correlations(figures)}n = {figures.n}",
    )
    axes.legend(fontsize=8, loc="lower right")
    return _png(figure)


def listener_plot(run: Run) -> str | None:
    """Mean score per listener and ear, from the smallest loss to the largest; a line per system."""
    import matplotlib.pyplot as plt

    scorers = list(dict.fromkeys(row.scorer for row in run.scores if not row.failed))
    if not scorers:
        return None
    means = group_means(run.scores, lambda s: f"{s.trial.listener}\n{s.trial.ear}")
    names = _by_loss(run, {name for groups in means.values() for name in groups})
    figure, axes = plt.subplots(1, len(scorers), figsize=(5.4 * len(scorers), 4), squeeze=False)
    for axis, scorer in zip(axes[0], scorers, strict=True):
        for (system, made_by), groups in sorted(means.items()):
            if made_by == scorer:
                values = [groups.get(name, (float("nan"), 0))[0] for name in names]
                axis.plot(names, values, "o-", ms=4, label=_label(system))
        axis.set(title=scorer_title(scorer), ylabel="mean score")
        if (bounds := scorer_bounds(scorer)) == (0.0, 1.0):  # other limits are wider than what is seen
            axis.set(ylim=bounds)
        axis.tick_params(axis="x", labelsize=7, rotation=60)
        axis.grid(alpha=0.3)
    axes[0][0].legend(fontsize=8)
    return _png(figure)


def _by_loss(run: Run, names: Collection[str]) -> list[str]:
    """Names `listener\near`, those with the smallest mean threshold first, unknown ones last."""

    def loss(name: str) -> tuple[float, str]:
        listener, ear = name.split("\n")
        levels = run.listeners[listener].ear(ear).levels if listener in run.listeners else (math.inf,)
        return sum(levels) / len(levels), name

    return sorted(names, key=loss)


def _correlations(figures: Agreement) -> str:
    return f"LCC {figures.lcc:.2f}, SRCC {figures.srcc:.2f}, " if figures.n >= FEW else ""
