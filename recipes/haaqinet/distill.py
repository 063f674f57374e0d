"""Distil a HAAQI-Net on top of BEATs into a small one; the same command goes on after a kill."""

from __future__ import annotations

import torch
from omegaconf import DictConfig

from haaqinet_eval.model.paper import PaperDimensions
from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.training.cache import GrowingSplit
from haaqinet_eval.training.curves import plot_curves
from haaqinet_eval.training.distillation import Distillation, DistilTrainer, load_teacher
from haaqinet_eval.training.objective import Settings
from haaqinet_eval.training.signals import read_signals


@recipe("config/distill")
def distill(config: DictConfig) -> None:
    """Train the student, draw the learning curves, and say where the best weights are."""
    options = plain_options(config)
    torch.set_num_threads(options["threads"])
    settings = Settings(**{**options["settings"], "crop": tuple(options["settings"]["crop"])})
    trainer = DistilTrainer(
        options["run"],
        settings,
        PaperDimensions(**options["dimensions"]),
        options["name"],
        load_teacher(options["teacher"], options["beats"]),
        Distillation(**options["distillation"]),
        options["device"],
    )

    def show(row: dict) -> None:
        parts = (f"{k} {v:.4f}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items())
        print("  ".join(parts), flush=True)
        plot_curves(options["run"])

    train, validation = (GrowingSplit(options["trials"], s, read_signals) for s in ("train", "validation"))
    print(trainer.run(train, validation(), show))


if __name__ == "__main__":
    distill()
