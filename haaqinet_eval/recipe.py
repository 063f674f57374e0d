"""What every recipe's script needs: its options as plain data, and mistakes in one line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

from .errors import InputError, Stopped


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
        raise _mistake(error) from None


def _mistake(error: Any) -> InputError:
    """OmegaConf's refusal of an option, in one line."""
    return InputError(f"option {error.full_key}: {str(error).splitlines()[0]}")


class _Open:
    """A text stream that takes what is written when its reader has gone."""

    def __init__(self, stream: Any) -> None:
        self._stream = getattr(stream, "_stream", stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or drop."""
        with suppress(BrokenPipeError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush; a reader that has gone is replaced by nobody."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            nobody = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nobody, self._stream.fileno())  # what is buffered goes there


_codes: list[int] = []  # of the jobs of this process; a Hydra sweep has several


def run_job(action: Callable[[], int | None]) -> None:
    """Run one job of a recipe; a sweep goes on after a job that failed.

    An `InputError`, or an option that is not given or cannot be resolved, becomes one line on stderr and exit
    code 2, `Stopped` one and 3; Ctrl-C ends the sweep with 130. A reader of stdout that goes away, such as
    `| head`, does not end the job.
    """
    from omegaconf.errors import OmegaConfBaseException
    from rich.console import Console

    sys.stdout = _Open(sys.stdout)
    _codes.append(1)  # of a job that has begun, until it ends
    try:
        _codes[-1] = action() or 0
    except (InputError, Stopped, OmegaConfBaseException) as error:
        said = _mistake(error) if isinstance(error, OmegaConfBaseException) else error
        Console(stderr=True).print(f"error: {said}", style="red", soft_wrap=True, markup=False)
        _codes[-1] = 3 if isinstance(error, Stopped) else 2
    except KeyboardInterrupt:
        Console(stderr=True).print("stopped; the same command goes on from here")
        raise SystemExit(130) from None


def exit_code() -> int:
    """The highest exit code of the jobs of this process."""
    return max(_codes, default=0)


def run_main(main: Callable[[], None]) -> NoReturn:
    """Run a script's Hydra function and exit with `exit_code()`.

    What Hydra refuses before a job began is a mistake in the call: exit code 2, not Hydra's 1.
    """
    try:
        main()
    except SystemExit as stop:
        if stop.code == 1 and not _codes:
            raise SystemExit(2) from None
        raise
    raise SystemExit(exit_code())
