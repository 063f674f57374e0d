"""Best for whom: what the page of that name computes and draws, once for all visitors.

`which` is the challenge, the scorer, and the labels of the systems that are compared.
"""

from __future__ import annotations

from collections import Counter

import pandas as pd

from haaqinet_eval.analysis.best import Best, is_sure
from haaqinet_eval.audiogram import better_ear_level
from haaqinet_eval.site.figures import HeatRow, audiogram_image, heat_figure, score_text, severity_words
from haaqinet_eval.site.markup import Html, element
from haaqinet_eval.site.words import several
from haaqinet_eval.store import Challenge, StandingRow, best_for, complete

from . import address, reading
from .labels import by_severity

Which = tuple[Challenge, str, tuple[str, ...]]
ORDERS = ("hearing loss", "score of the best", "name")
LEAST = 2  # systems that a comparison needs


def scorers_there(challenge: Challenge) -> list[str]:
    """Scorers by which at least one system is complete, in the order of the standings."""
    return list(
        dict.fromkeys(e.scorer for e in reading.made_here(reading.board(challenge)) if e.mean is not None)
    )


def entries(challenge: Challenge, scorer: str) -> dict[str, StandingRow]:
    """Complete systems of a scorer by their labels, best first; reference rows last."""
    found = {e.submission: e for e in complete(reading.board(challenge), scorer)}
    items = [item for item in reading.all_systems(challenge) if item.submission in found]
    items.sort(key=lambda item: (bool(item.any.reference), -found[item.submission].mean))
    return {item.label: found[item.submission] for item in items}


def best(by: str, *which: object) -> list[Best]:
    """The best system of each listener or severity, see `store.best_for`."""
    challenge, scorer, labels = which
    known = reading.shared(entries, challenge, scorer)
    return best_for(reading.the_store(), [known[label] for label in labels], by)


def short(label: str, labels: tuple[str, ...]) -> str:
    """A system's name, with its team where another team has one of that name."""
    names = [text.partition(" / ")[2] for text in labels]
    name = label.partition(" / ")[2]
    return name if names.count(name) == 1 else label


def answer(*which: object) -> Html:
    """In a sentence: which system is best for how many listeners."""
    labels = which[2]
    found = reading.shared(best, "listener", *which)
    counts = Counter(b.system for b in found)
    sure = Counter(b.system for b in found if is_sure(b))
    parts: list[object] = []
    for system, number in counts.most_common():
        parts += [
            "; " if parts else "",
            element("strong", element("bdi", short(labels[system], labels))),
            f" is best for {number} of {len(found)} listeners, surely for {sure[system]}",
        ]
    return element("span", *parts, ".")


def ordered(order: str, *which: object) -> list[Best]:
    """The listeners in an order, see `ORDERS`."""
    people = reading.people(which[0])
    loss = {name: better_ear_level(person) for name, person in people.items()}
    keys = {
        "hearing loss": lambda b: (loss.get(b.group, 999.0), b.group),
        "score of the best": lambda b: (b.means[b.system], b.group),
        "name": lambda b: b.group,
    }
    return sorted(reading.shared(best, "listener", *which), key=keys[order])


def heat(order: str, *which: object) -> Html:
    """Listeners by systems."""
    challenge, _, labels = which
    people, found = reading.people(challenge), ordered(order, *which)
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
                address.to("listeners", challenge, system=labels[b.system], listener=b.group),
                severity_words(person.severity_humes) if person else "",
            )
        )

    def link(row: int, column: int) -> str:
        chosen = {"system": labels[column], "listener": found[row].group}
        return address.to("system", challenge, **chosen, of=found[row].group)

    caption = (
        "Mean by listener and system. ★ is the best of the row, told apart from every other; ☆ the best, "
        "not told apart from all. A cell opens the system at that listener's trials, a name her hearing."
    )
    values = [value for b in found for value in b.means if value == value]
    limits = (min([*values, 0.5]), max([*values, 0.6]))
    return heat_figure(caption, "Listener", [short(x, labels) for x in labels], rows, link, limits)


def table(by: str, *which: object) -> pd.DataFrame:
    """The best of each group with intervals, its lead over the second, and who is not told apart."""
    labels = which[2]
    found = ordered(ORDERS[0], *which) if by == "listener" else reading.shared(best, by, *which)
    people = reading.people(which[0])
    if by == "severity":
        found = sorted(found, key=lambda b: by_severity(b.group))
    rows = []
    for b in found:
        loss = {"Loss": severity_words(people[b.group].severity_humes) if b.group in people else "unknown"}
        lead = b.lead
        rows.append(
            {
                by.capitalize(): severity_words(b.group) if by == "severity" else b.group,
                **(loss if by == "listener" else {}),
                "Best": short(labels[b.system], labels),
                "Mean": score_text(b.means[b.system], *(None if v != v else v for v in (b.low, b.high))),
                "Lead over the second": f"{lead.value:+.3f} ({lead.low:+.3f} to {lead.high:+.3f})"
                if lead
                else "–",
                "Not told apart from": several([short(labels[k], labels) for k in b.ties]) if b.ties else "–",
            }
        )
    return pd.DataFrame(rows)
