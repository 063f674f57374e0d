"""What standings say, in words: who leads and how surely, and from whom a system is not told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..published.rules import challenge_rules
from ..registry import leading_scorer, scorer_records, scorer_title
from ..store import Challenge, StandingRow
from .figures import score_text
from .markup import Html, element

NAMED = 3  # systems that are named before the rest is counted


def challenge_words(known: Challenge) -> str:
    """A challenge's name for people, with its split."""
    title = challenge_rules(known.name).title or known.name
    return f"{title}, split {known.split}" if known.split else title


def short_title(scorer: str) -> str:
    """A scorer's short name."""
    records = scorer_records()
    return records[scorer].label if scorer in records else scorer_title(scorer)


def several(names: Sequence[str]) -> str:
    """Names as a list in a sentence; beyond some they are counted.

    >>> several(["a"]), several(["a", "b", "c"]), several(list("abcdef"))
    ('a', 'a, b and c', 'a, b, c and 3 more')
    """
    shown, rest = list(names[:NAMED]), len(names) - NAMED
    if rest > 0:
        return f"{', '.join(shown)} and {rest} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def tie_words(entry: StandingRow, names: Mapping[int, str]) -> str:
    """What the ranking says of a system beside the others.

    Args:
        names: of the systems, by submission.
    """
    if entry.rank is None:
        return f"reference: {entry.reference}" if entry.reference else "no rank"
    near = [names[number] for number in entry.ties if number in names]
    return f"not told apart from {several(near)}" if near else "told apart from all others"


def leader_sentence(entries: Sequence[StandingRow]) -> Html:
    """Who leads by the scorer that ranks, and how surely.

    Args:
        entries: a board's, made here.
    """
    there = {e.scorer for e in entries if e.mean is not None}
    first = leading_scorer(entries[0].challenge, there) if entries else ""
    ranked = [e for e in entries if e.scorer == first and e.rank is not None]
    if not ranked:
        return element("span", "No system has a rank yet: one needs a score for every trial.")
    best = ranked[0]
    names = {e.submission: e.system for e in ranked}
    near = [names[number] for number in best.ties if number in names]
    value = score_text(best.mean, best.low, best.high) if best.mean is not None else ""
    parts = [element("strong", element("bdi", best.system)), " of ", element("bdi", best.team)]
    if len(ranked) == 1:
        return element("span", *parts, f" is the only one ranked: {short_title(first)} {value}.")
    parts.append(f" leads by {short_title(first)} with {value}")
    sure = f", not told apart from {several(near)}." if near else ", told apart from all others."
    return element("span", *parts, sure)
