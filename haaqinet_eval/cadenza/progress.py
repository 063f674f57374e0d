"""Progress of a run: a bar with rate, time left and failures by reason; without a terminal, lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import ceil

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from ..io.progress import Bar
from ..scores import Score

LINES = 20  # at most so many lines where there is no terminal


@contextmanager
def show_progress(total: int, unit: str, console: Console) -> Iterator[Callable[[Sequence[Score]], None]]:
    """Gives a function that takes the new rows of one piece of work; no rows, no progress.

    Args:
        total: pieces of work.
        unit: what a piece is, in the plural.
    """
    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit + "  {task.fields[rate]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[failures]}"),
        console=console,
        speed_estimate_period=120,
    )
    task = bar.add_task("scoring", total=total, rate="", failures="")
    done, failed = 0, Counter()

    def report(rows: Sequence[Score]) -> None:
        nonlocal done
        if not rows:
            return
        done += 1
        failed.update(row.error for row in rows if row.failed)
        why = ", ".join(f"{code} {count}" for code, count in failed.most_common())
        speed = bar.tasks[task].speed
        rate = f"{len(rows) * speed:.1f} rows/s" if speed else ""
        bar.update(task, advance=1, rate=rate, failures=f"failed: {why}" if why else "")
        if not console.is_terminal and done % ceil(total / LINES) == 0:
            told = f"{done}/{total} {unit}, {failed.total()} rows failed" + (f": {why}" if why else "")
            console.print(told, highlight=False, soft_wrap=True, markup=False)

    with bar:
        yield report
