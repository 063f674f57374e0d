"""Commands on the words of CAD2 task 1: `haaqinet lyrics …`."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer

from ..errors import Unscorable
from ..io.files import written
from ..io.names import counted
from .options import IdArgument, RootOption, SplitOption, StoreOption

app = typer.Typer(
    help="The words of CAD2 task 1: simulated ears, transcripts, the joint score.", no_args_is_help=True
)
TranscriptsArgument = Annotated[Path, typer.Argument(help="CSV: scene, listener, ear, text.")]
ScoringOption = Annotated[
    str | None,
    typer.Option("--scoring", help="official or pyclarity; default: the table's own, or official."),
]


@app.command()
def simulate(
    signals: Annotated[Path, typer.Argument(help="enhanced_signals of a system.")],
    root: RootOption,
    out: Annotated[Path, typer.Option("--out", help="Folder for two FLAC files a pair.")],
    split: SplitOption = None,
) -> None:
    """Write what each listener's ears hear, for a recogniser elsewhere, and a table that it fills in."""
    from ..cadenza.cad2_task1.transcribe import Ears
    from ..cadenza.enhanced import SignalFolder
    from ..io.progress import track
    from ..lyrics.transcripts import NEEDED
    from ..worker import open_split

    challenge = open_split("cad2_task1", root, split).challenge
    ears, rows, missing = Ears(challenge, simulated=True), [], 0
    for pair in track(challenge.pairs(), "ears"):
        try:
            for ear, path in ears.write(SignalFolder(signals), pair, out):
                rows.append((pair.scene, pair.listener, ear, "", path.name))
        except Unscorable as error:
            missing += 1
            typer.echo(f"left out: {error.message}", err=True)
    table = out / "to_transcribe.csv"
    with written(table) as file:
        csv.writer(file).writerows([(*NEEDED, "file"), *rows])
    if said := ears.warning(challenge.pairs()):
        typer.echo(said, err=True)
    typer.echo(f"Wrote {counted(len(rows), 'file')} to {out}; {table} has a row for each, without its text")
    raise typer.Exit(int(missing > 0))


@app.command()
def join(
    table: Annotated[Path, typer.Argument(help="scores.csv of a system, in the official columns.")],
    transcripts: TranscriptsArgument,
    out: Annotated[Path, typer.Option("--out", help="CSV with the official columns, filled.")],
    scoring: ScoringOption = None,
) -> None:
    """Count the words of transcripts, and write the table with the joint score."""
    from ..lyrics.joining import join_table, lacking_line

    joined = join_table(table, transcripts, out, scoring)
    figures = {"HAAQI": joined.haaqi, "words, better ear": joined.words, "joint score": joined.score}
    for name, value in figures.items():
        said = "no mean: transcripts are missing" if value is None else f"{value:.4f}"
        typer.echo(f"{name:<18} {said}")
    typer.echo(f"Wrote {out}: {joined.scored} of {counted(joined.pairs, 'pair')} scored ({joined.scoring})")
    _end(lacking_line(joined.lacking))


@app.command()
def add(
    id: IdArgument,
    transcripts: TranscriptsArgument,
    root: Annotated[Path | None, typer.Option("--root", help="The data; default: where they were.")] = None,
    split: SplitOption = None,
    store: StoreOption = None,
) -> None:
    """Add the joint score to a submission that was scored; the board shows it beside HAAQI."""
    from ..lyrics.joining import lacking_line
    from ..store import open_store
    from ..worker.words import add_words

    scored, lacking = add_words(open_store(store, make=False), id, transcripts, root, split or "")
    typer.echo(f"submission {id}: {counted(scored, 'pair')} with a joint score")
    _end(lacking_line(lacking))


def _end(lacking: str) -> None:
    """Exit code 1 and a line on stderr where transcripts are missing."""
    if lacking:
        typer.echo(lacking, err=True)
        raise typer.Exit(1)
