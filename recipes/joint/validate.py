"""Judge networks for noise reduction and compensation by HAAQI, and write the figures of docs/joint.md."""

from __future__ import annotations

from pathlib import Path

import torch
from omegaconf import DictConfig
from rich.console import Console

from haaqinet_eval.io.files import write_text
from haaqinet_eval.io.jsonfile import read_json, write_json
from haaqinet_eval.io.progress import counting
from haaqinet_eval.joint.data import music, noises
from haaqinet_eval.joint.judging import judge, make_cases
from haaqinet_eval.joint.page import blocks, draw
from haaqinet_eval.model.joint import load_joint
from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.training.cards import updated


@recipe("config/validate")
def validate(config: DictConfig) -> None:
    """Score what is not scored yet, and write page and picture."""
    options = plain_options(config)
    torch.set_num_threads(options["threads"])
    data, out = options["data"], Path(options["out"])
    nets = {"two": load_joint(options["weights"])}
    if options["one"]:
        nets["one"] = load_joint(options["one"])
    if options["again"] or not out.exists():
        clips = music(data["root"], data["indices"], data["split"])
        paths = noises(data["noise"], data["noise_split"], data["without"])
        chosen = (data["listeners"], data["pieces"], data["seconds"], data["seed"])
        cases = make_cases(clips, paths, *chosen)
        with counting("cases", len(cases), Console()) as step:
            write_json(out, judge(cases, nets, options["knobs"], step))
    rows = read_json(out, dict)
    draw(rows["surface"], options["picture"])
    write_text(options["page"], updated(options["page"], {}, blocks(rows, nets["two"])))
    print(f"Wrote {options['page']} and {options['picture']}")


if __name__ == "__main__":
    validate()
