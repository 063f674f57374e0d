"""The frame of all pages: which store, which challenge, which page.

    haaqinet leaderboard --store store.sqlite

The store is the one that HAAQINET_STORE names; only organisers write to it, see `organiser`.
"""

import logging

import streamlit as st

from haaqinet_eval.errors import InputError
from haaqinet_eval.store import challenges, judges_predictions
from leaderboard import access, choices, reading
from leaderboard.keeping import TURNS
from leaderboard.labels import PAGES

PREDICTION_PAGES = (  # no trials, but tables
    ("predictions", "Standings"),
    ("status", "Submit and status"),
    ("rules", "Rules"),
)
# without icons: Streamlit makes them the favicon, and browsers would fetch that from elsewhere
PAGE_LIST = (
    ("standings", "Standings"),
    ("listeners", "Listeners"),
    ("system", "System"),
    ("compare", "Compare"),
    ("agreement", "Agreement"),
    ("status", "Submit and status"),
    ("rules", "Rules"),
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
    """Show the page that was asked for, when it is its turn."""
    access.wait()
    with TURNS:
        show()


def show() -> None:
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
    names = (("empty", "Empty store"),)
    if found:
        st.session_state["_challenge"] = challenge = choices.pick_challenge(found)
        names = PREDICTION_PAGES if judges_predictions(challenge) else PAGE_LIST
    pages = [
        st.Page(str(PAGES / f"{name}.py"), title=title, default=name == names[0][0]) for name, title in names
    ]
    st.navigation(pages, position="top").run()


main()
