"""What is to be known of a challenge: its rules, its ranking, its levels and its traps, line by line.

`challenges.md` beside this file is the page of the documentation, which boards have with them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ..registry import challenge_records, prediction_records

_HEAD = "## "  # before a section, "CAD1 task 2: music in a car"


@dataclass(frozen=True)
class Rules:
    """Of a challenge; `lines` are Markdown without links, and empty for a challenge that is not described."""

    title: str
    ranking: str  # one sentence; empty for a challenge that is not known here
    lines: tuple[str, ...]


def challenge_rules(name: str) -> Rules:
    """What is to be known of a challenge.

    >>> challenge_rules("cad2_task1").lines[1][:46]
    'Score = alpha × intelligibility + (1 - alpha) '
    """
    known = {**challenge_records(), **prediction_records()}.get(name)
    if known is None:
        return Rules(name, "", ())
    lines = (lines for labels, lines in _sections() if any(known.title.startswith(label) for label in labels))
    return Rules(known.title, known.official_score, next(lines, ()))


@cache
def _sections() -> list[tuple[list[str], tuple[str, ...]]]:
    """The challenges that a section is about, and its lines."""
    text = files(__package__).joinpath("challenges.md").read_text(encoding="utf-8")
    found = []
    for section in text.split(f"\n{_HEAD}")[1:]:
        head, _, body = section.partition("\n")
        items = [" ".join(item.split()) for item in re.split(r"^- ", body, flags=re.MULTILINE)[1:]]
        lines = tuple(re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", item) for item in items)
        found.append((head.partition(":")[0].split(" and "), lines))
    return found
