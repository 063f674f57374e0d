"""Tables and charts as all pages show them, each with its files to take along below.

A table: CSV, JSON and LaTeX. A chart: PNG and SVG, and the table it is drawn from in these three.
Files are made when they are asked for, in this process: nothing is asked of other computers.
"""

from __future__ import annotations

import io
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Lock

import altair as alt
import pandas as pd
import pyarrow as pa
import streamlit as st
import vl_convert
from streamlit.dataframe_util import convert_pandas_df_to_arrow_table

from haaqinet_eval.io.names import csv_safe, printable

from . import reading

WIDTH, SCALE = 640, 2  # of a chart's file: pixels of its plot where it has no width; PNG pixels for each
_altair = Lock()  # what its themes and transformers are is one for all threads
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "–": "--",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


def to_csv(frame: pd.DataFrame) -> str:
    """The table as CSV at full precision; no text in it can act as a formula.

    >>> to_csv(pd.DataFrame({"a": ["=1+1"], "b": [-0.5]}))
    "a,b\\n'=1+1,-0.5\\n"
    """

    return frame.rename(columns=csv_safe).map(csv_safe).to_csv(index=False, lineterminator="\n")


def to_json(frame: pd.DataFrame) -> str:
    """The table as a list of records; null where there is no value."""
    return frame.to_json(
        orient="records", indent=2, force_ascii=False, date_format="iso", double_precision=15
    )


def to_latex(frame: pd.DataFrame) -> str:
    """The table as a `tabular` of the package booktabs, figures to three places."""

    def cell(value: object) -> str:
        if isinstance(value, float):
            return "--" if pd.isna(value) else f"{value:.3f}"
        return "--" if value is None or value is pd.NA else latex_text(str(value))

    def line(values: Iterable[str]) -> str:
        whole = " & ".join(values) + " \\\\"
        return f"{{}}{whole}" if whole.startswith(("[", "*")) else whole  # else options of the line before

    numeric = [pd.api.types.is_numeric_dtype(frame[name]) for name in frame]
    lines = [
        f"\\begin{{tabular}}{{{''.join('r' if n else 'l' for n in numeric)}}}",
        "\\toprule",
        line(latex_text(str(name)) for name in frame),
        "\\midrule",
        *(line(map(cell, row)) for row in frame.itertuples(index=False)),
        "\\bottomrule",
        "\\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def latex_text(text: str) -> str:
    """Text that LaTeX prints as it is, in one line.

    >>> latex_text("a_b & 5 %")
    'a\\\\_b \\\\& 5 \\\\%'
    """
    return "".join(_LATEX.get(character, character) for character in printable(" ".join(text.split())))


def chart_data(drawing: alt.TopLevelMixin) -> pd.DataFrame:
    """The table that a chart is drawn from: its own, or that of its topmost layer or last part.

    Layers drawn below, such as a line of equality, are no part of it.

    Raises:
        TypeError: for a chart that is not drawn from a table in memory.

    >>> line, points = (alt.Chart(pd.DataFrame({"x": x})).mark_point() for x in ([0, 1], [3]))
    >>> chart_data(line + points).x.tolist()
    [3]
    """
    found = _topmost(drawing)
    if found is None:
        raise TypeError(f"a chart of {type(drawing.data).__name__}; it must be of a table")
    return found


def _topmost(drawing: alt.TopLevelMixin) -> pd.DataFrame | None:
    for name in ("layer", "hconcat", "vconcat", "concat"):
        parts = getattr(drawing, name, None)
        if isinstance(parts, list) and _topmost(parts[-1]) is not None:
            return _topmost(parts[-1])
    return drawing.data if isinstance(drawing.data, pd.DataFrame) else None


def _whole(drawing: alt.TopLevelMixin) -> dict:
    """The chart as Vega-Lite with all its data, with a width, and on white."""
    with _altair, alt.data_transformers.disable_max_rows():
        spec = drawing.to_dict()
    if isinstance(drawing, alt.LayerChart) or (isinstance(drawing, alt.Chart) and "encoding" in spec):
        spec.setdefault("width", WIDTH)
    for part in spec.get("vconcat", ()):
        part.setdefault("width", WIDTH)
    spec["config"] = {**spec.get("config", {}), "background": "white"}
    return spec


def to_svg(drawing: alt.TopLevelMixin) -> str:
    """The chart as an SVG picture."""
    return vl_convert.vegalite_to_svg(_whole(drawing))


def to_png(drawing: alt.TopLevelMixin) -> bytes:
    """The chart as a PNG picture, two pixels for each of the screen's."""
    return vl_convert.vegalite_to_png(_whole(drawing), scale=SCALE)


TABLE_FORMATS = {  # label -> what writes it, end of the file's name, media type
    "CSV": (to_csv, "csv", "text/csv"),
    "JSON": (to_json, "json", "application/json"),
    "LaTeX": (to_latex, "tex", "text/x-tex"),
}
CHART_FORMATS = {
    "PNG": (to_png, "png", "image/png"),
    "SVG": (to_svg, "svg", "image/svg+xml"),
}


def _files(
    what: object, name: str, formats: Mapping[str, tuple[Callable, str, str]], ready: bool = False
) -> None:
    """A button for each file; it is made when the button is pressed, unless it shall be ready before."""
    for label, (write, suffix, kind) in formats.items():
        st.download_button(
            f"{name}.{suffix} ({label})",
            write(what) if ready else partial(write, what),
            file_name=f"{name}.{suffix}",
            mime=kind,
            key=f"{name}-{suffix}",
            on_click="ignore",
        )


_as_arrow: dict[int, tuple[weakref.ref[pd.DataFrame], pa.Table]] = {}  # by the table's id, while it lives


def arrow(frame: pd.DataFrame) -> pa.Table:
    """A table as browsers get it, made once for as long as the table is kept; nobody changes the table."""
    key = id(frame)
    there = _as_arrow.get(key)
    if there is not None and there[0]() is frame:
        return there[1]
    made = convert_pandas_df_to_arrow_table(frame)
    _as_arrow[key] = weakref.ref(frame, lambda _: _as_arrow.pop(key, None)), made
    return made


@contextmanager
def _taken_along(label: str, name: str) -> Iterator[bool]:
    """What the buttons stand in, and whether somebody looks: they are made for whoever does."""
    icon = ":material/download:"
    with st.popover(label, icon=icon, type="tertiary", key=f"export-{name}", on_change="rerun") as box:
        yield bool(box.open)


def table(frame: pd.DataFrame, name: str, ready: bool = False, **options: object) -> object:
    """Show a table, with its exports below: CSV, JSON and LaTeX.

    Args:
        name: of the files, unique among tables and charts of the page.
        ready: make the files at once; where a clock redraws the table, a click may miss those made on demand.
        options: of `st.dataframe`.
    """
    chosen = st.dataframe(arrow(frame), hide_index=True, placeholder="–", key=f"table-{name}", **options)
    with _taken_along("Export table", f"table-{name}") as wanted:
        if wanted:
            _files(frame, name, TABLE_FORMATS, ready)
    return chosen


@dataclass(frozen=True)
class Drawn:
    """A chart as it goes to browsers."""

    spec: dict  # Vega-Lite, without data
    tables: dict[str, bytes]  # its data by name, as streams of Arrow


class _Named:
    """Altair's data transformer: a chart's tables go to browsers as Arrow, and its text has their names."""

    def __init__(self) -> None:
        self.tables: dict[str, bytes] = {}
        self._frames: list[pd.DataFrame] = []

    def __call__(self, data: pd.DataFrame | None = None) -> object:
        if data is None:  # asked for options
            return self
        number = next((i for i, frame in enumerate(self._frames) if frame is data), len(self._frames))
        if number == len(self._frames):
            self._frames.append(data)
            self.tables[f"data-{number}"] = _arrow(data)
        return {"name": f"data-{number}"}


def _draw(draw: Callable[..., alt.TopLevelMixin], args: tuple) -> Drawn:
    drawing = draw(*args).configure_axis(
        labelFlush=False
    )  # else Vega moves the outermost labels off their ticks
    named = _Named()
    with _altair, alt.theme.enable("none"):
        alt.data_transformers.register("arrow", named)
        with alt.data_transformers.enable("arrow"):
            spec = drawing.to_dict()
    return Drawn(spec, named.tables)


def _arrow(frame: pd.DataFrame) -> bytes:
    found, sink = pa.Table.from_pandas(frame, preserve_index=False), io.BytesIO()
    texts = [pa.types.is_large_string(field.type) for field in found.schema]
    fields = [f.with_type(pa.string()) if text else f for f, text in zip(found.schema, texts, strict=True)]
    found = found.cast(pa.schema(fields))
    with pa.ipc.new_stream(sink, found.schema) as stream:
        stream.write_table(found)
    return sink.getvalue()


def chart(
    draw: Callable[..., alt.TopLevelMixin], *args: object, name: str, says: str, width: str | int = "stretch"
) -> None:
    """Show a chart, with its exports below: PNG and SVG, and its table as CSV, JSON and LaTeX.

    It is drawn once for all visitors, see `reading.shared`.

    Args:
        draw: makes the chart of `args`. The table is `chart_data`: it draws the marks that the data are about
            last, above lines and rings.
        name: of the files, unique among tables and charts of the page.
        says: what the chart says, for those who do not see it.
    """
    drawn = reading.shared(draw, *args, then=_draw)
    spec = {**drawn.spec, "datasets": dict(drawn.tables)}
    st.vega_lite_chart(spec=spec, width=width, key=f"chart-{name}", alt=says)
    with _taken_along("Export chart", f"chart-{name}") as wanted:
        if wanted:
            drawing = draw(*args)
            _files(drawing, name, CHART_FORMATS)
            _files(chart_data(drawing), f"{name}-data", TABLE_FORMATS)
