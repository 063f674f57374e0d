"""How all measures of a challenge's trials go together: what the page Correlations computes and draws."""

from __future__ import annotations

from itertools import combinations_with_replacement

import altair as alt
import pandas as pd

from haaqinet_eval.analysis.correlation import Correlation, correlation
from haaqinet_eval.store import Challenge

from . import reading
from .labels import label, title

DRAWS = 500
ROW = ["system", "scene", "listener", "ear", "stem"]  # names a value


def values(challenge: Challenge) -> pd.DataFrame:
    """Scores of all trials of all systems: `ROW`, then a column a scorer, NaN where it has none."""
    frames = [
        reading.with_trials(challenge, reading.scores(challenge, entry)[["score"]].dropna()).assign(
            system=item.label, scorer=scorer
        )
        for item in reading.all_systems(challenge)
        for scorer, entry in item.entries.items()
        if entry.scored
    ]
    if not frames:
        return pd.DataFrame(columns=ROW)
    return pd.concat(frames).pivot(index=ROW, columns="scorer", values="score").reset_index()


def scorers(challenge: Challenge) -> list[str]:
    """The scorers that have values."""
    return [name for name in reading.shared(values, challenge).columns if name not in ROW]


def within(challenge: Challenge) -> pd.DataFrame:
    """The same less each system's mean: how trials of one system are told apart."""
    frame = reading.shared(values, challenge)
    names = reading.shared(scorers, challenge)
    means = frame.groupby("system")[names].transform("mean")
    return frame.assign(**{name: frame[name] - means[name] for name in names})


def of_pair(frame: pd.DataFrame, first: str, second: str, draws: int = DRAWS) -> Correlation:
    """Correlation of two scorers; scenes and listeners are drawn apart for its intervals."""
    return correlation(frame[first], frame[second], frame.scene, frame.listener, draws)


def table(challenge: Challenge, truth: str) -> pd.DataFrame:
    """Every other scorer against one: pooled, and within a system."""
    rows = []
    for name in reading.shared(scorers, challenge):
        if name == truth:
            continue
        pooled = of_pair(reading.shared(values, challenge), name, truth)
        inside = of_pair(reading.shared(within, challenge), name, truth)
        rows.append(
            {
                "Scorer": title(name),
                "n": pooled.n,
                "LCC": pooled.pearson.value,
                "SRCC": pooled.spearman.value,
                "SRCC 95 % from": pooled.spearman.low,
                "SRCC 95 % to": pooled.spearman.high,
                "SRCC within": inside.spearman.value,
                "within 95 % from": inside.spearman.low,
                "within 95 % to": inside.spearman.high,
            }
        )
    return pd.DataFrame(rows)


def heat_map(challenge: Challenge) -> alt.LayerChart:
    """Spearman's correlation of all pairs of scorers, over all trials."""
    names, frame = reading.shared(scorers, challenge), reading.shared(values, challenge)
    found = {
        frozenset(pair): of_pair(frame, *pair, 2).spearman.value
        for pair in combinations_with_replacement(names, 2)
    }
    cells = pd.DataFrame(
        [
            {"first": label(a), "second": label(b), "value": found[frozenset((a, b))]}
            for a in names
            for b in names
        ]
    )
    order = [label(name) for name in names]
    base = alt.Chart(cells).encode(
        x=alt.X("second:N", sort=order, title=None, axis=alt.Axis(labelAngle=-40, labelLimit=200)),
        y=alt.Y("first:N", sort=order, title=None, axis=alt.Axis(labelLimit=200)),
        tooltip=["first", "second", alt.Tooltip("value:Q", format=".3f")],
    )
    scale = alt.Scale(scheme="blueorange", domain=[-1, 1])
    dark = alt.condition("abs(datum.value) > 0.6", alt.value("white"), alt.value("black"))
    squares = base.mark_rect().encode(color=alt.Color("value:Q", scale=scale, title=None))
    texts = base.mark_text(fontSize=11).encode(text=alt.Text("value:Q", format=".2f"), color=dark)
    return (squares + texts).properties(height=90 + 26 * len(names))
