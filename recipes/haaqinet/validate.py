"""Agreement of HAAQI-Net with true HAAQI on rendered trials, in all and by group, as Markdown."""

from __future__ import annotations

import sys

import hydra
import torch
from omegaconf import DictConfig

from haaqinet_eval.model import load_model
from haaqinet_eval.recipe import exit_code, run_job
from haaqinet_eval.scorers.haaqinet import WEIGHTS
from haaqinet_eval.synthesis.conditions import CONDITIONS
from haaqinet_eval.training.cache import read_split
from haaqinet_eval.training.loop import predict
from haaqinet_eval.training.tables import accuracy_tables


def validate(config: DictConfig) -> None:
    """Print the tables."""
    torch.set_num_threads(config.threads)
    trials = read_split(config.trials, config.split)
    net = load_model(config.weights or WEIGHTS)
    kinds = {
        "conditions": lambda name: CONDITIONS[name].group,
        "table": lambda name: "the paper's 100" if "paper" in CONDITIONS[name].tags else "ours and untouched",
    }
    print(accuracy_tables(predict(net, trials), trials, kinds))


@hydra.main(version_base=None, config_path="config", config_name="validate")
def main(config: DictConfig) -> None:
    run_job(lambda: validate(config))


if __name__ == "__main__":
    main()
    sys.exit(exit_code())
