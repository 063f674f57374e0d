"""Charts, all of them Altair. No chart tells anything by colour alone.

The marks that a chart is about are its topmost layer: their table is what is exported.
Ears look as audiologists draw them: the right ear red circles, the left ear blue crosses.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from haaqinet_eval.audiogram import Audiogram, Listener

RIGHT, LEFT = "#e0433a", "#3b82d6"  # both readable on white and on black
CROSS = "M-1,-1L1,1M-1,1L1,-1"
FIRST, SECOND, THIRD = "#d98200", "#4c8fd0", "#2b9a66"  # of scorers or systems; told apart by shape as well
GREY = "#8a8f98"
OCTAVES = (125, 250, 500, 1000, 2000, 4000, 8000)  # Hz

_EARS = {"domain": ["right", "left"]}
EAR_COLOR = alt.Scale(**_EARS, range=[RIGHT, LEFT])
EAR_SHAPE = alt.Scale(**_EARS, range=["circle", CROSS])


def _ears(column: str = "ear", legend: bool = True) -> dict[str, object]:
    """Colour and shape by ear."""
    head = alt.Legend(title=None, orient="top", symbolOpacity=1) if legend else None
    return {
        "color": alt.Color(f"{column}:N", scale=EAR_COLOR, legend=head),
        "shape": alt.Shape(f"{column}:N", scale=EAR_SHAPE, legend=head),
    }


def series(column: str, names: Sequence[str]) -> dict[str, object]:
    """Colour and shape by name, up to three; the names one below the other, which fits a phone."""
    head = alt.Legend(title=None, orient="top", columns=1, labelLimit=300, symbolOpacity=1)
    colors, shapes = (SECOND, FIRST, THIRD), ("square", "triangle-up", "diamond")
    scales = [alt.Scale(domain=list(names), range=list(r[: len(names)])) for r in (colors, shapes)]
    return {
        "color": alt.Color(f"{column}:N", scale=scales[0], legend=head),
        "shape": alt.Shape(f"{column}:N", scale=scales[1], legend=head),
    }


def audiogram_points(ear: str, audiogram: Audiogram) -> list[dict[str, object]]:
    """An ear's thresholds as records."""
    pairs = zip(audiogram.frequencies, audiogram.levels, strict=True)
    return [{"ear": ear, "Hz": hz, "dB HL": level} for hz, level in pairs]


def audiogram_chart(listener: Listener) -> alt.Chart:
    """Both audiograms of a listener: frequency on a log axis above, dB HL downwards."""
    frame = pd.DataFrame(audiogram_points("right", listener.right) + audiogram_points("left", listener.left))
    x = alt.X(
        "Hz:Q",
        scale=alt.Scale(type="log", domain=[125, 8000], nice=False, padding=12),
        axis=alt.Axis(
            values=list(OCTAVES),
            labelExpr="datum.value < 1000 ? datum.value : datum.value / 1000 + ' k'",
            orient="top",
            title="Frequency (Hz)",
            grid=True,
        ),
    )
    y = alt.Y(
        "dB HL:Q",
        scale=alt.Scale(domain=[-10, 120], reverse=True, nice=False),
        axis=alt.Axis(values=list(range(-10, 121, 10)), title="Hearing threshold (dB HL)", grid=True),
    )
    base = alt.Chart(frame).encode(x=x, y=y, tooltip=["ear", "Hz", "dB HL"])
    lines = base.mark_line(strokeWidth=1.5).encode(color=_ears()["color"], detail="ear:N")
    points = base.mark_point(size=130, strokeWidth=2.2, filled=False).encode(**_ears())
    height = 490  # with axes and legend; 20 dB are as high as an octave is wide
    return (lines + points).properties(height=height)


def agreement_chart(frame: pd.DataFrame, tooltip: Sequence[str]) -> alt.Chart:
    """Predicted against intrusive scores of trials, by ear, with the line of equality."""
    line = (
        alt.Chart(pd.DataFrame({"x": [0, 1], "y": [0, 1]}))
        .mark_line(color=GREY, strokeDash=[4, 4])
        .encode(x="x:Q", y="y:Q")
    )
    points = (
        alt.Chart(frame)
        .mark_point(size=70, strokeWidth=2, filled=False)
        .encode(
            x=alt.X("intrusive:Q", scale=alt.Scale(domain=[0, 1]), title="HAAQI (intrusive)"),
            y=alt.Y("predicted:Q", scale=alt.Scale(domain=[0, 1]), title="HAAQI-Net (predicted)"),
            tooltip=[*tooltip, *(alt.Tooltip(f"{n}:Q", format=".3f") for n in ("intrusive", "predicted"))],
            **_ears(),
        )
    )
    layers = [line, points]
    if "low" in frame and frame.low.notna().any():
        bars = alt.Chart(frame[frame.low.notna()]).mark_rule(strokeWidth=1.2, opacity=0.45)
        encoding = {"x": alt.X("intrusive:Q"), "y": alt.Y("low:Q"), "y2": "high:Q"}
        layers.insert(1, bars.encode(color=_ears()["color"], **encoding))
    return alt.layer(*layers).properties(height=360)


def limits_of_agreement(error: pd.Series) -> tuple[float, float, float]:
    """Bias, and the limits within which 95 % of differences lie if they are normal."""
    bias, spread = float(error.mean()), float(error.std(ddof=1)) if len(error) > 1 else 0.0
    return bias, bias - 1.96 * spread, bias + 1.96 * spread


def bland_altman(frame: pd.DataFrame, tooltip: Sequence[str]) -> alt.Chart:
    """Predicted minus intrusive against their mean; bias and limits of agreement (Bland and Altman 1986)."""
    bias, low, high = limits_of_agreement(frame.error)
    marks = pd.DataFrame(
        {
            "value": [high, bias, low],
            "what": [f"+1.96 SD {high:+.3f}", f"bias {bias:+.3f}", f"−1.96 SD {low:+.3f}"],
        }
    )
    rules = alt.Chart(marks).mark_rule(color=GREY, strokeDash=[4, 4]).encode(y="value:Q")
    texts = (
        alt.Chart(marks)
        .mark_text(align="left", dy=-7, color=GREY, fontSize=11)
        .encode(y="value:Q", text="what:N", x=alt.value(4))
    )
    reach = 1.15 * max(0.1, float(frame.error.abs().max()), abs(low), abs(high))
    points = (
        alt.Chart(frame)
        .mark_point(size=70, strokeWidth=2, filled=False)
        .encode(
            x=alt.X("middle:Q", scale=alt.Scale(domain=[0, 1]), title="Mean of both scores"),
            y=alt.Y(
                "error:Q",
                scale=alt.Scale(domain=[-reach, reach], nice=False),
                axis=alt.Axis(format="+.2f"),
                title="Predicted minus intrusive",
            ),
            tooltip=[*tooltip, alt.Tooltip("error:Q", format="+.3f")],
            **_ears(),
        )
    )
    return (rules + texts + points).properties(height=360)


def score_scale(values: Sequence[float]) -> alt.Scale:
    """From 0 to 1 for scores that lie there; for others, such as dB, as wide as they are."""
    inside = all(0 <= value <= 1 for value in values)
    return alt.Scale(domain=[0, 1]) if inside else alt.Scale(zero=False)


def interval_chart(frame: pd.DataFrame, scorer: str, color: str) -> alt.Chart:
    """Means of one scorer with 95 % intervals, a row per system.

    Args:
        frame: system, mean, low, high, kind ("entry", "reference" or "unfamiliar sound").
        scorer: its name for people.
    """
    base = alt.Chart(frame).encode(
        y=alt.Y("system:N", sort=list(frame.system), title=None, axis=alt.Axis(labelLimit=170))
    )
    kinds = {"entry": "circle", "reference": "diamond", "unfamiliar sound": "triangle-up"}
    kinds = {kind: shape for kind, shape in kinds.items() if kind in set(frame.kind)}
    shape = alt.Scale(domain=list(kinds), range=list(kinds.values()))
    below = alt.Axis(titleAnchor="end")  # a long title has room at the left, below the systems
    lines = len(kinds) if "unfamiliar sound" in kinds else 1  # of the legend, which has to fit a phone
    head = alt.Legend(title=None, orient="top", columns=1 if lines > 1 else 2)
    bars = base.mark_rule(strokeWidth=3, opacity=0.55, color=color).encode(x="low:Q", x2="high:Q")
    points = base.mark_point(size=90, filled=True, opacity=1, color=color).encode(
        x=alt.X("mean:Q", scale=score_scale(frame["mean"]), title=f"Mean {scorer}", axis=below),
        shape=alt.Shape("kind:N", scale=shape, legend=head),
        tooltip=["system", *(alt.Tooltip(f"{n}:Q", format=".4f") for n in ("mean", "low", "high"))],
    )
    return (bars + points).properties(height=104 + 26 * lines + 28 * len(frame))


def heat_map(
    frame: pd.DataFrame, systems: Sequence[str], listeners: Sequence[str], diverging: bool
) -> alt.Chart:
    """Listeners by systems.

    Args:
        frame: listener, system, value.
        diverging: for differences, whose middle is 0; else for scores in [0, 1].
    """
    reach = max(0.05, float(frame.value.abs().max())) if len(frame) else 1.0
    scale = (
        alt.Scale(scheme="blueorange", domain=[-reach, reach])
        if diverging
        else alt.Scale(scheme="viridis", domain=[0, 1])
    )
    names = alt.Axis(labelAngle=-35, labelLimit=140, labelOverlap=len(systems) > 12)
    base = alt.Chart(frame).encode(
        x=alt.X("system:N", sort=list(systems), title=None, axis=names),
        y=alt.Y("listener:N", sort=list(listeners), title=None),
        tooltip=["listener", "system", alt.Tooltip("value:Q", format="+.3f" if diverging else ".3f")],
    )
    cells = base.mark_rect().encode(color=alt.Color("value:Q", scale=scale, title=None))
    height = 130 + 24 * len(listeners)
    if len(frame) > 300:
        return cells.properties(height=height)
    dark = f"abs(datum.value) > {0.6 * reach}" if diverging else "datum.value < 0.45"
    texts = base.mark_text(fontSize=11).encode(
        text=alt.Text("value:Q", format="+.2f" if diverging else ".2f"),
        color=alt.condition(dark, alt.value("white"), alt.value("black")),
    )
    return (cells + texts).properties(height=height)


def listeners_chart(frame: pd.DataFrame, chosen: str) -> alt.Chart:
    """Mean score of each listener against the hearing loss; the chosen one is ringed.

    Args:
        frame: listener, loss (dB HL), scorer (for people), mean.
    """
    losses = alt.Scale(zero=False, padding=14)
    x = alt.X("loss:Q", title="Better ear, mean of 0.5, 1, 2, 4 kHz (dB HL)", scale=losses)
    y = alt.Y("mean:Q", scale=alt.Scale(domain=[0, 1]), title="Mean score")
    points = (
        alt.Chart(frame)
        .mark_point(size=60, strokeWidth=2)
        .encode(
            x=x,
            y=y,
            tooltip=["listener", "scorer", "loss", alt.Tooltip("mean:Q", format=".3f")],
            **series("scorer", sorted(frame.scorer.unique())),
        )
    )
    mine = frame[frame.listener == chosen].sort_values("mean", ascending=False)
    ring = alt.Chart(mine).mark_point(size=420, strokeWidth=2.5, color=GREY, shape="circle").encode(x=x, y=y)
    name = alt.Chart(mine.head(1)).mark_text(dy=-20, color=GREY, fontWeight="bold")
    return (ring + name.encode(x=x, y=y, text="listener:N") + points).properties(height=380)


def groups_chart(frame: pd.DataFrame, order: Sequence[str]) -> alt.Chart:
    """Means by group as points, one shape per series.

    Args:
        frame: name, series, mean.
    """
    return (
        alt.Chart(frame)
        .mark_point(size=110, filled=True, opacity=1)
        .encode(
            x=alt.X("mean:Q", scale=alt.Scale(domain=[0, 1]), title="Mean score"),
            y=alt.Y("name:N", sort=list(order), title=None),
            tooltip=["name", "series", alt.Tooltip("mean:Q", format=".3f")],
            **series("series", sorted(frame.series.unique())),
        )
        .properties(height=100 + 22 * frame.series.nunique() + 34 * len(order))
    )


def histogram(frame: pd.DataFrame) -> alt.VConcatChart:
    """Distribution of scores by ear; columns ear, start and stop of a bin, trials."""
    bars = (
        alt.Chart(frame, height=120)
        .mark_bar(opacity=0.85)
        .encode(
            x=alt.X("start:Q", bin="binned", title="Score", scale=score_scale([*frame.start, *frame.stop])),
            x2="stop:Q",
            color=alt.Color("ear:N", scale=EAR_COLOR, legend=None),
            tooltip=["ear", "start", "stop", "trials"],
        )
    )
    parts = [
        bars.transform_filter(alt.datum.ear == ear).encode(y=alt.Y("trials:Q", title=f"Trials, {ear} ear"))
        for ear in ("right", "left")
    ]
    return alt.vconcat(*parts).resolve_scale(y="shared", color="shared")


def bars(frame: pd.DataFrame, axis: str) -> alt.Chart:
    """One bar per name, with its figure beside it; columns name, broken after a colon, and value up to 1."""
    names = alt.Axis(labelLimit=200, labelExpr="split(datum.label, ': ')", labelOffset=-6)
    base = alt.Chart(frame).encode(
        x=alt.X("value:Q", title=axis, scale=alt.Scale(domainMax=1)),
        y=alt.Y("name:N", sort=list(frame.name), title=None, axis=names),
    )
    texts = base.mark_text(align="left", dx=4, color=GREY).encode(text=alt.Text("value:Q", format=".3f"))
    return (base.mark_bar(color=SECOND) + texts).properties(height=60 + 36 * len(frame))


def differences_chart(frame: pd.DataFrame, axis: str = "First minus second") -> alt.LayerChart:
    """Differences by group around zero; columns name, difference, low, high and n."""
    base = alt.Chart(frame).encode(
        y=alt.Y("name:N", sort=list(frame.name), title=None, axis=alt.Axis(labelLimit=170))
    )
    x = alt.X("difference:Q", title=axis, axis=alt.Axis(format="+~g", tickCount=8))
    tip = [alt.Tooltip(f"{name}:Q", format="+.4f") for name in ("difference", "low", "high")]
    points = base.mark_point(size=80, filled=True, color=SECOND, opacity=1).encode(
        x=x, tooltip=["name", *tip, "n"]
    )
    bars = base.mark_rule(color=SECOND, strokeWidth=3, opacity=0.55).encode(x=alt.X("low:Q"), x2="high:Q")
    zero = alt.Chart(pd.DataFrame({"x": [0]})).mark_rule(color=GREY).encode(x="x:Q")
    return (zero + bars + points).properties(height=70 + 22 * len(frame))


def calibration_chart(frame: pd.DataFrame, slope: float, offset: float) -> alt.LayerChart:
    """Mean true score where the net predicts so much, with the number of trials, and the affine fit.

    Args:
        frame: predicted, intrusive, spread (standard deviation of the intrusive scores) and n, by bin.
        slope, offset: of the line that maps predictions best; NaN for none.
    """
    ends = pd.DataFrame({"x": [0, 1]})
    lines = pd.concat(
        [
            ends.assign(y=ends.x, line="predicted = true"),
            ends.assign(y=offset + slope * ends.x, line="affine fit"),
        ]
    ).dropna()
    head = alt.Legend(title=None, orient="top")
    dash = alt.Scale(domain=["predicted = true", "affine fit"], range=[[4, 4], [1, 0]])
    tone = alt.Scale(domain=["predicted = true", "affine fit"], range=[GREY, FIRST])
    drawn = (
        alt.Chart(lines)
        .mark_line(clip=True, strokeWidth=1.6)
        .encode(
            x="x:Q",
            y="y:Q",
            strokeDash=alt.StrokeDash("line:N", scale=dash, legend=head),
            color=alt.Color("line:N", scale=tone, legend=head),
        )
    )
    base = alt.Chart(frame).encode(
        x=alt.X("predicted:Q", scale=alt.Scale(domain=[0, 1]), title="Mean predicted in the bin"),
        y=alt.Y("intrusive:Q", scale=alt.Scale(domain=[0, 1]), title="Mean intrusive in the bin"),
    )
    spread = frame.assign(bottom=frame.intrusive - frame.spread, top=frame.intrusive + frame.spread)
    bars = alt.Chart(spread).mark_rule(color=SECOND, opacity=0.6, clip=True)
    bars = bars.encode(x="predicted:Q", y="bottom:Q", y2="top:Q")
    texts = base.mark_text(color=GREY, dx=8, dy=10, align="left", fontSize=11).encode(text="n:Q")
    points = base.mark_point(size=90, filled=True, opacity=1, color=SECOND).encode(
        tooltip=["n", *(alt.Tooltip(f"{c}:Q", format=".3f") for c in ("predicted", "intrusive", "spread"))]
    )
    return (drawn + bars + texts + points).properties(height=340)
