"""HTML that is escaped, well-formed as XML too, and loads nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
html { background: light-dark(#fff, #14161a); color: light-dark(#1b1d21, #eceef1); }
body { max-width: 75rem; margin: 0 auto; padding: 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
caption { text-align: left; padding: .3rem 0; font-style: italic; }
@media (max-width: 640px) { body { padding: .6rem; font-size: .94rem; } h1 { font-size: 1.5rem; } }
th, td { padding: .2rem .7rem; text-align: left; border-bottom: 1px solid #8888; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
"""


class Html(str):
    """Text that is markup already; all else is escaped."""


def markup(value: object) -> Html:
    """A value as HTML; what could change the text around it is replaced.

    >>> markup("a <b> & \\u202e\\x00")
    'a &lt;b&gt; &amp; \ufffd\ufffd'
    """
    if isinstance(value, Html):
        return value
    return Html(escape(plain(value)))


def plain(value: object) -> str:
    """A value as text without what could change the text around it."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in str(value))


def element(tag: str, *parts: object, **attributes: str) -> Html:
    """An element; parts that are no markup are escaped, `class_` stands for `class`."""
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"' for name, value in attributes.items()
    )
    return Html(f"<{tag}{given}>{''.join(map(markup, parts))}</{tag}>")


def table(caption: str, rows: Sequence[Mapping[str, object]], class_: str = "plain") -> Html:
    """A table; its columns are the keys of the first row."""
    head = element("tr", *(element("th", name, scope="col") for name in rows[0]))
    body = (element("tr", *(_cell(value) for value in row.values()), Html("\n")) for row in rows)
    parts = element("caption", caption), element("thead", head), element("tbody", *body)
    region = {"tabindex": "0", "role": "region", "aria_label": caption}  # so that keys can scroll it
    return element("div", element("table", *parts, class_=class_), class_="wide", **region)


def _cell(value: object) -> Html:
    if isinstance(value, float):
        return element("td", f"{value:.4f}", class_="number")
    if isinstance(value, int) and not isinstance(value, bool):
        return element("td", value, class_="number")
    shown = {None: "–", True: "yes", False: "no"}.get(value, value)  # a str never equals these
    return element("td", shown if isinstance(value, Html) else element("bdi", shown))


def page(title: str, *parts: object, style: str = "") -> str:
    """A whole page; `style` is added to its own."""
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    head = (
        Html('<meta charset="utf-8"/>'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}"/>'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1"/>'),
        element("title", title),
        element("style", Html(STYLE + style)),
    )
    body = element("main", element("h1", title), *(Html(f"\n{markup(part)}") for part in parts))
    whole = element("html", element("head", *head), element("body", body), lang="en")
    return f"<!DOCTYPE html>\n{whole}\n"
