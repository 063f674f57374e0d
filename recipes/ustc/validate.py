"""Judge ensembles of separators and the mixture added back by true HAAQI, and write docs/ustc.md."""

from __future__ import annotations

import torch
from omegaconf import DictConfig
from rich.console import Console

from haaqinet_eval.io.files import write_text
from haaqinet_eval.io.progress import counting
from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.scorers import load_scorer
from haaqinet_eval.synthesis.multitracks import songs_of
from haaqinet_eval.synthesis.options import chosen, several, writable
from haaqinet_eval.synthesis.render import SAMPLE_RATE
from haaqinet_eval.systems.by_ear import separator
from haaqinet_eval.training.cards import updated
from haaqinet_eval.ustc.judging import Comparison, judge
from haaqinet_eval.ustc.page import blocks, draw
from haaqinet_eval.ustc.scenes import SceneRules, draw_scenes


@recipe("config/validate")
def validate(config: DictConfig) -> None:
    """Score the scenes that are not scored yet, and write page and picture."""
    options = plain_options(config)
    torch.set_num_threads(options["threads"])
    data = options["data"]
    names = several(options["only"]) or list(options["separators"])
    known = songs_of(data["songs"], data["layout"], data["split"]) if data["songs"] else []
    songs = [song for song in known if data["only"] is None or song.name in several(data["only"])]
    rules = SceneRules(data["scenes"], data["seconds"], data["procedural"], "test", data["seed"])
    separators = {}
    for name in chosen(names, "only", options["separators"]):
        separators[name] = separator(options["separators"][name], SAMPLE_RATE)
    plan = Comparison(options["ensemble"], options["weights"], options["added_to"], options["ears"])
    predictor = load_scorer(options["predictor"]) if options["predictor"] else None
    scenes = list(draw_scenes(rules, songs))
    with counting("scenes", len(scenes), Console()) as step:
        rows = judge(writable(options["out"], "out"), scenes, separators, plan, predictor, step)
    if options["picture"]:
        draw(rows, options["picture"])
    found = blocks(rows, plan.ensemble, options["pairs"], options["losses_of"])
    placed = {place: found[part] for part, place in options["blocks"].items()}
    write_text(options["page"], updated(options["page"], {}, placed))
    print("Wrote", *filter(None, (options["page"], options["picture"])))


if __name__ == "__main__":
    validate()
