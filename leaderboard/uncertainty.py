"""How sure HAAQI-Net is: whether its intervals hold, and which of its scores to verify first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from haaqinet_eval.analysis.agreement import (
    Coverage,
    by_uncertainty,
    coverage,
    error_by_uncertainty,
    interval_contains,
)
from haaqinet_eval.analysis.statistics import mean_interval

from . import choices, exports, metrics
from .labels import PREDICTED, figure, span, unfamiliar_text, verbatim
from .reading import Scored

STATED = 0.9  # share of true scores that an interval is meant to hold
ALL, WITHOUT, WITH = "all", "without HAAQI", "with HAAQI"  # predictions to verify
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


def held(frame: pd.DataFrame) -> tuple[Coverage, float, float]:
    """Share of true scores inside their intervals, and its 95 % interval over scenes and listeners.

    Args:
        frame: trials that both scored: intrusive, low, high, scene, listener.
    """
    mine = frame[frame.low.notna()]
    found = coverage(mine.low, mine.high, mine.intrusive)
    if not found.n:
        return found, math.nan, math.nan
    limits = mean_interval(interval_contains(mine.low, mine.high, mine.intrusive), mine.scene, mine.listener)
    return found, limits.low, limits.high


def show_coverage(found: Coverage, low: float, high: float) -> None:
    """Share of true scores inside their intervals, see `held`."""
    st.header("Do the intervals hold?")
    if not found.n:
        st.info("HAAQI-Net gave no interval with these scores: this version of it does not predict one.")
        return
    cells = [
        (f"Inside, of stated {STATED:.0%}", f"{found.share:.1%}"),
        ("n", f"{found.n:,}"),
        ("Below its interval", f"{found.below:,}"),
        ("Above its interval", f"{found.above:,}"),
        ("Mean width", figure(found.width)),
    ]
    metrics.show(cells)
    st.caption(verdict(found, low, high))


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


def pick_part(frame: pd.DataFrame) -> str | None:
    """Which predictions the reader wants to verify; None where the net names none.

    Args:
        frame: all predictions, see `reading.predictions`.
    """
    st.header("Verify these first")
    st.markdown(
        "The predictions that HAAQI-Net itself is least sure of: sound unlike its training first, then the "
        "widest intervals. It needs no HAAQI to say so."
    )
    if not frame.low.notna().any() and not frame.unfamiliar.any():
        st.info("These scores come without interval or flag, so the net names none.")
        return None
    without = frame.intrusive.isna()
    if not without.any() or without.all():
        return ALL
    return choices.pick("Trials", [ALL, WITHOUT, WITH], "verify")


@dataclass(frozen=True)
class Doubted:
    """Predictions in the order in which to verify them."""

    listed: pd.DataFrame  # the first of them
    number: int  # of all
    unfamiliar: int  # of these
    worth: str  # whether the doubt is worth following; empty where HAAQI is not known


def doubted(frame: pd.DataFrame, part: str) -> Doubted:
    """Predictions in the order in which to verify them.

    Args:
        frame: all predictions, see `reading.predictions`.
        part: which of them, see `pick_part`.
    """
    without = frame.intrusive.isna()
    frame = frame[{ALL: without | True, WITHOUT: without, WITH: ~without}[part]]
    frame = frame.iloc[by_uncertainty(frame.low, frame.high, frame.unfamiliar)]
    columns = ["system", "scene", "song", "listener", "ear", *(["stem"] if frame.stem.any() else [])]
    listed = frame.head(LISTED).assign(width=frame.high - frame.low)
    listed = listed[[*columns, "unfamiliar", "width", "predicted", "low", "high", "intrusive"]].round(4)
    return Doubted(listed, len(frame), int(frame.unfamiliar.sum()), worth(frame))


def show_least_sure(found: Doubted) -> None:
    """Predictions in the order in which to verify them."""
    st.markdown(f"Unfamiliar sound: **{found.unfamiliar:,} of {found.number:,}** trials.")
    if found.worth:
        st.caption(found.worth)
    if len(found.listed) < found.number:
        st.caption(f"The first {LISTED:,} are listed.")
    config = {"system": st.column_config.TextColumn(width=140)}
    exports.table(found.listed, "verify-first", height=320, column_config=config)


def worth(frame: pd.DataFrame) -> str:
    """Whether the doubt is worth following, where HAAQI is known; rows least sure first."""
    known = frame[frame.intrusive.notna()]
    if len(known) < 2:
        return ""
    first, rest = error_by_uncertainty(known.predicted - known.intrusive, range(len(known)), SHARE)
    return (
        f"Where HAAQI is known, the least sure {SHARE:.0%} are off by {figure(first)} on average, the rest "
        f"by {figure(rest)} (n = {len(known):,})."
    )
