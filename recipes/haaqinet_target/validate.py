"""The comparison: scorers that know nothing, the mixture, or the gains, on the same trials."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from omegaconf import DictConfig

from haaqinet_eval.analysis.agreement import affine_fit
from haaqinet_eval.mixture_aware.fitting import predict, with_base, with_gain_features
from haaqinet_eval.mixture_aware.predictor import load_target
from haaqinet_eval.mixture_aware.tables import by, compared, coverage_line, system_means
from haaqinet_eval.mixture_aware.trial_files import group_files, read_tiles, read_trials
from haaqinet_eval.recipe import plain_options, recipe

NAMES = {"haaqinet": "HAAQI-Net, output only", "estimate": "HAAQI against a separator's estimate"}


@recipe("config/validate")
def validate(config: DictConfig) -> None:
    """Print the tables of one split."""
    options = plain_options(config)
    files = group_files(options["trials"], options["split"])
    trials = read_trials(files)
    fitted_on = read_trials(group_files(options["trials"], "validation"))
    scores = {}
    for judge, given in trials.judges.items():
        slope, offset = affine_fit(fitted_on.judges[judge], fitted_on.true)
        scores[name := NAMES.get(judge, judge)] = given
        scores[f"{name}, a line fitted on validation"] = np.clip(slope * given + offset, 0, 1)
    known, net = load_target(options["known"])
    trials = with_base(with_gain_features(trials, read_tiles(files), net), known.base)
    models = {
        "mixture known, gains not": load_target(options["blind"])[0] if options["blind"] else None,
        "the base: no implied stems": known.base,
        "gradient boosting: mixture and gains": replace(known, networks=()),
        "haaqinet_target: mixture and gains": known,
    }
    models = {name: model for name, model in models.items() if model}
    for name, model in models.items():
        scores[name], intervals = predict(model, trials)
    last = {name: scores[name] for name, model in models.items() if "boosting" not in name}
    songs, groups = (len(np.unique(trials.about[what])) for what in ("song", "group"))
    print(f"Split {options['split']}: {len(trials.true)} trials, {groups} scenes, {songs} songs.\n")
    print(compared(scores, trials), coverage_line(intervals, trials), sep="\n\n")
    for what in ("kind", "origin", "system"):
        print("", by(what, last, trials), sep="\n")
    print("\nMeans (predicted, true, scenes):")
    for system, figures in system_means(next(reversed(scores.values())), trials).items():
        print("{}: {:.3f}, {:.3f}, {}".format(system, *figures))


if __name__ == "__main__":
    validate()
