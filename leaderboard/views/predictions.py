"""Standings of a challenge that judges tables of predictions; what it published."""

import pandas as pd
import streamlit as st

from haaqinet_eval.clip.published import published_systems
from haaqinet_eval.registry import prediction_records
from haaqinet_eval.store import Challenge, shows_scores, table_standings
from leaderboard import exports, organiser, reading
from leaderboard.labels import span

GROUPS = ("No Loss", "Mild", "Moderate")


def ranked_table(challenge: str, split: str) -> pd.DataFrame:
    """A row per system, lowest error first."""
    records = table_standings(reading.the_store(), challenge, split)
    return pd.DataFrame(
        [
            {
                "Rank": r["rank"],
                "Team": r["team"],
                "System": r["system"],
                "RMSE (%)": r["rmse"],
                "95 %": span(r["low"], r["high"], 2),
                "Standard error": r["standard_error"],
                "NCC": r["ncc"],
                "Kendall's tau": r["kendall"],
                **{f"RMSE, {group}": r["by_hearing_loss"].get(group) for group in GROUPS},
                "Reference": r["reference"],
                "Submission": r["submission"],
            }
            for r in records
        ]
    )


def published_table(challenge: str) -> pd.DataFrame:
    """What the challenge published."""
    return pd.DataFrame(
        [
            {
                "Rank": s.rank,
                "System": s.name,
                "Lyrics": s.lyrics,
                "Audio without loss": s.unprocessed,
                "Hearing loss told": s.severity,
                "RMSE, dev": s.dev_rmse,
                "RMSE, eval": s.eval_rmse,
                "Correlation, eval": s.eval_correlation,
            }
            for s in published_systems(challenge)
        ]
    )


def main() -> None:
    """The page."""
    challenge: Challenge = st.session_state["_challenge"]
    record = prediction_records().get(challenge.name)
    st.title("Standings")
    signals = challenge.settings.get("signals", 0)
    st.markdown(
        f"`{challenge.title}`: {signals:,} signals. A table tells how many of its words listeners get, in %. "
        f"{record.official_score if record else ''} Intervals are of 95 %, from a bootstrap over prompts."
    )
    if not shows_scores(challenge) and organiser.name() is None:
        st.info("The labels of this split are private, and so are its scores until organisers publish them.")
    else:
        shown = reading.shared(ranked_table, challenge.name, challenge.split)
        if len(shown):
            exports.table(shown, f"standings-{challenge.name}")
        else:
            st.info("No table has been judged yet.")
    known = reading.shared(published_table, challenge.name) if record else ()
    if len(known):
        st.header("Published results")
        st.caption("What the challenge published. Not judged here, so never in one table.")
        exports.table(known, "published-results")
    organiser.show(None)


main()
