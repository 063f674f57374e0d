"""Train a network for noise reduction and compensation; the same command goes on after a kill."""

from __future__ import annotations

from pathlib import Path

import torch
from omegaconf import DictConfig
from rich.console import Console

from haaqinet_eval.io.progress import counting
from haaqinet_eval.joint.data import DataRules, Excerpts, prepare
from haaqinet_eval.joint.training import JointSettings, JointTrainer
from haaqinet_eval.model.joint import JointDimensions
from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.synthesis.options import naturals, writable


@recipe("config/train")
def train(config: DictConfig) -> None:
    """Render what is not there, train, and say where the weights are."""
    options = plain_options(config)
    torch.set_num_threads(options["threads"])
    data, rules = (
        options["data"],
        {k: tuple(v) if isinstance(v, list) else v for k, v in options["rules"].items()},
    )
    settings = JointSettings(
        **naturals(options["settings"], "settings", "steps", "batch_size", "every", "seed")
    )
    run = writable(options["run"], "run")
    trainer = JointTrainer(run, settings, JointDimensions(**options["dimensions"]), options["name"])
    folder, console = Path(data["folder"]), Console()
    prepare(
        *(data["root"], data["indices"], data["noise"], folder, DataRules(**rules)),
        lambda name, count: counting(name, count, console),
    )

    def show(row: dict) -> None:
        print(
            "  ".join(f"{k} {v:.4f}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()),
            flush=True,
        )

    print(trainer.run(Excerpts.read(folder / "train"), Excerpts.read(folder / "validation"), show))


if __name__ == "__main__":
    train()
