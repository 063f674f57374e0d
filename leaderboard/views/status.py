"""Submit and status: how to hand in, and what happened to each submission."""

import pandas as pd
import streamlit as st

from haaqinet_eval.error_codes import CODES, TRIALS
from haaqinet_eval.store import (
    Challenge,
    Submission,
    events,
    judges_predictions,
    runs,
    standings,
    submission,
    submissions,
    workers,
)
from leaderboard import choices, exports, organiser, reading, upload_form
from leaderboard.labels import verbatim

MOVING = ("queued", "scoring")
LOOK_SECONDS = 5  # between two looks at a queue in which something moves
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
    """How to hand in what is too large to upload."""
    st.markdown("A whole submission may have 23 GB: no browser carries that. Check it, then submit it:")
    st.code(
        f"haaqinet validate SUBMISSION.zip --challenge {challenge.name} --root ROOT\n"
        f"haaqinet submit SUBMISSION.zip --challenge {challenge.name} --root ROOT "
        "--team TEAM --system SYSTEM",
        language="bash",
        wrap_lines=True,
    )
    st.markdown(
        "`validate` lists all findings at once, each with a reason code, the file and the value. "
        "`submit` queues it; `haaqinet worker` scores what is queued, or add `--now`. "
        "Scores made elsewhere: `haaqinet import-scores`."
    )


def show_hand_in(challenge: Challenge) -> None:
    """Both ways to hand in, and the rules."""
    with st.expander("Hand in", icon=":material/upload:", expanded=True):
        upload, command = st.tabs(["By upload", "By command"])
        with upload:
            upload_form.show(challenge)
        with command:
            show_commands(challenge)
        rules = "The same bytes twice: the earlier submission stands."
        if challenge.quota is not None:
            rules += f" Quota: {challenge.quota} scored submissions per team and day (UTC)."
        st.caption(rules)


def progress(challenge: Challenge) -> dict[int, float]:
    """Share of the trials that have a score or a reason, by submission."""
    shares: dict[int, list[float]] = {}
    if judges_predictions(challenge):
        return {}
    found = reading.read(standings, challenge.name, challenge.split)  # numbers of rows, of private splits too
    for entry in reading.made_here(found):
        done = (entry.scored + sum(entry.errors.values())) / entry.expected
        shares.setdefault(entry.submission, []).append(done)
    return {submission: sum(values) / len(values) for submission, values in shares.items()}


def submitted(challenge: Challenge) -> list[Submission]:
    """Submissions, newest first."""
    return reading.read(submissions, challenge=challenge.name, split=challenge.split)


def table(challenge: Challenge, moving: int, hosts: bool) -> pd.DataFrame:
    """Submissions to be shown; with their progress where some move; `hosts` as `told` has it."""
    found, shares = submitted(challenge), progress(challenge) if moving else {}
    frame = pd.DataFrame(
        [
            {
                "Submission": s.id,
                "Team": s.system.team,
                "System": s.system.name,
                "State": s.state,
                "Progress": shares.get(s.id, 0.0) if s.state in MOVING else None,
                "Reason": told(s.id, s.reason, hosts) if s.reason else "",
                "Errors": sum(f["severity"] == "error" for f in s.findings),
                "Findings": len(s.findings),
                "Scorers": ", ".join(s.scorers),
                "Received": s.received.strftime("%Y-%m-%d %H:%M UTC"),
                "Attempts": s.attempts,
            }
            for s in found
        ]
    ).astype({"Progress": float})
    return frame if moving else frame.drop(columns="Progress")


def told(number: int, text: str, hosts: bool) -> str:
    """A text about a submission, with numbers for its workers: their names tell hosts and processes.

    Args:
        hosts: whether these may be told.
    """
    names = () if hosts else reading.read(workers, number)
    for place, name in sorted(enumerate(names, 1), key=lambda pair: -len(pair[1])):
        text = text.replace(name, f"worker {place}")
    return text


def pace(challenge: Challenge, hosts: bool) -> pd.DataFrame:
    """What the workers last noted of the submissions that they score; `hosts` as `told` has it."""
    rows = []
    for s in submitted(challenge):
        made = reading.read(runs, s.id) if s.state == "scoring" else []
        noted = made[-1]["provenance"].get("progress") if made else None
        if not noted:
            continue
        done = noted["scored"] + sum(noted["failed"].values())
        rate = noted["rate"]
        rows.append(
            {
                "Submission": s.id,
                "Worker": told(s.id, made[-1]["worker"], hosts),
                "Rows": f"{done:,} of {noted['rows']:,}",
                "Rows/s": rate,
                "Minutes left": (noted["rows"] - done) / rate / 60 if rate else None,
                "Failed": ", ".join(f"{code} {n}" for code, n in noted["failed"].items()) or "none",
            }
        )
    return pd.DataFrame(rows)


def show_progress(challenge: Challenge, moving: int, hosts: bool) -> None:
    """The queue, looked at anew while something in it moves."""
    reading.look_again()
    found = submitted(challenge)
    if sum(s.state in MOVING for s in found) != moving:
        st.rerun()  # the rest of the page has changed too
    counts = pd.Series([s.state for s in found], dtype=str).value_counts()
    states = [state for state in STATES if state in counts]
    with st.container(horizontal=True):
        for state in states:
            st.metric(state, int(counts[state]), help=STATES[state], width="content")
    share = st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0, width=110)
    widths = {"Team": 110, "System": 120, "Reason": 220}
    config = {name: st.column_config.TextColumn(width=width) for name, width in widths.items()}
    shown = reading.shared(table, challenge, moving, hosts)
    exports.table(shown, "submissions", ready=True, column_config={**config, "Progress": share})
    running = reading.shared(pace, challenge, hosts)
    if len(running):
        st.markdown("Being scored now, as the workers noted it last:")
        exports.table(running, "running", ready=True)


def events_table(number: int, hosts: bool) -> pd.DataFrame:
    """What happened to a submission; `hosts` as `told` has it."""
    rows = [
        {
            "Time": event.time.strftime("%Y-%m-%d %H:%M:%S UTC"),
            "State": event.state,
            "By": told(number, event.actor, hosts),
            "Message": told(number, event.message, hosts),
        }
        for event in reading.read(events, number)
    ]
    return pd.DataFrame(rows)


def findings_table(number: int) -> pd.DataFrame:
    """What the check of a submission found."""
    return upload_form.findings_table(reading.read(submission, number).findings)


def show_events(found: list[Submission], hosts: bool) -> Submission:
    """What happened to one submission, which is given back; `hosts` as `told` has it."""
    st.header("One submission")
    labels = {f"{s.id}: {s.system.team} / {s.system.name}": s for s in found}
    one = labels[choices.pick("Submission", list(labels), "submission")]
    st.markdown(f"**{one.state}**: {STATES[one.state]}.")
    if one.reason:
        st.markdown(f"Reason: {verbatim(told(one.id, one.reason, hosts))}")
    exports.table(reading.shared(events_table, one.id, hosts), "events")
    if one.findings:
        st.markdown("Findings of the check:")
        upload_form.show_findings(reading.shared(findings_table, one.id), "findings")
    return one


def codes_table() -> pd.DataFrame:
    """All reason codes."""
    rows = [{"Code": c, "Of": s, "Meaning": text} for c, (s, text) in CODES.items()]
    rows += [{"Code": code, "Of": "a trial", "Meaning": text} for code, text in TRIALS.items()]
    return pd.DataFrame(rows)


def show_codes() -> None:
    """All reason codes, as a table."""
    with st.expander("Reason codes", icon=":material/help:"):
        st.markdown(
            "An *error* keeps a submission from being scored, a *warning* is a suspicion that the team "
            "should look into, a *note* tells what was done. *A trial* has its code instead of a score."
        )
        exports.table(reading.shared(codes_table), "reason-codes", height=320)


def main() -> None:
    """The page."""
    challenge: Challenge = st.session_state["_challenge"]
    st.title("Submit and status")
    show_hand_in(challenge)
    found, one, hosts = submitted(challenge), None, organiser.name() is not None
    if found:
        moving = sum(s.state in MOVING for s in found)
        st.fragment(show_progress, run_every=LOOK_SECONDS if moving else None)(challenge, moving, hosts)
        one = show_events(found, hosts)
    else:
        st.info("Nothing has been handed in yet.")
    organiser.show(one)
    show_codes()


main()
