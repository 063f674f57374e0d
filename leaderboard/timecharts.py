"""Charts over time: frame scores and spectrograms, whose time axes stand below one another."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from haaqinet_eval.analysis.spectrogram import Spectrogram

from .charts import EAR_COLOR, EAR_SHAPE

MARGIN = 56  # pixels for the axis at the left, the same in all charts
FEW = 160  # frames whose marks can be told apart
RANGE_DB = 70.0  # that the colours span, below the loudest cell


def _time(span: tuple[float, float], title: str | None = "Time (s)") -> dict[str, object]:
    return {"scale": alt.Scale(domain=list(span), nice=False), "title": title}


def _side(**options: object) -> alt.Axis:
    return alt.Axis(minExtent=MARGIN, maxExtent=MARGIN, **options)


def frames_chart(frame: pd.DataFrame, span: tuple[float, float]) -> alt.LayerChart:
    """Frame scores of both ears; the left ear is dashed, with crosses.

    Args:
        frame: ear, seconds, score.
        span: begin and end (s).
    """
    head = alt.Legend(title=None, orient="top")
    few = len(frame) <= 2 * FEW
    base = alt.Chart(frame).encode(
        x=alt.X("seconds:Q", **_time(span)),
        y=alt.Y("score:Q", scale=alt.Scale(domain=[0, 1]), title="Frame score", axis=_side()),
        color=alt.Color("ear:N", scale=EAR_COLOR, legend=head),
        tooltip=["ear", *(alt.Tooltip(f"{name}:Q", format=".3f") for name in ("seconds", "score"))],
    )
    dash = alt.Scale(domain=["right", "left"], range=[[1, 0], [5, 3]])
    dashes = alt.StrokeDash("ear:N", scale=dash, legend=head)
    if few:  # the legend has marks, which dashes would cut up
        dashes = alt.condition(alt.datum.ear == "left", alt.value([5, 3]), alt.value([1, 0]))
    layers = [base.mark_line(strokeWidth=1.6).encode(strokeDash=dashes)]
    if few:
        shape = alt.Shape("ear:N", scale=EAR_SHAPE, legend=head)
        layers.append(base.mark_point(size=26, strokeWidth=1.3).encode(shape=shape))
    return alt.layer(*layers).properties(height=260)


def cells(found: Spectrogram, start: float = 0.0) -> pd.DataFrame:
    """A row per band and column: from and to (s), low and high (Hz), dB; `start` (s) is added to times."""
    columns, bands = len(found.seconds) - 1, len(found.hertz) - 1
    seconds, hertz = found.seconds + start, found.hertz
    return pd.DataFrame(
        {
            "from": np.tile(seconds[:-1], bands).round(4),
            "to": np.tile(seconds[1:], bands).round(4),
            "low": np.repeat(hertz[:-1], columns).round(1),
            "high": np.repeat(hertz[1:], columns).round(1),
            "dB": found.levels.ravel().round(1),
        }
    )


def spectrogram_chart(frame: pd.DataFrame, span: tuple[float, float], top: float) -> alt.Chart:
    """A spectrogram on a log axis of frequency.

    Args:
        frame: see `cells`.
        span: begin and end (s).
        top: dB of the brightest colour; the darkest is 70 dB below.
    """
    hertz = alt.Y(
        "low:Q",
        scale=alt.Scale(type="log", nice=False, domain=[frame.low.min(), frame.high.max()]),
        axis=_side(
            values=[125, 250, 500, 1000, 2000, 4000, 8000],
            labelExpr="datum.value < 1000 ? datum.value : datum.value / 1000 + ' k'",
            grid=False,
        ),
        title="Hz",
    )
    levels = alt.Scale(scheme="viridis", domain=[top - RANGE_DB, top], clamp=True)
    colour = alt.Color(
        "dB:Q",
        scale=levels,
        legend=alt.Legend(
            title="dB re full scale",
            titleOrient="left",
            orient="top",
            gradientLength=160,
            gradientThickness=10,
        ),
    )
    return (
        alt.Chart(frame)
        .transform_calculate(edge="datum.dB")  # without edges of their colour, seams show between cells
        .mark_rect(strokeWidth=0.7)
        .encode(
            x=alt.X("from:Q", **_time(span), axis=alt.Axis(grid=False)),
            x2="to:Q",
            y=hertz,
            y2="high:Q",
            color=colour,
            stroke=alt.Stroke("edge:Q", scale=levels, legend=None),
            tooltip=[alt.Tooltip("from:Q", title="s", format=".2f"), "low", "high", "dB"],
        )
        .properties(height=330)
    )
