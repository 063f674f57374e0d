"""The first table of the board: rank, system, a score with its interval and bar, and ties in words."""

from __future__ import annotations

from haaqinet_eval.registry import is_ranked
from haaqinet_eval.site.figures import Row, standings_figure
from haaqinet_eval.site.markup import Html
from haaqinet_eval.site.words import leader_sentence, tie_words

from . import address, ranking, reading
from .labels import label, title

TIES = "ties"
FACTS = (  # columns that may be chosen
    *("ears", "causal", "more data", "trained on", "look-ahead", "real-time factor", "parameters"),
    *("received", "note"),
)


def columns_of(*shown: object) -> list[str]:
    """Columns that a reader may choose, the usual ones first: scorers, ties, then facts."""
    return [*map(title, reading.shared(ranking.scorers_of, *shown)), TIES, *FACTS]


def usual(*shown: object) -> list[str]:
    """Columns that are shown until the reader chooses: those of the first scorers, and ties."""
    return [*map(title, reading.shared(ranking.scorers_of, *shown)[:2]), TIES]


def sentence(*shown: object) -> Html:
    """Who leads, and how surely."""
    return leader_sentence(reading.made_here(ranking.entries_of(*shown)))


def facts(item: reading.Scored, scorer: str, chosen: tuple[str, ...]) -> dict[str, object]:
    """What is said of a system besides its scores."""
    entry, about = item.entries.get(scorer), item.any
    known = {
        "ears": {"Left ear": entry and entry.left, "Right ear": entry and entry.right},
        "causal": {"Causal": about.causal},
        "more data": {"More data": about.augmented},
        "trained on": {"Trained on": about.trained_on or None},
        "look-ahead": {"Look-ahead (ms)": about.look_ahead},
        "real-time factor": {"Real-time factor": about.speed},
        "parameters": {"Parameters": about.model_size},
        "received": {"Received": about.date[:10]},
        "note": {"Note": about.note},
    }
    return {key: value for name in chosen if name in known for key, value in known[name].items()}


def first_table(search: str, chosen: tuple[str, ...], *shown: object) -> Html | None:
    """The table; None where no system is left.

    Args:
        search: words that stand in team, system or note.
        chosen: columns.
    """
    challenge = shown[0]
    items = reading.shared(ranking.whole_of, *shown)
    scorers = [s for s in reading.shared(ranking.scorers_of, *shown) if title(s) in chosen]
    scorers = scorers or reading.shared(ranking.scorers_of, *shown)[:1]
    ranks = is_ranked(scorers[0], challenge.name)
    names = {item.submission: item.any.system for item in items if not item.any.reference}
    rows = []
    for item in items:
        about, entry = item.any, item.entries.get(scorers[0])
        text = f"{about.team} {about.system} {about.note}".casefold()
        if not all(word in text for word in search.casefold().split()):
            continue
        scores = [item.entries.get(s) for s in scorers]
        words = ""
        if ranks and TIES in chosen and entry is not None and entry.mean is not None:
            words = tie_words(entry, names)
        rows.append(
            Row(
                rank=str(entry.rank) if entry is not None and entry.rank else "",
                team=about.team,
                system=about.system,
                href=address.to("system", challenge, system=item.label),
                scores=tuple((e.mean, e.low, e.high) if e and e.mean is not None else None for e in scores),
                words=words,
                reference=bool(about.reference),
                more=facts(item, scorers[0], chosen),
            )
        )
    if not rows:
        return None
    caption = "Mean, 95 % interval in brackets; the bar is the mean from 0 to 1, its line the interval."
    return standings_figure(caption, [label(s) for s in scorers], rows)
