"""Rules: what a team hands in, how it is ranked, at which level it is heard, and what to mind."""

import streamlit as st

from haaqinet_eval.published.rules import challenge_rules
from haaqinet_eval.store import Challenge


def main() -> None:
    """The page."""
    challenge: Challenge = st.session_state["_challenge"]
    rules = challenge_rules(challenge.name)
    st.title("Rules")
    st.header(rules.title)
    if rules.ranking:
        st.markdown(f"**Ranked by:** {rules.ranking}")
    if rules.lines:
        st.markdown("\n".join(f"- {line}" for line in rules.lines))
    else:
        st.info("Nothing is written down here about this challenge.")


main()
