"""What the pages say of challenges and submissions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from ..analysis.statistics import CONFIDENCE, DRAWS, SEED
from ..published.rules import challenge_rules
from ..registry import leading_scorer, rank_note, scorer_title
from ..store import (
    Challenge,
    StandingRow,
    Store,
    best_for,
    challenge_listeners,
    complete,
    contest,
    group_table,
    published,
)
from .best import answer, best_rows, by_severity, heat, ordered, wins_matrix
from .figures import STYLE as FIGURES
from .figures import Row, severity_words, standings_figure
from .markup import Html, element, page, table
from .trend import trend_parts
from .words import challenge_words, leader_sentence, short_title, tie_words

LIMITS = (
    "HAAQI compares what a system made with a reference that has the challenge's target gains, for one "
    "ear with a hearing loss. HAAQI-Net hears the output alone and predicts what HAAQI would say. It cannot "
    "know the target gains, so it tells how clean an output sounds, not whether the right stems were turned "
    "up, and it over-rates an unprocessed mixture. Both are models; neither is a listener's opinion. Scores "
    "hold for the presentation level and the kinds of music that they were made with.",
    f"A mean exists only where every expected trial has a score. Intervals are {CONFIDENCE:.0%}, from "
    f"{DRAWS:,} draws (seed {SEED}) of a bootstrap over scenes and listeners. A rank range has the ranks "
    "that the paired differences leave open, corrected for the number of pairs (Holm). Intrusive and "
    "predicted scores are ranked apart, if at all, and versions of a scorer never mix.",
)
SEVERITY = "Humes 2019, better ear"
GROUPS = {
    "severity_humes": "By severity (Humes 2019: better ear, 0.5 to 4 kHz)",
    "severity_clarity": "By severity (pyclarity: each ear, 2 to 8 kHz)",
    "genre": "By genre",
    "listener": "By listener",
}


def _span(low: float | None, high: float | None) -> str | None:
    return None if low is None or high is None else f"{low:.4f} to {high:.4f}"


def _ranks(entry: StandingRow) -> str | None:
    if entry.rank is None:
        return f"reference: {entry.reference}" if entry.reference else None
    low, high = entry.rank_low, entry.rank_high
    return str(low) if low == high else f"{low} to {high}"


def _coverage(entry: StandingRow) -> str:
    return f"{entry.scored} of {entry.expected} ({entry.coverage:.1%})"


def _reason(entry: StandingRow) -> str:
    codes = ", ".join(f"{code} {count}" for code, count in entry.errors.items())
    return "; ".join(filter(None, (entry.reason, codes)))


def _link(entry: StandingRow) -> Html:
    return element("a", element("bdi", entry.system), href=f"systems/{entry.submission}.html")


def _whole_row(entry: StandingRow) -> dict[str, object]:
    """A row with a mean; without rank where the scorer cannot tell one."""
    rank = {"Rank": entry.rank} if entry.is_ranked else {}
    ranks = {"Rank range": _ranks(entry)} if entry.is_ranked else {"Reference": entry.reference or None}
    return {
        **rank,
        "Team": entry.team,
        "System": _link(entry),
        "Mean": entry.mean,
        "95 % interval": _span(entry.low, entry.high),
        **ranks,
        "Left ear": entry.left,
        "Right ear": entry.right,
        "Coverage": _coverage(entry),
        "Causal": entry.causal,
        "Parameters": entry.model_size,
        "Received": entry.date[:10],
    }


def _incomplete_row(entry: StandingRow) -> dict[str, object]:
    return {
        "Team": entry.team,
        "System": _link(entry),
        "State": entry.state,
        "Reason": _reason(entry),
        "Coverage": _coverage(entry),
    }


def _there(entries: Iterable[StandingRow]) -> set[str]:
    return {entry.scorer for entry in entries if entry.mean is not None}


def _by_scorer(entries: Sequence[StandingRow]) -> list[tuple[str, list[StandingRow]]]:
    """Entries apart by scorer and version: the official first, then those that rank; elsewhere's last."""
    leading = leading_scorer(entries[0].challenge, _there(entries)) if entries else ""

    def key(entry: StandingRow) -> tuple[bool, bool, bool, str, str]:
        first = entry.scorer != leading, not entry.is_ranked
        return entry.origin != "here", *first, entry.scorer, entry.version

    found = []
    for (elsewhere, _, _, scorer, version), group in groupby(sorted(entries, key=key), key):
        title = f"{scorer_title(scorer)}, version {version or 'not yet known'}"
        found.append((title + (" (scored elsewhere)" if elsewhere else ""), list(group)))
    return found


def challenge_parts(store: Store, known: Challenge, entries: Sequence[StandingRow], name: str) -> list[Html]:
    """The part of the first page that is about one challenge and split."""
    text = (
        f"{known.expected:,} ears heard: {known.scenes} scenes, {known.listeners} listeners. "
        "Of each system the latest submission is shown. Records: "
    )
    links = [element("a", label, href=f"{label}/{name}.json") for label in ("standings", "cadenza")]
    parts = [element("h2", known.title), *_to_rules(known)]
    parts.append(element("p", text, links[0], ", ", links[1], "."))
    ours = [entry for entry in entries if entry.origin == "here"]
    parts += [element("p", leader_sentence(ours))] if ours else []
    if any(entry.mean is not None for entry in ours):
        link = element("a", "Best for whom, and all pairs of systems", href=f"best/{name}.html")
        parts.append(element("p", link))
        parts += trend_parts(ours, leading_scorer(known.name, _there(ours)))
    note = rank_note(known.name, _there(entries)) if entries else ""
    parts += [element("p", note)] if note else []
    for title, mine in _by_scorer(entries):
        whole = [_whole_row(entry) for entry in mine if entry.mean is not None]
        below = [_incomplete_row(entry) for entry in mine if entry.mean is None]
        parts.append(element("h3", title))
        parts += [element("p", mine[0].caution)] if mine[0].caution else []
        if whole:
            detail = table("Every expected trial has a score", whole)
            parts += [_bars(mine), element("details", element("summary", "Every figure"), detail)]
        parts += [table("Not ranked: scores are missing", below)] if below else []
    if not entries:
        parts.append(element("p", "No submission stands yet."))
    return parts


def _bars(entries: Sequence[StandingRow]) -> Html:
    """One scorer's systems as the board shows them first."""
    names = {e.submission: e.system for e in entries if not e.reference}
    rows = [
        Row(
            str(e.rank) if e.rank else "",
            e.team,
            e.system,
            f"systems/{e.submission}.html",
            ((e.mean, e.low, e.high),),
            tie_words(e, names) if e.is_ranked else "",
            bool(e.reference),
        )
        for e in entries
        if e.mean is not None
    ]
    caption = "Mean, 95 % interval in brackets; the bar is the mean from 0 to 1, its line the interval."
    return standings_figure(caption, [short_title(entries[0].scorer)], rows)


def best_page(store: Store, known: Challenge, entries: Sequence[StandingRow]) -> str | None:
    """Which system is best for whom, and all pairs; None where no system is complete."""
    there = {e.scorer for e in entries if e.mean is not None and e.origin == "here"}
    first = leading_scorer(known.name, there)
    whole = complete(entries, first if first in there else min(there, default=""))
    if not whole:
        return None
    entered = [e for e in whole if not e.reference] or whole
    labels, people = [e.label for e in entered], challenge_listeners(store, known)
    found = ordered(best_for(store, entered, "listener"), people)
    parts = [
        element("p", element("a", "All standings", href="../index.html")),
        element(
            "p", f"{challenge_words(known)}, by {scorer_title(whole[0].scorer)}. ", answer(found, labels)
        ),
        heat(found, labels, people),
        element("h2", "Best system by severity of the loss"),
        table(SEVERITY, best_rows("severity", best_for(store, entered, "severity"), labels, people)),
        element("h2", "Best system for each listener"),
        table("Listeners, mildest loss first", best_rows("listener", found, labels, people)),
    ]
    if len(whole) > 1:
        matrix = wins_matrix(contest(store, whole), [e.label for e in whole], lambda r, c: "", gaps=False)
        parts += [element("h2", "All pairs of systems"), matrix]
    return page("Best for whom", *parts, style=FIGURES)


def hidden_parts(known: Challenge) -> list[Html]:
    """The part about a split whose scores are private until it closes."""
    text = "The scores of this split are private"
    if known.closes is not None:
        text += f" until {datetime.fromtimestamp(known.closes, UTC):%Y-%m-%d %H:%M} UTC"
    return [element("h2", known.title), *_to_rules(known), element("p", f"{text}.")]


def prediction_parts(known: Challenge, records: Sequence[Mapping[str, Any]] | None, name: str) -> list[Html]:
    """The part about a challenge that judges tables; without records, its scores are private."""
    head = [element("h2", known.title), *_to_rules(known)]
    if records is None:
        return [*head, element("p", "The labels of this split are private, and so are its scores.")]
    signals = known.settings.get("signals", 0)
    text = f"{signals:,} signals; error in per cent of words, lower is better. Records: "
    link = element("a", "standings", href=f"standings/{name}.json")
    rows = [
        {"Rank": r["rank"], "Team": r["team"], "System": r["system"], "RMSE": r["rmse"],
         "95 % interval": _span(r["low"], r["high"]), "Standard error": r["standard_error"], "NCC": r["ncc"],
         "Kendall's tau": r["kendall"], "Reference": r["reference"]}
        for r in records
    ]  # fmt: skip
    none = element("p", "No table has been judged yet.")
    return [*head, element("p", text, link, "."), table("Judged tables", rows) if rows else none]


def _to_rules(known: Challenge) -> list[Html]:
    if not challenge_rules(known.name).lines:
        return []
    return [element("p", element("a", "Rules, ranking, levels, traps", href=f"rules/{known.name}.html"))]


def rules_page(name: str) -> str:
    """What is to be known of a challenge."""
    rules = challenge_rules(name)
    back = element("p", element("a", "All standings", href="../index.html"))
    ranking = [element("p", "Ranked by: ", rules.ranking)] if rules.ranking else []
    lines = element("ul", *(element("li", *_inline(line)) for line in rules.lines))
    return page(f"Rules: {rules.title}", back, *ranking, lines)


def _inline(line: str) -> list[object]:
    """A line of Markdown: code and emphasis become elements."""
    parts = re.split(r"(`[^`]+`|\*[^*]+\*)", line)
    tags = {"`": "code", "*": "em"}
    return [element(tags[part[0]], part[1:-1]) if part[:1] in tags else part for part in parts]


def published_parts(store: Store, names: Iterable[str]) -> list[Html]:
    """The part about averages that the challenges published; nothing where none are loaded."""
    parts = []
    for name in names:
        rows = [
            {"Team": r.team, "System": r.system, "Mean": r.mean, "Joint score": r.joint,
             "Baseline": r.baseline, "Source": r.source}
            for r in published(store, name)
        ]  # fmt: skip
        if all(row["Joint score"] is None for row in rows):
            rows = [{key: value for key, value in row.items() if key != "Joint score"} for row in rows]
        sources = {row["Source"] for row in rows}
        if len(sources) == 1:  # said once
            rows = [{key: value for key, value in row.items() if key != "Source"} for row in rows]
            parts.append(element("p", f"Source of {name}: {sources.pop()}."))
        parts += [table(f"{name}, test set", rows)] if rows else []
    note = "What the challenges published of their own test sets; not scored here, so never in one table."
    return [element("h2", "Published averages"), element("p", note), *parts] if parts else []


def system_page(store: Store, known: Challenge, entries: Sequence[StandingRow]) -> str:
    """The page of one submission."""
    about = entries[0]
    rows = [
        {
            "Scorer": title,
            "Mean": entry.mean,
            "95 % interval": _span(entry.low, entry.high),
            "Rank range": _ranks(entry),
            "Left ear": entry.left,
            "Right ear": entry.right,
            "Coverage": _coverage(entry),
            "Reason": _reason(entry),
        }
        for title, mine in _by_scorer(entries)
        for entry in mine
    ]
    shown = {(e.scorer, e.version, e.origin) for e in entries}
    facts = {
        "Causal": about.causal,
        "More data": about.augmented,
        "Parameters": about.model_size,
        "Received": about.date,
        "State": about.state,
        "Note": about.note,
    }
    cautions = dict.fromkeys(entry.caution for entry in entries if entry.caution)
    parts = [table("About the system", [facts]), table("Scores", rows)]
    parts += [element("p", text) for text in cautions]
    for kind, caption in GROUPS.items():
        means = [
            {"Group": g.name, "Scorer": scorer_title(g.scorer), "Mean": g.mean, "Left ear": g.left,
             "Right ear": g.right, "Scored": g.scored, "Failed": g.failed}
            for g in group_table(store, about.submission, kind)
            if (g.scorer, g.version, g.origin) in shown and g.name
        ]  # fmt: skip
        if kind.startswith("severity"):
            means.sort(key=lambda row: by_severity(row["Group"]))
            means = [{**row, "Group": severity_words(row["Group"])} for row in means]
        parts += [table(caption, means)] if means else []
    back = element("p", element("a", "All standings", href="../index.html"))
    where = element("p", f"{known.title}, submission {about.submission}")
    return page(f"{about.team} / {about.system}", back, where, *parts)
