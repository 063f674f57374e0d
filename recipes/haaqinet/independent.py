"""Render the independent set, degradations made with other software, and measure a network on it by kind."""

from __future__ import annotations

from pathlib import Path

import torch
from omegaconf import DictConfig

from haaqinet_eval.io.files import write_text
from haaqinet_eval.io.progress import track
from haaqinet_eval.model import WEIGHTS, load_model, model_version
from haaqinet_eval.recipe import recipe
from haaqinet_eval.synthesis.independent import GROUPS, VERSION, Independent
from haaqinet_eval.synthesis.layouts import read_clips
from haaqinet_eval.synthesis.options import chosen, writable
from haaqinet_eval.synthesis.render import Plan
from haaqinet_eval.training.cache import read_split
from haaqinet_eval.training.cards import updated
from haaqinet_eval.training.kinds import kind_table
from haaqinet_eval.training.rendering import Renderer, RenderJob


def render_set(config: DictConfig, splits: list[str]) -> None:
    """Render the groups that are not there yet."""
    data = config.data
    clips = read_clips(data.layout, data.root, data.indices, data.skip)
    make = Independent({split: Path(folder) for split, folder in data.noise.items()})
    renderer = Renderer(clips, RenderJob(writable(config.out, "out"), Plan(), make=make))
    for split in splits:
        for number in track(range(GROUPS[split]), f"rendering {split}"):
            renderer(split, number)


@recipe("config/independent")
def ask(config: DictConfig) -> None:
    """Render, and print or write the tables of a network."""
    torch.set_num_threads(config.threads)
    splits = chosen(config.splits, "splits", GROUPS)
    if config.render:
        render_set(config, splits)
    weights = config.weights or WEIGHTS
    net, text = load_model(weights), f"Version {VERSION} of the set; `{model_version(weights)}`.\n"
    for split in splits:
        text += f"\n{kind_table(net, read_split(config.out, split), f'{split}: kind')}"
    print(text)
    if config.page:
        write_text(config.page, updated(config.page, {}, {"independent": text}))


if __name__ == "__main__":
    ask()
