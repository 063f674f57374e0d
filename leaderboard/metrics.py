"""Figures side by side, as many in a row as the screen is wide."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st


def show(cells: Sequence[tuple[str, str]]) -> None:
    """Show figures: a label and a text each."""
    with st.container(horizontal=True, gap="medium"):
        for label, value in cells:
            st.metric(label, value, width="content")
