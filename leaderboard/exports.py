"""Tables and charts as all pages show them, and tables to take along: CSV, JSON and LaTeX."""

from __future__ import annotations

from functools import partial

import altair as alt
import pandas as pd
import streamlit as st

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet may take a cell for
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

    def safe(value: object) -> object:
        return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value

    return frame.rename(columns=safe).map(safe).to_csv(index=False, lineterminator="\n")


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

    numeric = [pd.api.types.is_numeric_dtype(frame[name]) for name in frame]
    lines = [
        f"\\begin{{tabular}}{{{''.join('r' if n else 'l' for n in numeric)}}}",
        "\\toprule",
        " & ".join(latex_text(str(name)) for name in frame) + " \\\\",
        "\\midrule",
        *(" & ".join(map(cell, row)) + " \\\\" for row in frame.itertuples(index=False)),
        "\\bottomrule",
        "\\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def latex_text(text: str) -> str:
    """Text that LaTeX prints as it is.

    >>> latex_text("a_b & 5 %")
    'a\\\\_b \\\\& 5 \\\\%'
    """
    return "".join(_LATEX.get(character, character) for character in text)


FORMATS = {
    "CSV": (to_csv, "csv", "text/csv"),
    "JSON": (to_json, "json", "application/json"),
    "LaTeX": (to_latex, "tex", "text/x-tex"),
}


def table(frame: pd.DataFrame, name: str, **options: object) -> object:
    """Show a table, with its exports below.

    Args:
        name: of the files, unique on the page.
        options: of `st.dataframe`.
    """
    chosen = st.dataframe(frame, hide_index=True, placeholder="–", key=f"table-{name}", **options)
    with st.popover("Export table", icon=":material/download:", type="tertiary"):
        for label, (write, suffix, kind) in FORMATS.items():
            st.download_button(
                f"{name}.{suffix} ({label})",
                partial(write, frame),
                file_name=f"{name}.{suffix}",
                mime=kind,
                key=f"{name}-{suffix}",
                on_click="ignore",
            )
    return chosen


def chart(drawing: alt.TopLevelMixin, name: str, alt_text: str, width: str | int = "stretch") -> None:
    """Show a chart; its toolbar, Streamlit's own, saves PNG and Vega-Lite and shows the data.

    Args:
        name: unique on the page.
        alt_text: what the chart says, for those who do not see it.
    """
    st.altair_chart(drawing, width=width, key=f"chart-{name}", alt=alt_text)
