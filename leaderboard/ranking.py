"""The standings as tables and charts, for the page of that name: made once for all visitors.

`shown` is what the reader wants to see: challenge, pick, per, subset, among; see `store.standings`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import altair as alt
import pandas as pd

from haaqinet_eval.registry import is_ranked, leading_scorer
from haaqinet_eval.store import Challenge, StandingRow, SubmissionFilter, TrialFilter, published

from . import charts, reading
from .labels import PREDICTED, is_neighbour, predictors, title, unfamiliar_text, yes_no

Ranks = dict[tuple[str, int], int | None]  # by scorer and submission
Shown = tuple[Challenge, str, str, TrialFilter | None, SubmissionFilter]  # by the reader, see `filters`
COLORS = (charts.FIRST, charts.THIRD)  # of charts of predicted scores, in turn


def entries_of(
    challenge: Challenge, pick: str, per: str, subset: TrialFilter | None, among: SubmissionFilter
) -> list[StandingRow]:
    """The standings that pass the filters."""
    return reading.board(challenge, pick, per, subset=subset, among=among)


def items_of(*shown: object) -> list[reading.Scored]:
    """Their systems."""
    return reading.systems(entries_of(*shown))


def whole_of(*shown: object) -> list[reading.Scored]:
    """Those of which some scorer scored every trial."""
    items = reading.shared(items_of, *shown)
    return [item for item in items if any(e.mean is not None for e in item.entries.values())]


def scorers_of(*shown: Any) -> list[str]:
    """Their scorers: what the challenge ranks by first, or else HAAQI, and those that cannot rank last."""
    entries = reading.made_here(entries_of(*shown))
    found = {e.scorer: e.is_ranked for e in entries}
    first = leading_scorer(shown[0].name, {e.scorer for e in entries if e.mean is not None})
    return sorted(found, key=lambda s: (s != first, not found[s], is_neighbour(s), s))


def ranks_among_all(
    challenge: Challenge, pick: str, per: str, subset: TrialFilter | None, among: SubmissionFilter
) -> Ranks:
    """Rank of every submission on the same trials, where no system is left out; nothing where none is."""
    if among == SubmissionFilter():
        return {}
    entries = reading.board(challenge, pick, per, subset=subset)
    return {(entry.scorer, entry.submission): entry.rank for entry in reading.made_here(entries)}


def rank_text(entry: StandingRow) -> str:
    """`2 to 4`, or what keeps the entry from having a rank."""
    if entry.rank is None:
        return "reference" if entry.reference else "–"
    low, high = entry.rank_low, entry.rank_high
    return f"{low} to {high}" if low != high else f"{low}"


def figures(entry: StandingRow | None, name: str, ranked: bool) -> dict[str, object]:
    """The columns of one scorer; without rank, which stands first, and without ranges where it has none."""
    if entry is None or entry.mean is None:
        values = {}
    else:
        values = {**asdict(entry), "ranks": rank_text(entry), "mark": unfamiliar_text(entry)}
    among = ("ranks", "tie_group") if ranked else ()
    columns = ("mean", "low", "high", *among, *(["mark"] if name == title(PREDICTED) else []))
    return {f"{name} {column}": values.get(column) for column in columns}


def scorer_columns(item: reading.Scored, scorer: str, of_all: Ranks) -> dict[str, object]:
    """The columns of one scorer, rank first; the rank among all where systems are left out."""
    entry, name = item.entries.get(scorer), title(scorer)
    if is_neighbour(scorer):
        return {f"{name} mean": entry.mean if entry else None}
    if not is_ranked(scorer, item.any.challenge):
        return figures(entry, name, ranked=False)
    ranks = {f"{name} rank": entry.rank if entry else None}
    if of_all:
        ranks[f"{name} rank of all"] = of_all.get((scorer, entry.submission)) if entry else None
    return {**ranks, **figures(entry, name, ranked=True)}


def ranked_table(*shown: object) -> pd.DataFrame:
    """Complete systems, one row each; every scorer has its own columns, and its own rank if it can rank."""
    items, scorers, of_all = (reading.shared(f, *shown) for f in (whole_of, scorers_of, ranks_among_all))
    rows = []
    for item in items:
        about = item.any
        own = {key: value for s in scorers for key, value in scorer_columns(item, s, of_all).items()}
        first = [key for key in own if key.startswith(f"{title(scorers[0])} rank") and "ranks" not in key]
        rows.append(
            {
                **{key: own[key] for key in first},
                "Team": about.team,
                "System": about.system,
                **own,
                **{
                    f"{title(s)} {ear}": getattr(item.entries[s], ear) if s in item.entries else None
                    for s in scorers
                    for ear in ("left", "right")
                    if not is_neighbour(s)
                },
                "Kind": f"reference: {about.reference}" if about.reference else "entry",
                "Coverage": about.coverage,
                "Causal": yes_no(about.causal),
                "More data": yes_no(about.augmented),
                "Parameters": about.model_size,
                "Received": about.date[:10],
                "Submission": about.submission,
                "Note": about.note,
            }
        )
    whole = [f"{title(s)} {name}" for s in scorers for name in ("rank", "rank of all", "tie_group")]
    frame = pd.DataFrame(rows)
    return frame.astype({name: "Int64" for name in ("Parameters", *whole) if name in frame})


def unranked_table(*shown: object) -> pd.DataFrame:
    """Systems that lack a score, with the reason."""
    rows = []
    for item in reading.shared(items_of, *shown):
        for scorer, entry in item.entries.items():
            if entry.mean is None:
                errors = ", ".join(f"{code} {count}" for code, count in entry.errors.items())
                rows.append(
                    {
                        "Team": entry.team,
                        "System": entry.system,
                        "Scorer": title(scorer),
                        "State": entry.state,
                        "Reason": "; ".join(filter(None, (entry.reason, errors))),
                        "Scored": entry.scored,
                        "Expected": entry.expected,
                        "Coverage": entry.coverage,
                        "Submission": entry.submission,
                    }
                )
    return pd.DataFrame(rows)


def kind_of(item: reading.Scored, scorer: str) -> str:
    """What a mark of the chart of intervals stands for."""
    if item.any.reference:
        return "reference"
    return "unfamiliar sound" if scorer == PREDICTED and unfamiliar_text(item.entries[scorer]) else "entry"


def chart_frame(shown: Shown, scorer: str) -> pd.DataFrame:
    """What the chart of intervals draws: complete systems, best first; by name where nothing is ranked."""
    rows = [
        {
            "system": item.label,
            **{name: getattr(item.entries[scorer], name) for name in ("mean", "low", "high")},
            "kind": kind_of(item, scorer),
        }
        for item in reading.shared(whole_of, *shown)
        if item.mean(scorer) is not None
    ]
    frame = pd.DataFrame(rows)
    if not rows:
        return frame
    ranked = is_ranked(scorer, shown[0].name)
    return frame.sort_values("mean", ascending=False) if ranked else frame.sort_values("system")


def intervals(shown: Shown, scorer: str) -> alt.LayerChart:
    """The chart of intervals."""
    return charts.interval_chart(chart_frame(shown, scorer), title(scorer), chart_color(scorer))


def chart_color(scorer: str) -> str:
    """One color for intrusive scores, others for predicted ones."""
    known = predictors()
    return COLORS[known.index(scorer) % len(COLORS)] if scorer in known else charts.SECOND


def elsewhere_table(*shown: object) -> pd.DataFrame:
    """Scores made elsewhere."""
    rows = [
        {
            "Scorer": title(e.scorer),
            "Version": e.version,
            "Rank": e.rank,
            "Team": e.team,
            "System": e.system,
            "Mean": e.mean,
            "Left": e.left,
            "Right": e.right,
        }
        for e in entries_of(*shown)
        if e.origin != "here"
    ]
    return pd.DataFrame(rows)


PUBLISHED = {  # of the store -> heads of the table; a column that tells nothing is left out
    "team": "Team",
    "system": "System",
    "mean": "HAAQI",
    "joint": "Joint score",
    "left": "Left ear",
    "right": "Right ear",
    "panel": "Panel, 0 to 100",
    "baseline": "Baseline",
    "causal": "Causal",
    "augmented": "More data",
    "split": "Split",
    "source": "Source",
}


def published_table(challenge: str) -> tuple[pd.DataFrame, str]:
    """Published averages, and their source where all have the same."""
    frame = pd.DataFrame([vars(result) for result in reading.read(published, challenge)])
    if not len(frame):
        return frame, ""
    frame = frame[list(PUBLISHED)].rename(columns=PUBLISHED)
    sources = frame.Source.unique()
    empty = [name for name in frame if frame[name].isna().all()]
    alike = [name for name in ("Split", "Source") if frame[name].nunique() == 1]
    frame = frame.drop(columns=[*empty, *alike])
    for name in {"Baseline", "Causal", "More data"} & set(frame):
        frame[name] = frame[name].map(lambda said: yes_no(None if pd.isna(said) else bool(said)))
    return frame, sources[0] if len(sources) == 1 else ""
