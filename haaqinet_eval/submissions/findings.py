"""What is said about a submission: findings, each with a reason code.

The same fault always has the same code, and a code always has the same severity: an
`error` stops a submission from being scored, a `warning` is a suspicion that the team should
look into, a `note` tells what was done or left out. `CODES` is the whole list, see `reasons`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from ..reasons import CODES
from .limits import MAX_FINDINGS_PER_CODE

SEVERITIES = ("error", "warning", "note")

_ORDER = {code: i for i, code in enumerate(CODES)}


@dataclass(frozen=True)
class Finding:
    """One fault, suspicion or note."""

    code: str  # a key of `CODES`
    severity: str  # "error", "warning" or "note"
    file: str  # name within the submission, made printable; empty where it is about the whole
    message: str  # one sentence with the offending value


class Fault(ValueError):
    """A fault of one file on its way to becoming a finding."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def finding(code: str, file: str, message: str) -> Finding:
    """A finding with the severity of its code; name and message are made printable.

    >>> finding("duplicate_name", "a\\x1b[2J", "stands twice").file
    'a\\\\x1b[2J'
    """
    return Finding(code, CODES[code][0], printable(file), printable(message))


def printable(text: str) -> str:
    """The text with control, invisible and unpaired characters as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Sorted by severity, code, file and message; at most `MAX_FINDINGS_PER_CODE` of a code."""
    unique = sorted(
        set(findings), key=lambda f: (SEVERITIES.index(f.severity), _ORDER[f.code], f.file, f.message)
    )
    counts: Counter[str] = Counter()
    kept = []
    for item in unique:
        counts[item.code] += 1
        if counts[item.code] <= MAX_FINDINGS_PER_CODE:
            kept.append(item)
    for code, count in counts.items():
        if count > MAX_FINDINGS_PER_CODE:
            kept.append(finding("more_findings", "", f"{code}: {count - MAX_FINDINGS_PER_CODE} more"))
    return kept


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether anything stops the submission from being scored."""
    return any(item.severity == "error" for item in findings)


def to_json(findings: Iterable[Finding]) -> str:
    """A list of objects with `code`, `severity`, `file` and `message`."""
    return json.dumps([asdict(item) for item in findings], indent=2, ensure_ascii=False)


def code_table() -> str:
    """All codes with severity and meaning, one a line."""
    width = max(map(len, CODES))
    return "\n".join(f"{code:{width}}  {severity:7}  {text}" for code, (severity, text) in CODES.items())
