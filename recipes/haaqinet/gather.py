"""Cut training excerpts from a folder of music, one sub-folder a source, and write their index."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from haaqinet_eval.errors import InputError
from haaqinet_eval.io.progress import track
from haaqinet_eval.recipe import recipe
from haaqinet_eval.synthesis.clips import SPLITS
from haaqinet_eval.synthesis.gather import Rules, divide, gather, write_index

DIVIDED = "divided"


@recipe("config/gather")
def gather_folder(config: DictConfig) -> None:
    """Cut and write; says how much there is."""
    rules = Rules(**{**config.rules, "exclude": tuple(config.rules.exclude)})
    out = Path(config.out)
    if config.split not in (*SPLITS, DIVIDED):
        raise InputError(f"split={config.split}: none of {', '.join((*SPLITS, DIVIDED))}")
    left_out: dict[Path, str] = {}
    found = gather(Path(config.folder), out, rules, config.licence, config.split, left_out)
    rows = list(track(found, "cutting"))
    for path, reason in left_out.items():
        print(f"{path}: left out: {reason}")
    if not rows:
        raise InputError(f"{config.folder}: no usable music")
    if config.split == DIVIDED:
        rows = divide(rows)
    write_index(out / "index.csv", rows)
    hours, artists = sum(float(row["duration_s"]) for row in rows) / 3600, {row["artist"] for row in rows}
    print(f"{out / 'index.csv'}: {len(rows)} excerpts, {hours:.1f} h, {len(artists)} artists")


if __name__ == "__main__":
    gather_folder()
