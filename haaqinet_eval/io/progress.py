"""Progress bars that no thread draws: whoever does the work draws them, between two pieces of it.

rich's own bars have a thread that is joined at the end. A generator that an error leaves half-way is
closed when Python itself ends, where a daemon's thread has been stopped already and is waited for in vain.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from operator import length_hint
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

PERIOD = 0.1  # s between two drawings, at least
LINES = 10  # about so many where there is no terminal

Item = TypeVar("Item")


class Bar(Progress):
    """rich's `Progress` without its thread; not shown where the console is no terminal."""

    def __init__(self, *columns: str | ProgressColumn, console: Console, **options: Any) -> None:
        self._drawn = float("-inf")  # when
        super().__init__(
            *columns, console=console, auto_refresh=False, disable=not console.is_terminal, **options
        )

    def update(self, task_id: TaskID, **fields: Any) -> None:
        """Note what has been done, and draw if that is due."""
        super().update(task_id, **fields)
        if time.monotonic() - self._drawn >= PERIOD:
            self._drawn = time.monotonic()
            self.refresh()

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """`update` by so many."""
        self.update(task_id, advance=advance)


@contextmanager
def counting(what: str, total: int | None, console: Console) -> Iterator[Callable[[], None]]:
    """Gives a function to call after each piece of work: a bar, or about ten lines without a terminal.

    Args:
        total: pieces of work; None where nobody knows.
    """
    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
    )
    task = bar.add_task(what, total=total)
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        bar.advance(task)
        if not console.is_terminal and total and done % max(1, total // LINES) == 0:
            console.print(f"{what}: {done}/{total}", highlight=False, markup=False)

    with bar:
        yield step


def track(items: Iterable[Item], what: str, console: Console | None = None) -> Iterator[Item]:
    """The items, one after another, with their progress: rich's `track` without its thread."""
    with counting(what, length_hint(items) or None, console or Console(stderr=True)) as step:
        for item in items:
            yield item
            step()
