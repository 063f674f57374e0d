"""Render scenes to rebalance into features and true HAAQI scores; goes on where it was killed."""

from __future__ import annotations

from pathlib import Path

import torch
from omegaconf import DictConfig

from haaqinet_eval.io.progress import track
from haaqinet_eval.mixture_aware.rendering import Plan, TrialRenderer
from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.scorers import load_scorer
from haaqinet_eval.synthesis.clips import SPLITS
from haaqinet_eval.synthesis.layouts import read_clips
from haaqinet_eval.synthesis.multitracks import find_songs
from haaqinet_eval.synthesis.render import SAMPLE_RATE, render_places
from haaqinet_eval.systems.by_ear import separators


@recipe("config/render")
def render_groups(config: DictConfig) -> None:
    """Render the groups that are not there yet."""
    torch.set_num_threads(1)
    clips = read_clips(config.data.layout, config.data.root, config.data.indices, config.data.skip)
    by_split = {split: [c for c in clips if c.split == split] for split in SPLITS}
    judges = {name: load_scorer(name) for name in config.judges}
    through = separators(plain_options(config)["separators"], SAMPLE_RATE)
    songs = find_songs(config.data.multitracks) if config.data.multitracks else ()
    renderer = TrialRenderer(Path(config.out), Plan(**config.plan), by_split, judges, through, songs)
    places = range(config.start, config.start + config.groups)
    render_places(renderer, track(places, "rendering"))


if __name__ == "__main__":
    render_groups()
