"""What organisers may do with a submission: the one part of the app that changes what the store has.

Uploads, which add to it, are in `uploads`.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from haaqinet_eval.errors import InputError
from haaqinet_eval.store import Challenge, Heard, Submission, add_judgement, rescore, set_round, withdraw

from .access import organiser, proxy_user
from .labels import one_line
from .reading import the_store


def name() -> str | None:
    """Who the organiser is that looks at this page; None for everybody else."""
    return organiser(st.context.headers, st.session_state.get("token", ""))


def show(submission: Submission | None) -> None:
    """The field for the token; for whoever may, withdrawing and rescoring of one submission."""
    with st.expander("Organisers", icon=":material/key:"):
        token = ""
        if proxy_user(st.context.headers) is None:
            token = st.text_input("Token", type="password", key="token", autocomplete="off")
        who = name()
        if who is None:
            if token:
                st.error("This token is not known.")
            st.caption("`haaqinet store token add NAME` makes one.")
        elif submission is not None:
            _show_actions(submission, f"organiser {who}")


def _show_actions(submission: Submission, actor: str) -> None:
    reason = st.text_input("Reason, shown to everybody", key=f"reason-{submission.id}", max_chars=300)
    reason = one_line(reason)
    left, right = st.columns(2)
    if left.button(f"Withdraw submission {submission.id}", disabled=submission.state == "withdrawn"):
        _act(lambda: withdraw(the_store(), submission.id, actor, reason))
    has_audio = submission.origin == "submitted"
    if right.button(f"Score submission {submission.id} again", disabled=not has_audio):
        _act(lambda: rescore(the_store(), submission.id, actor))
    st.caption(
        "Withdrawn, it leaves the standings; scoring it again brings it back. Scores that are there are kept."
        if has_audio
        else "Its scores were imported, without audio: once withdrawn, only the same import brings it back."
    )


def show_round(challenge: Challenge) -> None:
    """For organisers: whether a split's scores are private until it closes."""
    who = name()
    if who is None:
        return
    with st.expander("Organisers", icon=":material/key:", expanded=True):
        hidden = challenge.private
        st.markdown("Scores are **private until the close**." if hidden else "Scores are **public**.")
        label = "Make them public now" if hidden else "Make them private until the close"
        # a button acts on the click alone, and the key holds what it was shown for
        clicked = st.button(label, key=f"private-{challenge.id}-{hidden}")
        st.caption("Times: `haaqinet store round --challenge NAME --opens TIME --closes TIME`.")
        if clicked:
            change = {"private": not hidden}
            _act(lambda: set_round(the_store(), challenge.name, challenge.split, **change))


def keep_judgement(challenge: Challenge, heard: Heard, judge: str, answer: float) -> None:
    """Keep what somebody answered who compared two systems by ear, where they may hear them."""
    _act(lambda: add_judgement(the_store(), challenge, heard, judge, answer))


def _act(action: Callable[[], object]) -> None:
    """Do it and show the page anew, or say why it cannot be done."""
    try:
        action()
    except InputError as error:
        st.error(str(error))
        return
    st.rerun()
