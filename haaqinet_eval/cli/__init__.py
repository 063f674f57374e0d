"""The command line: `haaqinet`.

Each command is a thin layer over the library; heavy packages are imported by the
command that needs them, so that `haaqinet --help` answers at once.

Exit codes: 0 done, 1 some rows could not be scored, 2 a mistake in the call, 3 the machine ended it: a
full disk, a locked store, a scheduler that is gone; 130 Ctrl-C, 143 SIGTERM.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ..errors import InputError, Stopped
from . import board, calibrate, files, models, site, store, submissions

app = typer.Typer(
    help="Score music for hearing-impaired listeners: HAAQI, exact and fast, and HAAQI-Net, reference-free.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(show: bool) -> None:
    if show:
        from .. import __version__

        typer.echo(f"haaqinet-eval {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    """Options of the program itself."""


for _command in (files.score, files.scorers, files.mini, files.summary, files.report, models.convert):
    app.command()(_command)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(files.recipe)


for _command in (
    *(submissions.validate, submissions.submit, submissions.worker, submissions.status),
    *(submissions.withdraw, submissions.rescore, submissions.standings),
    *(store.load_published, store.import_scores, store.import_results),
):
    app.command()(_command)
app.add_typer(store.app, name="store")
app.add_typer(calibrate.app, name="calibrate")
app.command()(board.leaderboard)
app.command()(site.export_site)


def main() -> None:
    """Entry point; a user's mistake prints one line and exits with 2."""
    try:
        app()
    except InputError as error:
        typer.echo(f"haaqinet: {error}", err=True)
        sys.exit(2)
    except Stopped as error:
        typer.echo(f"haaqinet: {error}", err=True)
        sys.exit(3)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
