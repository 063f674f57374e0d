"""Which of two systems a scorer without references prefers, trial by trial, and how often HAAQI agrees.

`which` is the challenge, the two systems' labels and the scorer that hears outputs alone.
"""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from haaqinet_eval.analysis.statistics import Difference, paired_difference
from haaqinet_eval.registry import scorer_records

from . import reading
from .charts import GREY, SECOND
from .labels import INTRUSIVE, label

LEAST = (0.0, 0.1, 0.3)  # differences of HAAQI from which agreement is counted
DOTS = 1000  # trials that are drawn
MOST = 25  # trials in the list


def without_references(names: object) -> list[str]:
    """Those scorers that hear the output alone, the one that compares clips first."""
    records = scorer_records()
    found = [name for name in names if name in records and records[name].kind == "predicted"]
    return sorted(found, key=lambda name: (name != "noresqa", found.index(name)))


def preferences(*which: object) -> pd.DataFrame:
    """Trials that the scorer has scored of both systems.

    Columns: the trial, first, second, preferred (first minus second) and truth, HAAQI's difference, NaN where
    HAAQI has not scored both.
    """
    challenge, first, second, scorer = which
    one, other = (reading.system(challenge, name).entries for name in (first, second))
    frame = reading.paired(challenge, one[scorer], other[scorer]).drop(columns=reading.SURENESS)
    frame = frame.assign(preferred=frame["first"] - frame["second"])
    if not (INTRUSIVE in one and INTRUSIVE in other):
        return frame.assign(truth=np.nan)
    true = reading.paired(challenge, one[INTRUSIVE], other[INTRUSIVE])
    true = true.assign(truth=true["first"] - true["second"])[[*reading.TRIAL, "truth"]]
    return frame.merge(true, how="left", on=reading.TRIAL)


def share(frame: pd.DataFrame, won: pd.Series) -> Difference:
    """Mean of `won` (1, 0, or a half for a draw) with its interval over scenes and listeners."""
    return paired_difference(won, np.zeros(len(won)), frame.scene, frame.listener)


def preferred_share(*which: object) -> Difference:
    """Share of trials in which the first system is preferred; a draw counts half."""
    frame = reading.shared(preferences, *which)
    return share(frame, (np.sign(frame.preferred) + 1) / 2)


def agreements(*which: object) -> pd.DataFrame:
    """How often the preference is HAAQI's, by how much HAAQI differs: at least, trials, agree, low, high."""
    frame = reading.shared(preferences, *which)
    rows = []
    for least in LEAST:
        mine = frame[(frame.truth.abs() >= least) & (frame.truth != 0)]
        if len(mine):
            right = np.sign(mine.preferred) * np.sign(mine.truth)
            found = share(mine, (right + 1) / 2)
            rows.append((least, found.n, found.value, found.low, found.high))
    return pd.DataFrame(rows, columns=["at least", "trials", "agree", "low", "high"])


def contradictions(*which: object) -> pd.DataFrame:
    """The trials in which the preference is clearest and HAAQI says the opposite."""
    frame = reading.shared(preferences, *which)
    frame = frame[frame.preferred * frame.truth < 0]
    weight = np.minimum(frame.preferred.abs(), frame.truth.abs())
    most = frame.loc[weight.sort_values(ascending=False).index].head(MOST).round(4)
    return most if most.stem.any() else most.drop(columns="stem")


def dots(*which: object) -> alt.LayerChart:
    """A dot a trial: the preference against HAAQI's difference."""
    frame = reading.shared(preferences, *which).dropna(subset="truth")
    frame = frame.sample(min(len(frame), DOTS), random_state=0)
    few = alt.Axis(tickCount=8, format="+~g")
    x = alt.X("preferred:Q", title=f"{label(which[3])}: A minus B", axis=few)
    y = alt.Y("truth:Q", title="HAAQI: A minus B", axis=few)
    tip = [
        "scene",
        "listener",
        "ear",
        *(alt.Tooltip(f"{n}:Q", format="+.3f") for n in ("preferred", "truth")),
    ]
    points = alt.Chart(frame[["scene", "listener", "ear", "preferred", "truth"]]).mark_circle(
        size=40, opacity=0.5, color=SECOND
    )
    zero = pd.DataFrame({"at": [0.0]})
    rules = alt.Chart(zero).mark_rule(color=GREY)
    return (
        rules.encode(x="at:Q") + rules.encode(y="at:Q") + points.encode(x=x, y=y, tooltip=tip)
    ).properties(height=320)
