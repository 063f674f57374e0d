"""Grow the scorer that knows the target, and the same without gains for comparison."""

from __future__ import annotations

from pathlib import Path

import hydra
import numpy as np
import torch

from haaqinet_eval.analysis.agreement import agreement
from haaqinet_eval.mixture_aware import dense
from haaqinet_eval.mixture_aware.fitting import Settings, grow, predict, role_examples, with_asked, with_base
from haaqinet_eval.mixture_aware.gain_features import without_asked
from haaqinet_eval.mixture_aware.predictor import load_target, save_target
from haaqinet_eval.mixture_aware.stems import fit_roles
from haaqinet_eval.mixture_aware.trial_files import group_files, read_tiles, read_trials
from haaqinet_eval.recipe import plain_options, run_job, run_main

INPUTS = {"known": tuple, "blind": without_asked}  # names of the features that a model takes


def train(options: dict) -> None:
    """Write `<out>/known.safetensors` and `blind.safetensors`, and say how they do on validation songs."""
    torch.set_num_threads(options["threads"])
    files = [group_files(options["trials"], split) for split in ("train", "validation")]
    scenes = [read_tiles(some) for some in files]
    base, net = load_target(options["base"]) if options["base"] else (None, None)
    net = net or fit_roles(role_examples(scenes[0]), options["role_epochs"])
    trials, validation = (
        with_base(with_asked(read_trials(some), tiles, net), base)
        for some, tiles in zip(files, scenes, strict=True)
    )
    counts = [(len(t.true), len(np.unique(t.about["song"]))) for t in (trials, validation)]
    print("training: {} trials of {} songs; validation: {} of {}".format(*counts[0], *counts[1]))
    settings = Settings(**options["settings"]), dense.Settings(**options["networks"])
    for name, choose in INPUTS.items():
        model = grow(trials, validation, choose(trials.names), *settings, base if name == "known" else None)
        path = Path(options["out"], f"{name}.safetensors")
        save_target(path, model, net, trials=str(counts[0][0]), songs=str(counts[0][1]))
        a = agreement(predict(model, validation)[0], validation.true)
        print(f"{path}: validation LCC {a.lcc:.3f}, SRCC {a.srcc:.3f}, MSE {a.mse:.4f}")


@hydra.main(version_base=None, config_path="config", config_name="train")
def main(config) -> None:
    run_job(lambda: train(plain_options(config)))


if __name__ == "__main__":
    run_main(main)
