"""Best for whom: what the page of that name computes and draws, once for all visitors.

`which` is the challenge, the scorer, and the labels of the systems that are compared.
"""

from __future__ import annotations

import pandas as pd

from haaqinet_eval.analysis.best import Best
from haaqinet_eval.site import best as pages
from haaqinet_eval.site.best import ORDERS
from haaqinet_eval.site.markup import Html
from haaqinet_eval.store import Challenge, StandingRow, best_for, complete

from . import address, reading

__all__ = ["ORDERS"]

Which = tuple[Challenge, str, tuple[str, ...]]


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


def answer(*which: object) -> Html:
    """In a sentence: which system is best for how many listeners."""
    return pages.answer(reading.shared(best, "listener", *which), which[2])


def heat(order: str, *which: object) -> Html:
    """Listeners by systems, in an order, see `ORDERS`."""
    challenge, _, labels = which
    people = reading.people(challenge)
    found = pages.ordered(reading.shared(best, "listener", *which), people, order)
    first = {b.group: labels[b.system] for b in found}

    def listener(name: str) -> str:
        return address.to("listeners", challenge, system=first[name], listener=name)

    def cell(label: str, name: str) -> str:
        return address.to("system", challenge, system=label, listener=name, of=name)

    return pages.heat(found, labels, people, (listener, cell))


def table(by: str, *which: object) -> pd.DataFrame:
    """The best of each group with intervals, its lead over the second, and who is not told apart."""
    people, found = reading.people(which[0]), reading.shared(best, by, *which)
    found = pages.ordered(found, people) if by == "listener" else found
    return pd.DataFrame(pages.best_rows(by, found, which[2], people))
