"""How long the store takes with many rows: filling, refreshing the aggregates, opening pages.

    python benchmarks/store.py --rows 1000000

Makes a store of random scores of the ICASSP 2024 evaluation's shape (960 scenes, 20 of 52
listeners each, both ears, two scorers), measures, and prints a Markdown table. Predicted rows have an
interval, one in ten is flagged, and with --frames each has the frame scores of 10 s.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from haaqinet_eval.audiogram import Audiogram, Listener
from haaqinet_eval.scores import Score
from haaqinet_eval.scores.frames import Frames
from haaqinet_eval.store import (
    Store,
    StoredScores,
    System,
    challenge,
    frame_scores,
    group_table,
    open_store,
    refresh,
    register_challenge,
    score_columns,
    scorer_versions,
    standings,
    submit,
    trial_columns,
)
from haaqinet_eval.trials import Trial

CHALLENGE = "cad_icassp_2024"
SCORERS = (("haaqi", "1"), ("haaqinet", "0123abcd"))
TEN_SECONDS = (np.linspace(0, 1, 79), 0.064 + 0.128 * np.arange(79))  # frame scores and their times (s)
PARTS = {"nonlinear": 0.512345678, "linear": 0.712345678, "cepstral_correlation": 0.812345678}


Seconds = tuple[float, float]  # by the clock, and of this process on a core


def timed(action: Callable) -> tuple[Seconds, object]:
    """Seconds that an action takes, and what it gives."""
    start, busy = time.perf_counter(), time.process_time()
    result = action()
    return (time.perf_counter() - start, time.process_time() - busy), result


def make_trials(scenes: int, rng: np.random.Generator) -> tuple[list[Trial], dict[str, Listener]]:
    """Trials of the evaluation's shape."""
    levels = [sorted(rng.uniform(0, 90, 8)) for _ in range(52)]
    people = {f"L{i:04}": Audiogram(tuple(map(float, level))) for i, level in enumerate(levels)}
    trials = [
        Trial(CHALLENGE, "", f"S{scene:05}", f"Artist {scene % 100} - Song", listener, ear)
        for scene in range(scenes)
        for listener in sorted(rng.choice(sorted(people), 20, replace=False))
        for ear in ("left", "right")
    ]
    return trials, {id: Listener(id, a, a) for id, a in people.items()}


def sureness(value: float, number: int, frames: Frames | None) -> dict[str, object]:
    """What a predicted row has besides its score."""
    return {
        "low": max(0.0, value - 0.1),
        "high": min(1.0, value + 0.1),
        "unfamiliar": number % 10 == 0,
        "frames": frames,
    }


def fill(
    store: Store, trials: list[Trial], systems: int, rng: np.random.Generator, frames: Frames | None = None
) -> list[int]:
    """Random rows of all systems; gives the submissions."""
    ids = []
    for number in range(systems):
        system = System(f"T{number:03}", f"E{number:03}")
        entry, _ = submit(store, CHALLENGE, system, sha256=f"{number}", scorers=[s for s, _ in SCORERS])
        rows = StoredScores(store, entry)
        values = np.clip(rng.normal(0.5 + number / 200, 0.15, (len(trials), 2)), 0, 1)
        rows.append(
            Score(
                *(replace(t, system=system.name), scorer, version),
                *(float(values[i, k]), PARTS, 0.25),
                **(sureness(float(values[i, k]), i, frames) if scorer == "haaqinet" else {}),
            )
            for i, t in enumerate(trials)
            for k, (scorer, version) in enumerate(SCORERS)
        )
        ids.append(entry.id)
    return ids


def open_page(store: Store, submission: int) -> None:
    """Read what a system's page shows: the rows of one scorer, and the means of all by group."""
    version = scorer_versions(store, CHALLENGE)[0]
    trial_columns(store, challenge(store, CHALLENGE).id)
    score_columns(store, submission, version.id)
    for kind in ("listener", "scene", "severity_humes", "error"):
        group_table(store, submission, kind)


def read_frames(store: Store, submission: int, trial: Trial) -> None:
    """Read the frames of what one listener hears of one scene."""
    version = next(v for v in scorer_versions(store, CHALLENGE) if v.name == "haaqinet")
    frame_scores(store, submission, version.id, trial.scene, trial.listener)


def measure(store: Store, rows: int, scenes: int, frames: Frames | None) -> list[tuple[str, Seconds]]:
    """Fill a store and time what people wait for."""
    rng = np.random.default_rng(1)
    trials, listeners = make_trials(scenes, rng)
    systems = max(1, round(rows / (len(trials) * len(SCORERS))))
    made, _ = timed(lambda: register_challenge(store, CHALLENGE, trials, listeners))
    filled, ids = timed(lambda: fill(store, trials, systems, rng, frames))
    count = systems * len(trials) * len(SCORERS)
    return [
        (f"register {len(trials):,} trials", made),
        (f"insert {count:,} rows of {systems} systems", filled),
        ("refresh all aggregates", timed(lambda: refresh(store))[0]),
        ("refresh one submission", timed(lambda: refresh(store, ids[:1]))[0]),
        ("standings, intervals and rank ranges", timed(lambda: standings(store, CHALLENGE))[0]),
        ("a system's page: its rows and groups", timed(lambda: open_page(store, ids[0]))[0]),
        ("frame scores of a trial", timed(lambda: read_frames(store, ids[-1], trials[-1]))[0]),
        ("listeners of all systems", timed(lambda: [group_table(store, i, "listener") for i in ids])[0]),
        ("open the store", timed(lambda: open_store(store.url.render_as_string(False)).close())[0]),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--scenes", type=int, default=960)
    parser.add_argument("--frames", action="store_true", help="with the frame scores of each predicted row")
    parser.add_argument("--store", help="URL of an empty store; default: a temporary SQLite file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(options.store or str(Path(folder) / "store.sqlite"))
        table = measure(store, options.rows, options.scenes, TEN_SECONDS if options.frames else None)
        store.close()
        size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 2**20
    print(f"{'SQLite' if store.is_sqlite else 'PostgreSQL'}, {os.cpu_count()} cores, {size:.0f} MiB\n")
    print("| step | seconds | of these on a core |\n| --- | ---: | ---: |")
    for name, (seconds, busy) in table:
        print(f"| {name} | {seconds:.2f} | {busy:.2f} |")


if __name__ == "__main__":
    main()
