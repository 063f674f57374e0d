"""Join trained networks into one whose outputs are the means of theirs, and fit how sure it is."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from omegaconf import DictConfig

from haaqinet_eval.errors import InputError
from haaqinet_eval.model import HaaqiNet, describe_source, join, load_model, save_model, sha256
from haaqinet_eval.recipe import earlier_options, recipe
from haaqinet_eval.synthesis.options import number, several, writable
from haaqinet_eval.training.joining import blend, fit_confidence_head, kept_confidence, without_frames


@recipe("config/join")
def join_networks(config: DictConfig) -> None:
    """Write the joined weights, with what their parts tell of themselves, and print their hash."""
    earlier_options(config, familiar="in_distribution", strange="non_music", unlike="unseen")
    torch.set_num_threads(config.threads)
    nets = {path: load_model(path) for path in several(config.weights)}
    others = [path for path, net in nets.items() if not isinstance(net, HaaqiNet)]
    if others:
        raise InputError(f"weights {', '.join(others)}: only networks of our own design are joined")
    if not nets:
        raise InputError("weights: there are none to join")
    writable(Path(config.out).parent, "out")
    parts = [net if config.frames else without_frames(net, path) for path, net in nets.items()]
    known = kept_confidence(parts) if config.trials and not config.in_distribution else None
    net = join(parts)
    if config.blend is not None:
        net = blend(parts, number(config.blend, "blend", 0, 1))
    if config.trials:
        fit_confidence_head(net, known, config.trials, config.non_music, several(config.unseen))
    sources = json.dumps([describe_source(path) for path in nets])
    save_model(net, config.out, config.name, note=config.note, sources=sources)
    print(sha256(config.out), config.out)


if __name__ == "__main__":
    join_networks()
