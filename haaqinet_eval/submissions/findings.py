"""What is said about a submission: findings, each with a reason code.

The same fault always has the same code, and a code always has the same severity: an
`error` stops a submission from being scored, a `warning` is a suspicion that the team should
look into, a `note` tells what was done or left out. `CODES` is the whole list, see `error_codes`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from ..error_codes import CODES
from ..io.jsonfile import json_text
from ..io.names import printable
from .limits import MAX_FINDINGS_BYTES, MAX_FINDINGS_PER_CODE, SHOWN_MESSAGE_BYTES, SHOWN_NAME_BYTES

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
    """A finding with the severity of its code; name and message are made printable, and cut where long.

    >>> finding("duplicate_name", "a\\x1b[2J", "stands twice").file
    'a\\\\x1b[2J'
    """
    shown = printable(file, SHOWN_NAME_BYTES), printable(message, SHOWN_MESSAGE_BYTES)
    return Finding(code, CODES[code][0], *shown)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Sorted by severity, code, file and message; of a code no more than the limits let through."""
    unique = sorted(
        set(findings), key=lambda f: (SEVERITIES.index(f.severity), _ORDER[f.code], f.file, f.message)
    )
    share = MAX_FINDINGS_BYTES // max(1, len({item.code for item in unique}))
    sizes: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    more: Counter[str] = Counter()
    kept = []
    for item in unique:
        sizes[item.code] += len(json.dumps(asdict(item), ensure_ascii=False).encode())
        if counts[item.code] < MAX_FINDINGS_PER_CODE and sizes[item.code] <= share:
            counts[item.code] += 1
            kept.append(item)
        else:
            more[item.code] += 1
    return kept + [finding("more_findings", "", f"{code}: {count} more") for code, count in more.items()]


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether anything stops the submission from being scored."""
    return any(item.severity == "error" for item in findings)


def to_json(findings: Iterable[Finding]) -> str:
    """A list of objects with `code`, `severity`, `file` and `message`."""
    return json_text([asdict(item) for item in findings])


def code_table() -> str:
    """All codes with severity and meaning, one a line."""
    width = max(map(len, CODES))
    return "\n".join(f"{code:{width}}  {severity:7}  {text}" for code, (severity, text) in CODES.items())
