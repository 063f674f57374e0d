"""The frame of all pages: which store, which challenge, which page.

    haaqinet leaderboard --store store.sqlite

The store is the one that HAAQINET_STORE names; only organisers write to it, see `organiser`.
"""

import logging

import streamlit as st

from haaqinet_eval.errors import InputError
from haaqinet_eval.store import challenges
from leaderboard import choices, reading
from leaderboard.words import PAGES

# without icons: Streamlit makes them the favicon, and browsers would fetch that from elsewhere
PAGE_LIST = (
    ("standings", "Standings"),
    ("listeners", "Listeners"),
    ("system", "System"),
    ("compare", "Compare"),
    ("agreement", "Agreement"),
    ("status", "Submit and status"),
    ("method", "Method"),
)
# Streamlit's own button for CSV writes cells as they are, formulas too; `exports` has a safe one.
# Where nothing hovers, a table's buttons are always there, above it: they get room of their own.
STYLE = """<style>
button[aria-label^="Download as CSV"] {display: none}
[data-testid="stTopNavLink"]:focus-visible {outline: 2px solid currentColor}
@media (hover: none) {
  [data-testid="stElementContainer"]:has([data-testid="stDataFrame"]) {margin-top: 2rem}
}
</style>"""


def main() -> None:
    """Show the page that was asked for."""
    st.set_page_config("HAAQI leaderboard", layout="wide")
    st.html(STYLE)
    if "token" in st.session_state:  # an organiser's, which Streamlit would drop on another page
        st.session_state["token"] = st.session_state["token"]
    try:
        reading.look_again()
        found = reading.read(challenges)
    except InputError:
        logging.getLogger(__name__).exception("the store cannot be opened")
        st.error("The store cannot be opened. The server's log says why.")
        return
    pages = [
        st.Page(str(PAGES / f"{name}.py"), title=title, default=name == "standings")
        for name, title in PAGE_LIST
    ]
    empty = st.Page(str(PAGES / "empty.py"), title="Empty store")
    page = st.navigation(pages if found else [empty], position="top")
    if found:
        st.session_state["_challenge"] = choices.pick_challenge(found)
    page.run()


main()
