"""Findings as text: what many files have alike stands once, with their number."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from ..io.names import counted, printable
from .findings import SEVERITIES, Finding

_LINE = re.compile(r"line \d+")  # of a table of predictions
ALIKE = 3  # files from which on they are counted, and not listed


def to_table(findings: Iterable[Finding], whole: str, expected: Collection[str] = ()) -> str:
    """A line for each finding, or for each that many files have, and a last line that counts them.

    Args:
        findings: in their order.
        whole: name of the zip or folder.
        expected: names of the files that the challenge needs, to tell how many of them it is.

    >>> from .findings import finding
    >>> found = [finding("wrong_bits", f"{i}.flac", f"{i}.flac: 24 bits, not 16") for i in range(4)]
    >>> print(to_table(found, "a.zip", [f"{i}.flac" for i in range(5)]))
    error    wrong_bits             4 of 5 files: 24 bits, not 16; first 0.flac
    refused: 4 errors, 0 warnings, 0 notes
    """
    findings = list(findings)
    lines = [
        printable(f"{item.severity:8} {item.code:22} {text}")
        for item, text in _grouped(findings, whole, set(expected))
    ]
    count = Counter(item.severity for item in findings)
    totals = ", ".join(counted(count[s], s) for s in SEVERITIES)
    return "\n".join([*lines, f"{'refused' if count['error'] else 'accepted'}: {totals}"])


def _grouped(findings: list[Finding], whole: str, expected: set[str]) -> Iterator[tuple[Finding, str]]:
    """The first of the findings that say the same, and what to say for all of them."""
    prefix = next((item.file for item in findings if item.code == "top_directory"), "")
    cut_off = {item.message.partition(":")[0] for item in findings if item.code == "more_findings"}
    groups: dict[tuple[str, str], list[Finding]] = {}
    for item in findings:
        groups.setdefault((item.code, _about(item) if item.file else item.message), []).append(item)
    for (code, about), items in groups.items():
        first = items[0]
        if not first.file:
            yield first, f"{printable(whole)}: {first.message}"
        elif len(items) < ALIKE:
            yield from ((item, item.message) for item in items)
        else:
            known = all(item.file.removeprefix(prefix) in expected for item in items)
            number = f"{len(items)} of {len(expected)}" if known else f"{len(items)}"
            number = f"at least {len(items)}" if code in cut_off else number
            noun = "lines" if _LINE.fullmatch(first.file) else "files"
            yield first, f"{number} {noun}: {about}; first {first.file}"


def _about(item: Finding) -> str:
    return item.message.removeprefix(f"{item.file}: ")
