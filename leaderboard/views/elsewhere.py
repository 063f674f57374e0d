"""What an address leads to whose page the chosen challenge does not have, or does not show yet."""

import streamlit as st

from haaqinet_eval.store import is_hidden

challenge = st.session_state["_challenge"]
st.title("Not for this challenge")
if is_hidden(challenge):
    st.info(
        f"The scores of {challenge.title} are private until it closes: pages at the top show what is not."
    )
else:
    st.info("The chosen challenge has no such page. Choose another challenge above, or a page at the top.")
