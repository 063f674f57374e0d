"""Method: what the scores are and are not, how they are ranked, and which versions made them."""

import time
from urllib.parse import urlsplit

import pandas as pd
import streamlit as st

from haaqinet_eval import __version__
from haaqinet_eval.analysis.statistics import CONFIDENCE, DRAWS, SEED
from haaqinet_eval.site import records
from haaqinet_eval.store import Challenge, schema_version, scorer_versions
from leaderboard import exports, reading
from leaderboard.labels import DEFINITIONS, LIMITS, MANY, title

RANKING = f"""
- **Mean.** The plain mean over all ears that the challenge expects, which is its own rule: over ears,
  then signals. It exists only where every trial has a score; a system that lacks one is shown below,
  with its coverage and the reason, and has no rank.
- **Interval.** {CONFIDENCE:.0%}, from {DRAWS:,} draws (seed {SEED}) of a two-way bootstrap: scenes and
  listeners are drawn apart, since the scores of one scene are alike and so are those of one listener.
- **Rank range.** Every pair of systems is compared on the same draws and corrected for the number of
  pairs (Holm). A rank range has the ranks that these comparisons leave open.
- **Tie group.** Every system of a group is significantly better than all systems of later groups.
- **What ranks.** HAAQI, unless the challenge itself ranks by another score: CAD2's lyrics by the joint score
  of words and HAAQI, alpha times the one and 1 - alpha times the other. While a system has no transcripts,
  its HAAQI is all there is, and the page says so.
- **Filters.** Where the standings are filtered, by system, date or trial, means, intervals, ranks, ranges
  and tie groups are made anew among what is left, as if the rest had never come; a submission that a date
  leaves out makes room for its system's next. The rank among all systems on the same trials stands beside.
- **No rank** has a scorer that hears the output alone, where music is rebalanced: it cannot tell whether the
  right stems were turned up. Its means are shown, with the systems in the order of HAAQI's or by name.
- **Reference rows** (passthrough, ideal, baselines) stand at their mean and take no rank.
- **Versions** of a scorer never mix in one table; the one that has scored most systems is shown. Scores
  made elsewhere and published averages stand apart.
"""

ACCURACY = """
The shipped HAAQI-Net has LCC 0.902 and MSE 0.0160 on its own test, and **LCC 0.561 and MSE 0.0801 on
degradations made with other software**: it takes talkers and residuals of other songs for music. Training
data, accuracy kind by kind and limits are in its card, `docs/model_card.md`.
"""

API = """
[Everything as a zip](api/everything.zip): standings, means by group, listeners, the scores of every trial.
As JSON, read-only: `/api/challenges`, `/api/standings?challenge=NAME&split=SPLIT`,
`/api/groups?…&by=listener`, `/api/best?…&by=severity`; `/api/cite` for the entry below. Scores of a private
split are in none of them before it closes.
"""

SURENESS = f"""
- **Interval of a prediction.** HAAQI-Net may say of each ear between which values it expects HAAQI in 9 of
  10 cases. That is about one trial and the net's own error; the interval of a mean is about scenes and
  listeners. The page Agreement counts how often HAAQI does lie inside.
- **Unfamiliar sound.** A flag where the sound is unlike all that the net was trained on. A predicted mean is
  marked where that is so for more than {MANY:.0%} of its trials.
- **Frame scores** tell when a signal sounds worse. HAAQI has none: it judges the whole signal at once.
"""

EXPORTS = """
Below each table is its export: CSV and JSON at full precision, LaTeX with booktabs; below each chart PNG and
SVG, as it is drawn, and the table behind it. A text that a spreadsheet would take for a formula has an
apostrophe before it in CSV. The address of a page has all that was chosen: send it on, and the reader
sees the same view.
"""

SOURCES = """
- HAAQI: Kates and Arehart, "The Hearing-Aid Audio Quality Index (HAAQI)", IEEE/ACM TASLP 24(2), 2016.
- Words of CAD2's lyrics: the share that a recogniser gets at the better ear after a simulated hearing loss,
  counted as in pyclarity 0.6.2 (alt-eval's rules), or as in 0.9; the version of the joint score says which.
- HAAQI-Net: Wisnu et al., "HAAQI-Net: A non-intrusive neural music audio quality assessment model for
  hearing aids".
- Bootstrap: Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1(2), 2007.
- Limits of agreement: Bland and Altman, The Lancet 327, 1986.
- Severity: Humes, International Journal of Audiology 58, 2019; and pyclarity's `Audiogram.severity`.
"""


def versions_table(challenge: Challenge) -> pd.DataFrame:
    """Versions of scorers that the store has rows of."""
    rows = [
        {
            "Scorer": title(v.name),
            "Version": v.version or "no rows yet",
            "Made": v.origin,
            "Systems": v.submissions,
            "Complete": v.complete,
        }
        for v in reading.read(scorer_versions, challenge.name, challenge.split)
    ]
    return pd.DataFrame(rows)


def address() -> str:
    """Address of the board, without what is chosen on it."""
    found = urlsplit(st.context.url or "")
    return f"{found.scheme}://{found.netloc}/" if found.netloc else "the board's address"


def main() -> None:
    """The page."""
    challenge: Challenge = st.session_state["_challenge"]
    st.title("Method")
    st.header("What the scores are, and what they are not")
    st.markdown(LIMITS)
    st.markdown(ACCURACY)
    st.header("How systems are ranked")
    st.markdown(RANKING)
    st.header("How sure a predicted score is")
    st.markdown(SURENESS)
    st.header("Two definitions of severity")
    st.markdown("\n".join(f"- {what}" for what in DEFINITIONS.values()))
    st.header("Versions")
    exports.table(reading.shared(versions_table, challenge), "versions")
    st.markdown(f"haaqinet-eval `{__version__}`, schema of the store `{reading.read(schema_version)}`.")
    st.header("Taking a view along")
    st.markdown(EXPORTS)
    st.header("Cite this board, take everything along, use it from a program")
    st.markdown(API)
    today = time.time() // 86400 * 86400
    st.code(reading.read(records.citation, address(), today), language="latex", wrap_lines=True)
    st.header("Sources")
    st.markdown(SOURCES)


main()
