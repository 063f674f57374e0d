"""Where a run finds its systems and writes its files.

    <exp_folder>/<system>/enhanced_signals/…    what `enhance.py` wrote, in the challenge's naming
    <exp_folder>/<system>/scores.csv            the challenge's own table, HAAQI
    <exp_folder>/<system>/scores_haaqinet.csv   the same table, predicted scores
    <exp_folder>/results.csv                    all rows of all systems
    <exp_folder>/results_frames.jsonl           frame scores of the rows that have them
    <exp_folder>/results_seconds.csv            how long each took
    <exp_folder>/run.json                       what they were made with
    <exp_folder>/log.jsonl                      what happened when, see `haaqinet status`
    <exp_folder>/enhanced.csv, references.csv   size and hash of each file that was read

pyclarity's own layout, `<exp_folder>/enhanced_signals`, is one system named after the folder.
With `path.signals_folder`, a path or a URL, the systems' signals are read from there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ..errors import InputError
from ..io.location import is_url, locate
from .metadata import check_name

ENHANCED = "enhanced_signals"


def absolute_paths(config: Mapping) -> dict:
    """The configuration with every `path.*` absolute, `~` being the home folder; a URL stays as it is."""
    paths = config.get("path")
    if not isinstance(paths, Mapping):
        raise InputError("option path is missing")
    absolute = {}
    for name, value in paths.items():
        if value is None and name == "signals_folder":
            continue
        if not isinstance(value, str) or not value:
            raise InputError(f"option path.{name} is {value!r}, not a path")
        absolute[name] = value if is_url(value) else os.path.abspath(Path(value).expanduser())
    if is_url(absolute.get("exp_folder", "")):
        raise InputError(
            f"option path.exp_folder: {absolute['exp_folder']}: results are written to a folder only"
        )
    return {**config, "path": absolute}


def signals_folder(config: Mapping) -> Path:
    """Where the systems' folders lie: `path.signals_folder`, else `path.exp_folder`; a path or a URL."""
    return locate(config["path"].get("signals_folder") or config["path"]["exp_folder"])


def _found(exp_folder: Path) -> dict[str, Path]:
    try:
        if not exp_folder.is_dir():
            raise InputError(f"option path.exp_folder: {exp_folder} is no folder; run enhance.py first")
        if (exp_folder / ENHANCED).is_dir():
            return {exp_folder.name: exp_folder}
        folders = sorted(exp_folder.iterdir(), key=lambda path: path.name)
        return {path.name: path for path in folders if (path / ENHANCED).is_dir()}
    except OSError as error:
        raise InputError(f"{exp_folder}: cannot be read: {error}") from None


def find_systems(exp_folder: Path, wanted: str | list[str] | None) -> dict[str, Path]:
    """The folder of each system, by name: those that are wanted, or all.

    Args:
        exp_folder: path or URL, see `signals_folder`.

    Raises:
        InputError: where there is none, or a wanted one has no `enhanced_signals`.
    """
    found = _found(exp_folder)
    if not found:
        raise InputError(f"option path.exp_folder: {exp_folder} has no {ENHANCED}; run enhance.py first")
    if wanted is None:
        return found
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    for name in names:
        if check_name(name, "option system") not in found:
            raise InputError(
                f"option system: {exp_folder} has no {name}/{ENHANCED}; there are: {', '.join(found)}"
            )
    return {name: found[name] for name in names}


def batch_suffix(batch: int, batches: int) -> str:
    """`_1-3` for the first of three batches, nothing for a single one; pyclarity's file names."""
    return "" if batches == 1 else f"_{batch + 1}-{batches}"


def results_file(exp_folder: Path, suffix: str) -> Path:
    """All rows of all systems."""
    return exp_folder / f"results{suffix}.csv"


def run_file(exp_folder: Path, suffix: str) -> Path:
    """What the rows were made with."""
    return exp_folder / f"run{suffix}.json"


def fingerprints_file(exp_folder: Path, suffix: str) -> Path:
    """Which files the rows belong to, see `fingerprints`."""
    return exp_folder / f"enhanced{suffix}.csv"


def references_file(exp_folder: Path, suffix: str) -> Path:
    """The same for the challenge's own music."""
    return exp_folder / f"references{suffix}.csv"


def log_file(exp_folder: Path, suffix: str) -> Path:
    """What happened when."""
    return exp_folder / f"log{suffix}.jsonl"


def official_file(system: Path, scorer: str, suffix: str) -> Path:
    """The challenge's own table of one system; predicted scores have a file of their own."""
    return system / (f"scores{suffix}.csv" if scorer == "haaqi" else f"scores_{scorer}{suffix}.csv")
