"""Which neighbour agrees best with HAAQI, for which listener and degradation, and where they contradict."""

from __future__ import annotations

from pathlib import Path

import hydra

from haaqinet_eval.io.markdown import markdown_table
from haaqinet_eval.neighbours.correlating import Measured
from haaqinet_eval.neighbours.judging import verdicts
from haaqinet_eval.neighbours.tables import best_table, contradiction_table
from haaqinet_eval.recipe import plain_options, run_job, run_main
from haaqinet_eval.scores import read_scores


def validate(options: dict) -> None:
    """Print the tables of a report's results."""
    measured = Measured.from_rows(read_scores(Path(options["out"]) / "results.csv"))
    print(markdown_table(*best_table(verdicts(measured))))
    print(markdown_table(*contradiction_table(measured, options["examples"])))


@hydra.main(version_base=None, config_path="config", config_name="validate")
def main(config) -> None:
    run_job(lambda: validate(plain_options(config)))


if __name__ == "__main__":
    run_main(main)
