"""How sure HAAQI-Net is: whether its intervals hold, and which of its scores to verify first."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from haaqinet_eval.agreement import Coverage, coverage, doubt_pays, holds, least_sure
from haaqinet_eval.statistics import mean_interval

from . import choices, exports, metrics
from .reading import Scored
from .words import PREDICTED, figure, span, unfamiliar_text, verbatim

STATED = 0.9  # share of true scores that an interval is meant to hold
LISTED = 2000  # rows in the table of the least sure
SHARE = 0.1  # of rows that are called least sure


def show_marks(items: Sequence[Scored]) -> None:
    """Which predicted means rest on much sound that is unlike the net's training."""
    marked = [
        f"{verbatim(item.label)} ({item.entries[PREDICTED].unfamiliar / item.entries[PREDICTED].scored:.0%})"
        for item in items
        if PREDICTED in item.entries and unfamiliar_text(item.entries[PREDICTED])
    ]
    if marked:
        st.warning(
            "HAAQI-Net was trained on nothing like much of what these systems made (share of trials): "
            f"{', '.join(marked)}. Trust their predicted means less; the page Agreement says which trials to "
            "verify first."
        )


def show_coverage(frame: pd.DataFrame) -> None:
    """Share of true scores inside their intervals.

    Args:
        frame: trials that both scored: intrusive, low, high, scene, listener.
    """
    st.subheader("Do the intervals hold?")
    mine = frame[frame.low.notna()]
    found = coverage(mine.low, mine.high, mine.intrusive)
    if not found.n:
        st.info("HAAQI-Net gave no interval with these scores: this version of it does not predict one.")
        return
    inside = holds(mine.low, mine.high, mine.intrusive)
    limits = mean_interval(inside, mine.scene, mine.listener)
    cells = [
        (f"Inside, of stated {STATED:.0%}", f"{found.share:.1%}"),
        ("n", f"{found.n:,}"),
        ("Below its interval", f"{found.below:,}"),
        ("Above its interval", f"{found.above:,}"),
        ("Mean width", figure(found.width)),
    ]
    metrics.show(cells)
    st.caption(verdict(found, limits.low, limits.high))


def verdict(found: Coverage, low: float, high: float) -> str:
    """What the share says; `low` and `high` are its 95 % interval over scenes and listeners."""
    text = (
        f"HAAQI lies inside HAAQI-Net's interval in {found.inside:,} of {found.n:,} trials "
        f"(95 % interval of the share, over scenes and listeners: {span(low, high, 2)}). "
    )
    if high < STATED:
        text += "Fewer than stated: here the net is surer of itself than it should be. "
    elif low > STATED:
        text += "More than stated: here the intervals are wider than they need be. "
    return text + "A true score below its interval is one that the net over-rates."


def show_least_sure(frame: pd.DataFrame) -> None:
    """Predictions in the order in which to verify them.

    Args:
        frame: all predictions, see `reading.predictions`.
    """
    st.subheader("Verify these first")
    st.markdown(
        "The predictions that HAAQI-Net itself is least sure of: sound unlike its training first, then the "
        "widest intervals. It needs no HAAQI to say so."
    )
    if not frame.low.notna().any() and not frame.unfamiliar.any():
        st.info("These scores come without interval or flag, so the net names none.")
        return
    without = frame.intrusive.isna()
    if without.any() and not without.all():
        options = ["all", "without HAAQI", "with HAAQI"]
        which = choices.pick("Trials", options, "verify")
        frame = frame[{"all": without | True, "without HAAQI": without, "with HAAQI": ~without}[which]]
    frame = frame.iloc[least_sure(frame.low, frame.high, frame.unfamiliar)]
    unfamiliar = int(frame.unfamiliar.sum())
    st.markdown(f"Unfamiliar sound: **{unfamiliar:,} of {len(frame):,}** trials.")
    show_worth(frame)
    columns = ["system", "scene", "song", "listener", "ear", *(["stem"] if frame.stem.any() else [])]
    listed = frame.head(LISTED).assign(width=frame.high - frame.low)
    listed = listed[[*columns, "unfamiliar", "width", "predicted", "low", "high", "intrusive"]]
    if len(listed) < len(frame):
        st.caption(f"The first {LISTED:,} are listed.")
    config = {"system": st.column_config.TextColumn(width=140)}
    exports.table(listed.round(4), "verify-first", height=320, column_config=config)


def show_worth(frame: pd.DataFrame) -> None:
    """Whether the doubt is worth following, where HAAQI is known; rows least sure first."""
    known = frame[frame.intrusive.notna()]
    if len(known) < 2:
        return
    first, rest = doubt_pays(known.predicted - known.intrusive, range(len(known)), SHARE)
    st.caption(
        f"Where HAAQI is known, the least sure {SHARE:.0%} are off by {figure(first)} on average, the rest "
        f"by {figure(rest)} (n = {len(known):,})."
    )
