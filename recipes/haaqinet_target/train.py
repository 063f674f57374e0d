"""Fit the scorer that knows the target, and the same without gains for comparison."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from omegaconf import DictConfig

from haaqinet_eval.analysis.agreement import agreement
from haaqinet_eval.mixture_aware import dense, fitting
from haaqinet_eval.mixture_aware.gain_features import stem_features, without_gain_features
from haaqinet_eval.mixture_aware.left_out import left_out, widened
from haaqinet_eval.mixture_aware.predictor import load_target, save_target
from haaqinet_eval.mixture_aware.stems import fit_roles
from haaqinet_eval.mixture_aware.tables import real_songs
from haaqinet_eval.mixture_aware.trial_files import read_split
from haaqinet_eval.recipe import plain_options, recipe


@recipe("config/train")
def train(config: DictConfig) -> None:
    """Write `<out>/known.safetensors`, and `blind.safetensors`; say how they do on songs they never heard."""
    options = plain_options(config)
    torch.set_num_threads(options["threads"])
    folders = {"train": options["trials"], "validation": options["trials"], "real": options["real"]}
    read = [read_split(folder, split) for split, folder in folders.items() if folder]
    base, net = load_target(options["base"]) if options["base"] else (None, None)
    net = net or fit_roles(fitting.role_examples(read[0][1]), options["role_epochs"])
    trials, validation, *real = (
        fitting.with_base(fitting.with_gain_features(*some, net), base) for some in read
    )
    trials = trials.joined(real[0]) if real else trials
    notes = {"trials": str(len(trials.true)), "songs": str(len(np.unique(trials.about["song"])))}
    print(f"training: {notes}; validation: {len(validation.true)} trials")
    settings = fitting.Settings(**options["settings"]), dense.Settings(**options["networks"])
    inputs = {"known": (stem_features if base else tuple, base), "blind": (without_gain_features, None)}
    for name in options["models"]:
        choose, below = inputs[name]
        names = choose(trials.names)
        fit_on = partial(fitting.fit_model, validation=validation, names=names, settings=settings, base=below)
        model = fit_on(trials)
        if real and below:
            scores, intervals = left_out(trials, np.unique(real[0].about["song"]), fit_on)
            of = trials.only(measured := np.isfinite(scores))
            held_out = fitting.predict(model, validation)[1], validation.true
            model = widened(model, [held_out, (intervals[measured], of.true)])
            told = {"base": of.column("base_score"), "haaqinet_target": scores[measured]}
            print(real_songs(told, intervals[measured], of))
        path = f"{options['out']}/{name}.safetensors"
        save_target(path, model, net, **notes)
        a = agreement(fitting.predict(model, validation)[0], validation.true)
        print(f"{path}: validation LCC {a.lcc:.3f}, SRCC {a.srcc:.3f}, MSE {a.mse:.4f}")


if __name__ == "__main__":
    train()
