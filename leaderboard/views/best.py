"""Best for whom: which system is best for which listener, and whether that is sure."""

import streamlit as st

from haaqinet_eval.store import Challenge
from leaderboard import best_for, choices, exports, listener_maps, reading
from leaderboard.labels import title

USUAL = 12  # systems that are shown until the reader chooses


def pick(challenge: Challenge) -> best_for.Which | None:
    """Scorer and systems; None where no scorer has a complete system."""
    scorers = reading.shared(best_for.scorers_there, challenge)
    if not scorers:
        return None
    left, right = st.columns([2, 3])
    with left:
        names = {title(scorer): scorer for scorer in scorers}
        scorer = names[choices.pick("Scorer", list(names), "scorer")]
    known = reading.shared(best_for.entries, challenge, scorer)
    usual = [label for label, entry in known.items() if not entry.reference][:USUAL]
    usual = usual if len(usual) > 1 else list(known)  # one alone is best for everybody
    with right:
        labels = st.multiselect("Systems", list(known), usual, key="among", bind="query-params")
    return challenge, scorer, tuple(labels)


def show_best(which: best_for.Which) -> None:
    """The heat map, and the tables of the best."""
    st.html(reading.shared(best_for.answer, *which))
    order = st.radio(
        "Listeners in the order of", best_for.ORDERS, key="order", bind="query-params", horizontal=True
    )
    st.html(reading.shared(best_for.heat, order, *which))
    st.header("Best system by severity of the loss")
    exports.table(reading.shared(best_for.table, "severity", *which), "best-by-severity")
    st.header("Best system for each listener")
    exports.table(reading.shared(best_for.table, "listener", *which), "best-by-listener")
    st.caption(
        "Intervals of 95 %, resampled over scenes and the group's listeners (for one listener over scenes). "
        "The best is compared with every other system on the same trials, corrected for their number (Holm). "
        "Severity: Humes 2019, better ear."
    )


def main() -> None:
    """The page."""
    challenge: Challenge = st.session_state["_challenge"]
    st.title("Best for whom")
    which = pick(challenge)
    if which is None:
        st.info("No system has a score for every trial yet, so none can be called best.")
    elif not which[2]:
        st.info("Choose at least one system.")
    else:
        show_best(which)
    listener_maps.show(challenge)


main()
