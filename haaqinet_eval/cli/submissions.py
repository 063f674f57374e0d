"""Commands of a round: validate, submit, status, withdraw, rescore, standings.

Exit codes: 0, done, and no errors found; 1, the submission has errors, or not all of it could be
scored; 2, a mistake in the call.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from ..io.names import printable
from ..registry import is_prediction
from .given import exit_code, given_json, print_given, print_submission, progress_of, worker_name
from .options import (
    AugmentedOption,
    CausalOption,
    ChallengeOption,
    FastOption,
    IdArgument,
    JsonOption,
    LookAheadOption,
    NoteOption,
    ReferenceOption,
    RootOption,
    ScorerOption,
    SizeOption,
    SpeedOption,
    SplitOption,
    StoreOption,
    SystemOption,
    TeamOption,
    TrainedOption,
    VisitorOption,
)
from .predictions import print_standings, submit_table, validate_table

if TYPE_CHECKING:
    from ..store import Store, Submission

SCORERS = ("haaqi", "haaqinet")


def validate(
    path: Annotated[Path, typer.Argument(help="Zip or folder of enhanced signals; for CLIP a CSV table.")],
    challenge: ChallengeOption,
    root: RootOption,
    split: SplitOption = None,
    fast: FastOption = False,
    json: JsonOption = False,
) -> None:
    """Check a submission and list all findings at once; exit code 1 if one is an error."""
    if is_prediction(challenge):
        raise typer.Exit(validate_table(path, challenge, root, split, json))
    if is_prediction(challenge):
        raise typer.Exit(validate_table(path, challenge, root, split, json))
    from ..submissions import validate_command

    raise typer.Exit(validate_command(path, challenge, root, json, split=split, deep=not fast))


def submit(
    path: Annotated[Path, typer.Argument(help="Zip or folder of enhanced signals; for CLIP a CSV table.")],
    challenge: ChallengeOption,
    root: RootOption,
    team: TeamOption,
    system: SystemOption,
    split: SplitOption = None,
    causal: CausalOption = None,
    augmented: AugmentedOption = None,
    model_size: SizeOption = None,
    note: NoteOption = "",
    trained_on: TrainedOption = "",
    look_ahead: LookAheadOption = None,
    real_time_factor: SpeedOption = None,
    reference: ReferenceOption = "",
    scorer: ScorerOption = None,
    store: StoreOption = None,
    fast: FastOption = False,
    keep: Annotated[bool, typer.Option("--keep", help="Copy the zip beside the store.")] = False,
    now: Annotated[bool, typer.Option("--now", help="Score it at once.")] = False,
    by: Annotated[str, typer.Option("--by", help="Who hands it in, for its log.")] = "command line",
    visitor: VisitorOption = False,
    json: JsonOption = False,
) -> None:
    """Check a submission and queue it for scoring; what has errors is refused, with all of them."""
    from rich.console import Console

    from ..store import System, open_store
    from ..submissions import from_adapter
    from ..worker import accept_submission, open_split

    facts = {"trained_on": trained_on, "look_ahead": look_ahead, "speed": real_time_factor}
    told = System(team, system, causal, augmented, model_size, note, reference, **facts)
    if is_prediction(challenge):
        code = submit_table(path, challenge, root, split, told, store, json, actor=by, visitor=visitor)
        raise typer.Exit(code)
    opened = open_store(store)
    data = open_split(challenge, root, split)
    options = {"deep": not fast, "keep": keep, "actor": by, "visitor": visitor}
    given = accept_submission(
        opened, path, data, told, scorer or SCORERS, console=Console(stderr=True), **options
    )
    entry = given.submission
    if now and entry is not None and entry.state in ("queued", "scoring"):  # a worker that died may hold it
        entry = _score(opened, entry.id) or entry
    if json:
        typer.echo(given_json(opened, given, entry, told))
    else:
        print_given(opened, path, given, entry, from_adapter(data.challenge).required)
    raise typer.Exit(1 if entry is None else exit_code(entry))


def _score(store: Store, id: int) -> Submission | None:
    from ..worker import work_once

    done = work_once(store, worker_name(), id=id)
    if done is None:
        typer.echo(f"submission {id} waits: another worker has it, or today's quota is used up", err=True)
    return done


def status(
    what: Annotated[
        str | None,
        typer.Argument(help="Number of a submission, or folder of a recipe's run; default: all submissions."),
    ] = None,
    challenge: Annotated[str | None, typer.Option("--challenge", help="Only of this challenge.")] = None,
    team: Annotated[str | None, typer.Option("--team", help="Only of this team.")] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Tell where submissions stand, or a run: rows, failures by reason, rate, time left."""
    if what is not None and not what.isdecimal():
        from .runs import run_status

        typer.echo(run_status(Path(what), json))
        return
    _submission_status(None if what is None else int(what), challenge, team, store, json)


def _submission_status(
    id: int | None, challenge: str | None, team: str | None, store: str | None, json: bool
) -> None:
    from dataclasses import asdict

    from ..store import events, open_store, submission, submissions
    from ..submissions.findings import Finding
    from ..submissions.listing import to_table
    from .tables import submission_record, submissions_table, to_json

    opened = open_store(store, make=False)
    if id is None:
        entries = submissions(opened, challenge=challenge, team=team)
        records = [submission_record(entry) for entry in entries]
        typer.echo(to_json(records) if json else submissions_table(entries))
        if not (entries or json or challenge or team):
            typer.echo(f"store {opened.name}: no submissions yet")
        return
    entry, happened = submission(opened, id), events(opened, id)
    if json:
        record = {**submission_record(entry), "findings": entry.findings}
        record |= {"progress": progress_of(opened, entry), "events": [asdict(e) for e in happened]}
        typer.echo(to_json(record))
        return
    typer.echo(submissions_table([entry]))
    if entry.findings:
        typer.echo(to_table([Finding(**item) for item in entry.findings], Path(entry.path).name))
    print_submission(opened, entry)
    for event in happened:
        told = f"{event.time:%Y-%m-%d %H:%M:%S}  {event.state:10}  {event.actor}  {event.message}"
        typer.echo(printable(told).rstrip())


def withdraw(
    id: IdArgument,
    reason: Annotated[str, typer.Option(help="Kept with the submission.")] = "",
    store: StoreOption = None,
) -> None:
    """Take a submission off the board; handed in again, its bytes are queued again."""
    from ..store import open_store
    from ..store import withdraw as take_back

    opened = open_store(store, make=False)
    print_submission(opened, take_back(opened, id, "command line", reason))


def rescore(
    id: Annotated[int | None, typer.Argument(help="Number of the submission.")] = None,
    all: Annotated[bool, typer.Option("--all", help="All that stand and were handed in as audio.")] = False,
    challenge: Annotated[str | None, typer.Option("--challenge", help="With --all: only this one's.")] = None,
    scorer: ScorerOption = None,
    store: StoreOption = None,
    now: Annotated[bool, typer.Option("--now", help="Score it at once.")] = False,
) -> None:
    """Queue a submission again: what failed or lacks a score, or new versions of the scorers."""
    from ..registry import scorer_names
    from ..store import open_store, submission
    from ..store import rescore as queue_again

    for name in scorer or ():
        if name not in scorer_names():
            raise InputError(f"scorer {name!r} is unknown; known: {', '.join(scorer_names())}")
    if (id is None) != all or (challenge and not all):
        raise InputError("rescore: give the number of a submission, or --all, which may have a --challenge")
    opened = open_store(store, make=False)
    codes = [0]
    for number in _standing(opened, challenge) if all else [id]:
        if submission(opened, number).state == "withdrawn":
            typer.echo(f"submission {number} was withdrawn; it is queued again", err=True)
        entry = queue_again(opened, number, "command line", scorer)
        if now:
            entry = _score(opened, number) or entry
        print_submission(opened, entry)
        codes.append(exit_code(entry))
    raise typer.Exit(max(codes))


def _standing(store: Store, challenge: str | None) -> list[int]:
    """Submissions that can be scored again as they stand, oldest first."""
    from ..store import submissions

    entries = submissions(store, challenge=challenge)
    done = ("scored", "incomplete", "failed")
    found = sorted(e.id for e in entries if e.origin == "submitted" and e.state in done)
    if not found:
        typer.echo(f"store {store.name}: nothing to score again", err=True)
    return found


def standings(
    challenge: ChallengeOption,
    split: SplitOption = None,
    scorer: Annotated[str | None, typer.Option("--scorer", help="Only this scorer.")] = None,
    pick: Annotated[str, typer.Option(help="Of each system the latest or the best submission.")] = "latest",
    per: Annotated[str, typer.Option(help="One row per system or per team.")] = "system",
    published: Annotated[
        bool, typer.Option("--published", help="The averages that the challenge published, instead.")
    ] = False,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Print the standings: mean, 95 % interval, rank range; the unranked below, with the reason."""
    if is_prediction(challenge):
        print_standings(challenge, split, published, store, json)
        return
    from ..store import open_store, standings_json
    from .tables import published_table, standings_table, to_json

    opened = open_store(store, make=False)
    if published:
        from dataclasses import asdict

        from ..store import published as published_results

        records = [asdict(result) for result in published_results(opened, challenge, split or "test")]
        typer.echo(to_json(records) if json else published_table(records))
        return
    records = standings_json(opened, challenge, split or "", scorer=scorer, pick=pick, per=per)
    if scorer and not records:
        _check_scorer(opened, challenge, split, scorer)
    none = f"no scores of {scorer} yet" if scorer else "no submissions yet"
    typer.echo(to_json(records) if json else standings_table(records) or none)


def _check_scorer(store: Store, challenge: str, split: str | None, scorer: str) -> None:
    from ..registry import scorer_names
    from ..store import scorer_versions

    there = {version.name for version in scorer_versions(store, challenge, split or "")}
    known = sorted({*scorer_names(), *there})
    if scorer not in known:
        raise InputError(f"scorer {scorer!r} is unknown; known: {', '.join(known)}")
