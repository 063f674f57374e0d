"""Train HAAQI-Net on rendered trials, ours or the paper's design; the same command goes on after a kill."""

from __future__ import annotations

import torch
from omegaconf import DictConfig, OmegaConf

from haaqinet_eval.errors import InputError
from haaqinet_eval.model import Dimensions
from haaqinet_eval.recipe import recipe
from haaqinet_eval.synthesis.options import naturals, writable
from haaqinet_eval.training.cache import GrowingSplit, read_split
from haaqinet_eval.training.clip import ClipTrainer, read_described, with_replay
from haaqinet_eval.training.curves import plot_curves
from haaqinet_eval.training.loop import Trainer
from haaqinet_eval.training.objective import Settings
from haaqinet_eval.training.paper import PaperDimensions, SignalTrainer
from haaqinet_eval.training.signals import read_signals

HEADS = {
    "ours": (Dimensions, Trainer, read_split),
    "clip": (Dimensions, ClipTrainer, read_described),
    "paper": (PaperDimensions, SignalTrainer, read_signals),
}


def plain(config: DictConfig) -> dict:
    """Options as keywords; lists are tuples."""
    options = OmegaConf.to_object(config)
    return {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}


@recipe("config/train")
def train(config: DictConfig) -> None:
    """Train, draw the learning curves, and say where the best weights are."""
    torch.set_num_threads(config.threads)
    settings = naturals(plain(config.settings), "settings", "epochs", "batch_size", "patience")
    kind, trainer, read = HEADS[config.head]
    dims = kind(**plain(config.dimensions))
    if config.replay and config.head != "clip":
        raise InputError(f"replay {config.replay}: is for design=clip")
    starts = {} if kind is Dimensions else {"weights": config.weights}
    run = writable(config.run, "run")
    trainer = trainer(run, Settings(**settings), dims, config.name, config.start, config.device, **starts)
    growing = GrowingSplit(config.trials, "train", read)
    if config.replay:
        growing = with_replay(growing, GrowingSplit(config.replay, "train", read), config.replay_times)
    validation = read(config.trials, "validation")
    print(f"{len(growing())} trials to train on, {len(validation)} to validate on", flush=True)

    def show(row: dict) -> None:
        parts = (f"{k} {v:.4f}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items())
        print("  ".join(parts), flush=True)
        plot_curves(run)

    print(trainer.run(growing, validation, show))


if __name__ == "__main__":
    train()
