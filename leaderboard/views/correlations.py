"""Correlations: how all scorers' values of the same trials go together, the neighbours' too."""

import streamlit as st

from haaqinet_eval.store import Challenge
from leaderboard import choices, exports, reading, relating
from leaderboard.labels import INTRUSIVE, title


def main() -> None:
    """The page."""
    challenge: Challenge = st.session_state["_challenge"]
    st.title("Correlations")
    names = reading.shared(relating.scorers, challenge)
    if len(names) < 2:
        st.info("Two scorers at least must have scored this challenge's trials.")
        return
    known = {title(name): name for name in sorted(names, key=lambda name: name != INTRUSIVE)}
    truth = known[choices.pick("Compared with", list(known), "truth")]
    ends = ("SRCC 95 % from", "SRCC 95 % to", "within 95 % from", "within 95 % to")
    number = {name: st.column_config.NumberColumn(format="%.3f") for name in ("LCC", "SRCC", *ends)}
    number["SRCC within"] = st.column_config.NumberColumn(format="%.3f", help="Less each system's mean")
    exports.table(reading.shared(relating.table, challenge, truth), "correlations", column_config=number)
    st.caption(
        "A value a trial and ear. LCC: linear correlation; SRCC: Spearman's. Within: each system's mean is "
        "taken off first, so that it tells how trials of one system are ordered. Intervals of 95 % from "
        "drawing scenes and listeners. A high correlation makes no measure of speech one of music: "
        "neighbours never rank."
    )
    says = "Spearman's correlation of all pairs of scorers."
    exports.chart(relating.heat_map, challenge, name="correlations", says=says)


main()
