"""Tables of predictions, as CLIP asks for: checked, handed in, ranked, and written as EvalAI takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .given import exit_code, given_json, print_given, worker_name

if TYPE_CHECKING:
    from ..store import System


def validate_table(path: Path, challenge: str, root: Path, split: str | None, as_json: bool) -> int:
    """Print what is wrong with a table, and how it does where the labels are there; the exit code."""
    from ..clip.measures import evaluate
    from ..clip.predictions import read_predictions
    from ..submissions.findings import has_errors
    from ..submissions.listing import to_table
    from ..worker import open_labels
    from .tables import to_json

    labels = open_labels(challenge, root, split)
    table, found = read_predictions(path, labels)
    refused = has_errors(found)
    measures = () if refused or not labels.known else evaluate(table, labels)
    records = [asdict(group) for group in measures]
    if as_json:
        typer.echo(to_json({"findings": [asdict(item) for item in found], "measures": records}))
        return int(refused)
    typer.echo(to_table(found, path.name))
    if records:
        typer.echo(_measures_table(records))
    elif not refused:
        typer.echo(f"the labels of {labels.split} are not there, so nothing was judged")
    return int(refused)


def _measures_table(records: list[dict[str, Any]]) -> str:
    from .tables import columns

    head = ("signals of", "number", "RMSE", "95 %", "std err", "NCC", "KT", "MAE", "bias")
    rows = [(r["group"], r["signals"], *_agreement(r), _cell(r["mae"]), _cell(r["bias"])) for r in records]
    return columns(rows, head)


def _agreement(record: Mapping[str, Any]) -> tuple[str, ...]:
    """RMSE, its interval, standard error, NCC and Kendall's tau."""
    low, high = _cell(record["low"]), _cell(record["high"])
    error, ncc, tau = _cell(record["standard_error"]), _cell(record["ncc"], 3), _cell(record["kendall"], 3)
    return _cell(record["rmse"]), f"{low}-{high}" if record["low"] is not None else "", error, ncc, tau


def _cell(value: float | None, digits: int = 2) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def submit_table(
    path: Path, challenge: str, root: Path, split: str | None, system: System, store: str | None,
    as_json: bool, **options: Any,
) -> int:  # fmt: skip
    """Hand a table in, judge it at once where the labels are there, and print what became of it."""
    from ..store import open_store, submission
    from ..worker import accept_table, open_labels, work_once

    labels = open_labels(challenge, root, split)
    opened = open_store(store)
    given = accept_table(opened, path, challenge, labels, system, **options)
    entry = given.submission
    if entry is not None and entry.state == "queued" and labels.known:
        entry = work_once(opened, worker_name(), id=entry.id) or submission(opened, entry.id)
    if as_json:
        typer.echo(given_json(opened, given, entry, system))
    else:
        print_given(opened, path, given, entry)
        if entry is not None and entry.state == "queued" and not labels.known:
            typer.echo(
                f"the labels of {labels.split} are not there; `haaqinet worker` judges it once they are"
            )
    return 1 if entry is None else exit_code(entry)


def print_standings(
    challenge: str, split: str | None, published: bool, store: str | None, as_json: bool
) -> None:
    """Print who is where, or what the challenge published."""
    from ..clip.published import published_systems
    from ..store import challenge as find_challenge
    from ..store import open_store, shows_scores, table_standings
    from .tables import to_json

    if published:
        records = [asdict(system) for system in published_systems(challenge)]
        none, text = f"{challenge} has published no results yet", _published_table
    else:
        opened = open_store(store, make=False)
        found = find_challenge(opened, challenge, split or "")
        if not shows_scores(found):
            typer.echo(f"{found.title} is private: these scores are for its organisers only", err=True)
        records = table_standings(opened, challenge, found.split)
        none, text = "no submissions yet", _standings_table
    typer.echo(to_json(records) if as_json else text(records) if records else none)


def _standings_table(records: list[dict[str, Any]]) -> str:
    from .tables import columns

    head = ("rank", "team", "system", "RMSE", "95 %", "std err", "NCC", "KT", "submission")
    rows = [
        (
            r["reference"] if r["rank"] is None else r["rank"],
            r["team"],
            r["system"],
            *_agreement(r),
            r["submission"],
        )
        for r in records
    ]
    return columns(rows, head)


def _published_table(records: list[dict[str, Any]]) -> str:
    from .tables import columns

    head = ("rank", "system", "lyrics", "audio 2", "severity", "dev RMSE", "eval RMSE", "eval corr")
    flags = ("lyrics", "unprocessed", "severity")
    numbers = ("dev_rmse", "eval_rmse", "eval_correlation")
    rows = [
        (r["rank"], r["name"], *("yes" if r[f] else "" for f in flags), *(_cell(r[n]) for n in numbers))
        for r in records
    ]
    return columns(rows, head)


def export_evalai(path: Path, challenge: str, root: Path, split: str | None, out: Path) -> int:
    """Write a checked table as EvalAI's challenges 2634 and 2703 take it; the number of signals."""
    from ..clip.predictions import read_checked, write_evalai
    from ..worker import open_labels

    labels = open_labels(challenge, root, split)
    write_evalai(read_checked(path, labels), labels, out)
    return len(labels.signals)
