"""Results and predictions as other places take them."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from ..io.names import counted
from .options import JsonOption, SplitOption

if TYPE_CHECKING:
    from ..analysis.runs import Run
    from ..analysis.standings import Standing

FORMS = ("evalai", "latex", "cadenza-json", "hf-eval-results")


def export(
    path: Annotated[Path, typer.Argument(help="A table of predictions (evalai), or results of a run.")],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="evalai: predictions as challenges 2634 and 2703 take; latex: a table; cadenza-json: the "
            "Cadenza site's; hf-eval-results: the Hugging Face Hub's.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="File to write.")],
    challenge: Annotated[str | None, typer.Option("--challenge", help="evalai: clip1 or clip2.")] = None,
    root: Annotated[Path | None, typer.Option("--root", help="evalai: the challenge's data.")] = None,
    split: SplitOption = None,
    scorer: Annotated[str, typer.Option("--scorer", help="Whose scores of a run.")] = "haaqi",
    reference: Annotated[
        list[str] | None, typer.Option("--reference", help="System that takes no rank, such as passthrough.")
    ] = None,
    team: Annotated[str, typer.Option("--team", help="cadenza-json: team of the systems.")] = "",
    system: Annotated[
        str | None, typer.Option("--system", help="hf-eval-results: which, where a run has several.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset", help="hf-eval-results: owner/name of the benchmark's data set.")
    ] = None,
    source: Annotated[
        str, typer.Option("--source", help="hf-eval-results: URL of what they come from.")
    ] = "",
    json: JsonOption = False,
) -> None:
    """Write checked predictions or the results of a run as another place takes them."""
    from .tables import to_json

    if to not in FORMS:
        raise InputError(f"--to {to!r} is unknown; known: {', '.join(FORMS)}")
    if to == "evalai":
        from .predictions import export_evalai

        if challenge is None or root is None:
            raise InputError("--to evalai needs --challenge and --root")
        number, what = export_evalai(path, challenge, root, split, out), "signal"
    else:
        number, what = (
            _export_results(path, to, out, scorer, reference or (), team, system, (dataset, split, source)),
            "system",
        )
    typer.echo(to_json({"out": str(out), f"{what}s": number}) if json else f"{out}: {counted(number, what)}")


def _export_results(
    path: Path, to: str, out: Path, scorer: str, references: Collection[str], team: str, system: str | None,
    hub: tuple[str | None, str | None, str],
) -> int:  # fmt: skip
    """Write a run's standings by one scorer; the number of systems."""
    from ..analysis.exports import cadenza_table, latex_table
    from ..analysis.runs import load_run
    from ..analysis.standings import standings, without_ranks
    from ..io.files import write_text
    from ..io.jsonfile import json_text
    from ..registry import INTRUSIVE

    run = load_run(path)
    entries = [entry for entry in standings(run.scores, run.expected) if entry.scorer == scorer]
    if not entries:
        have = ", ".join(sorted({row.scorer for row in run.scores}))
        raise InputError(f"{run.path}: has no rows of {scorer}; it has {have}")
    if unknown := set(references) - {entry.system for entry in entries}:
        raise InputError(f"--reference {min(unknown)}: {run.path} has no such system")
    entries = without_ranks(entries, references)
    if to == "latex":
        write_text(out, latex_table(run.scores, entries))
        return len(entries)
    if scorer != INTRUSIVE:
        raise InputError(f"--scorer {scorer}: {to} names no measure, so that it takes {INTRUSIVE} only")
    if to == "cadenza-json":
        whole = [entry for entry in entries if entry.mean is not None]
        write_text(out, json_text(cadenza_table({**vars(entry), "team": team} for entry in whole)) + "\n")
        return len(whole)
    _write_hub(run, entries, system, hub, out)
    return 1


def _write_hub(
    run: Run, entries: list[Standing], system: str | None, hub: tuple[str | None, str | None, str], out: Path
) -> None:
    """Write one system's result for a model's page on the Hub."""
    import yaml

    from ..analysis.exports import hub_result
    from ..io.files import write_text
    from ..io.runfile import last_run, read_run, run_beside

    dataset, split, source = hub
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", dataset or "", re.ASCII):
        raise InputError(f"--dataset {dataset or ''!r}: the Hub asks for the benchmark's owner/name")
    named = [entry for entry in entries if system in (None, entry.system)]
    if len(named) != 1:
        known = ", ".join(entry.system for entry in entries)
        raise InputError(f"--system {system or ''!r}: one of {known} is needed")
    (entry,) = named
    if entry.mean is None:
        raise InputError(
            f"{run.path}: {entry.system} has {entry.scored} of {entry.expected} scores, so no mean"
        )
    date = str(last_run(read_run(run_beside(run.path))).get("started") or "")
    write_text(out, yaml.safe_dump(hub_result(entry, dataset, split or "", date, source), sort_keys=False))
