"""A against B: which of two systems is preferred without any reference, and whether HAAQI agrees."""

import streamlit as st

from haaqinet_eval.store import Challenge
from leaderboard import choices, exports, metrics, preferring, reading
from leaderboard.labels import figure, label, verbatim


def show_agreement(*which: object) -> None:
    """How often HAAQI prefers the same system."""
    table = reading.shared(preferring.agreements, *which)
    if not len(table):
        st.info(
            "HAAQI has not scored both, so nobody knows how often this preference is right here. "
            "The page Agreement says how the scorer does on other systems."
        )
        return
    named = {
        "at least": "HAAQI differs by at least",
        "agree": "the same is preferred",
        "low": "95 % from",
        "high": "95 % to",
    }
    exports.table(table.rename(columns=named), "preference-agreement")
    exports.chart(
        preferring.dots,
        *which,
        name="preferences",
        says="Each trial's preference against HAAQI's difference; agreement lies lower left and upper right.",
    )


def main() -> None:
    """The page."""
    challenge: Challenge = st.session_state["_challenge"]
    st.title("A against B")
    st.caption("Which of two systems a scorer prefers that hears the outputs alone. No rank comes of it.")
    items = reading.all_systems(challenge)
    if len(items) < 2:
        st.info("Two systems with scores are needed.")
        return
    columns = st.columns(3)
    with columns[0]:
        first = choices.pick_system(items, "A", "first")
    with columns[1]:
        second = choices.pick_system(items, "B", "second", place=1)
    both = preferring.without_references([name for name in first.entries if name in second.entries])
    if not both:
        st.info("No scorer without references has scored both.")
        return
    with columns[2]:
        scorer = choices.pick_scorer(both)
    which = (challenge, first.label, second.label, scorer)
    frame = reading.shared(preferring.preferences, *which)
    if first.label == second.label or not len(frame):
        st.info("Two systems with a scored trial in common are needed.")
        return
    found = reading.shared(preferring.preferred_share, *which)
    sure = found.low > 0.5 or found.high < 0.5
    known = reading.shared(preferring.agreements, *which)
    metrics.show(
        [
            ("A preferred", f"{found.value:.0%} of trials"),
            (
                "95 % interval",
                f"{found.low:.0%} to {found.high:.0%}" if found.low == found.low else figure(None),
            ),
            ("HAAQI prefers the same", f"{known.agree[0]:.0%}" if len(known) else figure(None)),
            ("Trials in common", f"{len(frame):,} of {challenge.expected:,}"),
        ]
    )
    ahead = first if found.value > 0.5 else second
    st.markdown(
        f"{label(scorer)} "
        + (
            f"prefers {verbatim(ahead.label)}."
            if sure
            else "does not tell the two apart: the interval includes half."
        )
        + " Intervals are over scenes and listeners."
    )
    parts = {
        "Agreement with HAAQI": lambda: show_agreement(*which),
        "Where HAAQI says the opposite": lambda: exports.table(
            reading.shared(preferring.contradictions, *which), "contradictions", height=320
        ),
    }
    choices.tabs(parts)


main()
