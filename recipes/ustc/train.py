"""Train a separator towards one or several stages of the enhancement; goes on after a kill."""

from __future__ import annotations

from pathlib import Path

import torch
from omegaconf import DictConfig
from rich.console import Console

from haaqinet_eval.io.progress import counting
from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.synthesis.multitracks import songs_of
from haaqinet_eval.synthesis.options import naturals, several, writable
from haaqinet_eval.synthesis.render import SAMPLE_RATE
from haaqinet_eval.systems.small_hdemucs import HDemucsSize
from haaqinet_eval.ustc.backbones import Choice
from haaqinet_eval.ustc.scenes import SceneRules, prepare_scenes
from haaqinet_eval.ustc.training import UstcSettings, UstcTrainer

OTHER = 1_000_000  # is added to the seed of what is not trained on


@recipe("config/train")
def train(config: DictConfig) -> None:
    """Make the scenes that are not there yet, and train."""
    options = plain_options(config)
    torch.set_num_threads(options["threads"])
    data, without = options["data"], several(options["data"]["without"])
    known = songs_of(data["songs"], data["layout"]) if data["songs"] else []
    songs = [song for song in known if song.name not in without]
    settings = naturals(
        *(options["settings"], "settings", "steps", "batch_size", "every", "seed", "haaqi_excerpts")
    )
    settings["targets"] = several(settings["targets"])
    run = writable(options["run"], "run")
    choice = Choice(options["backbone"], options["start"], HDemucsSize(**options["size"]), SAMPLE_RATE)
    trainer = UstcTrainer(run, UstcSettings(**settings), choice)
    sets = []
    for split, name, count, seed in (
        ("train", "train", data["scenes"], data["seed"]),
        ("validation", "unseen", data["validation"], data["seed"] + OTHER),
    ):
        rules = SceneRules(count, data["seconds"], data["procedural"], split, seed)
        with counting(f"{split} scenes", count, Console()) as step:
            path = Path(data["out"], f"{name}-{count}.npz")
            sets.append(prepare_scenes(path, rules, songs if split == "train" else [], step))

    def show(row: dict) -> None:
        print("  ".join(f"{k} {v:.5g}" for k, v in row.items()), flush=True)

    print(trainer.run(*sets, show))


if __name__ == "__main__":
    train()
