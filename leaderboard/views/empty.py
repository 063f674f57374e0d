"""What to do with a store that has nothing in it."""

import streamlit as st

st.title("This store is empty")
st.markdown(
    """
Nothing has been scored into it yet. Three ways to fill it, each a command line:

1. **The demo**, made on this computer in a few minutes, small challenge included: `make demo`. It
   ends with the line that starts this board on the demo's store.
2. **A run of a recipe** that you already have: `haaqinet import-results exp/results.csv --team NAME`.
3. **A submission**: `haaqinet submit ZIP --challenge NAME --root ROOT --team T --system S --now`.

Published averages of the Cadenza challenges: `haaqinet load-published`. Each command takes
`--store` with the path or URL of this store; without it, all use the one of the environment's
`HAAQINET_STORE`, or the one in your data folder. Reload this page afterwards.
"""
)
