"""Write the figures of the model card and the data card, and the credits of the music, anew."""

from __future__ import annotations

from pathlib import Path

import hydra
import torch
from validate import KINDS

from haaqinet_eval.agreement import agreement
from haaqinet_eval.cards import (
    model_index,
    music_tables,
    noise_table,
    trial_table,
    updated,
    write_credits,
)
from haaqinet_eval.errors import InputError
from haaqinet_eval.model import WEIGHTS, load_model, model_version, sha256
from haaqinet_eval.recipe import plain_options, run_job, run_main
from haaqinet_eval.synthesis.layouts import read_clips
from haaqinet_eval.synthesis.noises import COLUMNS
from haaqinet_eval.synthesis.sources import SPLITS, read_rows
from haaqinet_eval.training.cache import read_labels, read_split
from haaqinet_eval.training.confidence import coverage_line
from haaqinet_eval.training.loop import predict
from haaqinet_eval.training.tables import accuracy_tables


def model_card(options: dict) -> tuple[str, str]:
    """The model card's new text, of a network's scores of a split; and what to say of it."""
    weights = options["weights"] or WEIGHTS
    net, trials = load_model(weights), read_split(options["trials"], options["split"])
    outputs = predict(net, trials)
    found = agreement(outputs[:, 0], trials.labels[:, 0].numpy())
    name = model_version(weights)
    index = model_index(name, options["dataset"], options["split"], found)
    blocks = {
        "version": f"`{name}`, sha256 `{sha256(weights)}`",
        "figures": f"{coverage_line(net, trials)}\n\n{accuracy_tables(outputs, trials, KINDS)}",
    }
    text = updated(options["model_card"], {"model-index": index}, blocks)
    return text, f"{options['model_card']}: {name}, {len(trials)} trials, LCC {found.lcc:.3f}"


def data_card(options: dict) -> tuple[str, str]:
    """The data card's new text, of the indices and the trials; and what to say of it and the credits."""
    data = options["data"]
    if data["root"] is None:
        raise InputError("data.root: the data card and the credits need the music; or data_card=null")
    clips = read_clips(data["layout"], data["root"], data["indices"], data["skip"])
    noises = read_rows(options["noises"], COLUMNS) if options["noises"] else []
    splits = {split: read_labels(options["trials"], split) for split in SPLITS}
    counts = {"music": music_tables(clips), "noises": noise_table(noises), "trials": trial_table(splits)}
    text = updated(options["data_card"], {}, counts)
    credited = write_credits(options["credits"], clips, noises)
    return text, f"{options['data_card']}: {len(clips)} clips; {options['credits']}: {credited} rows"


def write_cards(options: dict) -> None:
    """Write the pages that are asked for; none where something is wrong with one."""
    torch.set_num_threads(options["threads"])
    pages = {key: make(options) for key, make in MAKERS.items() if options[key]}
    for key, (text, said) in pages.items():
        Path(options[key]).write_text(text, encoding="utf-8")
        print(said)


MAKERS = {"model_card": model_card, "data_card": data_card}


@hydra.main(version_base=None, config_path="config", config_name="cards")
def main(config) -> None:
    run_job(lambda: write_cards(plain_options(config)))


if __name__ == "__main__":
    run_main(main)
