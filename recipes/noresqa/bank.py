"""Choose references for a pair head, fit the interval, and write what the scorer `noresqa` reads."""

from __future__ import annotations

from pathlib import Path

import torch
from omegaconf import DictConfig

from haaqinet_eval.model import WEIGHTS, load_model, model_version
from haaqinet_eval.model.noresqa import save_noresqa
from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.synthesis.options import natural, writable
from haaqinet_eval.training.cache import read_split
from haaqinet_eval.training.non_matching import Pool, read_head
from haaqinet_eval.training.reference_bank import choose_bank, clean_references, describe_model, fit_model


@recipe("config/bank")
def make_bank(config: DictConfig) -> None:
    """Read the trials, choose, fit, write."""
    options = plain_options(config)
    torch.set_num_threads(options["threads"])
    size, count = (natural(options[name], name, 1) for name in ("size", "count"))
    out = writable(Path(options["out"]).parent, "out") / Path(options["out"]).name
    net, head = load_model(WEIGHTS), read_head(options["head"])
    train = [Pool.of(net, read_split(folder, "train", most=options["most"])) for folder in options["trials"]]
    pool = Pool.join(train)
    bank, clean = choose_bank(pool, size, options["seed"]), clean_references(pool)
    validation = [Pool.of(net, read_split(folder, "validation")) for folder in options["validation"]]
    model = fit_model(head, bank, clean, validation, count, model_version(WEIGHTS, net))
    save_noresqa(model, out)
    print(describe_model(model, out))


if __name__ == "__main__":
    make_bank()
