"""Render clean music into degraded trials with true HAAQI scores; goes on where it was killed."""

from __future__ import annotations

import sys

import hydra
import numpy as np
import torch
from omegaconf import DictConfig
from rich.progress import track

from haaqinet_eval.errors import Unscorable
from haaqinet_eval.haaqi import Reference
from haaqinet_eval.model import OUTPUTS, AuditoryFrontEnd
from haaqinet_eval.recipe import exit_code, run_job
from haaqinet_eval.synthesis.render import SAMPLE_RATE, Group, Plan, render, split_order
from haaqinet_eval.synthesis.sources import check_disjoint, read_index
from haaqinet_eval.training.cache import group_path, write_group


def labels(group: Group) -> np.ndarray:
    """True HAAQI and its parts of a group's trials, [N, 5]."""
    reference = Reference(group.reference, SAMPLE_RATE, group.audiogram, equalisation=2, level1=group.level1)
    scores = [reference.score(signal, SAMPLE_RATE) for signal in group.processed]
    return np.array([[s.value, *(s.parts[name] for name in OUTPUTS[1:])] for s in scores])


def render_groups(config: DictConfig) -> None:
    """Render the groups that are not there yet."""
    torch.set_num_threads(1)
    clips = [c for index in config.data.indices for c in read_index(config.data.root, index)]
    clips = [c for c in clips if not set(config.data.skip) & set(c.path.parts)]
    check_disjoint(clips)
    by_split = {split: [c for c in clips if c.split == split] for split in ("train", "validation", "test")}
    plan, front_end = Plan(**{**config.plan, "only": tuple(config.plan.only)}), AuditoryFrontEnd()
    for place in track(range(config.start, config.start + config.groups), "rendering"):
        split, number = split_order(place)
        path = group_path(config.out, split, number)
        if path.exists() or split not in config.splits:
            continue
        group = render(by_split[split], split, number, plan)
        try:
            true = labels(group)
        except Unscorable as error:
            print(f"{path.name}: left out: {error}")
            continue
        about = (group.trials, group.processed, group.audiogram, group.level1, true, group.genre)
        write_group(path, front_end, *about)


@hydra.main(version_base=None, config_path="config", config_name="render")
def main(config: DictConfig) -> None:
    run_job(lambda: render_groups(config))


if __name__ == "__main__":
    main()
    sys.exit(exit_code())
