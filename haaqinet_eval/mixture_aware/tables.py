"""How well scorers predict true HAAQI of rebalanced music, on the same trials: Markdown tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..analysis.agreement import agreement, coverage
from ..io.markdown import markdown_table
from .trial_files import Trials

FEWEST = 20  # scenes of a system, or trials of a listener, for a figure of its own
Scores = Mapping[str, np.ndarray]  # scorer -> [N]


def system_means(predicted: np.ndarray, trials: Trials) -> dict[str, tuple[float, float, int]]:
    """Predicted and true mean, and number of scenes, of each system with enough of them."""
    systems = trials.about["system"]
    out = {}
    for name in np.unique(systems):
        of = systems == name
        if of.sum() >= FEWEST:
            out[str(name)] = float(predicted[of].mean()), float(trials.true[of].mean()), int(of.sum())
    return out


def listener_lccs(predicted: np.ndarray, trials: Trials) -> dict[str, float]:
    """LCC of each listener with enough trials."""
    listeners = trials.about["listener"]
    return {
        str(name): agreement(predicted[listeners == name], trials.true[listeners == name]).lcc
        for name in np.unique(listeners)
        if (listeners == name).sum() >= FEWEST
    }


def compared(scores: Scores, trials: Trials) -> str:
    """One row a scorer: trials, systems' means, passthrough, listeners."""
    rows = []
    for name, predicted in scores.items():
        means = system_means(predicted, trials)
        two = np.array([m[:2] for m in means.values()]).reshape(-1, 2)
        tau = f"{agreement(two[:, 0], two[:, 1]).kendall:.3f}" if len(two) > 2 else "–"
        through = trials.about["system"] == "passthrough"
        off = predicted[through].mean() - trials.true[through].mean()
        lccs = np.array(list(listener_lccs(predicted, trials).values()))
        ears = f"{np.median(lccs):.3f} ({lccs.min():.3f})" if len(lccs) else "–"
        rows.append([name, *agreement(predicted, trials.true).figures, tau, f"{off:+.3f}", ears])
    return markdown_table(
        ["scorer", "n", "LCC", "SRCC", "MSE", "bias", "tau of systems' means", "passthrough's mean, off by",
         "listeners' median LCC (lowest)"], rows
    ).rstrip()  # fmt: skip


def by(what: str, scores: Scores, trials: Trials) -> str:
    """One row a group of trials (kind, origin, …), three figures a scorer."""
    rows = []
    for group in np.unique(trials.about[what]):
        of = trials.about[what] == group
        row = [str(group), str(of.sum())]
        for predicted in scores.values():
            a = agreement(predicted[of], trials.true[of])
            row.append(f"{a.lcc:.3f} / {a.mse:.4f} / {a.bias:+.3f}")
        rows.append(row)
    return markdown_table([what, "n", *(f"{name}: LCC / MSE / bias" for name in scores)], rows).rstrip()


def coverage_line(intervals: np.ndarray, trials: Trials) -> str:
    """How many true scores are in their intervals [N, 2], and how wide these are."""
    found = coverage(*intervals.T, trials.true)
    return (
        f"The 90 % interval holds {found.share:.1%} of the true scores; its mean width is {found.width:.3f}."
    )


def systems_table(scores: Scores, trials: Trials) -> str:
    """One row a system with enough scenes, the best first: its true mean and each scorer's."""
    means = {name: system_means(predicted, trials) for name, predicted in scores.items()}
    first = next(iter(means.values()))
    rows = [
        [
            system,
            f"{first[system][1]:.3f}",
            *(f"{of[system][0]:.3f}" for of in means.values()),
            str(first[system][2]),
        ]
        for system in sorted(first, key=lambda name: -first[name][1])
    ]
    return markdown_table(["system", "true HAAQI", *scores, "ears"], rows).rstrip()


def real_songs(scores: Scores, intervals: np.ndarray, trials: Trials) -> str:
    """Agreement on real songs, the systems' means on those of `real.py`, and the last scorer's interval."""
    rendered = np.char.startswith(trials.about["group"].astype(str), "real-")
    only = trials.only(rendered)
    some = {name: predicted[rendered] for name, predicted in scores.items()}
    parts = [systems_table(some, only), compared(some, only), coverage_line(intervals[rendered], only)]
    if not rendered.all():
        rest = trials.only(~rendered)
        parts.append(compared({name: s[~rendered] for name, s in scores.items()}, rest))
        parts.append(coverage_line(intervals[~rendered], rest))
    return "\n\n".join(parts)
