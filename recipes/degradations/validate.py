"""Which neighbour agrees best with HAAQI, for which listener and degradation, and where they contradict."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from haaqinet_eval.errors import InputError
from haaqinet_eval.io.markdown import markdown_table
from haaqinet_eval.neighbours.correlating import Measured
from haaqinet_eval.neighbours.judging import verdicts
from haaqinet_eval.neighbours.tables import best_table, contradiction_table
from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.scores import read_scores


@recipe("config/validate")
def validate(config: DictConfig) -> None:
    """Print the tables of a report's results."""
    options = plain_options(config)
    path = Path(options["out"]) / "results.csv"
    rows = read_scores(path)
    if not rows:
        raise InputError(f"{path}: holds no rows")
    measured = Measured.from_rows(rows)
    print(markdown_table(*best_table(verdicts(measured))))
    print(markdown_table(*contradiction_table(measured, options["examples"])))


if __name__ == "__main__":
    validate()
