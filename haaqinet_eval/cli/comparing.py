"""Which of two systems is better, and where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from ..io.names import counted
from .options import JsonOption, StoreOption

if TYPE_CHECKING:
    from ..analysis.comparison import Comparison, Group
    from ..analysis.statistics import Difference
    from ..scores import Score

SystemArgument = Annotated[
    str,
    typer.Argument(
        help="results.csv or its folder, with :SYSTEM behind it where it holds several; with --store the "
        "number of a submission; or an audio file."
    ),
]
ScorerOption = Annotated[str, typer.Option("--scorer", help="Whose scores.")]
ListenersOption = Annotated[
    Path | None,
    typer.Option("--listeners", help="Clarity listener JSON, for the severities; default: as run.json says."),
]
MostOption = Annotated[int, typer.Option("--most", min=1, help="Rows of the longer tables.")]


def compare(
    first: SystemArgument,
    second: SystemArgument,
    scorer: ScorerOption = "haaqi",
    store: StoreOption = None,
    listeners: ListenersOption = None,
    most: MostOption = 5,
    as_json: JsonOption = False,
    audiogram: Annotated[str | None, typer.Option(help="Of audio files: as for `haaqinet score`.")] = None,
    listener: Annotated[Path | None, typer.Option(help="Of audio files: Clarity listener JSON.")] = None,
    id: Annotated[str | None, typer.Option("--id", help="Of audio files: listener in it.")] = None,
    ear: Annotated[str | None, typer.Option(help="Of mono files: left or right.")] = None,
    level1: Annotated[
        float | None, typer.Option(help="Of audio files: dB SPL that an RMS of 1 means; default: 85.")
    ] = None,
) -> None:
    """The paired difference of two systems, FIRST minus SECOND, and where it comes from.

    Two audio files are compared for a listener; they need no reference, and need not be the same music.
    """
    from ..filescore.comparing import is_audio

    if is_audio(first) or is_audio(second):
        _compare_audio(first, second, (audiogram, listener, id, ear), level1, as_json)
        return
    from ..analysis.comparison import compare_systems
    from ..registry import caution

    people: dict = {}
    rows = []
    for given in (first, second):
        scores, known = rows_of(given, store, listeners)
        rows.append(scores)
        people |= known
    found = compare_systems(*rows, scorer, people)
    if as_json:
        from .tables import to_json

        typer.echo(to_json(_comparison_record(found)))
        return
    _print_comparison(found, most)
    if text := caution(scorer, rows[0][0].trial.challenge):
        typer.echo(text)


def _compare_audio(first: str, second: str, who: tuple, level1: float | None, as_json: bool) -> None:
    """Print what each ear prefers."""
    from dataclasses import asdict

    from ..filescore import EarSetup
    from ..filescore.comparing import compare_files, is_audio

    for given in (first, second):
        if not is_audio(given):
            raise InputError(f"{given}: no audio file, and an audio file is compared with another one only")
    found = compare_files(first, second, EarSetup.from_options(*who), level1)
    if as_json:
        from .tables import to_json

        typer.echo(to_json([asdict(one) for one in found]))
        return
    for one in found:
        better, sure = (first, one.probability) if one.probability >= 0.5 else (second, 1 - one.probability)
        typer.echo(
            f"{one.ear:5} {better} is better, with probability {sure:.2f}; HAAQI differs by "
            f"{one.difference:+.2f} (noresqa), by {one.scores[0] - one.scores[1]:+.2f} as haaqinet scores "
            f"them ({one.scores[0]:.2f}, {one.scores[1]:.2f})"
        )
    typer.echo(
        "Both are predictions, right in seven of ten pairs on other people's degradations: docs/noresqa.md"
    )


def rows_of(given: str, store: str | None, listeners: Path | None) -> tuple[list[Score], dict]:
    """Rows of one system, and the listeners that are known."""
    return _of_submission(store, given) if store else _of_file(given, listeners)


def split_system(given: str) -> tuple[Path, str]:
    """The results file of `path` or `path:SYSTEM`, and the system's name, empty where none is given."""
    from ..scores import results_path

    path, _, system = given.rpartition(":") if ":" in given and not Path(given).exists() else (given, "", "")
    return results_path(Path(path)), system


def _of_file(given: str, listeners: Path | None) -> tuple[list[Score], dict]:
    """Rows of one system of a results file, and the listeners that its run had."""
    from ..analysis.runs import read_listeners_of
    from ..scores import read_scores

    file, system = split_system(given)
    rows = read_scores(file)
    systems = sorted({row.trial.system for row in rows})
    if not rows:
        raise InputError(f"{file}: holds no rows")
    if not system and len(systems) > 1:
        write = f"{given.removesuffix(':')}:SYSTEM"
        raise InputError(f"{file}: holds {len(systems)} systems; write {write}, one of {', '.join(systems)}")
    system = system or systems[0]
    if system not in systems:
        raise InputError(f"{file}: has no system {system!r}; it has {', '.join(systems)}")
    return [row for row in rows if row.trial.system == system], read_listeners_of(file, listeners)[0]


def _of_submission(url: str, given: str) -> tuple[list[Score], dict]:
    from ..store import challenge, challenge_listeners, open_store, read_rows, submission

    if not given.isdecimal():
        raise InputError(f"submission {given!r} is no number; `haaqinet status` lists them")
    opened = open_store(url, make=False)
    entry = submission(opened, int(given))
    rows = read_rows(opened, entry.id)
    if not rows:
        raise InputError(f"submission {entry.id} is {entry.state}: it has no rows")
    return rows, challenge_listeners(opened, challenge(opened, entry.challenge, entry.split))


def _signed(value: float) -> str:
    return "–" if value != value else f"{value:+.3f}".replace("-0.000", "+0.000")


def _interval(found: Difference) -> str:
    if found.low != found.low:
        return "–"
    return f"{_signed(found.low)} to {_signed(found.high)}"


HEAD = ("n", "first", "second", "difference", "95 % interval")


def _rows(groups: Sequence[Group]) -> list[tuple[object, ...]]:
    return [
        (
            *(g.name, g.difference.n, f"{g.first:.3f}", f"{g.second:.3f}"),
            *(_signed(g.difference.value), _interval(g.difference)),
        )
        for g in groups
    ]


def used_columns(rows: Sequence[Sequence[object]], head: Sequence[str]) -> str:
    """Columns, without those that are empty in every row."""
    from .tables import columns

    used = [i for i in range(len(head)) if any(row[i] != "" for row in rows)]
    return columns([[row[i] for i in used] for row in rows], [head[i] for i in used])


def _ends(items: Sequence, most: int) -> list:
    """The first and the last `most`, each once."""
    return [*items[:most], *items[max(most, len(items) - most) :]]


def _print_comparison(found: Comparison, most: int) -> None:
    from ..analysis.comparison import value_of
    from .tables import columns

    all_ = found.overall
    p = "–" if all_.p != all_.p else f"{all_.p:.2g}"
    typer.echo(f"{found.scorer}, first: {found.first}, second: {found.second}")
    typer.echo(
        f"Difference {_signed(all_.value)} (95 % interval {_interval(all_)}, p = {p}) over {all_.n} trials "
        "that both have; intervals are over scenes and listeners."
    )
    for count, name in zip(found.alone, ("first", "second"), strict=True):
        if count:
            typer.echo(f"Left out, as the {name} system alone has a score: {counted(count, 'trial')}.")
    for kind in ("ear", "stem", "severity", "part"):
        if groups := found.of(kind):
            typer.echo("\n" + columns(_rows(groups), (kind, *HEAD)))
    for kind in ("listener", "scene"):
        groups = found.of(kind)
        shown = _ends(groups, most)
        title = kind if len(shown) == len(groups) else f"{kind} ({len(shown)} of {len(groups)})"
        typer.echo("\n" + columns(_rows(shown), (title, *HEAD)))
    trials = [
        (
            *(a.trial.scene, a.trial.listener, a.trial.ear, a.trial.stem),
            *(f"{value_of(a):.3f}", f"{value_of(b):.3f}", _signed(value_of(a) - value_of(b))),
        )
        for a, b in _ends(found.pairs, most)
    ]
    head = ("scene", "listener", "ear", "stem", "first", "second", "difference")
    typer.echo("\nLargest losses and wins of the first system")
    typer.echo(used_columns(trials, head))


def _comparison_record(found: Comparison) -> dict:
    from ..analysis.comparison import value_of

    def numbers(d: Difference) -> dict:
        return {"difference": d.value, "low": d.low, "high": d.high, "p": d.p, "n": d.n}

    return {
        "scorer": found.scorer,
        "first": found.first,
        "second": found.second,
        "alone": list(found.alone),
        "groups": [
            {"kind": g.kind, "name": g.name, "first": g.first, "second": g.second, **numbers(g.difference)}
            for g in found.groups
        ],
        "trials": [{**trial_record(a), "first": value_of(a), "second": value_of(b)} for a, b in found.pairs],
    }


def trial_record(score: Score) -> dict:
    return {name: getattr(score.trial, name) for name in ("scene", "song", "listener", "ear", "stem")}
