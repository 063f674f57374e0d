"""Selections that all pages share; each is kept in the page's address, so a view can be sent on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from haaqinet_eval.store import Challenge

from .labels import title
from .reading import Scored


def pick_challenge(found: Sequence[Challenge]) -> Challenge:
    """The challenge, above every page."""
    by_title = {challenge.title: challenge for challenge in found}
    name = st.selectbox(
        "Challenge and split", list(by_title), key="challenge", bind="query-params", width=420
    )
    return by_title[name]


def pick_system(
    items: Sequence[Scored], label: str = "System", key: str = "system", place: int = 0
) -> Scored:
    """A system; by default the first that is no reference row, or the one `place` after it."""
    by_label = {item.label: item for item in items}
    entries = [i for i, item in enumerate(items) if not item.any.reference] or [0]
    index = entries[0] + place if entries[0] + place < len(items) else place - 1
    name = st.selectbox(label, list(by_label), index, key=key, bind="query-params")
    return by_label[name]


def pick_listener(names: Sequence[str]) -> str:
    """A listener."""
    return st.selectbox("Listener", list(names), key="listener", bind="query-params")


def pick_scorer(names: Sequence[str]) -> str:
    """A scorer, by its name for people."""
    by_title = {title(name): name for name in names}
    return by_title[st.selectbox("Scorer", list(by_title), key="scorer", bind="query-params")]


def pick(label: str, options: Sequence[str], key: str, note: str | None = None) -> str:
    """One of a few options; the first by default."""
    return st.selectbox(label, list(options), key=key, bind="query-params", help=note)


def tabs(parts: Mapping[str, Callable[[], object]], key: str = "tab") -> None:
    """Tabs, of which only the open one is made; it stands in the address.

    Args:
        parts: title -> what shows the part.
    """
    boxes = st.tabs(list(parts), key=key, on_change="rerun", bind="query-params")
    for box, show in zip(boxes, parts.values(), strict=True):
        if box.open:
            with box:
                show()
