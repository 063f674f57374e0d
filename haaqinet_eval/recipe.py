"""What every recipe's script needs: its options as plain data, and mistakes in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .errors import InputError


def plain_options(config: Any) -> dict[str, Any]:
    """Hydra's options, resolved, as a plain dict.

    Raises:
        InputError: names an option that must be given or cannot be resolved.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        return OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise InputError(f"option {error.full_key}: {str(error).splitlines()[0]}") from None


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
