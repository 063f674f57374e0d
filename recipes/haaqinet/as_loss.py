"""Tune equalisers, gains and masks by HAAQI-Net, HAAQI or L1, and measure true HAAQI before and after."""

from __future__ import annotations

import csv
from dataclasses import asdict
from pathlib import Path

import torch
from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table

from haaqinet_eval.io.files import written
from haaqinet_eval.io.progress import track
from haaqinet_eval.model import HaaqiNetLoss
from haaqinet_eval.recipe import recipe
from haaqinet_eval.tuning.ascent import summary_rows, tune
from haaqinet_eval.tuning.tasks import make_songs, make_tasks

COLUMNS = ("", "n", "predicted", "after", "true HAAQI", "after", "rose", "fell")


@recipe("config/as_loss")
def as_loss(config: DictConfig) -> None:
    """Tune every task, write a CSV of outcomes, print means per kind and listener."""
    torch.set_num_threads(config.threads)
    network = HaaqiNetLoss(config.weights)
    songs = make_songs(config.data.root, config.data.index, config.split, config.data.songs, config.seconds)
    tasks = make_tasks(songs, config.split, config.listeners, config.kinds)
    each = [(task, loss) for task in tasks for loss in config.losses]
    outcomes = [tune(task, network, config.steps, config.keep, loss) for task, loss in track(each, "tuning")]
    out = Path(config.out)
    with written(out) as file:
        writer = csv.DictWriter(file, list(asdict(outcomes[0])))
        writer.writeheader()
        writer.writerows(asdict(outcome) for outcome in outcomes)
    table = Table(*COLUMNS)
    for row in summary_rows(outcomes):
        table.add_row(*map(str, row))
    Console().print(table)
    print(f"Wrote {out}")


if __name__ == "__main__":
    as_loss()
