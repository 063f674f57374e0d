"""Descent of a loss along its gradient, measured by true HAAQI."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..haaqi import Reference
from ..model import HaaqiNetLoss
from ..synthesis.render import SAMPLE_RATE
from .losses import cost_of
from .tasks import LEVEL1, Task

RISE = 0.01  # a change of true HAAQI that counts


@dataclass(frozen=True)
class Outcome:
    """One task before and after: HAAQI as predicted by the network, and as it is.

    `loss` is what it was tuned by, one of `losses.LOSSES`.
    """

    kind: str
    song: str
    listener: str
    predicted_before: float
    predicted_after: float
    true_before: float
    true_after: float
    loss: str = "haaqinet"

    @property
    def rise(self) -> float:
        """Change of true HAAQI."""
        return self.true_after - self.true_before


def tune(task: Task, network: HaaqiNetLoss, steps: int, keep: float, loss: str = "haaqinet") -> Outcome:
    """Tune a task's control for so many steps along the gradient; the last one counts.

    Steps are the control's own `step` in RMS over its values, and shrink to nothing. All values share
    one scale (Adam would give each its own, and turn what hardly matters as far as what does).

    Args:
        network: predicts HAAQI before and after, whatever is tuned by.
        keep: weight of the control's `change` beside the network's loss: the score that a change of 6 dB
            must bring. With 0 the ascent also takes what only the network likes. The other losses know
            what is right, and go without.
        loss: one of `losses.LOSSES`.

    Raises:
        InputError: for another loss.
    """
    parts = torch.from_numpy(task.parts).float()
    control = task.control(parts, SAMPLE_RATE)
    (values,) = control.parameters()
    cost_of_signal = cost_of(loss, task, network)
    keep = keep if loss == "haaqinet" else 0.0
    reference = Reference(task.clean, SAMPLE_RATE, task.audiogram, equalisation=2, level1=LEVEL1)

    def measure() -> tuple[float, float]:
        with torch.no_grad():
            signal = control(parts)
            predicted = 1 - network(signal[None], SAMPLE_RATE, task.audiogram, LEVEL1).item()
        return predicted, reference.score(signal.double().numpy(), SAMPLE_RATE).value

    before = measure()
    for step in range(steps):
        cost = cost_of_signal(control(parts)) + keep * control.change()
        (slope,) = torch.autograd.grad(cost, values)
        length = control.step * (1 - step / steps) / slope.square().mean().sqrt().clamp(min=1e-12)
        with torch.no_grad():
            values -= length * slope
    after = measure()
    return Outcome(task.kind, task.song, task.listener, before[0], after[0], before[1], after[1], loss)


def summary_rows(outcomes: Iterable[Outcome]) -> list[tuple[object, ...]]:
    """A row per kind and per listener, and per loss where there are several.

    Name, n, predicted and true before and after, counts of those that rose and fell.
    """
    groups: dict[str, list[Outcome]] = defaultdict(list)
    outcomes = list(outcomes)
    several = len({outcome.loss for outcome in outcomes}) > 1
    for by in ("kind", "listener"):
        for outcome in outcomes:
            name = getattr(outcome, by)
            groups[f"{name}, by {outcome.loss}" if several else name].append(outcome)
    return [_row(name, group) for name, group in groups.items()]


def _row(name: str, group: Sequence[Outcome]) -> tuple[object, ...]:
    def mean(of: Callable[[Outcome], float]) -> str:
        return f"{np.mean([of(o) for o in group]):.3f}"

    columns = ("predicted_before", "predicted_after", "true_before", "true_after")
    means = [mean(lambda o, c=column: getattr(o, c)) for column in columns]
    rose, fell = (sum(sign * o.rise > RISE for o in group) for sign in (1, -1))
    return (name, len(group), *means, f"{rose}/{len(group)}", f"{fell}/{len(group)}")
