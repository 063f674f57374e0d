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


_codes: list[int] = []  # of the jobs of this process; a Hydra sweep has several


def run_job(action: Callable[[], int | None]) -> None:
    """Run one job of a recipe; a sweep goes on after a job that failed.

    An `InputError` becomes one line on stderr and exit code 2; Ctrl-C ends the sweep with 130.
    """
    from rich.console import Console

    try:
        _codes.append(action() or 0)
    except InputError as error:
        Console(stderr=True).print(f"error: {error}", style="red", soft_wrap=True, markup=False)
        _codes.append(2)
    except KeyboardInterrupt:
        Console(stderr=True).print("stopped; the same command goes on from here")
        raise SystemExit(130) from None


def exit_code() -> int:
    """The highest exit code of the jobs of this process."""
    return max(_codes, default=0)
