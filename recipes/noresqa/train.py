"""Train a head that tells which of two unrelated clips sounds better, on features of HAAQI-Net."""

from __future__ import annotations

from pathlib import Path

import torch
from omegaconf import DictConfig

from haaqinet_eval.model import WEIGHTS, load_model
from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.synthesis.options import naturals, writable
from haaqinet_eval.training.cache import read_split
from haaqinet_eval.training.non_matching import PairSettings, Pool, save_head, train_head


@recipe("config/train")
def train(config: DictConfig) -> None:
    """Describe the trials, train, write the head."""
    options = plain_options(config)
    torch.set_num_threads(options["threads"])
    settings = PairSettings(
        **naturals(options["settings"], "settings", "epochs", "per_trial", "batch_size", "seed")
    )
    out = Path(options["out"])
    writable(out.parent, "out")
    net = load_model(options["weights"] or WEIGHTS)
    pools = []
    for folder in options["trials"]:
        trials = read_split(folder, "train", most=options["most"])
        pools.append(Pool.of(net, trials))
        print(f"{folder}: {len(trials)} trials", flush=True)
    save_head(train_head(Pool.join(pools), settings), out)
    print(out)


if __name__ == "__main__":
    train()
