"""The frame of all pages: which store, which challenge, which page.

    haaqinet leaderboard --store store.sqlite

The store is the one that HAAQINET_STORE names; only organisers write to it, see `organiser`.
"""

import logging
import os
from collections.abc import Mapping

import streamlit as st
from streamlit.navigation.page import StreamlitPage as Page

from haaqinet_eval.errors import InputError
from haaqinet_eval.site.figures import STYLE as FIGURES
from haaqinet_eval.store import challenges, is_hidden, judges_predictions
from leaderboard import access, choices, organiser, reading
from leaderboard.keeping import TURNS
from leaderboard.labels import AUDIO, PAGES

# without icons: Streamlit makes them the favicon, and browsers would fetch that from elsewhere
PAGE_LIST = {  # name, which is its address -> title
    "standings": "Standings",
    "best": "Best for whom",
    "listeners": "Listeners",
    "system": "System",
    "compare": "Compare",
    "against": "A against B",
    "agreement": "Agreement",
    "correlations": "Correlations",
    "listening": "Listening",
    "round": "Round",
    "status": "Submit and status",
    "rules": "Rules",
    "method": "Method",
}
PREDICTION_PAGES = {  # for tables of predictions, which have no trials
    "predictions": "Standings",
    "round": "Round",
    "status": "Submit and status",
    "rules": "Rules",
}
HIDDEN_PAGES = {"round": "Round", "status": "Submit and status", "rules": "Rules"}  # scores are private
# Streamlit's own button for CSV writes cells as they are, formulas too; `exports` has a safe one.
# Where nothing hovers, a table's buttons are always there, above it: they get room of their own.
STYLE = """<style>
button[aria-label^="Download as CSV"] {display: none}
[data-testid="stTopNavLink"]:focus-visible {outline: 2px solid currentColor}
@media (hover: none) {
  [data-testid="stElementContainer"]:has([data-testid="stDataFrame"]) {margin-top: 2rem}
}
h1 {font-size: 2rem !important; padding: 0 0 .3rem !important}
h2 {font-size: 1.45rem !important; padding: .6rem 0 .3rem !important}
[data-testid="stCaptionContainer"] {color: inherit !important; opacity: .85}
[data-testid="stCaptionContainer"] * {color: inherit !important}
[data-testid="stMainBlockContainer"] {padding-top: 4rem}
.product {font-weight: 700; font-size: 1.1rem}
.product small {display: block; font-weight: 400; opacity: .8}
@media (max-width: 640px) {[data-testid="stMainBlockContainer"] {padding-left: 1rem; padding-right: 1rem}}
</style>
"""
PRODUCT = """<div class="product">HAAQI leaderboard<small>Music for hearing aids: systems, scored by HAAQI and
HAAQI-Net</small></div>"""


def main() -> None:
    """Show the page that was asked for, when it is its turn."""
    access.wait()
    with TURNS:
        show()


def show() -> None:
    """Show the page that was asked for."""
    st.set_page_config("HAAQI leaderboard", layout="wide")
    st.html(STYLE + f"<style>{FIGURES}</style>")
    if "token" in st.session_state:  # an organiser's, which Streamlit would drop on another page
        st.session_state["token"] = st.session_state["token"]
    try:
        st.session_state["_organiser"] = organiser.name()
        reading.look_again()
        found = reading.read(challenges)
    except InputError:
        logging.getLogger(__name__).exception("the store cannot be opened")
        st.error("The store cannot be opened. The server's log says why.")
        return
    if found:
        with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
            st.html(PRODUCT, width="content")
            st.session_state["_challenge"] = challenge = choices.pick_challenge(found)
        names = PREDICTION_PAGES if judges_predictions(challenge) else PAGE_LIST
        if os.environ.get(AUDIO, "") not in ("organisers", "everybody"):
            names = {name: title for name, title in names.items() if name != "listening"}
        if is_hidden(challenge) and not st.session_state["_organiser"]:
            names = HIDDEN_PAGES
    else:
        names = {"empty": "Empty store"}
    st.navigation(pages_of(names), position="top").run()


def pages_of(names: Mapping[str, str]) -> list[Page]:
    """The pages that are shown; an address of another one leads to what says why it is not."""
    first = next(iter(names))
    pages = [
        st.Page(str(PAGES / f"{name}.py"), title=title, default=name == first)
        for name, title in names.items()
    ]
    instead = str(PAGES / ("empty.py" if first == "empty" else "elsewhere.py"))
    others = {**PAGE_LIST, **PREDICTION_PAGES}.items()
    return pages + [
        st.Page(instead, title=title, url_path=name, visibility="hidden")
        for name, title in sorted(others)
        if name not in names
    ]


main()
