"""`run.json` as those see it who read it: what a results file was made with, and what it was asked for.

    {"challenge": …, "settings": …,
     "asked": {scorer: {"version": …, "trials": per system, "pairs": {scene: [listener, …]}}},
     "runs": [{"started": …, "systems": […], "scorers": {name: version}, "expected": rows, "config": …}, …]}

`asked` is what all runs together were asked for: a scorer may have been asked for fewer scenes than another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError
from .jsonfile import read_json

MAX_BYTES = 2**24


def read_run(path: str | Path) -> dict[str, Any]:
    """A `run.json`; empty where there is no such file.

    Raises:
        InputError: for a file that is no record of runs.
    """
    path = Path(path)
    if not path.exists():
        return {}
    if not path.is_file():
        raise InputError(f"{path}: is no file")
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path}: has {path.stat().st_size} bytes; {MAX_BYTES} are allowed")
    record = read_json(path, dict)
    if not _is_record(record):
        raise InputError(f"{path}: is no record of a run")
    return record


def _is_record(record: Mapping[str, Any]) -> bool:
    """Whether everything that is read of it here is of the right kind; it may come from anybody."""
    runs, asked = record.get("runs", []), record.get("asked", {})
    if not (isinstance(runs, list) and isinstance(asked, dict)):
        return False
    if not all(isinstance(entry, dict) for entry in (*runs, *asked.values())):
        return False
    numbers = [record.get("expected_trials_per_system"), *(run.get("expected") for run in runs)]
    numbers += [entry.get("trials", 0) for entry in asked.values()]
    lists = [run.get(name) for run in runs for name in ("systems", "scorers")]
    configs = [run.get("config") for run in runs]
    paths = [config.get("path") for config in configs if isinstance(config, dict)]
    return (
        all(n is None or (type(n) is int and n >= 0) for n in numbers)
        and all(isinstance(held, list | dict | None) for held in lists)
        and all(isinstance(held, dict | None) for held in (*configs, *paths))
    )


def run_beside(results: str | Path) -> Path:
    """The `run.json` of a results file: `run_1-2.json` for `results_1-2.csv`, else `run.json` beside it."""
    results = Path(results)
    own = results.with_name("run" + results.stem.removeprefix("results") + ".json")
    return own if results.stem.startswith("results") and own.exists() else results.with_name("run.json")


def last_run(record: Mapping[str, Any]) -> dict[str, Any]:
    """The run that was begun last; empty where there is none."""
    return (record.get("runs") or [{}])[-1]


def listeners_file(record: Mapping[str, Any]) -> Path | None:
    """Where the listeners were when the last run read them; it may have been on another machine."""
    paths = (last_run(record).get("config") or {}).get("path") or {}
    place = record.get("listeners_file") or paths.get("listeners_file")
    return Path(place) if isinstance(place, str) and "\0" not in place else None


def ask(
    asked: Mapping[str, Any], scorers: Mapping[str, str], pairs: Iterable[tuple[str, str]], each: int
) -> dict[str, Any]:
    """What the runs were asked for when one more asks for some pairs.

    Args:
        asked: before.
        scorers: versions by name; what another version was asked for no longer counts.
        pairs: scenes and listeners.
        each: trials of a pair.
    """
    pairs, asked = list(pairs), dict(asked)
    for name, version in scorers.items():
        earlier = asked.get(name, {})
        kept = earlier.get("pairs", {}) if earlier.get("version") == version else {}
        merged = {scene: list(listeners) for scene, listeners in kept.items()}
        known = {(scene, listener) for scene, listeners in merged.items() for listener in listeners}
        for scene, listener in pairs:
            if (scene, listener) not in known:
                merged.setdefault(scene, []).append(listener)
        trials = each * sum(map(len, merged.values()))
        asked[name] = {"version": version, "trials": trials, "pairs": merged}
    return asked


def asked_trials(record: Mapping[str, Any]) -> dict[str, int]:
    """Trials per system that each scorer was asked for; of its newest version."""
    found: dict[str, int] = {}
    for run in record.get("runs", []):  # an earlier version's record says no more than this
        scorers, systems = run.get("scorers") or (), run.get("systems") or ()
        if scorers and systems:
            share = int(run.get("expected") or 0) // (len(systems) * len(scorers))
            found |= {name: max(share, found.get(name, 0)) for name in scorers}
    told = {name: int(entry["trials"]) for name, entry in record.get("asked", {}).items()}
    return {name: number for name, number in {**found, **told}.items() if number}
