"""All commands, put together."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from ..errors import InputError
from ..io.endings import ERRORS, ending, forgive_encodings
from . import (
    board,
    calibrate,
    comparing,
    enhancing,
    exporting,
    files,
    lyrics,
    models,
    planning,
    runs,
    site,
    store,
    submissions,
    worker,
    worst,
)


@contextmanager
def _nearest_option() -> Iterator[None]:
    """A misspelt option's message names the nearest one there is."""
    try:
        yield
    except Exception as error:  # click's NoSuchOption, which typer keeps where it likes
        if options := getattr(error, "possibilities", None):
            error.message, error.possibilities = f"{error.message}. Did you mean {options[0]}?", None
        raise


class _Command(TyperCommand):
    """A command that refuses an option given twice, of which only the last would count."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:
        with _nearest_option():
            given = self.make_parser(ctx).parse_args(args=list(args))[2]
        for number, option in enumerate(given):
            names = "/".join([*option.opts[:1], *option.secondary_opts[:1]])
            flag = getattr(option, "is_flag", False) and not option.secondary_opts
            if option in given[:number] and not (getattr(option, "multiple", True) or flag):  # or an argument
                raise InputError(f"{names} is given twice; it takes one value")
        return super().parse_args(ctx, args)


class _Program(TyperGroup):
    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:
        with _nearest_option():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: typer.Context) -> Any:
        with _nearest_option():
            return super().invoke(ctx)


app = typer.Typer(
    cls=_Program,
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


for _command in (
    *(files.score, files.scorers, files.mini, files.summary, files.report, models.convert, runs.merge),
    *(planning.plan, comparing.compare, worst.worst, enhancing.enhance),
):
    app.command()(_command)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(files.recipe)


for _command in (
    *(submissions.validate, submissions.submit, worker.worker, submissions.status),
    *(submissions.withdraw, submissions.rescore, submissions.standings),
    *(store.load_published, store.import_scores, store.import_results, exporting.export),
):
    app.command()(_command)
app.add_typer(store.app, name="store")
app.add_typer(calibrate.app, name="calibrate")
app.add_typer(lyrics.app, name="lyrics")
app.command()(board.leaderboard)
app.command()(site.export_site)


def _refuse_repetitions(program: typer.Typer) -> None:
    for command in program.registered_commands:
        command.cls = _Command
    for group in program.registered_groups:
        if group.typer_instance:
            _refuse_repetitions(group.typer_instance)


_refuse_repetitions(app)


EXTRAS = {  # package -> extra that brings it
    **dict.fromkeys(("sqlalchemy", "alembic"), "store"),
    **dict.fromkeys(("torch", "safetensors"), "net"),
    **dict.fromkeys(
        ("clarity", "hydra", "omegaconf", "matplotlib", "pyloudnorm", "sklearn", "yaml"), "recipes"
    ),
    **dict.fromkeys(("streamlit", "altair", "pandas"), "leaderboard"),
}


def _missing_extra(error: ModuleNotFoundError) -> str | None:
    """What to install for a command that wants more than there is; None where no extra brings it."""
    package = (error.name or "").partition(".")[0]
    extra = EXTRAS.get(package)
    return extra and f"this command needs {package}: pip install 'haaqinet-eval[{extra}]'"


def run() -> None:
    """Run what was typed; a user's mistake prints one line and exits with 2, the machine's with 3."""
    forgive_encodings()
    try:
        app()
    except ModuleNotFoundError as error:
        advice = _missing_extra(error)
        if advice is None:
            raise
        typer.echo(f"haaqinet: {advice}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except ERRORS as error:
        said, code = ending(error)
        typer.echo(f"haaqinet: {said}", err=True)
        sys.exit(code)
