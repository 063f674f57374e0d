"""Make noises to train on of recorded sounds, for render.py's data.noise."""

from __future__ import annotations

from collections import Counter

from omegaconf import DictConfig

from haaqinet_eval.errors import InputError
from haaqinet_eval.io.progress import track
from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.synthesis.duplicates import Duplicates
from haaqinet_eval.synthesis.gather import write_index
from haaqinet_eval.synthesis.noises import COLUMNS, NoiseRules, Sounds, write_noises
from haaqinet_eval.synthesis.options import writable


@recipe("config/noises")
def make(config: DictConfig) -> None:
    """Make and write; says how many there are of a kind, and what was left out as too well known."""
    options = plain_options(config)
    rules = NoiseRules(**{k: tuple(v) if isinstance(v, list) else v for k, v in options["rules"].items()})
    sounds = Sounds(options["folder"], rules, Duplicates(options["apart"], rules.twin))
    out = writable(options["out"], "out")
    written = write_noises(sounds, out, options["licence"], options["kinds"])
    rows = list(track(written, "making"))
    for path, reason in sounds.left_out.items():
        print(f"{path}: left out: {reason}")
    if not rows:
        raise InputError(f"{options['folder']}: no usable sound")
    write_index(out / "index.csv", rows, COLUMNS)
    kinds = Counter(row["kind"] for row in rows)
    print(f"{out / 'index.csv'}: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items()))


if __name__ == "__main__":
    make()
