"""The tables at the end of a run: what the scores say, in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from ..audiogram import Listener
from ..io.names import counted, printable
from ..registry import (
    INTRUSIVE,
    caution,
    is_ranked,
    predictors_of,
    scorer_title,
)
from ..scores import Score
from .agreement import FEW, agreement_by
from .standings import Standing, current_versions, group_means, seconds_per_ear, standings

if TYPE_CHECKING:
    from rich.console import Console

SEVERITIES = ("none", "mild", "moderate", "moderately severe", "severe", "profound")  # Humes 2019


def severity_of(listeners: Mapping[str, Listener]) -> Callable[[Score], str]:
    """A function from a row to its listener's severity (Humes 2019, better ear)."""

    def severity(score: Score) -> str:
        listener = listeners.get(score.trial.listener)
        return listener.severity_humes if listener else "unknown"

    return severity


def number(value: float | None, digits: int = 4) -> str:
    """A figure for a table; a dash for none or NaN."""
    return "–" if value is None or value != value else f"{value:.{digits}f}"


def errors_text(entry: Standing) -> str:
    """`missing_file 3, not_finite 1`, and how many were not tried."""
    untried = entry.expected - entry.scored - sum(n for _, n in entry.errors)
    parts = [f"{code} {n}" for code, n in entry.errors] + (
        [f"not yet scored {untried}"] if untried > 0 else []
    )
    return ", ".join(parts)


STANDINGS_HEAD = ["rank", "system", "mean", "left", "right", "scored", "not scored, and why"]


def standings_rows(
    scores: Sequence[Score], scorer: str, expected: int | Mapping[str, int]
) -> tuple[list[str], list[list[str]]]:
    """Head and rows of one scorer's table: rank, system, mean, left, right, scored, reasons.

    Where a scorer cannot rank, the systems are in alphabetical order, and the rank is left out.
    """
    entries = [e for e in standings(scores, expected) if e.scorer == scorer]
    ranked = all(is_ranked(scorer, row.trial.challenge) for row in scores if row.scorer == scorer)
    first = 0 if ranked else 1
    rows = [
        [
            "–" if e.rank is None else str(e.rank),
            e.system,
            number(e.mean),
            number(e.left),
            number(e.right),
            f"{e.scored}/{e.expected}",
            errors_text(e),
        ][first:]
        for e in (entries if ranked else sorted(entries, key=lambda e: e.system))
    ]
    return STANDINGS_HEAD[first:], rows


def severity_rows(
    scores: Sequence[Score], listeners: Mapping[str, Listener]
) -> tuple[list[str], list[list[str]]]:
    """Head and rows: mean per system and scorer, a column per severity."""
    means = group_means(scores, severity_of(listeners))
    present = {name for groups in means.values() for name in groups}
    names = [name for name in (*SEVERITIES, "unknown") if name in present]
    rows = [
        [system, scorer, *(number(groups.get(name, (None, 0))[0], 3) for name in names)]
        for (system, scorer), groups in sorted(means.items(), key=lambda item: item[0][::-1])
    ]
    return ["system", "scorer", *names], rows


AGREEMENT_HEAD = ["trials", "n", "LCC", "SRCC", "Kendall", "MSE", "bias"]


def agreement_rows(scores: Sequence[Score], predicted: str) -> list[list[str]]:
    """A predicting scorer against HAAQI: all trials, per ear, per listener."""
    rows = []
    for prefix, group in (
        ("", lambda s: "all"),
        ("ear ", lambda s: s.trial.ear),
        ("listener ", lambda s: s.trial.listener),
    ):
        for name, a in agreement_by(scores, predicted, INTRUSIVE, group).items():
            figures = [number(v, 3) if a.n >= FEW else "too few" for v in (a.lcc, a.srcc, a.kendall)]
            rows.append([f"{prefix}{name}", str(a.n), *figures, number(a.mse), f"{a.bias:+.3f}"])
    return rows


def speed_text(scores: Sequence[Score]) -> str:
    """One line: median seconds per ear of each scorer, and the ratio."""
    seconds = seconds_per_ear(scores)
    text = ", ".join(f"{scorer_title(name)} {value:.3f} s" for name, value in seconds.items())
    line = f"Median time per row: {text}."
    true = seconds.get(INTRUSIVE, 0.0)
    for record in predictors_of(INTRUSIVE):
        if true and seconds.get(record.name, 0.0) > 0 and not record.needs:
            line += f" {record.label} is {true / seconds[record.name]:.1f} times as fast as our HAAQI."
    return line


def _show(
    console: Console, title: str, head: Sequence[str], rows: Sequence[Sequence[str]], names: Collection[str]
) -> None:
    """Print a table, if it has rows; the columns of names to the left, of figures to the right."""
    from rich.markup import escape
    from rich.table import Table

    used = [i for i in range(len(head)) if any(row[i] for row in rows)]
    table = Table(title=escape(printable(title)), title_justify="left")
    for i in used:
        named = head[i] in names
        table.add_column(head[i], justify="left" if named else "right", no_wrap=named)
    for row in rows:
        table.add_row(*(escape(printable(row[i])) for i in used))
    if rows:
        console.print(table)


def print_summary(
    scores: Sequence[Score], listeners: Mapping[str, Listener], expected: int | Mapping[str, int]
) -> None:
    """Print the tables of one challenge's rows.

    Args:
        scores: rows, failed ones included.
        listeners: for the severities.
        expected: trials per system that were asked for; by scorer where these differ.
    """
    from rich.console import Console

    scores = current_versions(scores)
    console = Console()
    for scorer in sorted({s.scorer for s in scores}):
        title = f"Mean per system, {scorer_title(scorer)}"
        _show(console, title, *standings_rows(scores, scorer, expected), ("rank", "system"))
        cautions = dict.fromkeys(caution(scorer, s.trial.challenge) for s in scores if s.scorer == scorer)
        for text in filter(None, cautions):
            console.print(text, highlight=False)
    title = "Mean per severity of the loss (Humes 2019, better ear)"
    _show(console, title, *severity_rows(scores, listeners), ("system", "scorer"))
    for record in predictors_of(INTRUSIVE):
        title = f"Agreement with HAAQI: {record.title}"
        _show(console, title, AGREEMENT_HEAD, agreement_rows(scores, record.name), ("trials",))
    if any(not s.failed for s in scores):
        console.print(speed_text(scores))
    failed = sum(s.failed for s in scores)
    if failed:
        what = f"{failed} of {counted(len(scores), 'row')} could not be scored; see the error column."
        console.print(what, style="bold")
