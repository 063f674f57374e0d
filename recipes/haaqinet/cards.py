"""Write the figures of the model card and the data card, and the credits of the music, anew."""

from __future__ import annotations

import torch
from omegaconf import DictConfig
from validate import KINDS

from haaqinet_eval.errors import InputError
from haaqinet_eval.io.files import write_text
from haaqinet_eval.model import WEIGHTS
from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.synthesis.clips import SPLITS, read_rows
from haaqinet_eval.synthesis.layouts import read_clips
from haaqinet_eval.synthesis.noises import COLUMNS
from haaqinet_eval.training.cache import read_labels, read_split
from haaqinet_eval.training.cards import data_card, model_card, write_credits


@recipe("config/cards")
def write_cards(config: DictConfig) -> None:
    """Write the pages that are asked for, with the data card the credits; none if one has something wrong."""
    options = plain_options(config)
    torch.set_num_threads(options["threads"])
    data, pages = options["data"], {}
    if options["model_card"]:
        trials, of = read_split(options["trials"], options["split"]), (options["dataset"], options["split"])
        weights, page = options["weights"] or WEIGHTS, options["model_card"]
        pages[page] = model_card(page, weights, trials, of, KINDS)
    if options["data_card"]:
        if data["root"] is None:
            raise InputError("data.root: the data card and the credits need the music; or data_card=null")
        clips = read_clips(data["layout"], data["root"], data["indices"], data["skip"])
        noises = read_rows(options["noises"], COLUMNS) if options["noises"] else []
        splits = {split: read_labels(options["trials"], split) for split in SPLITS}
        pages[options["data_card"]] = data_card(options["data_card"], clips, noises, splits)
        credited = write_credits(options["credits"], clips, noises)
        print(f"{options['credits']}: {credited} rows")
    for page, (text, said) in pages.items():
        write_text(page, text)
        print(said)


if __name__ == "__main__":
    write_cards()
