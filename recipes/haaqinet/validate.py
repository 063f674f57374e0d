"""Agreement of HAAQI-Net with true HAAQI on rendered trials: as Markdown, or rows of the page of results."""

from __future__ import annotations

import torch
from omegaconf import DictConfig

from haaqinet_eval.model import WEIGHTS, HaaqiNet, load_model, model_version
from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.synthesis.conditions import group_of, is_of_paper
from haaqinet_eval.synthesis.protocol import is_unseen
from haaqinet_eval.training.confidence import coverage_line
from haaqinet_eval.training.paper import predict_split
from haaqinet_eval.training.results import add_row, figures, set_of, trained_on
from haaqinet_eval.training.tables import accuracy_tables

KINDS = {
    "conditions": group_of,
    "table": lambda name: "the paper's 100" if is_of_paper(name) else "ours and untouched",
}
SUBSETS = {
    "paper": {"seen": lambda name: not is_unseen(name), "unseen": is_unseen},
    "artists": {"table": is_of_paper, "beyond": lambda name: not is_of_paper(name)},
}


@recipe("config/validate")
def validate(config: DictConfig) -> None:
    """Print the tables of one network, or add rows to the page."""
    options = plain_options(config)
    torch.set_num_threads(options["threads"])
    one = {options["trials"]: options["entries"] or {None: options["weights"]}}
    for folder, entries in (options["sets"] or one).items():
        for row, weights in entries.items():
            judge(options, folder, row, weights or WEIGHTS)


def judge(options: dict, folder: str, row: str | None, weights: str) -> None:
    """One network on one folder of trials."""
    net = load_model(weights, options["device"], options["beats"])
    outputs, trials = predict_split(net, folder, options["split"], options["with_signals"])
    if row is None:
        held = coverage_line(net, trials) if isinstance(net, HaaqiNet) else ""
        print(f"{held}\n\n{accuracy_tables(outputs, trials, KINDS)}".lstrip())
        return
    measured = figures(outputs[:, 0], trials, SUBSETS[trials.protocol])
    about = {"version": model_version(weights, net), "parameters": sum(p.numel() for p in net.parameters())}
    about |= {"split": options["split"], "trained": trained_on(weights)}
    add_row(options["page"], set_of(trials), row, {**measured, **about})
    print(f"{options['page']}: {set_of(trials)}, {row}: LCC {measured['subsets']['all'][0]:.3f}")


if __name__ == "__main__":
    validate()
