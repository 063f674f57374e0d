"""Join trained networks into one whose outputs are the means of theirs, and fit how sure it is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import hydra
import torch
from omegaconf import DictConfig

from haaqinet_eval.errors import InputError
from haaqinet_eval.model import HaaqiNet, describe_source, join, load_model, save_model, sha256
from haaqinet_eval.model.confidence import Confidence
from haaqinet_eval.recipe import run_job, run_main
from haaqinet_eval.synthesis.options import several, writable
from haaqinet_eval.training.cache import read_split
from haaqinet_eval.training.confidence import ENOUGH, fit_confidence, fit_intervals

SPLITS = ("train", "validation")


def without_frames(net: HaaqiNet, path: str) -> HaaqiNet:
    """The clip members of a network alone.

    Raises:
        InputError: it has none; names the file.
    """
    if not net.clips:
        raise InputError(f"weights {path}: has no clip members, and frames=false leaves out all others")
    net.members, net.dims = torch.nn.ModuleList(), replace(net.dims, members=0)
    return net


def familiar(nets: dict[str, HaaqiNet]) -> Confidence:
    """What the only network of several knows of familiar sounds.

    Raises:
        InputError: there are more, or it knows nothing.
    """
    net, *others = nets.values()
    if others or net.confidence is None:
        raise InputError("familiar=false: of one network that says how sure it is, what is familiar is kept")
    return net.confidence


def confidence(net: HaaqiNet, known: Confidence | None, config: DictConfig) -> Confidence:
    """How sure the network is: intervals, and what is familiar unless that is known."""
    validation = read_split(config.trials, SPLITS[1])
    if known is not None:
        strange = read_split(config.strange, SPLITS[1]) if config.strange and known.music else None
        return fit_intervals(net, known, validation, strange)
    strange = [read_split(config.strange, split) for split in SPLITS] if config.strange else None
    return fit_confidence(net, read_split(config.trials, SPLITS[0], most=ENOUGH), validation, strange)


def join_networks(config: DictConfig) -> None:
    """Write the joined weights, with what their parts tell of themselves, and print their hash."""
    torch.set_num_threads(config.threads)
    nets = {path: load_model(path) for path in several(config.weights)}
    others = [path for path, net in nets.items() if not isinstance(net, HaaqiNet)]
    if others:
        raise InputError(f"weights {', '.join(others)}: only networks of our own design are joined")
    if not nets:
        raise InputError("weights: there are none to join")
    writable(Path(config.out).parent, "out")
    if not config.frames:
        nets = {path: without_frames(net, path) for path, net in nets.items()}
    known = familiar(nets) if config.trials and not config.familiar else None
    net = join(list(nets.values()))
    if config.trials:
        net.confidence = confidence(net, known, config)
        net.dims = replace(net.dims, confidence=True, music=net.confidence.music is not None)
    sources = json.dumps([describe_source(path) for path in nets])
    save_model(net, config.out, config.name, note=config.note, sources=sources)
    print(sha256(config.out), config.out)


@hydra.main(version_base=None, config_path="config", config_name="join")
def main(config: DictConfig) -> None:
    run_job(lambda: join_networks(config))


if __name__ == "__main__":
    run_main(main)
