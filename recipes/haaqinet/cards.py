"""Write the figures of the model card and the data card, and the credits of the music, anew."""

from __future__ import annotations

import hydra
import torch
from validate import KINDS

from haaqinet_eval.agreement import agreement
from haaqinet_eval.cards import (
    model_index,
    music_tables,
    noise_table,
    trial_table,
    update_card,
    write_credits,
)
from haaqinet_eval.model import WEIGHTS, load_model, model_version, sha256
from haaqinet_eval.recipe import plain_options, run_job, run_main
from haaqinet_eval.synthesis.layouts import read_clips
from haaqinet_eval.synthesis.noises import COLUMNS
from haaqinet_eval.synthesis.sources import SPLITS, read_rows
from haaqinet_eval.training.cache import read_labels, read_split
from haaqinet_eval.training.confidence import coverage_line
from haaqinet_eval.training.loop import predict
from haaqinet_eval.training.tables import accuracy_tables


def write_cards(options: dict) -> None:
    """Predict the split once, and put what comes of it into both pages."""
    torch.set_num_threads(options["threads"])
    weights, data = options["weights"] or WEIGHTS, options["data"]
    clips = read_clips(data["layout"], data["root"], data["indices"], data["skip"])
    noises = read_rows(options["noises"], COLUMNS) if options["noises"] else []
    net, trials = load_model(weights), read_split(options["trials"], options["split"])
    splits = {split: read_labels(options["trials"], split) for split in SPLITS}
    outputs = predict(net, trials)
    found = agreement(outputs[:, 0], trials.labels[:, 0].numpy())
    name = model_version(weights)
    index = model_index(name, options["dataset"], options["split"], found)
    blocks = {
        "version": f"`{name}`, sha256 `{sha256(weights)}`",
        "figures": f"{coverage_line(net, trials)}\n\n{accuracy_tables(outputs, trials, KINDS)}",
    }
    update_card(options["model_card"], {"model-index": index}, blocks)
    counts = {"music": music_tables(clips), "noises": noise_table(noises), "trials": trial_table(splits)}
    update_card(options["data_card"], {}, counts)
    credited = write_credits(options["credits"], clips, noises)
    print(f"{options['model_card']}: {name}, {len(trials)} trials, LCC {found.lcc:.3f}")
    print(f"{options['data_card']}: {len(clips)} clips; {options['credits']}: {credited} rows")


@hydra.main(version_base=None, config_path="config", config_name="cards")
def main(config) -> None:
    run_job(lambda: write_cards(plain_options(config)))


if __name__ == "__main__":
    run_main(main)
