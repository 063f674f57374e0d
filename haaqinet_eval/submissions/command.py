"""`haaqinet validate`: findings as a table or as JSON, and an exit code."""

from __future__ import annotations

import sys
from pathlib import Path

from .challenges import expected_files
from .checks import validate
from .findings import Finding, has_errors, printable, to_json


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
    findings = validate(path, expected_files(challenge_name, root, split), deep)
    print(to_json(findings) if as_json else to_table(findings, Path(path).name), file=sys.stdout)
    return int(has_errors(findings))


def to_table(findings: list[Finding], whole: str) -> str:
    """One line per finding, and a last line that counts them; `whole` is the name of the zip or folder."""
    about = [item.message if item.file else f"{printable(whole)}: {item.message}" for item in findings]
    lines = [f"{f.severity:8} {f.code:22} {message}" for f, message in zip(findings, about, strict=True)]
    count = {
        severity: sum(f.severity == severity for f in findings) for severity in ("error", "warning", "note")
    }
    verdict = "refused" if count["error"] else "accepted"
    totals = ", ".join(f"{n} {severity}{'s' * (n != 1)}" for severity, n in count.items())
    return "\n".join([*lines, f"{verdict}: {totals}"])
