"""How often a trained head prefers the better of two unrelated clips, beside HAAQI-Net's own difference."""

from __future__ import annotations

import torch
from omegaconf import DictConfig

from haaqinet_eval.model import WEIGHTS, load_model
from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.training.cache import read_split
from haaqinet_eval.training.non_matching import Pool, draw_pairs, judge_pairs, read_head


@recipe("config/validate")
def validate(config: DictConfig) -> None:
    """Print one line a folder and figure."""
    options = plain_options(config)
    torch.set_num_threads(options["threads"])
    net, head = load_model(options["weights"] or WEIGHTS), read_head(options["head"])
    for folder in options["trials"]:
        trials = read_split(folder, options["split"])
        pool = Pool.of(net, trials)
        told = judge_pairs(head, pool, draw_pairs(pool, options["per_trial"], options["seed"]))
        print(folder, *(f"{name} {value:.4g}" for name, value in told.items()), sep="\n  ", flush=True)


if __name__ == "__main__":
    validate()
