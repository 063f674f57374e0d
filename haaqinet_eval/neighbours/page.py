"""The report of a run: HTML with tables and plots, complete in itself; plots as files; a page of docs."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..analysis.report import STYLE, html_figure, html_table
from ..errors import InputError
from ..io.files import write_text, written
from ..io.markdown import markdown_table
from . import plots, published, tables
from .correlating import Measured, centred
from .degrading import PAPER
from .judging import verdicts
from .measuring import LEFT_OUT
from .tables import Table

TITLE = "HAAQI among its neighbours"
LIMIT = (
    "Measures of speech (PESQ, STOI, DNSMOS, HASQI, HASPI) are used on music here, which they were not made "
    "for. HAAQI, HASQI, HASPI, HAAQI-Net and its embedding hear with the listener's ear; the others know no "
    "hearing loss, and compare with a reference that is amplified for the listener. No listener was asked: "
    "the tables say who agrees with HAAQI, not who is right."
)
WITHIN = (
    "Within: values less the mean of their group of degradations, file and listener. Intervals of 95 %, from "
    "drawing degradations and ears apart."
)


def _tables(measured: Measured, missing: dict[str, str], truth: str) -> dict[str, tuple[str, Table]]:
    """Title -> what to say below it, and its table."""
    within, found = centred(measured), verdicts(measured, truth)
    listener = str(measured.listeners[0])
    out = {
        "What was measured": (extent(measured), tables.metric_table(measured, missing)),
        f"Agreement with {truth}": (WITHIN, tables.correlation_table(measured, within, truth)),
        "Agreement by degradation": ("Spearman's correlation.", tables.group_table(measured, truth)),
        "Who could stand in": (
            "What could be used instead of HAAQI has a Spearman's correlation of 0.8 or more even at the "
            "lower end of its interval.",
            tables.best_table(found),
        ),
        "Where they contradict": (
            "Of pairs of degradations of one sound in one ear that HAAQI tells apart by more than 0.1, the "
            "share that a measure orders the other way by more than a tenth of its range.",
            tables.contradiction_table(measured, truth=truth),
        ),
        "Ranges": ("Highest and lowest value.", tables.range_table(measured)),
    }
    if set(PAPER) <= set(measured.degradations.tolist()):
        told = f"{published.DIFFER} Listener: {listener}. {correlations_text()}"
        out["Beside the report on neural embeddings"] = (told, published.beside(measured, listener))
    return out


def extent(measured: Measured) -> str:
    """How much there is, of all files, listeners and degradations that there are.

    >>> import numpy as np
    >>> names = np.array(["a", "a", "b"])
    >>> extent(Measured(("haaqi",), np.zeros((3, 1)), names, np.array(["mp3-1", "mp3-2", "mp3-1"]), names))
    '3 of 8 degraded sounds in ears. Files: a, b. Listeners: a, b. Degradations: 2.'
    """
    files, listeners, kinds = (
        list(dict.fromkeys(x.tolist())) for x in (measured.files, measured.listeners, measured.degradations)
    )
    whole = len(files) * len(listeners) * len(kinds)
    return (
        f"{len(measured.files)} of {whole} degraded sounds in ears. Files: {', '.join(files)}. "
        f"Listeners: {', '.join(listeners)}. Degradations: {len(kinds)}."
    )


def correlations_text() -> str:
    """The report's four correlations, as it states them and as its own table has them."""
    said = (
        f"{a} with {b} {stated:.3f} (from its table {published.published_correlation(a, b):.3f})"
        for (a, b), stated in published.CORRELATIONS.items()
    )
    return f"Its correlations, pooled over its 18 rows: {', '.join(said)}."


def _figures(measured: Measured, truth: str) -> Iterator[tuple[str, str, Any]]:
    """Name of a file, what it shows, the figure."""
    listener = str(measured.listeners[0])
    for number, file in enumerate(dict.fromkeys(measured.files.tolist()), 1):
        yield (
            f"bars-{number}",
            f"{file}: every measure by degradation and level.",
            plots.bars(measured, file, listener),
        )
    yield "scatter", "Every measure over HAAQI, with a line through all.", plots.scatter(measured, truth)
    maps = plots.all_maps(measured, centred(measured))
    yield "correlations", "Correlation of all pairs of measures.", plots.heat_maps(maps, measured.metrics)
    yield "by-degradation", "Agreement with HAAQI by degradation.", plots.group_heat_map(measured, truth)


def write_report(
    measured: Measured,
    missing: dict[str, str],
    out: str | Path,
    page: str | Path | None,
    truth: str = "haaqi",
) -> list[Path]:
    """Write `report.html` and the plots as PNG and SVG to a folder, and a page in Markdown.

    Args:
        measured: what was measured, HAAQI among it.
        missing: why measures are not here, by name.
        page: where the Markdown goes, its pictures to `images/` beside it; None for none.

    Raises:
        InputError: without the true measure's values, or where something cannot be written.
    """
    if truth not in measured.metrics or len(measured.files) < 2:
        raise InputError(f"the report compares with {truth}, which was not measured on two sounds at least")
    import matplotlib as mpl

    mpl.use("Agg")
    out, body, pictures = Path(out), [], {}
    found = _tables(measured, missing, truth)
    for title, (told, (head, rows)) in found.items():
        body += [f"<h2>{html.escape(title)}</h2>", f"<p>{html.escape(told)}</p>", html_table(head, rows)]
    with mpl.rc_context({"text.parse_math": False, "svg.hashsalt": "neighbours"}):
        for name, told, figure in _figures(measured, truth):
            pictures[name] = (told, _save(figure, out / name))
            body += html_figure(told, base64.b64encode(pictures[name][1]).decode("ascii"))
    head = (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{TITLE}</title><style>{STYLE}</style>"
    )
    write_text(
        out / "report.html", f"{head}<h1>{TITLE}</h1><p class='limit'>{LIMIT}</p>{''.join(body)}</html>\n"
    )
    made = [out / "report.html"]
    if page:
        made.append(Path(page))
        _write_page(Path(page), found, pictures, [name for name, why in missing.items() if why == LEFT_OUT])
    return made


def _save(figure: Any, place: Path) -> bytes:
    """A figure as PNG and SVG beside each other; the PNG's bytes."""
    import matplotlib.pyplot as plt

    held = {}
    for kind in ("png", "svg"):
        buffer = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else {}
        figure.savefig(buffer, format=kind, dpi=80, bbox_inches="tight", metadata=metadata)
        held[kind] = buffer.getvalue()
        with written(place.with_suffix(f".{kind}"), binary=True) as file:
            file.write(held[kind])
    plt.close(figure)
    return held["png"]


def _write_page(
    page: Path,
    found: Mapping[str, tuple[str, Table]],
    pictures: Mapping[str, tuple[str, bytes]],
    skipped: Sequence[str],
) -> None:
    options = f"page={page.as_posix()}" + f" 'skip=[{','.join(skipped)}]'" * bool(skipped)
    lines = [f"# {TITLE}", "", f"Written by `python recipes/degradations/report.py {options}`.", "", LIMIT]
    for name, (told, picture) in pictures.items():
        place = page.parent / "images" / f"neighbours-{name}.png"
        with written(place, binary=True) as file:
            file.write(picture)
        lines += ["", f"![{told}](images/{place.name})"]
    for title, (told, (head, rows)) in found.items():
        lines += ["", f"## {title}", *(["", told] if told else []), "", markdown_table(head, rows).rstrip()]
    write_text(page, "\n".join(lines) + "\n")
