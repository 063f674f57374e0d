"""Join trained networks into one whose outputs are the means of theirs."""

from __future__ import annotations

import sys

import hydra
from omegaconf import DictConfig

from haaqinet_eval.errors import InputError
from haaqinet_eval.model import HaaqiNet, join, load_model, save_model, sha256
from haaqinet_eval.recipe import exit_code, run_job


def join_networks(config: DictConfig) -> None:
    """Write the joined weights and print their hash."""
    nets = {path: load_model(path) for path in config.weights}
    others = [path for path, net in nets.items() if not isinstance(net, HaaqiNet)]
    if others:
        raise InputError(f"weights {', '.join(others)}: only networks of our own design are joined")
    net = join(list(nets.values()))
    save_model(net, config.out, config.name, note=config.note)
    print(sha256(config.out), config.out)


@hydra.main(version_base=None, config_path="config", config_name="join")
def main(config: DictConfig) -> None:
    run_job(lambda: join_networks(config))


if __name__ == "__main__":
    main()
    sys.exit(exit_code())
