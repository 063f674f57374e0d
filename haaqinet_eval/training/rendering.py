"""Renders groups of trials into a folder, with their true HAAQI; what is there already is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from torch import Tensor

from ..errors import InputError
from ..haaqi import Reference
from ..model import OUTPUTS, FrontEnd, FrontEndOutput, HaaqiNet, load_model
from ..synthesis.clips import SPLITS, Clip
from ..synthesis.options import natural, number, several
from ..synthesis.protocol import clips_of, conditions_of
from ..synthesis.render import SAMPLE_RATE, Group, Plan, render
from .cache import group_path, write_group
from .signals import signals_path, write_signals

SECONDS = (0.5, 600.0)  # shortest and longest trials; HAAQI hears nothing shorter


def labels(group: Group) -> np.ndarray:
    """True HAAQI and its parts of a group's trials, [N, 5] in the order of `OUTPUTS`.

    Raises:
        Unscorable: as `haaqi.Reference` and its `score`.
    """
    reference = Reference(group.reference, SAMPLE_RATE, group.audiogram, equalisation=2, level1=group.level1)
    scores = [reference.score(signal, SAMPLE_RATE) for signal in group.processed]
    return np.array([[s.value, *(s.parts[name] for name in OUTPUTS[1:])] for s in scores])


def read_teacher(path: str, splits: Sequence[str]) -> HaaqiNet:
    """The network whose scores are taken for labels, of training trials only.

    Raises:
        InputError: there are other splits, or it is of another design; as `load_model`.
    """
    if others := ", ".join(split for split in splits if split != SPLITS[0]):
        raise InputError(f"teacher={path}: labels of splits={others} are true HAAQI; give splits=[train]")
    net = load_model(path)
    if not isinstance(net, HaaqiNet):
        raise InputError(f"teacher={path}: holds a {type(net).__name__}, not a HaaqiNet")
    return net.eval()


def pseudo_labels(
    net: HaaqiNet, systems: Sequence[str], heard: FrontEndOutput, hearing_loss: Tensor
) -> np.ndarray:
    """A network's scores in place of HAAQI's, [N, 5], but 1 of untouched music, whose score is known.

    Args:
        net: the teacher.
        systems: the N conditions' names.
        heard, hearing_loss: what is heard of the trials, and losses [N, 32].
    """
    said = net.score_heard(heard, hearing_loss)
    said[[name == "clean" for name in systems]] = 1.0
    return said.numpy()


def read_plan(options: Mapping) -> Plan:
    """The plan that a recipe's options make.

    Raises:
        InputError: names an option that is no number, or out of its range.
    """
    shares = ("augment", "procedural", "production", "mixing", "vary")
    return Plan(
        seconds=number(options["seconds"], "plan.seconds", *SECONDS),
        conditions=natural(options["conditions"], "plan.conditions", 1),
        only=tuple(several(options["only"])),
        seed=natural(options["seed"], "plan.seed", 0),
        **{name: number(options[name], f"plan.{name}", 0, 1) for name in shares},
    )


@dataclass(frozen=True)
class RenderJob:
    """What to render, and where to."""

    out: Path
    plan: Plan
    protocol: str = "artists"  # what the splits share, see `synthesis.protocol`
    signals: bool = (
        False  # keep the signals, too, for networks that hear waveforms; 1.7 MB a group of 6 x 6 s
    )
    make: Callable[[Sequence[Clip], str, int, Plan], Group] = render  # a group, in conditions of its table
    teacher: HaaqiNet | None = None  # whose scores are the labels, at half the cost; None: HAAQI's


class Renderer:
    """Renders one group after another.

    Raises:
        InputError: `plan.only` in the paper's protocol, which has conditions of its own; as `clips_of`.
    """

    def __init__(self, clips: Sequence[Clip], order: RenderJob) -> None:
        if order.protocol != "artists" and order.plan.only:
            raise InputError(f"plan.only {', '.join(order.plan.only)}: protocol {order.protocol} has its own")
        self.order, self.hearing = order, FrontEnd()
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
            systems = [trial.system for trial in group.trials]
            found = partial(pseudo_labels, order.teacher, systems) if order.teacher else labels(group)
            about = (found, group.genre, order.protocol)
            write_group(path, self.hearing, group.trials, *heard, *about)
        if signals:
            write_signals(path, self.hearing, [t.system for t in group.trials], *heard)
