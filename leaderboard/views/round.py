"""Round: when splits open and close, how scoring goes, and a team's own submissions."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from haaqinet_eval.site.records import iso
from haaqinet_eval.store import (
    Challenge,
    challenges,
    health,
    is_hidden,
    phase,
    queue_places,
    standings,
    submissions,
)
from leaderboard import access, exports, metrics, organiser, reading
from leaderboard.labels import verbatim


def phases_table(challenge: Challenge) -> pd.DataFrame:
    """The splits of a challenge, with their times and numbers of submissions."""
    rows = []
    for one in (c for c in reading.read(challenges) if c.name == challenge.name):
        found = reading.read(submissions, challenge=one.name, split=one.split)
        rows.append(
            {
                "Split": one.split or "–",
                "Phase": phase(one),
                "Opens (UTC)": _time(one.opens),
                "Closes (UTC)": _time(one.closes),
                "Scores": "private until it closes" if is_hidden(one) else "public",
                "Submissions": len(found),
                "Scored": sum(s.state == "scored" for s in found),
                "A day": "as many as you like" if one.quota is None else str(one.quota),
            }
        )
    return pd.DataFrame(rows)


def _time(seconds: float | None) -> str:
    text = iso(seconds)
    return "–" if text is None else text[:16].replace("T", " ")


def show_health(challenge: Challenge) -> None:
    """The queue and the workers, in numbers."""
    found = health(reading.the_store(), challenge)
    heard = "–" if found.heard is None else f"{found.heard:.0f} s ago"
    metrics.show(
        [
            ("Waiting", f"{found.queued}"),
            ("Being scored", f"{found.scoring}"),
            ("Last sign of a worker", heard),
        ]
    )
    if found.lapsed:
        st.warning(
            f"Of {found.lapsed} nothing was heard for longer than a worker may be silent: "
            "the next worker goes on."
        )


def own_table(team: str) -> pd.DataFrame:
    """A team's submissions: state, progress, place in the queue; means where these are public."""
    places, rows = queue_places(reading.the_store()), []
    splits = {(c.name, c.split): c for c in reading.read(challenges)}
    for s in reading.read(submissions, team=team):
        split = splits[s.challenge, s.split]
        entries = [
            e
            for e in reading.read(standings, s.challenge, s.split)
            if e.submission == s.id and e.origin == "here"
        ]
        hidden = is_hidden(split)
        rows.append(
            {
                "Submission": s.id,
                "Split": split.title,
                "System": s.system.name,
                "State": s.state,
                "Place in the queue": places.get(s.id),
                "Trials": ", ".join(f"{e.scorer} {e.scored}/{e.expected}" for e in entries) or "–",
                "Mean": "private until it closes"
                if hidden
                else ", ".join(f"{e.scorer} {e.mean:.3f}" for e in entries if e.mean is not None) or "–",
                "Findings": len(s.findings),
                "Received": s.received.strftime("%Y-%m-%d %H:%M UTC"),
            }
        )
    return pd.DataFrame(rows)


def show_team() -> None:
    """What a team sees with its token."""
    st.header("Your team")
    text = st.text_input("Team's token", type="password", key="team-token", autocomplete="off")
    team = access.team(text)
    if team is None:
        if text:
            st.error("This token is no team's.")
        st.caption("The organisers make one: `haaqinet store token add NAME --team TEAM`.")
        return
    st.markdown(f"Submissions of {verbatim(team)}:")
    exports.table(own_table(team), "own-submissions")
    st.caption(
        "What happened to each, with its findings: on the page Submit and status. Nobody sees means of a "
        "private split before it closes, its own team neither."
    )


def main() -> None:
    """The page."""
    challenge: Challenge = st.session_state["_challenge"]
    st.title("Round")
    if is_hidden(challenge):
        st.info(
            "The scores of this split are private until it closes; what is handed in is scored all the same."
        )
    exports.table(phases_table(challenge), "phases")
    show_health(challenge)
    show_team()
    organiser.show_round(challenge)


main()
