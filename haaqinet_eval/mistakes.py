"""A user's mistake in one line: what every recipe wraps its work in."""

from __future__ import annotations

from collections.abc import Callable

from .errors import InputError


def report_mistakes(action: Callable[[], int | None]) -> int:
    """Run an action and return its exit code (None is 0).

    An `InputError` becomes one line on stderr and 2; Ctrl-C becomes 130.
    """
    from rich.console import Console

    try:
        return action() or 0
    except InputError as error:
        Console(stderr=True).print(f"error: {error}", style="red", soft_wrap=True, markup=False)
        return 2
    except KeyboardInterrupt:
        Console(stderr=True).print("stopped; the same command goes on from here")
        return 130
