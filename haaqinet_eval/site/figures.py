"""Tables with bars, colours and audiograms, in HTML alone: for the board and its static copy.

Nothing here is told by colour alone: every cell has its figure, and what is best is marked by a star.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from ..audiogram import Listener
from .markup import Html, element, markup

RIGHT, LEFT = "#d6362c", "#2f74d0"  # of ears, as audiologists draw them
STYLE = """
.fig-wrap, .wide {overflow-x: auto}
table.fig {border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; margin: 0}
table.fig caption {text-align: left; padding: .2rem 0 .4rem; opacity: .8}
table.fig caption span {display: inline-block; max-width: min(60rem, calc(100vw - 2.5rem))}
table.fig th, table.fig td {padding: .32rem .6rem; border: 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); text-align: left;
  vertical-align: middle}
table.fig thead th {font-weight: 600; font-size: .86em; vertical-align: bottom}
table.fig a {color: inherit; text-decoration: underline; text-underline-offset: .15em}
table.fig .rank {text-align: right; width: 3.5em; font-weight: 600}
table.fig .team {display: block; font-size: .85em; font-weight: 400; opacity: .8}
table.fig .reference td, table.fig .reference th {font-style: italic}
table.fig .score {min-width: 10.5em; white-space: nowrap}
table.fig .number {text-align: right; white-space: nowrap}
.fig-bar {display: block; position: relative; height: .5em; margin-top: .2em; border-radius: .25em;
  background: color-mix(in srgb, currentColor 12%, transparent)}
.fig-bar .fill {position: absolute; left: 0; top: 0; bottom: 0; border-radius: .25em; background: #4c8fd0}
.fig-bar .ends {position: absolute; top: -.12em; bottom: -.12em; background: transparent;
  border: 1px solid currentColor; border-width: 0 2px; border-image: none}
.fig-bar .ends::after {content: ""; position: absolute; left: 0; right: 0; top: 45%; height: 2px;
  background: currentColor}
table.heat {width: auto; min-width: min(100%, 46rem)}
table.heat td.cell {text-align: center; padding: 0; min-width: 4.2em}
table.heat td.cell a, table.heat td.cell span {display: block; padding: .42rem .4rem; color: inherit;
  text-decoration: none}
table.heat td.cell a:hover {text-decoration: underline}
table.heat td.best {font-weight: 700; box-shadow: inset 0 0 0 2px currentColor}
table.heat thead th {max-width: 9em; overflow-wrap: anywhere}
table.heat th img {vertical-align: middle; margin-left: .4em}
@media (max-width: 640px) {
  table.fig .wide-only {display: none}
  table.fig th, table.fig td {padding: .3rem .35rem}
  table.fig .score {min-width: 8em}
  table.fig .rank {width: 2em}
  table.trials th:nth-child(2), table.trials td:nth-child(2) {display: none}
  table.trials td:last-child {min-width: 13em}
}
"""


@dataclass(frozen=True)
class Row:
    """A system in a table of standings."""

    rank: str  # empty for none
    team: str
    system: str
    href: str
    scores: tuple[tuple[float, float | None, float | None] | None, ...]  # mean and interval, by scorer
    words: str  # what the ranking says, e.g. of ties
    reference: bool = False
    more: Mapping[str, object] = field(default_factory=dict)


def score_text(mean: float, low: float | None, high: float | None) -> str:
    """A mean with its interval.

    >>> score_text(0.76712, 0.6741, 0.8509), score_text(0.5, None, None)
    ('0.767 (0.674–0.851)', '0.500')
    """
    return f"{mean:.3f}" if low is None or high is None else f"{mean:.3f} ({low:.3f}–{high:.3f})"


def _score(value: tuple[float, float | None, float | None] | None) -> list[Html]:
    if value is None:
        return [markup("–")]
    mean, low, high = value
    head, _, rest = score_text(mean, low, high).partition(" ")
    text = element("span", element("strong", head), f" {rest}" if rest else "")
    bar = element("span", class_="fill", style=f"width:{_percent(mean)}")
    ends = []
    if low is not None and high is not None:
        left, right = (min(max(v, 0.0), 1.0) for v in (low, high))
        ends = [element("span", class_="ends", style=f"left:{_percent(left)};width:{_percent(right - left)}")]
    return [text, element("span", bar, *ends, class_="fig-bar", aria_hidden="true")]


def _percent(value: float) -> str:
    return f"{100 * min(max(value, 0.0), 1.0):.1f}%"


def standings_figure(caption: str, scorers: Sequence[str], rows: Sequence[Row]) -> Html:
    """Systems in order, with a bar for each score; a phone shows rank, team and the first score."""
    more = list(rows[0].more) if rows else []
    head = [element("th", "Rank", scope="col", class_="rank"), element("th", "System", scope="col")]
    head += [
        element("th", name, scope="col", class_="score" if n == 0 else "score wide-only")
        for n, name in enumerate(scorers)
    ]
    ranked = any(row.words for row in rows)
    head += [element("th", "What the ranking says", scope="col", class_="wide-only")] if ranked else []
    head += [element("th", name, scope="col", class_="wide-only") for name in more]
    body = []
    for row in rows:
        name = element("a", element("bdi", row.system), href=row.href)
        team = element("span", element("bdi", row.team), class_="team")
        cells = [element("td", row.rank or "–", class_="rank"), element("th", name, team, scope="row")]
        cells += [
            element("td", *_score(value), class_="score" if n == 0 else "score wide-only")
            for n, value in enumerate(row.scores)
        ]
        cells += [element("td", row.words, class_="wide-only")] if ranked else []
        cells += [_more(row.more.get(key)) for key in more]
        body.append(element("tr", *cells, class_="reference" if row.reference else "entry"))
    told = f"{', '.join(scorers)}: {caption}"
    table = element(
        "table",
        element("caption", element("span", caption)),
        element("thead", element("tr", *head)),
        element("tbody", *body),
        class_="fig",
    )
    return element("div", table, class_="fig-wrap", tabindex="0", role="region", aria_label=told)


def _more(value: object) -> Html:
    if isinstance(value, float):
        return element("td", f"{value:.3f}", class_="number wide-only")
    if isinstance(value, int) and not isinstance(value, bool):
        return element("td", f"{value:,}", class_="number wide-only")
    shown = {None: "–", True: "yes", False: "no"}.get(value, value)  # type: ignore[call-overload]
    return element("td", element("bdi", shown), class_="wide-only")


def audiogram_image(listener: Listener) -> Html:
    """A small audiogram, right ear red and left ear blue, for beside a listener's name."""
    lines = []
    for ear, color, dash in ((listener.right, RIGHT, ""), (listener.left, LEFT, ' stroke-dasharray="3 2"')):
        points = " ".join(
            f"{4 + 56 * math.log2(hz / 250) / 5:.1f},{2 + 26 * min(max(level, 0.0), 110.0) / 110:.1f}"
            for hz, level in zip(ear.frequencies, ear.levels, strict=True)
        )
        lines.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.6"{dash}/>')
    frame = '<rect x=".5" y=".5" width="63" height="29" fill="#fff" stroke="#8a8f98"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 30">{frame}{"".join(lines)}</svg>'
    source = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    says = f"Audiogram: hearing loss {escape(severity_words(listener.severity_humes))}"
    return Html(f'<img src="{source}" width="64" height="30" alt="{says}"/>')


def severity_words(name: str) -> str:
    """A severity as people say it.

    >>> severity_words("none"), severity_words("mild")
    ('no hearing loss', 'mild')
    """
    return "no hearing loss" if name == "none" else name


def cell_colors(value: float, low: float = 0.0, high: float = 1.0) -> tuple[str, str]:
    """Background and text of a cell: pale yellow at `low` to deep blue at `high`, text readable on it.

    The luminance falls with the score, so the order survives without colour; contrast is at least 4.5.
    """
    stops = ((255, 247, 214), (161, 208, 190), (62, 140, 178), (20, 63, 120))
    place = 3 * min(max((value - low) / (high - low) if high > low else 0.0, 0.0), 1.0)
    k = min(int(place), 2)
    rgb = [round(a + (place - k) * (b - a)) for a, b in zip(stops[k], stops[k + 1], strict=True)]
    text = "#ffffff" if contrast(rgb, (255, 255, 255)) > contrast(rgb, (0, 0, 0)) else "#000000"
    return "#{:02x}{:02x}{:02x}".format(*rgb), text


def contrast(one: Sequence[int], other: Sequence[int]) -> float:
    """Contrast of two colours, WCAG 2: 1 to 21."""

    def luminance(rgb: Sequence[int]) -> float:
        parts = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (c / 255 for c in rgb)]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


@dataclass(frozen=True)
class HeatRow:
    """A listener, or another row of a heat map."""

    name: str
    values: tuple[float | None, ...]  # by column
    best: int | None  # column of the best; None for none
    sure: bool = True  # whether the best is told apart from the others
    image: Html | None = None
    href: str = ""
    note: str = ""  # below the name
    near: frozenset[int] = frozenset()  # columns that are not told apart from the row


def heat_figure(
    caption: str,
    first: str,
    columns: Sequence[str],
    rows: Sequence[HeatRow],
    link: Callable[[int, int], str],
    limits: tuple[float, float] = (0.0, 1.0),
    signed: bool = False,
) -> Html:
    """A heat map as a table; the best cell of each row has a star, and a frame.

    Args:
        first: head of the first column.
        link: address of a cell by row and column; empty for none.
        limits: values of the palest and of the deepest colour.
    """
    head = element("tr", element("th", first, scope="col"), *(element("th", c, scope="col") for c in columns))
    body = []
    for r, row in enumerate(rows):
        name: object = element("bdi", row.name)
        name = element("a", name, href=row.href) if row.href else name
        note = element("span", row.note, class_="team") if row.note else ""
        cells = [element("th", name, row.image or "", note, scope="row")]
        for c, value in enumerate(row.values):
            mark = " ≈" if c in row.near else (" ★" if row.sure else " ☆") if c == row.best else ""
            cells.append(_cell(value, c == row.best, mark, link(r, c), limits, signed))
        body.append(element("tr", *cells))
    table = element(
        "table",
        element("caption", element("span", caption)),
        element("thead", head),
        element("tbody", *body),
        class_="fig heat",
    )
    return element("div", table, class_="fig-wrap", tabindex="0", role="region", aria_label=caption)


def _cell(
    value: float | None, best: bool, mark: str, href: str, limits: tuple[float, float], signed: bool
) -> Html:
    if value is None or math.isnan(value):
        return element("td", element("span", "–"), class_="cell")
    back, text = cell_colors(value, *limits)
    shown = f"{value:+.2f}{mark}" if signed else f"{value:.2f}{mark}"
    inside = element("a", shown, href=href) if href else element("span", shown)
    return element(
        "td", inside, class_="cell best" if best else "cell", style=f"background:{back};color:{text}"
    )
