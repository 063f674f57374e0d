"""Words, figures and names as all pages show them."""

from __future__ import annotations

import math
import re
from pathlib import Path

from haaqinet_eval.registry import INTRUSIVE, predictors_of, scorer_records
from haaqinet_eval.registry import scorer_title as title
from haaqinet_eval.store import StandingRow

__all__ = ["INTRUSIVE", "title"]

PREDICTED = "haaqinet"  # the usual prediction of HAAQI
DEFINITIONS = {  # kinds of groups in the store -> what they are
    "severity_humes": "Humes 2019: better ear, 0.5 to 4 kHz",
    "severity_clarity": "pyclarity: each ear, 2 to 8 kHz",
}
SEVERITIES = ("none", "mild", "moderate", "moderately severe", "severe", "profound", "unknown")
AUDIO = "HAAQINET_AUDIO"  # variable: "organisers" or "everybody" may hear submissions
MANY = 0.1  # share of unfamiliar trials from which a predicted mean is marked
PAGES = Path(__file__).with_name("views")  # no "pages", which Streamlit runs by itself

LIMITS = """
- **HAAQI** is an index of sound quality for one ear with a hearing loss. It compares what a system
  made with a reference that has the challenge's target gains. 1 is best.
- **HAAQI-Net** hears the output alone and predicts what HAAQI would say. It cannot know the target
  gains, so it tells how clean an output sounds, not whether the right stems were turned up; an
  unprocessed mixture is over-rated. So it takes no rank where music is rebalanced.
- **NORESQA** hears the output alone, too, and compares it with unrelated music. The same holds for it.
- **The scorer that knows mixture and gains** (`haaqinet_target`) predicts HAAQI from the output, the scene's
  mixture and the gains that were asked for. It has no stems and may be deceived about which of them was
  changed. Its scores have a rank of their own and decide none other.
- All are models of one ear. Neither is a listener's opinion, and neither says how two ears, a room
  or a person's taste change it.
- Scores hold for the presentation level and the kinds of music that they were made with.
"""


def label(scorer: str) -> str:
    """A scorer's short name, for sentences and column heads.

    >>> label("haaqinet"), label("elsewhere")
    ('HAAQI-Net', 'elsewhere')
    """
    records = scorer_records()
    return records[scorer].label if scorer in records else title(scorer)


def predictors() -> tuple[str, ...]:
    """Scorers that predict HAAQI, the usual one first."""
    return tuple(record.name for record in predictors_of(INTRUSIVE))


def is_neighbour(scorer: str) -> bool:
    """Whether it only stands beside the others: it never ranks."""
    records = scorer_records()
    return scorer in records and records[scorer].kind == "neighbour"


def figure(value: float | None, digits: int = 3) -> str:
    """A number for text; a dash for none.

    >>> figure(0.12345), figure(None), figure(float("nan"))
    ('0.123', '–', '–')
    """
    return "–" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def span(low: float | None, high: float | None, digits: int = 3) -> str:
    """An interval for text; a dash where it is not known.

    >>> span(0.1, 0.25), span(None, None)
    ('0.100 to 0.250', '–')
    """
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return "–"
    return f"{low:.{digits}f} to {high:.{digits}f}"


def unfamiliar_text(entry: StandingRow) -> str:
    """What to say of an entry with many trials whose sound the net does not know; else nothing."""
    share = entry.unfamiliar / entry.scored if entry.scored else 0.0
    return f"Unlike HAAQI-Net's training: {share:.0%} of trials" if share > MANY else ""


def verbatim(text: str) -> str:
    """A name for Markdown, as code, so that nothing in it is taken for a link, a formula or markup.

    >>> verbatim("a *b*"), verbatim("`x`")
    ('`a *b*`', '`` `x` ``')
    """
    text = " ".join(text.split())
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{text}{fence}" if fence == "`" else f"{fence} {text} {fence}"


def one_line(text: str) -> str:
    """What somebody typed, as one line: a blank for each control character.

    >>> one_line(" wrong\\nfiles\\0 ")
    'wrong files'
    """
    return "".join(c if c.isprintable() or c in "\u200c\u200d" else " " for c in text).strip()


def by_severity(name: str) -> int:
    """Place of a severity in the order from none to profound."""
    return SEVERITIES.index(name) if name in SEVERITIES else len(SEVERITIES)


def yes_no(value: bool | None) -> str:
    """Yes, no, or not said."""
    return "not said" if value is None else "yes" if value else "no"
