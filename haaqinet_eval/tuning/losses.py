"""What a task may be tuned by: the network that knows no reference, or what does."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ..errors import InputError
from ..model import HaaqiNetLoss
from ..model.haaqi import DifferentiableHaaqi
from ..synthesis.render import SAMPLE_RATE
from .tasks import LEVEL1, Task

LOSSES = ("haaqinet", "haaqi", "l1")
Cost = Callable[[Tensor], Tensor]  # of a signal [T]


def cost_of(name: str, task: Task, network: HaaqiNetLoss) -> Cost:
    """The loss of this name for a task.

    `haaqinet` and `haaqi` are 1 less the score, predicted and true; `l1` is the mean magnitude of the
    difference from the clean signal, as a share of that signal's.

    Raises:
        InputError: for another name.
    """
    if name == "haaqinet":
        return lambda signal: network(signal[None], SAMPLE_RATE, task.audiogram, LEVEL1)
    if name == "haaqi":
        true = DifferentiableHaaqi([task.clean], SAMPLE_RATE, [task.audiogram], 2, LEVEL1)
        return lambda signal: 1 - true(signal[None]).value[0]
    if name == "l1":
        return lambda signal: (
            (signal - signal.new_tensor(task.clean)).abs().mean() / float(abs(task.clean).mean())
        )
    raise InputError(f"losses: {name!r} is none of {', '.join(LOSSES)}")
