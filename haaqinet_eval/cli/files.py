"""Commands on audio files, results files and recipes."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from ..registry import ScorerRecord
from .options import CHALLENGES, WeightsOption, own_weights

if TYPE_CHECKING:
    from ..analysis.runs import Run


ResultsArgument = Annotated[list[Path], typer.Argument(help="results.csv files of evaluate recipes.")]
ListenersOption = Annotated[Path | None, typer.Option(help="Clarity listener JSON, for the severities.")]
ExpectedOption = Annotated[
    int | None, typer.Option(help="Trials per system; default: from the run.json beside the file.")
]


def score(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Hearing-aid output: WAV, FLAC, Ogg, MP3; a folder (all audio below it), a URL, a pipe."
        ),
    ] = None,
    listing: Annotated[
        Path | None, typer.Option("--list", help="Text file that names further files, one a line.")
    ] = None,
    audiogram: Annotated[
        str | None, typer.Option(help='dB HL at Hz, for both ears: "250:20,500:25,…".')
    ] = None,
    listener: Annotated[Path | None, typer.Option(help="Clarity listener JSON.")] = None,
    id: Annotated[str | None, typer.Option("--id", help="Listener in that file.")] = None,
    ear: Annotated[str | None, typer.Option(help="left or right: the ear that hears a mono file.")] = None,
    scorer: Annotated[list[str], typer.Option(help="See `haaqinet scorers`; repeatable.")] = ["haaqinet"],  # noqa: B006
    reference: Annotated[
        str | None,
        typer.Option(help="Clean reference, for haaqi; a folder has one for each file, of the same name."),
    ] = None,
    equalisation: Annotated[
        int, typer.Option(help="1: HAAQI gives the reference NAL-R; 2: the reference has its amplification.")
    ] = 1,
    level1: Annotated[
        float | None,
        typer.Option(
            help="dB SPL that an RMS of 1 means. Default: the reference's RMS is 65 dB SPL, else 85."
        ),
    ] = None,
    frames: Annotated[bool, typer.Option("--frames", help="With --json: frame scores too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    table: Annotated[
        Path | None, typer.Option("--csv", help="Write the rows to this CSV file as well.")
    ] = None,
    weights: WeightsOption = None,
    non_matching: Annotated[
        Path | None,
        typer.Option(
            help="For noresqa: a folder of clean music to compare with; need not be the same music."
        ),
    ] = None,
) -> None:
    """Score files: both ears of a stereo file, one ear of a mono one. Rows come as they are made."""
    from .. import filescore

    if frames and not json:
        raise InputError("--frames: frame scores are printed with --json only")
    listening = filescore.EarSetup.from_options(audiogram, listener, id, ear)
    setting = filescore.ScoreOptions(tuple(scorer), reference, equalisation, level1)
    places = filescore.audio_files(files or (), listing)
    load = own_weights(weights, scorer) if weights or non_matching else None
    if load and non_matching:
        if "noresqa" not in scorer:
            raise InputError(f"--non-matching {non_matching}: is for --scorer noresqa")
        load.options["noresqa"] = {"non_matching": non_matching}
    score_file = filescore.FileScorer(listening, setting, load)
    writers = [] if table is None else [filescore.CsvRows(table)]
    writers.append(filescore.JsonRows(sys.stdout, frames) if json else filescore.TextRows(sys.stdout))
    failed = False
    with ExitStack() as stack:
        for writer in writers:
            stack.callback(writer.close)
        for place in places:
            for row in score_file(place):
                failed |= bool(row.error)
                for writer in writers:
                    writer.write(row)
    if failed:
        raise typer.Exit(1)


def scorers(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the scorers, ours and other packages': version, what they predict and need, whether they load."""
    import json as json_module

    from ..registry import scorer_records

    table = [_described(record) for record in scorer_records().values()]
    if json:
        typer.echo(json_module.dumps(table, indent=2))
        return
    for s in table:
        needs = ", ".join(s["needs"]) or "nothing"
        state = s["error"] or f"{s['version']}, {s['sample_rate']:g} Hz"
        kind = ", ".join(filter(None, (s["kind"], s["purpose"])))
        typer.echo(f"{s['name']:27} {kind:20} {state}; needs besides the output: {needs}")


def _described(record: ScorerRecord) -> dict[str, object]:
    """A scorer's record, with its version and sample rate, or why it cannot be loaded here."""
    about = {
        **{
            field: getattr(record, field)
            for field in ("name", "title", "kind", "purpose", "predicts", "summary")
        },
        "limits": list(record.limits),
        "needs": sorted(record.needs),
    }
    try:
        scorer = record.load()
    except InputError as error:
        return {**about, "version": None, "sample_rate": None, "error": str(error)}
    return {**about, "version": scorer.version, "sample_rate": scorer.sample_rate, "error": ""}


def mini(
    challenge: Annotated[str, typer.Argument(help=f"One of {', '.join(CHALLENGES)}.")],
    root: Annotated[Path | None, typer.Option(help="Where to write it; default: the user's cache.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write it again.")] = False,
    head: Annotated[
        Path | None,
        typer.Option("--head", help="cad1_task2: SOFA file of a measured head; default: a sphere."),
    ] = None,
) -> None:
    """Make the mini challenge, in the official layout, and print its root."""
    from ..cadenza.mini import make_mini

    typer.echo(make_mini(challenge, root, force=force, head=head))


def summary(
    results: ResultsArgument,
    listeners: ListenersOption = None,
    expected: ExpectedOption = None,
) -> None:
    """Print the tables of a results file again; of several, one table with the differences."""
    from ..analysis.runs import load_runs
    from ..analysis.summary import print_summary

    runs = load_runs(results, listeners, expected)
    if len(runs) == 1:
        print_summary(runs[0].scores, runs[0].listeners, runs[0].expected)
    else:
        _print_together(runs)
    for note in dict.fromkeys(run.note for run in runs if run.note):
        typer.echo(note, err=True)


def _print_together(runs: list[Run]) -> None:
    """One table per scorer of all systems of several runs."""
    from ..analysis.runs import by_name
    from ..analysis.side_by_side import SIDE_HEAD, side_by_side, side_by_side_rows
    from ..registry import caution, scorer_title
    from .tables import columns

    tables = by_name(runs)
    for scorer in sorted({row.scorer for run in runs for row in run.scores}):
        typer.echo(scorer_title(scorer))
        typer.echo(columns(side_by_side_rows(side_by_side(tables, scorer)), SIDE_HEAD))
        if text := caution(scorer, runs[0].challenge):
            typer.echo(text)
        typer.echo()


def report(
    results: ResultsArgument,
    out: Annotated[Path, typer.Option(help="HTML file to write.")] = Path("report.html"),
    listeners: ListenersOption = None,
    expected: ExpectedOption = None,
) -> None:
    """Write a report with plots: predicted against intrusive scores, per listener."""
    from ..analysis.report import write_report
    from ..analysis.runs import load_runs

    runs = load_runs(results, listeners, expected)
    write_report(runs, out)
    for note in dict.fromkeys(run.note for run in runs if run.note):
        typer.echo(note, err=True)
    typer.echo(f"Wrote {out}")


def recipe(
    context: typer.Context,
    script: Annotated[Path, typer.Argument(help="Your own evaluate.py, as pyclarity has it.")],
) -> None:
    """Run an unmodified pyclarity recipe with our evaluator: haaqinet recipe evaluate.py evaluator=both …"""
    from ..pyclarity_recipe import run_recipe

    evaluators = [a.partition("=")[2] for a in context.args if a.startswith("evaluator=")]
    if len(evaluators) > 1:
        raise InputError(f"evaluator is given twice: {', '.join(evaluators)}")
    overrides = [a for a in context.args if not a.startswith("evaluator=")]
    raise typer.Exit(run_recipe(script, evaluators[0] if evaluators else "both", overrides))
