"""Render clean music into degraded trials with true HAAQI scores; goes on where it was killed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from omegaconf import DictConfig

from haaqinet_eval.errors import InputError
from haaqinet_eval.io.progress import track
from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.synthesis.clips import SPLITS
from haaqinet_eval.synthesis.layouts import read_clips
from haaqinet_eval.synthesis.options import chosen, natural, several, writable
from haaqinet_eval.synthesis.recorded import Recorded
from haaqinet_eval.synthesis.remixes import render_remix
from haaqinet_eval.synthesis.render import SAMPLE_RATE, render, render_places
from haaqinet_eval.synthesis.synthetic_noise import SYNTHETIC_NOISES
from haaqinet_eval.systems.by_ear import separators
from haaqinet_eval.training.rendering import Renderer, RenderJob, read_plan, read_teacher

RECORDED = "recorded"  # with the recordings of data.noise
TABLES = {"usual": render, "surroundings": partial(render, among=SYNTHETIC_NOISES), "remixes": render_remix}


def maker(config: DictConfig) -> Callable:
    """What makes groups, from which table of conditions."""
    noise = Path(config.data.noise) if config.data.noise else None
    if config.table == RECORDED or noise:
        through = separators(several(plain_options(config)["separators"]), SAMPLE_RATE)
        return Recorded(noise, alone=config.table != RECORDED, separators=through)
    if config.table not in TABLES:
        raise InputError(f"table={config.table}: none of {', '.join([*TABLES, RECORDED])}")
    return TABLES[config.table]


@recipe("config/render")
def render_groups(config: DictConfig) -> None:
    """Render the groups that are not there yet."""
    torch.set_num_threads(1)
    data = config.data
    clips = read_clips(data.layout, data.root, data.indices, data.skip, data.without)
    splits, plan, make = chosen(config.splits, "splits", SPLITS), read_plan(config.plan), maker(config)
    start, groups = natural(config.start, "start", 0), natural(config.groups, "groups", 1)
    teacher = read_teacher(config.teacher, splits) if config.teacher else None
    order = RenderJob(writable(config.out, "out"), plan, config.protocol, config.signals, make, teacher)
    renderer = Renderer(clips, order)
    render_places(renderer, track(range(start, start + groups), "rendering"), splits)


if __name__ == "__main__":
    render_groups()
