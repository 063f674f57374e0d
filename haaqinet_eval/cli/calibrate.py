"""Commands on a challenge's own map of predicted scores: `haaqinet calibrate …`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from ..io.names import counted
from .options import StoreOption

if TYPE_CHECKING:
    from ..scores import Score

app = typer.Typer(help="Fit and apply a challenge's own map of predicted scores.", no_args_is_help=True)
MapArgument = Annotated[Path, typer.Argument(help="JSON file of the map.")]


@app.command()
def fit(
    map: MapArgument,
    results: Annotated[
        list[Path] | None,
        typer.Option("--results", help="results.csv with rows of both scorers; repeatable."),
    ] = None,
    challenge: Annotated[str | None, typer.Option("--challenge", help="In a store: whose rows.")] = None,
    store: StoreOption = None,
    method: Annotated[str, typer.Option("--method", help="affine or isotonic.")] = "affine",
    scorer: Annotated[str, typer.Option("--scorer", help="Whose scores are mapped.")] = "haaqinet",
    true: Annotated[str, typer.Option("--true", help="Whose scores they are mapped to.")] = "haaqi",
) -> None:
    """Fit a map on trials that both scorers scored, and print its cross-validated figures."""
    from ..analysis.calibration import check_method, fit_calibration, write_calibration

    if bool(results) == bool(challenge):
        raise InputError("calibrate fit: give either --results or --challenge with a store")
    check_method(method)
    rows = _of_files(results) if results else _of_store(store, challenge)
    fitted = fit_calibration(rows, method, scorer, true)
    write_calibration(map, fitted)
    from .tables import columns

    table = [
        (name, a.n, *(f"{value:.4f}" for value in (a.lcc, a.srcc, a.mse, a.bias)))
        for name, a in (("raw", fitted.raw), ("calibrated, other songs", fitted.cross_validated))
    ]
    typer.echo(columns(table, ("", "n", "LCC", "SRCC", "MSE", "bias")))
    if fitted.cross_validated.mse > fitted.raw.mse:
        grown = f"from {fitted.raw.mse:.4f} to {fitted.cross_validated.mse:.4f}"
        typer.echo(f"warning: on songs that the map was not fitted on, its MSE grows {grown}", err=True)
    typer.echo(f"Wrote {map}: {method}, {fitted.n} trials of {fitted.songs} songs, {fitted.version}")


@app.command()
def apply(
    map: MapArgument,
    results: Annotated[Path, typer.Argument(help="results.csv with rows of the map's scorer.")],
    out: Annotated[Path, typer.Option("--out", help="CSV of all rows, the calibrated ones added.")],
) -> None:
    """Add calibrated rows, of a scorer of their own; raw rows stay as they are."""
    from ..analysis.calibration import calibrate, read_calibration
    from ..scores import read_scores, results_path, write_scores

    scores = read_scores(results_path(results))
    calibration = read_calibration(map)
    new = calibrate(scores, calibration)
    keys = {row.key for row in new}
    write_scores(out, [*(row for row in scores if row.key not in keys), *new])
    typer.echo(
        f"Wrote {out}: {counted(len(new), 'row')} of {calibration.name} {calibration.mapped_version} added"
    )


def _of_files(paths: list[Path]) -> list[Score]:
    from ..scores import read_scores, results_path

    return [row for path in paths for row in read_scores(results_path(path))]


def _of_store(url: str | None, challenge: str) -> list[Score]:
    from ..store import open_store, read_rows, submissions

    opened = open_store(url, make=False)
    entries = sorted(submissions(opened, challenge=challenge), key=lambda entry: entry.id)
    done = [entry for entry in entries if entry.state in ("scored", "incomplete")]
    rows = [row for entry in done for row in read_rows(opened, entry.id)]
    if not rows:
        raise InputError(f"store {opened.name}: no scored submission to {challenge}")
    return rows
