"""What the pages say of challenges and submissions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from ..statistics import CONFIDENCE, DRAWS, SEED
from ..store import Challenge, Entry, Store, Submission, group_table, published, submissions
from .markup import Html, element, page, table

INTRUSIVE = "haaqi"
TITLES = {
    INTRUSIVE: "HAAQI (intrusive)",
    "haaqinet": "HAAQI-Net (predicted)",
    "haaqinet_target": "Predicted, mixture and gains known",
}
LIMITS = (
    "HAAQI compares what a system made with a reference that has the challenge's target gains, for one "
    "ear with a hearing loss. HAAQI-Net hears the output alone and predicts what HAAQI would say. It cannot "
    "know the target gains, so it tells how clean an output sounds, not whether the right stems were turned "
    "up, and it over-rates an unprocessed mixture. Both are models; neither is a listener's opinion. Scores "
    "hold for the presentation level and the kinds of music that they were made with.",
    f"A mean exists only where every expected trial has a score. Intervals are {CONFIDENCE:.0%}, from "
    f"{DRAWS:,} draws (seed {SEED}) of a bootstrap over scenes and listeners. A rank range has the ranks "
    "that the paired differences leave open, corrected for the number of pairs (Holm). Intrusive and "
    "predicted scores are ranked apart, and versions of a scorer never mix.",
)
GROUPS = {
    "severity_humes": "By severity (Humes 2019: better ear, 0.5 to 4 kHz)",
    "severity_clarity": "By severity (pyclarity: each ear, 2 to 8 kHz)",
    "genre": "By genre",
    "listener": "By listener",
}


def _span(low: float | None, high: float | None) -> str | None:
    return None if low is None or high is None else f"{low:.4f} to {high:.4f}"


def _ranks(entry: Entry) -> str | None:
    if entry.rank is None:
        return f"reference: {entry.reference}" if entry.reference else None
    low, high = entry.rank_low, entry.rank_high
    return str(low) if low == high else f"{low} to {high}"


def _coverage(entry: Entry) -> str:
    return f"{entry.scored} of {entry.expected} ({entry.coverage:.1%})"


def _reason(entry: Entry) -> str:
    codes = ", ".join(f"{code} {count}" for code, count in entry.errors.items())
    return "; ".join(filter(None, (entry.reason, codes)))


def _link(entry: Entry) -> Html:
    return element("a", element("bdi", entry.system), href=f"systems/{entry.submission}.html")


def _ranked_row(entry: Entry) -> dict[str, object]:
    return {
        "Rank": entry.rank,
        "Team": entry.team,
        "System": _link(entry),
        "Mean": entry.mean,
        "95 % interval": _span(entry.low, entry.high),
        "Rank range": _ranks(entry),
        "Left ear": entry.left,
        "Right ear": entry.right,
        "Coverage": _coverage(entry),
        "Causal": entry.causal,
        "Parameters": entry.model_size,
        "Received": entry.date[:10],
    }


def _unranked_row(entry: Entry) -> dict[str, object]:
    return {
        "Team": entry.team,
        "System": _link(entry),
        "State": entry.state,
        "Reason": _reason(entry),
        "Coverage": _coverage(entry),
    }


def _refused_row(entry: Submission) -> dict[str, object]:
    codes = sorted({finding["code"] for finding in entry.findings if finding["severity"] == "error"})
    return {"Team": entry.system.team, "System": entry.system.name, "Reason": ", ".join(codes)}


def _by_scorer(entries: Iterable[Entry]) -> list[tuple[str, list[Entry]]]:
    """Entries apart by scorer and version, the intrusive one first, those made elsewhere last."""

    def key(entry: Entry) -> tuple[bool, bool, str, str]:
        return entry.origin != "here", entry.scorer != INTRUSIVE, entry.scorer, entry.version

    found = []
    for (elsewhere, _, scorer, version), group in groupby(sorted(entries, key=key), key):
        title = f"{TITLES.get(scorer, scorer)}, version {version or 'not yet known'}"
        found.append((title + (" (scored elsewhere)" if elsewhere else ""), list(group)))
    return found


def challenge_parts(store: Store, known: Challenge, entries: Sequence[Entry], name: str) -> list[Html]:
    """The part of the first page that is about one challenge and split."""
    text = (
        f"{known.expected:,} ears heard: {known.scenes} scenes, {known.listeners} listeners. "
        "Of each system the latest submission is shown. Records: "
    )
    links = [element("a", label, href=f"{label}/{name}.json") for label in ("standings", "cadenza")]
    parts = [element("h2", known.title), element("p", text, links[0], ", ", links[1], ".")]
    for title, mine in _by_scorer(entries):
        ranked = [_ranked_row(entry) for entry in mine if entry.mean is not None]
        below = [_unranked_row(entry) for entry in mine if entry.mean is None]
        parts.append(element("h3", title))
        parts += [table("Every expected trial has a score", ranked)] if ranked else []
        parts += [table("Not ranked: scores are missing", below)] if below else []
    refused = submissions(store, challenge=known.name, split=known.split, state="invalid")
    if refused:
        parts += [
            element("h3", "Refused by the check"),
            table("Not scored", list(map(_refused_row, refused))),
        ]
    if not entries and not refused:
        parts.append(element("p", "Nothing has been handed in yet."))
    return parts


def published_parts(store: Store, names: Iterable[str]) -> list[Html]:
    """The part about averages that the challenges published; nothing where none are loaded."""
    parts = []
    for name in names:
        rows = [
            {"Team": r.team, "System": r.system, "Mean": r.mean, "Baseline": r.baseline, "Source": r.source}
            for r in published(store, name)
        ]
        parts += [table(f"{name}, test set", rows)] if rows else []
    note = "What the challenges published of their own test sets; not scored here, so never in one table."
    return [element("h2", "Published averages"), element("p", note), *parts] if parts else []


def system_page(store: Store, known: Challenge, entries: Sequence[Entry]) -> str:
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
    parts = [table("About the system", [facts]), table("Scores", rows)]
    for kind, caption in GROUPS.items():
        means = [
            {"Group": g.name, "Scorer": TITLES.get(g.scorer, g.scorer), "Mean": g.mean, "Left ear": g.left,
             "Right ear": g.right, "Scored": g.scored, "Failed": g.failed}
            for g in group_table(store, about.submission, kind)
            if (g.scorer, g.version, g.origin) in shown and g.name
        ]  # fmt: skip
        parts += [table(caption, means)] if means else []
    back = element("p", element("a", "All standings", href="../index.html"))
    where = element("p", f"{known.title}, submission {about.submission}")
    return page(f"{about.team} / {about.system}", back, where, *parts)
