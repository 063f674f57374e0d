"""Commands of a round: validate, submit, worker, status, withdraw, rescore, standings.

Exit codes: 0, done, and no errors found; 1, the submission has errors, or not all of it could be
scored; 2, a mistake in the call.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError
from .options import (
    AugmentedOption,
    CausalOption,
    ChallengeOption,
    FastOption,
    IdArgument,
    JsonOption,
    NoteOption,
    ReferenceOption,
    RootOption,
    ScorerOption,
    SizeOption,
    SplitOption,
    StoreOption,
    SystemOption,
    TeamOption,
)

if TYPE_CHECKING:
    from ..store import Store, Submission

SCORERS = ("haaqi", "haaqinet")
POLL_SECONDS = 5.0
EXECUTORS = {"inline": "inline", "local": "local", "dask": "dask", "slurm": "jobs"}  # as the recipes' files


def validate(
    path: Annotated[Path, typer.Argument(help="Zip or folder of enhanced signals.")],
    challenge: ChallengeOption,
    root: RootOption,
    split: SplitOption = None,
    fast: FastOption = False,
    json: JsonOption = False,
) -> None:
    """Check a submission and list all findings at once; exit code 1 if one is an error."""
    from ..submissions import validate_command

    raise typer.Exit(validate_command(path, challenge, root, json, split=split, deep=not fast))


def submit(
    path: Annotated[Path, typer.Argument(help="Zip or folder of enhanced signals.")],
    challenge: ChallengeOption,
    root: RootOption,
    team: TeamOption,
    system: SystemOption,
    split: SplitOption = None,
    causal: CausalOption = None,
    augmented: AugmentedOption = None,
    model_size: SizeOption = None,
    note: NoteOption = "",
    reference: ReferenceOption = "",
    scorer: ScorerOption = None,
    store: StoreOption = None,
    fast: FastOption = False,
    keep: Annotated[bool, typer.Option("--keep", help="Copy the zip beside the store.")] = False,
    now: Annotated[bool, typer.Option("--now", help="Score it at once.")] = False,
    by: Annotated[str, typer.Option("--by", help="Who hands it in, for its log.")] = "command line",
    json: JsonOption = False,
) -> None:
    """Check a submission and queue it for scoring; what has errors is refused, with all of them."""
    from ..store import System, open_store
    from ..worker import hand_in, open_split

    opened = open_store(store)
    data = open_split(challenge, root, split)
    told = System(team, system, causal, augmented, model_size, note, reference)
    given = hand_in(opened, path, data, told, scorer or SCORERS, deep=not fast, keep=keep, actor=by)
    entry = given.submission
    if now and entry.state in ("queued", "scoring"):  # a worker that died may hold it
        entry = _score(opened, entry.id) or entry
    if json:
        from .tables import submission_record, to_json

        record = {**submission_record(entry), "new": given.new, "findings": given.findings}
        typer.echo(to_json({**record, "progress": _progress(opened, entry)}))
    else:
        _print_given(opened, path, entry, given.new, given.findings)
    raise typer.Exit(_exit_code(entry))


def _exit_code(entry: Submission) -> int:
    return int(entry.state in ("invalid", "incomplete", "failed"))


def _print_given(store: Store, path: Path, entry: Submission, new: bool, findings: Any) -> None:
    from ..submissions.command import to_table
    from ..submissions.findings import Finding

    typer.echo(to_table([Finding(**item) for item in findings], path.name))
    if not new:
        whose = f"as {entry.system.name} of {entry.system.team}"
        typer.echo(f"the same bytes were handed in before, {whose}, on {entry.received:%Y-%m-%d %H:%M} UTC")
    _print_submission(store, entry)


def _print_submission(store: Store, entry: Submission) -> None:
    from .tables import progress_table

    typer.echo(f"submission {entry.id}: {entry.state}" + (f": {entry.reason}" if entry.reason else ""))
    progress = _progress(store, entry)
    if progress:
        typer.echo(progress_table(progress))


def _progress(store: Store, entry: Submission) -> list[dict[str, Any]]:
    """Rows that are there, per version of a scorer."""
    from collections import Counter

    from ..store import challenge, read_rows

    expected = challenge(store, entry.challenge, entry.split).expected
    origin = "external" if entry.origin == "external" else "here"
    counts = Counter((row.scorer, row.version, row.failed) for row in read_rows(store, entry.id, origin))
    return [
        {"scorer": s, "version": v, "scored": counts[s, v, False], "failed": counts[s, v, True]}
        | {"expected": expected}
        for s, v in dict.fromkeys((s, v) for s, v, _ in counts)
    ]


def _worker_name() -> str:
    import os
    import socket

    return f"{socket.gethostname()} {os.getpid()}"


def _score(store: Store, id: int) -> Submission | None:
    from ..worker import work_once

    done = work_once(store, _worker_name(), id=id)
    if done is None:
        typer.echo(f"submission {id} waits: another worker has it, or today's quota is used up", err=True)
    return done


def worker(
    store: StoreOption = None,
    once: Annotated[bool, typer.Option("--once", help="End when nothing is queued.")] = False,
    lease: Annotated[
        float, typer.Option(help="Seconds after which another worker takes over from one that died.")
    ] = 60.0,
    executor: Annotated[
        str,
        typer.Option(
            help="inline: in this process; local: on its processors; dask: on a cluster; slurm: as jobs."
        ),
    ] = "inline",
    workers: Annotated[int, typer.Option(help="Processes of local; 0: one per processor.")] = 0,
    address: Annotated[str | None, typer.Option(help="Scheduler of dask, tcp://host:port.")] = None,
) -> None:
    """Score what is queued, as long as it runs; any number of workers may share a store."""
    import signal
    import sys
    import time
    from functools import cache

    from ..distribute import Executor
    from ..scorers import load_scorer
    from ..store import open_store
    from ..worker import work_once

    if executor not in EXECUTORS:
        raise InputError(f"--executor {executor!r} is unknown; known: {', '.join(EXECUTORS)}")
    place = Executor(EXECUTORS[executor], workers=workers, address=address)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    opened, name, load = open_store(store), _worker_name(), cache(load_scorer)
    troubled = False
    while True:
        done = work_once(opened, name, lease=lease, load=load, executor=place)
        if done is not None:
            _print_submission(opened, done)
            troubled |= _exit_code(done) != 0
        elif once:
            raise typer.Exit(int(troubled))
        else:
            time.sleep(POLL_SECONDS)


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
        record |= {"progress": _progress(opened, entry), "events": [asdict(e) for e in happened]}
        typer.echo(to_json(record))
        return
    typer.echo(submissions_table([entry]))
    for finding in entry.findings:
        typer.echo(f"{finding['severity']:8} {finding['code']:22} {finding['message']}")
    _print_submission(opened, entry)
    for event in happened:
        typer.echo(
            f"{event.time:%Y-%m-%d %H:%M:%S}  {event.state:10}  {event.actor}  {event.message}".rstrip()
        )


def withdraw(
    id: IdArgument,
    reason: Annotated[str, typer.Option(help="Kept with the submission.")] = "",
    store: StoreOption = None,
) -> None:
    """Take a submission off the board; handed in again, its bytes are queued again."""
    from ..store import open_store
    from ..store import withdraw as take_back

    opened = open_store(store, make=False)
    _print_submission(opened, take_back(opened, id, "command line", reason))


def rescore(
    id: IdArgument,
    scorer: ScorerOption = None,
    store: StoreOption = None,
    now: Annotated[bool, typer.Option("--now", help="Score it at once.")] = False,
) -> None:
    """Queue a submission again: what failed or lacks a score, or new versions of the scorers."""
    from ..scorers import scorer_names
    from ..store import open_store, submission
    from ..store import rescore as queue_again

    for name in scorer or ():
        if name not in scorer_names():
            raise InputError(f"scorer {name!r} is unknown; known: {', '.join(scorer_names())}")
    opened = open_store(store, make=False)
    withdrawn = submission(opened, id).state == "withdrawn"
    entry = queue_again(opened, id, "command line", scorer)
    if withdrawn:
        typer.echo(f"submission {id} was withdrawn; it is queued again", err=True)
    if now:
        entry = _score(opened, id) or entry
    _print_submission(opened, entry)
    raise typer.Exit(_exit_code(entry))


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
    from ..scorers import scorer_names
    from ..store import scorer_versions

    there = {version.name for version in scorer_versions(store, challenge, split or "")}
    known = sorted({*scorer_names(), *there})
    if scorer not in known:
        raise InputError(f"scorer {scorer!r} is unknown; known: {', '.join(known)}")
