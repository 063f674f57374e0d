"""Render clean music into degraded trials with true HAAQI scores; goes on where it was killed."""

from __future__ import annotations

import sys
from pathlib import Path

import hydra
import torch
from omegaconf import DictConfig
from rich.progress import track

from haaqinet_eval.errors import Unscorable
from haaqinet_eval.recipe import exit_code, run_job
from haaqinet_eval.rendering import Order, Renderer
from haaqinet_eval.synthesis.environments import read_environments
from haaqinet_eval.synthesis.layouts import read_clips
from haaqinet_eval.synthesis.render import Plan, split_order


def render_groups(config: DictConfig) -> None:
    """Render the groups that are not there yet."""
    torch.set_num_threads(1)
    clips = read_clips(config.data.layout, config.data.root, config.data.indices)
    clips = [c for c in clips if not set(config.data.skip) & set(c.path.parts)]
    plan = Plan(**{**config.plan, "only": tuple(config.plan.only)})
    among = read_environments(config.data.noise) if config.data.noise else None
    renderer = Renderer(clips, Order(Path(config.out), plan, config.protocol, config.signals, among))
    for place in track(range(config.start, config.start + config.groups), "rendering"):
        split, number = split_order(place)
        if split not in config.splits:
            continue
        try:
            renderer(split, number)
        except Unscorable as error:
            print(f"{split} {number}: left out: {error}")


@hydra.main(version_base=None, config_path="config", config_name="render")
def main(config: DictConfig) -> None:
    run_job(lambda: render_groups(config))


if __name__ == "__main__":
    main()
    sys.exit(exit_code())
