"""Commands on audio files, results files and recipes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError


def score(
    files: Annotated[list[Path], typer.Argument(help="WAV, FLAC or Ogg files: hearing-aid output.")],
    audiogram: Annotated[
        str | None, typer.Option(help='dB HL at Hz, for both ears: "250:20,500:25,…".')
    ] = None,
    listener: Annotated[Path | None, typer.Option(help="Clarity listener JSON.")] = None,
    id: Annotated[str | None, typer.Option("--id", help="Listener in that file.")] = None,
    ear: Annotated[str | None, typer.Option(help="left or right: the ear that hears a mono file.")] = None,
    scorer: Annotated[list[str], typer.Option(help="haaqinet, haaqi; may be repeated.")] = ["haaqinet"],  # noqa: B006
    reference: Annotated[Path | None, typer.Option(help="Clean reference, for haaqi.")] = None,
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
) -> None:
    """Score files: both ears of a stereo file, one ear of a mono one."""
    from .. import filescore

    if frames and not json:
        raise InputError("--frames: frame scores are printed with --json only")
    listening = filescore.Listening.from_options(audiogram, listener, id, ear)
    setting = filescore.Setting(tuple(scorer), reference, equalisation, level1)
    rows = [row for file in files for row in filescore.score_file(file, listening, setting)]
    if json:
        typer.echo(filescore.to_json(rows, frames))
    else:
        filescore.print_rows(rows)
    if any(row.error for row in rows):
        raise typer.Exit(1)


def scorers(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the scorers: version, sample rate, what they need besides the output."""
    import json as json_module

    from ..scorers import load_scorer, scorer_names

    table = []
    for name in scorer_names():
        s = load_scorer(name)
        needs = sorted(s.needs)
        table.append(
            {
                "name": name,
                "version": s.version,
                "sample_rate": s.sample_rate,
                "needs": needs,
                "limits": list(s.limits),
            }
        )
    if json:
        typer.echo(json_module.dumps(table, indent=2))
        return
    for s in table:
        needs = ", ".join(s["needs"]) or "nothing"
        typer.echo(
            f"{s['name']:15} {s['version']:26} {s['sample_rate']:g} Hz, needs besides the output: {needs}"
        )


def mini(
    challenge: Annotated[str, typer.Argument(help="cad_icassp_2024, cad1_task1 or cad2_task2.")],
    root: Annotated[Path | None, typer.Option(help="Where to write it; default: the user's cache.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write it again.")] = False,
) -> None:
    """Make the mini challenge, in the official layout, and print its root."""
    from ..cadenza.mini import make_mini

    typer.echo(make_mini(challenge, root, force=force))


def summary(
    results: Annotated[Path, typer.Argument(help="results.csv of an evaluate recipe.")],
    listeners: Annotated[Path | None, typer.Option(help="Clarity listener JSON, for the severities.")] = None,
    expected: Annotated[
        int | None, typer.Option(help="Trials per system; default: from the run.json beside the file.")
    ] = None,
) -> None:
    """Print the tables of a results file again."""
    from ..report import load_run
    from ..summary import print_summary

    run = load_run(results, listeners, expected)
    print_summary(run.scores, run.listeners, run.expected)


def report(
    results: Annotated[list[Path], typer.Argument(help="results.csv files of evaluate recipes.")],
    out: Annotated[Path, typer.Option(help="HTML file to write.")] = Path("report.html"),
    listeners: Annotated[Path | None, typer.Option(help="Clarity listener JSON, for the severities.")] = None,
    expected: Annotated[
        int | None, typer.Option(help="Trials per system; default: from the run.json beside the file.")
    ] = None,
) -> None:
    """Write a report with plots: predicted against intrusive scores, per listener."""
    from ..report import load_run, write_report

    write_report([load_run(path, listeners, expected) for path in results], out)
    typer.echo(f"Wrote {out}")


def recipe(
    context: typer.Context,
    script: Annotated[Path, typer.Argument(help="Your own evaluate.py, as pyclarity has it.")],
) -> None:
    """Run an unmodified pyclarity recipe with our evaluator: haaqinet recipe evaluate.py evaluator=both …"""
    from ..shim import run_recipe

    evaluators = [a.partition("=")[2] for a in context.args if a.startswith("evaluator=")]
    if len(evaluators) > 1:
        raise InputError(f"evaluator is given twice: {', '.join(evaluators)}")
    overrides = [a for a in context.args if not a.startswith("evaluator=")]
    raise typer.Exit(run_recipe(script, evaluators[0] if evaluators else "both", overrides))
