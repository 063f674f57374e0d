"""`haaqinet validate`: findings as a table or as JSON, and an exit code."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from .challenges import expected_files
from .checks import validate
from .findings import has_errors, to_json
from .listing import to_table


def validate_command(
    path: str | Path,
    challenge_name: str,
    root: str | Path,
    as_json: bool,
    *,
    split: str | None = None,
    deep: bool = True,
) -> int:
    """Validate a submission, print what was found, and return the exit code.

    Args:
        path: a zip or a folder.
        challenge_name: one of `cadenza.CHALLENGES`.
        root: the challenge's data in the official layout.
        as_json: print a list of objects with `code`, `severity`, `file` and `message`.
        split: None for the recipe's own.
        deep: decode the audio.

    Returns:
        0 if nothing is an error, 1 if something is. The caller answers `InputError` with 2.

    Raises:
        InputError: for a mistake in the call: no such file, challenge, root or split.
    """
    expected = expected_files(challenge_name, root, split)
    findings = validate(path, expected, deep, console=Console(stderr=True))
    shown = to_json(findings) if as_json else to_table(findings, Path(path).name, expected.required)
    print(shown, file=sys.stdout)
    return int(has_errors(findings))
