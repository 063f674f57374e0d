"""Where a system is worst, and why: its listeners, its trials, and its parts beside other systems'.

`which` is the challenge, the label of the system and the scorer.
"""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from haaqinet_eval.analysis.worst import MEANING, low_parts
from haaqinet_eval.audiogram import better_ear_level
from haaqinet_eval.site.figures import severity_words
from haaqinet_eval.site.markup import Html, element
from haaqinet_eval.site.markup import table as html_table
from haaqinet_eval.store import Challenge, complete, part_columns

from . import address, choices, exports, pair_charts, reading
from .labels import INTRUSIVE, verbatim

MOST = 10  # trials or listeners that are listed
EVERY = "all listeners"
PARTS = {  # part -> what it compares; HAAQI version 1, Kates and Arehart 2016
    "mel_cepstral_high": "envelope: modulations of 20 to 125 Hz",
    "bm_sync5": "fine structure: synchrony of the basilar membrane",
    "d_loud": "spectrum: differences of loudness",
    "d_norm": "spectrum: differences of its shape",
    "nonlinear": "together: envelope and fine structure",
    "linear": "together: both of the spectrum",
}


def parts_of(*which: object) -> pd.DataFrame:
    """Explained parts of a system's scored trials, by the trials' numbers; no column where there are none."""
    challenge, label, scorer = which
    entry = reading.system(challenge, label).entries[scorer]
    number = reading.version_id(challenge, entry.scorer, entry.version, entry.origin)
    frame = pd.DataFrame(part_columns(reading.the_store(), entry.submission, number)).set_index("trial")
    return frame[[name for name in MEANING if name in frame]].astype(float)


def explained(*which: object) -> pd.DataFrame:
    """A system's scored trials, worst first: trial, score, low part and how far it lies below its mean."""
    challenge, label, scorer = which
    made = reading.scores(challenge, reading.system(challenge, label).entries[scorer]).dropna(subset="score")
    parts = reading.shared(parts_of, *which).reindex(made.index).dropna()
    reasons = pd.DataFrame({"why": "", "below": np.nan}, index=made.index)
    if len(parts) and parts.shape[1]:
        places, below = low_parts(parts.to_numpy())
        words = [MEANING[parts.columns[i]] if i >= 0 else "" for i in places]
        reasons.loc[parts.index, "why"], reasons.loc[parts.index, "below"] = words, below
    frame = reading.with_trials(challenge, made[["score"]].join(reasons))
    return frame.sort_values("score", kind="stable").reset_index(drop=True)


def listeners_of(*which: object) -> list[str]:
    """Listeners of the scored trials."""
    return sorted(reading.shared(explained, *which).listener.unique())


def trials_table(listener: str, *which: object) -> Html:
    """The worst trials, of one listener or of all; a scene opens that trial over time."""
    challenge, label, _ = which
    frame = reading.shared(explained, *which)
    frame = frame if listener == EVERY else frame[frame.listener == listener]
    rows = []
    for row in frame.head(MOST).itertuples():
        place = {"system": label, "scene": row.scene, "listener": row.listener, "stem": row.stem}
        rows.append(
            {
                "Scene": element("a", row.scene, href=address.to("system", challenge, **place)),
                "Song": row.song,
                **({"Stem": row.stem} if row.stem else {}),
                "Listener": element(
                    "a",
                    row.listener,
                    href=address.to("listeners", challenge, system=label, listener=row.listener),
                ),
                "Ear": row.ear,
                "Score": f"{row.score:.3f}",
                "Lowest part": f"{row.why} ({row.below:.1f} SD below its mean)" if row.why else None,
            }
        )
    return html_table(f"Lowest scores: {listener}", rows, class_="fig trials")


def listeners_table(*which: object) -> Html:
    """The listeners for whom a system is worst, beside the best system there is for each."""
    challenge, label, scorer = which
    people, item = reading.people(challenge), reading.system(challenge, label)
    means = reading.groups(item.entries[scorer], "listener").dropna(subset="mean").sort_values("mean")
    others = reading.by_listener(challenge)
    rivals = {i.label for i in reading.all_systems(challenge) if not i.any.reference} - {label}
    others = others[(others.scorer == scorer) & others.system.isin(rivals)]
    rows = []
    for row in means.head(MOST).itertuples():
        person = people.get(row.name)
        place = {"system": label, "listener": row.name}
        mine = others[others.listener == row.name].sort_values("mean", ascending=False)
        best, ahead = (mine.system.iloc[0], mine["mean"].iloc[0]) if len(mine) else ("", None)
        pair = address.to("compare", challenge, first=label, second=best)
        rows.append(
            {
                "Listener": element("a", row.name, href=address.to("listeners", challenge, **place)),
                "Loss": severity_words(person.severity_humes) if person else "unknown",
                "Better ear": f"{better_ear_level(person):.0f} dB HL" if person else None,
                "Mean": f"{row.mean:.3f}",
                "Best other": element("a", best, href=pair) if best else None,
                "Its mean": None if ahead is None else f"{ahead:.3f}",
            }
        )
    return html_table("Lowest means; the best other system opens the comparison", rows, class_="fig")


def show(challenge: Challenge, item: reading.Scored, scorer: str) -> None:
    """Worst listeners and worst trials."""
    which = (challenge, item.label, scorer)
    names = reading.shared(listeners_of, *which)
    if not names:
        return
    st.header("Where it is worst")
    trials, listeners = st.tabs(["Trials", "Listeners"])
    with trials:
        chosen = choices.pick("Whose trials", [EVERY, *names], "of")
        st.html(reading.shared(trials_table, chosen, *which))
        if not reading.shared(parts_of, *which).shape[1]:
            st.caption("These scores come without parts, so nothing says why they are low.")
        st.caption(
            "What is measurably wrong with the signals, against their references: "
            f"`haaqinet worst RESULTS --diagnose`. Here: {verbatim(item.label)}'s parts of the score."
        )
    with listeners:
        st.html(reading.shared(listeners_table, *which))


def parts_beside(*which: object) -> pd.DataFrame:
    """Mean of each part, of this system and of the others: name, series, mean."""
    challenge, label, scorer = which
    own = reading.system(challenge, label).entries[scorer]
    means = {label: reading.means_of_parts(challenge, own)}
    known = {e.submission: e for e in complete(reading.board(challenge), scorer)}
    rest = [i for i in reading.all_systems(challenge) if i.submission in known and i.label != label]
    ranked = [i for i in rest if not i.any.reference]
    for item in [*ranked[:1], *(i for i in rest if i.any.reference == "passthrough")][:2]:
        means[item.label] = reading.means_of_parts(challenge, known[item.submission])
    rows = [
        (PARTS[name], series, found[name])
        for name in PARTS
        for series, found in means.items()
        if name in found and name in means[label]
    ]
    return pd.DataFrame(rows, columns=["name", "series", "mean"])


def parts_chart(*which: object) -> alt.Chart:
    """The chart of them."""
    frame = reading.shared(parts_beside, *which)
    return pair_charts.parts_chart(frame, which[1])


def show_parts(*which: object) -> None:
    """Parts of the score, beside the best other system and the passthrough."""
    if not len(reading.shared(parts_beside, *which)):
        return
    st.header("Parts of HAAQI" if which[-1] == INTRUSIVE else "Parts of HAAQI, as predicted")
    exports.chart(
        parts_chart,
        *which,
        name="parts",
        says="Mean of each part of the score, of this system, the best other and the passthrough.",
    )
