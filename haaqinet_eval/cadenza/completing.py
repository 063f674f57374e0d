"""Challenges whose own table says more than scorers do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from rich.console import Console

    from .plan import Plan


@runtime_checkable
class Completing(Protocol):
    """What a challenge has besides, if what its rows need is made or read after the scoring."""

    def prepare_table(self, config: Mapping) -> None:
        """Raise `InputError` for what would stop `complete_table` later."""
        ...

    def complete_table(self, plan: Plan, config: Mapping, console: Console) -> str:
        """Make or read what the rows of a plan's pairs need; `Challenge.row` comes next.

        Gives one line on what is missing; empty where nothing is.
        """
        ...

    def table_line(self, path: Path) -> str:
        """What the summary says of a table that was written; empty for nothing."""
        ...
