"""Commands on the store: `haaqinet store …`, and what brings scores made elsewhere into it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from ..io.names import counted, printable
from . import rounds, tokens
from .options import (
    AugmentedOption,
    CausalOption,
    ChallengeOption,
    JsonOption,
    LookAheadOption,
    NoteOption,
    SizeOption,
    SpeedOption,
    SplitOption,
    StoreOption,
    SystemOption,
    TeamOption,
    TrainedOption,
    VisitorOption,
)

app = typer.Typer(help="Look after the store: check, backup, export, import, tokens.", no_args_is_help=True)
app.add_typer(tokens.app, name="token")
app.command("round")(rounds.set_times)


@app.command()
def check(store: StoreOption = None) -> None:
    """Look for damage; exit code 1 if there is any."""
    from ..store import open_store, store_check

    opened = open_store(store, make=False)
    findings = store_check(opened)
    typer.echo("\n".join(map(printable, findings)) or f"store {opened.name}: sound")
    raise typer.Exit(int(bool(findings)))


@app.command()
def refresh(store: StoreOption = None) -> None:
    """Make again, from the scores, all that the board reads."""
    from ..store import open_store
    from ..store import refresh as refresh_all

    refresh_all(open_store(store, make=False))


@app.command()
def backup(path: Annotated[Path, typer.Argument(help="New SQLite file.")], store: StoreOption = None) -> None:
    """Copy the store, also while it is in use, to a file that opens as a store."""
    from ..store import open_store, store_backup

    typer.echo(f"Wrote {store_backup(open_store(store, make=False), path)}")


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="New folder, one file per table.")],
    format: Annotated[str, typer.Option("--format", help="csv, jsonl or parquet.")] = "jsonl",
    store: StoreOption = None,
) -> None:
    """Write all tables to a folder; nothing is lost but the organisers' tokens."""
    from ..store import open_store, store_export

    counts = store_export(open_store(store, make=False), folder, format)
    typer.echo(f"Wrote {counted(sum(counts.values()), 'row')} of {len(counts)} tables to {folder}")


@app.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(help="Folder that was exported.")], store: StoreOption = None
) -> None:
    """Fill an empty store from an exported folder."""
    from ..store import open_store, store_import

    counts = store_import(open_store(store), folder)
    typer.echo(f"Read {counted(sum(counts.values()), 'row')} of {len(counts)} tables")


@app.command()
def copy(
    target: Annotated[str, typer.Argument(help="URL or path of an empty store.")], store: StoreOption = None
) -> None:
    """Copy all rows but tokens into an empty store, e.g. from SQLite to PostgreSQL."""
    from ..store import copy_store, open_store

    counts = copy_store(open_store(store, make=False), open_store(target))
    typer.echo(f"Copied {counted(sum(counts.values()), 'row')} of {len(counts)} tables")


@app.command()
def quota(
    challenge: ChallengeOption,
    number: Annotated[int, typer.Argument(min=0, help="Scored submissions per team and day (UTC).")],
    split: SplitOption = None,
    store: StoreOption = None,
) -> None:
    """Set how many submissions of a team are scored in a day."""
    from ..store import challenge as find
    from ..store import expected_trials, open_store, register_challenge

    opened = open_store(store, make=False)
    known = find(opened, challenge, split or "")
    trials = expected_trials(opened, known)
    register_challenge(opened, known.name, trials, split=known.split, quota=number)
    typer.echo(f"{known.title}: {counted(number, 'scored submission')} per team and day")


def load_published(
    challenge: Annotated[list[str] | None, typer.Option("--challenge", help="Only this one.")] = None,
    store: StoreOption = None,
) -> None:
    """Load the averages that the challenges published; they are shown apart."""
    from ..published import CHALLENGES
    from ..store import load_published as load
    from ..store import open_store

    for name in challenge or ():
        if name not in CHALLENGES:
            raise InputError(f"challenge {name!r} has no published results; {', '.join(CHALLENGES)} have")
    number = load(open_store(store), challenge or CHALLENGES)
    typer.echo(f"Loaded {counted(number, 'published average')}")


def import_scores(
    tables: Annotated[list[Path], typer.Argument(help="CSV files in the challenge's own columns.")],
    challenge: ChallengeOption,
    team: TeamOption,
    system: SystemOption,
    scorer: Annotated[
        list[str] | None,
        typer.Option("--scorer", help="Of each file; default: of scores_SCORER.csv its own, else haaqi."),
    ] = None,
    version: Annotated[str, typer.Option(help="Of the scorer, as far as it is known.")] = "unknown",
    root: Annotated[
        Path | None, typer.Option(help="The challenge's data, where the store does not know it yet.")
    ] = None,
    split: SplitOption = None,
    causal: CausalOption = None,
    augmented: AugmentedOption = None,
    model_size: SizeOption = None,
    note: NoteOption = "",
    trained_on: TrainedOption = "",
    look_ahead: LookAheadOption = None,
    real_time_factor: SpeedOption = None,
    store: StoreOption = None,
    visitor: VisitorOption = False,
    json: JsonOption = False,
) -> None:
    """Take in scores of a system that were made elsewhere; they are shown apart."""
    from ..store import System, open_store
    from ..store import import_scores as take
    from .tables import submission_record, to_json

    names = _scorers_of(tables, scorer)
    opened = open_store(store)
    if root is not None:
        from ..worker import open_split, register

        known = register(opened, open_split(challenge, root, split))
        split = known.split
    facts = {"trained_on": trained_on, "look_ahead": look_ahead, "speed": real_time_factor}
    told = System(team, system, causal, augmented, model_size, note, **facts)
    for path, name in zip(tables, names, strict=True):
        options = {"version": version, "split": split or "", "visitor": visitor}
        entry = take(opened, path, challenge, told, scorer=name, **options)
        if json:
            typer.echo(to_json({**submission_record(entry), "findings": entry.findings}))
            continue
        state = entry.state + (entry.reason and f": {entry.reason}")
        typer.echo(printable(f"{path}: submission {entry.id}, scores of {', '.join(entry.scorers)}: {state}"))


def _scorers_of(tables: list[Path], given: list[str] | None) -> list[str]:
    """Each table's scorer; a recipe's predicted scores say in their name whose they are."""
    if given and len(given) != len(tables):
        numbers = f"{counted(len(tables), 'table')} and {counted(len(given), 'scorer')}"
        raise InputError(f"{numbers}; give --scorer once for each table")
    named = [_named_scorer(path) for path in tables]
    for path, name, told in zip(tables, named, given or (), strict=False):
        if name and told != name:
            raise InputError(f"{path}: holds scores of {name} by its name, not of --scorer {told}")
    return given or [name or "haaqi" for name in named]


def _named_scorer(path: Path) -> str | None:
    """The scorer that `scores_SCORER.csv` names, also of one batch, `scores_SCORER_1-4.csv`."""
    from ..registry import scorer_names

    found = re.fullmatch(rf"scores_({'|'.join(scorer_names())})(_\d+-\d+)?\.csv", path.name)
    return found and found[1]


def import_results(
    results: Annotated[list[Path], typer.Argument(help="results.csv of evaluate recipes.")],
    team: TeamOption,
    reference: Annotated[
        list[str] | None,
        typer.Option("--reference", help="SYSTEM=KIND: a passthrough, ideal or baseline, unranked."),
    ] = None,
    expected: Annotated[
        int | None, typer.Option(help="Trials per system; default: from the run.json beside the file.")
    ] = None,
    listeners: Annotated[
        Path | None, typer.Option(help="Clarity listener JSON; default: the run's own.")
    ] = None,
    split: SplitOption = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Take in finished runs: each system in them becomes a submission of the team."""
    from ..audiogram import read_listeners
    from ..store import System, open_store
    from ..store import import_results as take
    from .tables import submission_record, submissions_table, to_json

    systems = {}
    for given in reference or ():
        name, _, kind = given.partition("=")
        if not name or not kind:
            raise InputError(f"--reference is {given!r}, not SYSTEM=KIND")
        systems[name] = System(team, name, reference=kind)
    people = None if listeners is None else read_listeners(listeners)
    opened = open_store(store)
    taken = []
    for path in results:
        options = {"split": split or "", "expected": expected, "listeners": people, "systems": systems}
        taken += take(opened, path, team, **options)
    typer.echo(to_json([submission_record(e) for e in taken]) if json else submissions_table(taken))
