"""The board as a server: Streamlit's, behind the gate.

haaqinet leaderboard --store store.sqlite
"""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from leaderboard.api import ROUTES
from leaderboard.desk import DESK
from leaderboard.gate import Gate
from leaderboard.warming import warm

PAGES = Path(__file__).with_name("app.py")
ORIGINS = st.get_option("server.corsAllowedOrigins")

app = st.App(
    PAGES,
    routes=ROUTES,
    middleware=[Middleware(Gate, desk=DESK, hidden=str(PAGES.parent), origins=ORIGINS)],
)
warm()
