"""The tables at the end of a run: what the scores say, in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .agreement import agreement_by
from .audiogram import Listener
from .scores import Score
from .standings import Standing, current_versions, group_means, seconds_per_ear, standings

PREDICTED, INTRUSIVE = "haaqinet", "haaqi"
SEVERITIES = ("none", "mild", "moderate", "moderately severe", "severe", "profound")  # Humes 2019
TITLES = {
    "haaqi": "HAAQI (intrusive)",
    "haaqinet": "HAAQI-Net (predicted)",
    "haaqinet_calibrated": "HAAQI-Net (predicted, calibrated)",
    "haaqinet_target": "predicted, mixture and gains known",
}
PREDICTING = {PREDICTED: "HAAQI-Net", "haaqinet_target": "the scorer that knows mixture and gains"}


def severity_of(listeners: Mapping[str, Listener]):
    """A function from a row to its listener's severity (Humes 2019, better ear)."""
    return lambda score: (
        listeners[score.listener].severity_humes if score.listener in listeners else "unknown"
    )


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


def standings_rows(scores: Sequence[Score], scorer: str, expected: int) -> list[list[str]]:
    """Table of one scorer: rank, system, mean, left, right, scored, reasons."""
    return [
        [
            "–" if e.rank is None else str(e.rank),
            e.system,
            number(e.mean),
            number(e.left),
            number(e.right),
            f"{e.scored}/{e.expected}",
            errors_text(e),
        ]
        for e in standings(scores, expected)
        if e.scorer == scorer
    ]


STANDINGS_HEAD = ["rank", "system", "mean", "left", "right", "scored", "not scored, and why"]


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


def agreement_rows(scores: Sequence[Score], predicted: str = PREDICTED) -> list[list[str]]:
    """A predicting scorer against HAAQI: all trials, per ear, per listener."""
    rows = []
    for prefix, group in (
        ("", lambda s: "all"),
        ("ear ", lambda s: s.ear),
        ("listener ", lambda s: s.listener),
    ):
        for name, a in agreement_by(scores, predicted, INTRUSIVE, group).items():
            figures = [number(v, 3) for v in (a.lcc, a.srcc, a.kendall)]
            rows.append([f"{prefix}{name}", str(a.n), *figures, number(a.mse), f"{a.bias:+.3f}"])
    return rows


def speed_text(scores: Sequence[Score]) -> str:
    """One line: median seconds per ear of each scorer, and the ratio."""
    seconds = seconds_per_ear(scores)
    text = ", ".join(f"{TITLES.get(name, name)} {value:.3f} s" for name, value in seconds.items())
    line = f"Median time per row: {text}."
    if PREDICTED in seconds and INTRUSIVE in seconds and seconds[PREDICTED] > 0:
        line += f" HAAQI-Net is {seconds[INTRUSIVE] / seconds[PREDICTED]:.1f} times as fast as our HAAQI."
    return line


def print_summary(scores: Sequence[Score], listeners: Mapping[str, Listener], expected: int) -> None:
    """Print the tables of one challenge's rows.

    Args:
        scores: rows, failed ones included.
        listeners: for the severities.
        expected: trials per system that the challenge asks for.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    scores = current_versions(scores)
    console = Console()

    def show(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> None:
        if not rows:
            return
        used = [i for i in range(len(head)) if any(row[i] for row in rows)]
        table = Table(title=title, title_justify="left")
        for i in used:
            table.add_column(head[i], justify="left" if i < left else "right", no_wrap=i < left)
        for row in rows:
            table.add_row(*(escape(row[i]) for i in used))
        console.print(table)

    for scorer in sorted({s.scorer for s in scores}):
        title = f"Mean per system, {TITLES.get(scorer, scorer)}"
        show(title, STANDINGS_HEAD, standings_rows(scores, scorer, expected), 2)
    head, rows = severity_rows(scores, listeners)
    show("Mean per severity of the loss (Humes 2019, better ear)", head, rows, 2)
    for scorer, name in PREDICTING.items():
        show(f"Agreement of {name} with HAAQI", AGREEMENT_HEAD, agreement_rows(scores, scorer), 1)
    if any(not s.failed for s in scores):
        console.print(speed_text(scores))
    failed = sum(s.failed for s in scores)
    if failed:
        console.print(
            f"{failed} of {len(scores)} rows could not be scored; see the error column.", style="bold"
        )
