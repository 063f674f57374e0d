"""How long each page of the leaderboard takes with many rows.

    python benchmarks/leaderboard.py --rows 100000

Makes a store of random scores of the ICASSP 2024 evaluation's shape (20 listeners a scene, both
ears, two scorers, ten systems) and runs each page as a browser's visit would: once on a fresh
server, once more, and once after a change of the selection. Prints a Markdown table of seconds, by
the clock and on a core; the browser's own drawing is not in it.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from store import CHALLENGE, SCORERS, fill, make_trials  # noqa: E402
from streamlit import cache_data  # noqa: E402
from streamlit.testing.v1 import AppTest  # noqa: E402

from haaqinet_eval.store import open_store, refresh, register_challenge, submission  # noqa: E402
from leaderboard.labels import PAGES  # noqa: E402

SYSTEMS = 10
VIEWS = {  # page -> widget that is changed for the last run
    "standings": "ear",
    "best": "scorer",
    "listeners": "listener",
    "system": "system",
    "compare": "second",
    "agreement": "by",
    "round": "challenge",
    "status": "submission",
    "method": "challenge",
}


def make_store(path: Path, rows: int) -> str:
    """Fill a store; gives its URL."""
    rng = np.random.default_rng(1)
    scenes = max(1, round(rows / (SYSTEMS * len(SCORERS) * 40)))
    trials, listeners = make_trials(scenes, rng)
    genres = {trial.song: ("jazz", "rock", "folk")[i % 3] for i, trial in enumerate(trials)}
    store = open_store(str(path))
    register_challenge(store, CHALLENGE, trials, listeners, genres=genres)
    ids = fill(store, trials, SYSTEMS, rng)
    refresh(store)
    print(f"{len(trials) * SYSTEMS * len(SCORERS):,} rows of {len(ids)} systems, {os.cpu_count()} cores\n")
    assert submission(store, ids[0]).state == "queued"
    store.close()
    return f"sqlite:///{path}"


def timed(test: AppTest) -> tuple[float, float]:
    """Seconds of one run of a page: by the clock, and on a core."""
    start, busy = time.perf_counter(), time.process_time()
    test.run()
    assert not test.exception, test.exception[0].message
    return time.perf_counter() - start, time.process_time() - busy


def measure(page: str, widget: str) -> list[tuple[float, float]]:
    """A visit to a fresh server, another one, and a change of the selection."""
    cache_data.clear()
    found = []
    for _ in range(2):
        test = AppTest.from_file(str(PAGES.with_name("app.py")), default_timeout=600)
        test.run()  # the frame of all pages
        if not found:
            cache_data.clear()
        test.switch_page(str(PAGES / f"{page}.py"))
        found.append(timed(test))
    box = next(box for box in test.selectbox if box.key == widget)
    box.set_value(box.options[-1])
    return [*found, timed(test)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HAAQINET_STORE"] = make_store(Path(folder) / "store.sqlite", options.rows)
        print("| page | first visit | on a core | again | on a core | other choice | on a core |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
        for page, widget in VIEWS.items():
            found = measure(page, widget)
            print(f"| {page} | " + " | ".join(f"{a:.2f} | {b:.2f}" for a, b in found) + " |")


if __name__ == "__main__":
    main()
