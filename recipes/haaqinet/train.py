"""Train HAAQI-Net on rendered trials; the same command goes on after a kill."""

from __future__ import annotations

import sys

import hydra
import torch
from omegaconf import DictConfig, OmegaConf

from haaqinet_eval.model import Dimensions
from haaqinet_eval.recipe import exit_code, run_job
from haaqinet_eval.training.cache import GrowingSplit, read_split
from haaqinet_eval.training.loop import Settings, Trainer


def show(row: dict) -> None:
    """One line an epoch."""
    print(
        "  ".join(f"{k} {v:.4f}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()), flush=True
    )


def train(config: DictConfig) -> None:
    """Train, and say where the best weights are."""
    torch.set_num_threads(config.threads)
    dims, settings = (OmegaConf.to_object(part) for part in (config.dimensions, config.settings))
    dims = Dimensions(**{**dims, "channels": tuple(dims["channels"])})
    settings = Settings(**{**settings, "crop": tuple(settings["crop"])})
    trainer = Trainer(config.run, settings, dims, config.name, config.start)
    train, validation = GrowingSplit(config.trials, "train"), read_split(config.trials, "validation")
    print(f"{len(train())} trials to train on, {len(validation)} to validate on", flush=True)
    print(trainer.run(train, validation, show))


@hydra.main(version_base=None, config_path="config", config_name="train")
def main(config: DictConfig) -> None:
    run_job(lambda: train(config))


if __name__ == "__main__":
    main()
    sys.exit(exit_code())
