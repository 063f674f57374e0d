"""Accuracy kind by kind, and whether the intervals hold there."""

from __future__ import annotations

import numpy as np
import torch

from ..analysis.agreement import agreement, coverage
from ..io.markdown import markdown_table
from ..model.net import HaaqiNet
from .cache import Trials
from .confidence import judge
from .tables import HEAD

HEADS = (*HEAD, "interval holds", "its width", "unfamiliar")
ALL = "**all**"


def kind_of(condition: str) -> str:
    """A condition's name without its setting.

    >>> kind_of("three_resonances-2"), kind_of("clean")
    ('three_resonances', 'clean')
    """
    return condition.rpartition("-")[0] or condition


@torch.inference_mode()
def kind_table(net: HaaqiNet, trials: Trials, title: str = "kind") -> str:
    """Markdown with a row for each kind of condition and one for all trials.

    Args:
        net: a network that says how sure it is.
        trials: that it is tested on.
        title: of the first column.
    """
    predicted, low, high, unfamiliar = judge(net, trials)
    true = trials.labels[:, 0].numpy()
    kinds = np.array([kind_of(name) for name in trials.systems])
    rows = []
    for kind in (ALL, *sorted(set(kinds.tolist()))):
        some = np.full(len(kinds), True) if kind == ALL else kinds == kind
        a, held = agreement(predicted[some], true[some]), coverage(low[some], high[some], true[some])
        shares = (f"{100 * held.share:.0f} %", f"{held.width:.2f}", f"{100 * unfamiliar[some].mean():.0f} %")
        rows.append((kind, *a.figures, *shares))
    return markdown_table((title, *HEADS), rows, "---:")
