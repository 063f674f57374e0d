"""HAAQI among its neighbours: every measure on your audio, degraded; a tidy table, plots and a report."""

from __future__ import annotations

from omegaconf import DictConfig
from rich.console import Console

from haaqinet_eval.io.progress import counting
from haaqinet_eval.neighbours import measuring
from haaqinet_eval.neighbours.correlating import Measured
from haaqinet_eval.neighbours.page import write_report
from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.synthesis.options import writable


@recipe("config/report")
def report(config: DictConfig) -> None:
    """Measure what is not yet measured, and write everything anew."""
    options = plain_options(config)
    out = writable(options["out"], "out")
    folder, seconds = options["audio"], options["seconds"]
    sounds = measuring.read_sounds(folder, seconds) if folder else measuring.built_in(seconds)
    scorers, missing = measuring.available(options["metrics"], options["weights"], options["skip"])
    asked = (sounds, options["listeners"], options["sets"])
    with counting("measuring", len(measuring.trials(*asked)), Console(stderr=True)) as step:
        rows = measuring.measure(*asked, scorers, out, lambda _: step())
    measuring.write_table(rows, out / "all_metrics.csv")
    for path in write_report(Measured.from_rows(rows), missing, out, options["page"]):
        print(f"Wrote {path}")


if __name__ == "__main__":
    report()
