"""Submit and status: how to hand in, and what happened to each submission."""

from dataclasses import asdict, is_dataclass

import pandas as pd
import streamlit as st

from haaqinet_eval.store import Challenge, Submission, events, submissions
from leaderboard import choices, exports, organiser, reading
from leaderboard.words import verbatim

MOVING = ("queued", "scoring")
STATES = {
    "invalid": "the check found errors; not scored",
    "queued": "waits for a worker",
    "scoring": "a worker has it",
    "scored": "every expected trial has a score",
    "incomplete": "scored, but some trials have a reason instead of a score",
    "failed": "the scoring stopped",
    "withdrawn": "taken off the board",
}


def show_commands(challenge: Challenge) -> None:
    """How to hand in."""
    with st.expander("Hand in", icon=":material/upload:", expanded=True):
        st.markdown("This board takes no uploads: a submission may have 23 GB. Check it, then submit it:")
        st.code(
            f"haaqinet validate SUBMISSION.zip --challenge {challenge.name} --root ROOT\n"
            f"haaqinet submit SUBMISSION.zip --challenge {challenge.name} --root ROOT "
            "--team TEAM --system SYSTEM",
            language="bash",
        )
        st.markdown(
            "`validate` lists all findings at once, each with a reason code, the file and the value. "
            "`submit` queues it; `haaqinet worker` scores what is queued, or add `--now`. "
            "Scores made elsewhere: `haaqinet import-scores`. The same bytes twice: the earlier one stands."
        )
        if challenge.quota is not None:
            st.markdown(f"Quota: {challenge.quota} scored submissions per team and day (UTC).")


def table(found: list[Submission]) -> pd.DataFrame:
    """Submissions, newest first."""
    return pd.DataFrame(
        [
            {
                "Submission": s.id,
                "Team": s.system.team,
                "System": s.system.name,
                "State": s.state,
                "Reason": s.reason,
                "Findings": len(s.findings),
                "Scorers": ", ".join(s.scorers),
                "Received": s.received.strftime("%Y-%m-%d %H:%M UTC"),
                "Attempts": s.attempts,
            }
            for s in found
        ]
    )


def show_events(found: list[Submission]) -> None:
    """What happened to one submission."""
    st.subheader("One submission")
    labels = {f"{s.id}: {s.system.team} / {s.system.name}": s for s in found}
    one = labels[choices.pick("Submission", list(labels), "submission")]
    st.markdown(f"**{one.state}**: {STATES[one.state]}.")
    if one.reason:
        st.markdown(f"Reason: {verbatim(one.reason)}")
    rows = [
        {
            "Time": event.time.strftime("%Y-%m-%d %H:%M:%S UTC"),
            "State": event.state,
            "By": event.actor,
            "Message": event.message,
        }
        for event in reading.read(events, one.id)
    ]
    exports.table(pd.DataFrame(rows), "events")
    if one.findings:
        st.markdown("Findings of the check:")
        records = [asdict(f) if is_dataclass(f) else f for f in one.findings]
        exports.table(pd.DataFrame(records), "findings")
    organiser.show(one)


def show_progress(challenge: Challenge) -> None:
    """The queue, looked at anew while something in it moves."""
    reading.look_again()
    found = reading.read(submissions, challenge=challenge.name, split=challenge.split)
    counts = pd.Series([s.state for s in found], dtype=str).value_counts()
    states = [state for state in STATES if state in counts]
    for column, state in zip(st.columns(max(1, len(states))), states, strict=False):
        column.metric(state, int(counts[state]), help=STATES[state])
    exports.table(table(found), "submissions")


def main() -> None:
    """The page."""
    challenge: Challenge = st.session_state["_challenge"]
    st.title("Submit and status")
    show_commands(challenge)
    found = reading.read(submissions, challenge=challenge.name, split=challenge.split)
    if not found:
        st.info("Nothing has been handed in yet.")
        return
    moving = any(s.state in MOVING for s in found)
    st.fragment(show_progress, run_every=10 if moving else None)(challenge)
    show_events(found)


main()
