"""Best for whom, as sentences and tables for the board and its static copy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from ..analysis.best import Best, is_sure
from ..analysis.summary import SEVERITIES
from ..audiogram import Listener, better_ear_level
from ..store import Contest
from .figures import HeatRow, audiogram_image, heat_figure, score_text, severity_words
from .markup import Html, element
from .words import several

ORDERS = ("hearing loss", "score of the best", "name")
HEAT = (
    "Mean by listener and system. ★ is the best of the row, told apart from every other; ☆ the best, "
    "not told apart from all."
)


def by_severity(name: str) -> int:
    """Place of a severity in the order from none to profound; what is not known stands last."""
    return SEVERITIES.index(name) if name in SEVERITIES else len(SEVERITIES)


def short_names(labels: Sequence[str]) -> list[str]:
    """Systems' names, with their teams where several have one of that name.

    >>> short_names(["a / x", "b / x", "b / y"])
    ['a / x', 'b / x', 'y']
    """
    names = [label.partition(" / ")[2] for label in labels]
    return [name if names.count(name) == 1 else label for name, label in zip(names, labels, strict=True)]


def answer(found: Sequence[Best], labels: Sequence[str]) -> Html:
    """In a sentence: which system is best for how many listeners."""
    names, counts = short_names(labels), Counter(b.system for b in found)
    sure = Counter(b.system for b in found if is_sure(b))
    parts: list[object] = []
    for system, number in counts.most_common():
        parts += [
            "; " if parts else "",
            element("strong", element("bdi", names[system])),
            f" is best for {number} of {len(found)} listeners, surely for {sure[system]}",
        ]
    return element("span", *parts, ".")


def ordered(found: Sequence[Best], people: Mapping[str, Listener], order: str = ORDERS[0]) -> list[Best]:
    """Listeners in one of the `ORDERS`; those without audiogram last."""
    loss = {name: better_ear_level(person) for name, person in people.items()}
    keys: dict[str, Callable[[Best], tuple]] = {
        "hearing loss": lambda b: (loss.get(b.group, 999.0), b.group),
        "score of the best": lambda b: (b.means[b.system], b.group),
        "name": lambda b: (b.group,),
    }
    return sorted(found, key=keys[order])


def heat(
    found: Sequence[Best],
    labels: Sequence[str],
    people: Mapping[str, Listener],
    links: tuple[Callable[[str], str], Callable[[str, str], str]] | None = None,
) -> Html:
    """Listeners by systems.

    Args:
        links: addresses of a listener, and of a system at a listener; None for none.
    """
    rows = []
    for b in found:
        person = people.get(b.group)
        rows.append(
            HeatRow(
                b.group,
                b.means,
                b.system,
                is_sure(b),
                audiogram_image(person) if person else None,
                links[0](b.group) if links else "",
                severity_words(person.severity_humes) if person else "",
            )
        )

    def link(row: int, column: int) -> str:
        return links[1](labels[column], found[row].group) if links else ""

    opens = " A cell opens the system at that listener's trials, a name the hearing." if links else ""
    values = [value for b in found for value in b.means if value == value]
    limits = (min([*values, 0.5]), max([*values, 0.6]))
    return heat_figure(HEAT + opens, "Listener", short_names(labels), rows, link, limits)


def best_rows(
    by: str, found: Sequence[Best], labels: Sequence[str], people: Mapping[str, Listener]
) -> list[dict[str, str]]:
    """The best of each listener or severity with intervals, its lead, and who is not told apart."""
    names = short_names(labels)
    if by == "severity":
        found = sorted(found, key=lambda b: by_severity(b.group))
    rows = []
    for b in found:
        person, lead = people.get(b.group), b.lead
        loss = {"Loss": severity_words(person.severity_humes) if person else "unknown"}
        rows.append(
            {
                by.capitalize(): severity_words(b.group) if by == "severity" else b.group,
                **(loss if by == "listener" else {}),
                "Best": names[b.system],
                "Mean": score_text(b.means[b.system], *(None if v != v else v for v in (b.low, b.high))),
                "Lead over the second": f"{lead.value:+.3f} ({lead.low:+.3f} to {lead.high:+.3f})"
                if lead
                else "–",
                "Not told apart from": several([names[k] for k in b.ties]) if b.ties else "–",
            }
        )
    return rows


def wins_matrix(found: Contest, labels: Sequence[str], link: Callable[[int, int], str], gaps: bool) -> Html:
    """Row against column, as shares of trials won or as differences; ≈ where they are not told apart."""
    values, names, every = found.differences if gaps else found.wins, short_names(labels), range(len(labels))
    rows = [
        HeatRow(
            names[r],
            tuple(None if r == c else float(values[r, c]) for c in every),
            None,
            near=frozenset(c for c in every if c != r and not found.tells_apart(r, c)),
        )
        for r in every
    ]
    what = "Row minus column" if gaps else "Share of trials in which the row scores above the column"
    opens = " A cell opens that comparison." if link(0, 1) else ""
    caption = f"{what}. ≈: not told apart (95 %, all pairs, Holm).{opens}"
    reach = max(0.05, float(abs(found.differences).max()))
    limits = (-reach, reach) if gaps else (0.0, 1.0)
    return heat_figure(caption, "Row", names, rows, link, limits, signed=gaps)
