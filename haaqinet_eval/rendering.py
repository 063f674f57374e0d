"""Renders groups of trials into a folder, with their true HAAQI; what is there already is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .errors import InputError
from .haaqi import Reference
from .model import OUTPUTS, Hearing
from .synthesis.options import natural, number, several
from .synthesis.protocol import clips_of, conditions_of
from .synthesis.render import SAMPLE_RATE, Group, Plan, render
from .synthesis.sources import Clip
from .training.cache import group_path, write_group
from .training.signals import signals_path, write_signals

SECONDS = (0.5, 600.0)  # shortest and longest trials; HAAQI hears nothing shorter


def labels(group: Group) -> np.ndarray:
    """True HAAQI and its parts of a group's trials, [N, 5] in the order of `OUTPUTS`.

    Raises:
        Unscorable: as `haaqi.Reference` and its `score`.
    """
    reference = Reference(group.reference, SAMPLE_RATE, group.audiogram, equalisation=2, level1=group.level1)
    scores = [reference.score(signal, SAMPLE_RATE) for signal in group.processed]
    return np.array([[s.value, *(s.parts[name] for name in OUTPUTS[1:])] for s in scores])


def read_plan(options: Mapping) -> Plan:
    """The plan that a recipe's options make.

    Raises:
        InputError: names an option that is no number, or out of its range.
    """
    shares = ("augment", "procedural", "production")
    return Plan(
        seconds=number(options["seconds"], "plan.seconds", *SECONDS),
        conditions=natural(options["conditions"], "plan.conditions", 1),
        only=tuple(several(options["only"])),
        seed=natural(options["seed"], "plan.seed", 0),
        **{name: number(options[name], f"plan.{name}", 0, 1) for name in shares},
    )


@dataclass(frozen=True)
class Order:
    """What to render, and where to."""

    out: Path
    plan: Plan
    protocol: str = "artists"  # what the splits share, see `synthesis.protocol`
    signals: bool = (
        False  # keep the signals, too, for networks that hear waveforms; 1.7 MB a group of 6 x 6 s
    )
    make: Callable[[Sequence[Clip], str, int, Plan], Group] = render  # a group, in conditions of its table


class Renderer:
    """Renders one group after another.

    Raises:
        InputError: `plan.only` in the paper's protocol, which has conditions of its own; as `clips_of`.
    """

    def __init__(self, clips: Sequence[Clip], order: Order) -> None:
        if order.protocol != "artists" and order.plan.only:
            raise InputError(f"plan.only {', '.join(order.plan.only)}: protocol {order.protocol} has its own")
        self.order, self.hearing = order, Hearing()
        self.clips = clips_of(clips, order.protocol, order.plan.seconds)

    def __call__(self, split: str, number: int) -> None:
        """Render a group unless it is there.

        Raises:
            Unscorable: a trial has no true score; nothing is written.
            InputError: signals are wanted of a group that was rendered from others; no clips.
        """
        order, path = self.order, group_path(self.order.out, split, number)
        signals = order.signals and not signals_path(path).exists()
        if path.exists() and not signals:
            return
        if not self.clips[split]:
            raise InputError(f"no clip of split {split} that lasts {order.plan.seconds} s")
        plan = order.plan
        plan = replace(plan, only=plan.only or conditions_of(order.protocol, split))
        group = order.make(self.clips[split], split, number, plan)
        heard = (group.processed, group.audiogram, group.level1)
        if not path.exists():
            about = (labels(group), group.genre, order.protocol)
            write_group(path, self.hearing, group.trials, *heard, *about)
        if signals:
            write_signals(path, self.hearing, [t.system for t in group.trials], *heard)
