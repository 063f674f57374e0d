"""What an address leads to whose page the chosen challenge does not have."""

import streamlit as st

st.title("Not for this challenge")
st.info("The chosen challenge has no such page. Choose another challenge above, or a page at the top.")
