"""Charts of the static copy: the best score over time, and scores against what systems cost.

Vega-Lite draws them as SVG when the copy is made, in the page's own colour, so that pages need no script.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..analysis.best import records
from ..store import StandingRow, complete
from .markup import Html, element, plain
from .words import short_title

COSTS = {  # what a system costs -> of an entry, title of the axis, whether the axis is logarithmic
    "parameters": ("model_size", "Parameters", True),
    "look-ahead": ("look_ahead", "Look-ahead (ms)", False),
    "real-time factor": ("speed", "Real-time factor (s of work for 1 s of music)", True),
}
STYLE = """
.charts {display: flex; flex-wrap: wrap; gap: 1rem}
.charts figure {margin: .5rem 0; flex: 1 1 22rem; max-width: 34rem}
.charts svg {width: 100%; height: auto}
"""
LEAST = 2  # systems of a chart
SIZE = {"width": 330, "height": 200}  # of the axes; readable on a phone
COLOR, INK = "#4c8fd0", "currentColor"
_AXIS = {f"{part}Color": INK for part in ("label", "title", "domain", "tick", "grid")}
CONFIG = {
    "axis": {**_AXIS, "gridOpacity": 0.15, "labelFontSize": 11, "titleFontSize": 12, "titleFontWeight": 600},
    "view": {"stroke": None},
    "text": {"color": INK, "fontSize": 11},
}


def trend_parts(entries: Sequence[StandingRow], scorer: str) -> list[Html]:
    """Charts of a challenge's complete systems by one scorer, folded; none for one system.

    Without the extra `leaderboard`, a sentence stands in their place.
    """
    entered = [e for e in complete(entries, scorer) if not e.reference]
    if len(entered) < LEAST:
        return []
    try:
        import vl_convert
    except ImportError:
        return [element("p", "Charts are left out: whoever made this copy has not the extra leaderboard.")]
    specs = {
        "Mean over the day on which it was received; a line joins the best so far.": over_time(
            entered, scorer
        )
    }
    for name, (field, *_) in COSTS.items():
        known = [e for e in entered if getattr(e, field) is not None]
        if len(known) >= LEAST:
            missing = len(entered) - len(known)
            told = f" {missing} of {len(entered)} systems do not tell it." if missing else ""
            specs[f"Mean over {name}.{told}"] = against(known, scorer, name)
    figures = [_figure(caption, vl_convert.vegalite_to_svg(spec)) for caption, spec in specs.items()]
    summary = element("summary", "Over time, and against what systems cost")
    return [element("details", summary, element("div", *figures, class_="charts"))]


def _figure(caption: str, svg: str) -> Html:
    return element("figure", Html(svg), element("figcaption", caption))


def over_time(entries: Sequence[StandingRow], scorer: str) -> dict[str, Any]:
    """Vega-Lite: mean and interval by the time of receipt, and a line through those that were the best."""
    best = set(records([e.date for e in entries], [float(e.mean or 0) for e in entries]))
    values = [
        {
            "date": e.date,
            "mean": e.mean,
            "low": e.low,
            "high": e.high,
            "system": plain(e.system),
            "best": k in best,
        }
        for k, e in enumerate(entries)
    ]
    x = {
        "field": "date",
        "type": "temporal",
        "title": "Received (UTC)",
        "scale": {"type": "utc", "padding": 45},
    }
    x["axis"] = {"tickCount": 4, "labelOverlap": True}
    y = _score_axis(scorer)
    shape = {"condition": {"test": "datum.best", "value": "diamond"}, "value": "circle"}
    steps = {
        "transform": [{"filter": "datum.best"}],
        "mark": {"type": "line", "interpolate": "step-after", "color": "#8a8f98"},
        "encoding": {"x": x, "y": y},
    }
    ends = {"y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}}
    bars = {
        "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.4, "color": COLOR},
        "encoding": {"x": x, **ends},
    }
    return _chart(values, [bars, steps, *_named_points(x, y, shape, "datum.best")])


def against(entries: Sequence[StandingRow], scorer: str, cost: str) -> dict[str, Any]:
    """Vega-Lite: mean by what a system costs; a logarithmic axis where all costs are above 0."""
    field, title, logarithmic = COSTS[cost]
    values = [{"cost": getattr(e, field), "mean": e.mean, "system": plain(e.system)} for e in entries]
    kind = "log" if logarithmic and all(row["cost"] > 0 for row in values) else "linear"
    x = {"field": "cost", "type": "quantitative", "title": title, "scale": {"type": kind, "padding": 45}}
    x["axis"] = {"format": "~s", "tickCount": 4, "labelOverlap": True}
    return _chart(values, _named_points(x, _score_axis(scorer), {"value": "circle"}, "true"))


def _score_axis(scorer: str) -> dict[str, Any]:
    title = f"Mean {short_title(scorer)}"
    return {"field": "mean", "type": "quantitative", "title": title, "scale": {"domain": [0, 1]}}


def _named_points(x: dict, y: dict, shape: dict, named: str) -> list[dict[str, Any]]:
    """Points, and names of those that a test of Vega's tells."""
    text = {"type": "text", "dy": -12, "limit": 110}
    points = {"type": "point", "filled": True, "opacity": 1, "size": 70, "color": COLOR}
    return [
        {
            "transform": [{"filter": named}],
            "mark": text,
            "encoding": {"x": x, "y": y, "text": {"field": "system"}},
        },
        {"mark": points, "encoding": {"x": x, "y": y, "shape": shape}},
    ]


def _chart(values: list[dict], layers: list[dict]) -> dict[str, Any]:
    return {"background": None, **SIZE, "data": {"values": values}, "layer": layers, "config": CONFIG}
