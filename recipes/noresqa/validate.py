"""How well a model prefers and scores by comparison with unrelated clips; writes docs/noresqa.md."""

from __future__ import annotations

import torch
from omegaconf import DictConfig

from haaqinet_eval.io.files import write_text
from haaqinet_eval.model import WEIGHTS, load_model
from haaqinet_eval.model.noresqa import load_noresqa
from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.training.cache import read_split
from haaqinet_eval.training.cards import updated
from haaqinet_eval.training.non_matching import Pool
from haaqinet_eval.training.noresqa_page import blocks
from haaqinet_eval.training.reference_bank import clean_references


@recipe("config/validate")
def validate(config: DictConfig) -> None:
    """Print the tables, or write them into the page."""
    options = plain_options(config)
    torch.set_num_threads(options["threads"])
    net, model = load_model(WEIGHTS), load_noresqa(options["model"])
    pools = {
        name: Pool.of(net, read_split(folder, options["split"])) for name, folder in options["trials"].items()
    }
    parts = [Pool.of(net, read_split(folder, "train", most=options["most"])) for folder in options["clean"]]
    clean = clean_references(Pool.join(parts)) if parts else None
    found = blocks(model, pools, options["per_trial"], options["seed"], clean)
    print(*found.values(), sep="\n")
    if options["page"]:
        write_text(options["page"], updated(options["page"], {}, found))


if __name__ == "__main__":
    validate()
