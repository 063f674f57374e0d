"""A report of one or more runs: an HTML file with tables and plots, complete in itself."""

from __future__ import annotations

import html
import math
import warnings
from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from ..io.files import write_text
from ..registry import (
    INTRUSIVE,
    caution,
    is_ranked,
    predictors_of,
    scorer_title,
)
from ..scores import Score
from .comparison import value_of
from .report_plots import listener_plot, scatter_plot
from .runs import Run, by_name, load_run, scorers_of
from .side_by_side import SIDE_HEAD, side_by_side, side_by_side_rows
from .standings import group_means
from .summary import (
    AGREEMENT_HEAD,
    agreement_rows,
    number,
    severity_rows,
    speed_text,
    standings_rows,
)
from .worst import find_worst

__all__ = ["Run", "load_run", "write_report"]

MOST_SCENES, MOST_TRIALS = 10, 5  # of all systems, of each
TRIAL_HEAD = ["system", "score", "scene", "listener", "ear", "stem", "severity", "lowest part", "song"]
LIMIT = (
    "HAAQI compares with the remix that has the target gains. HAAQI-Net hears the output alone and cannot "
    "know the target gains: it tells how clean the output sounds, not whether the right stems were turned "
    "up. The unprocessed mixture is therefore over-rated. The scorer haaqinet_target knows the mixture and "
    "the gains, not the stems: it may be deceived about which stem was changed. Predicted and intrusive "
    "scores are ranked apart."
)


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of text to the left, of numbers to the right; a wide table can be pushed aside on a phone."""
    kinds = ["" if any(map(_is_text, column)) else " class=n" for column in zip(*rows, strict=True)]
    kinds = kinds or [""] * len(head)
    cells = "".join(f"<th{kind}>{html.escape(name)}</th>" for kind, name in zip(kinds, head, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f"<td{kind}>{html.escape(cell)}</td>" for kind, cell in zip(kinds, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return f"<div class=wide><table><tr>{cells}</tr>{body}</table></div>"


def _is_text(cell: str) -> bool:
    return any(character.isalpha() for character in cell)


def html_figure(caption: str, image: str | None) -> list[str]:
    alt = html.escape(caption)
    return [f'<p>{alt}</p><img alt="{alt}" src="data:image/png;base64,{image}">'] if image else []


def _section(run: Run) -> str:
    parts = [f"<h2>{html.escape(run.challenge)}</h2>"]
    for scorer in scorers_of(run.scores):
        parts += [f"<h3>Mean per system: {html.escape(scorer_title(scorer))}</h3>"]
        parts += [html_table(*standings_rows(run.scores, scorer, run.expected))]
        entrants = side_by_side({"": (run.scores, run.expected)}, scorer)
        if len(entrants) > 1 and is_ranked(scorer, run.challenge):
            rows = [row[:-1] for row in side_by_side_rows(entrants)]
            parts += ["<p>How far each is behind the best:</p>", html_table(SIDE_HEAD[:-1], rows)]
        text = caution(scorer, run.challenge)
        parts += [f"<p>{html.escape(text)}</p>"] if text else []
    parts += ["<h3>Mean per severity of the loss (Humes 2019, better ear)</h3>"]
    parts += [html_table(*severity_rows(run.scores, run.listeners))]
    for predictor in predictors_of(INTRUSIVE):
        if rows := agreement_rows(run.scores, predictor.name):
            title = html.escape(f"Agreement with HAAQI: {predictor.title}")
            parts += [f"<h3>{title}</h3>", html_table(AGREEMENT_HEAD, rows)]
            parts += html_figure("Each dot is one ear of one signal.", scatter_plot(run, predictor))
    parts += html_figure("Mean per listener and ear.", listener_plot(run))
    there = scorers_of(run.scores)
    for scorer in [INTRUSIVE] if INTRUSIVE in there else there:
        parts += _worst_parts(run, scorer)
    if any(not s.failed for s in run.scores):
        parts += [f"<p>{html.escape(speed_text(run.scores))}</p>"]
    return "\n".join(parts)


def _together(runs: Sequence[Run]) -> list[str]:
    """Systems of several runs of a challenge in one table."""
    parts = []
    for challenge in dict.fromkeys(run.challenge for run in runs):
        mine = by_name([run for run in runs if run.challenge == challenge])
        if len(mine) > 1:
            for scorer in sorted({row.scorer for rows, _ in mine.values() for row in rows}):
                title = html.escape(f"{challenge}, all runs: {scorer_title(scorer)}")
                parts += [
                    f"<h2>{title}</h2>",
                    html_table(SIDE_HEAD, side_by_side_rows(side_by_side(mine, scorer))),
                ]
    return parts


def _worst_parts(run: Run, scorer: str) -> list[str]:
    """The parts of each system's score, the scenes with the lowest means, each system's worst trials."""
    mine = [row for row in run.scores if row.scorer == scorer and not row.failed]
    systems, title = sorted({row.trial.system for row in mine}), html.escape(scorer_title(scorer))
    if not mine:
        return []
    parts = []
    if rows := _part_means(mine, systems):
        parts += [f"<h3>Parts of the score: {title}</h3>", html_table(rows[0], rows[1:])]
    means = group_means(mine, lambda score: score.trial.scene)
    scenes = {row.trial.scene: row.trial.song for row in mine}
    table = {name: [means[system, scorer].get(name, (None, 0))[0] for system in systems] for name in scenes}
    known = {name: [value for value in values if value is not None] for name, values in table.items()}
    lowest = sorted(table, key=lambda name: sum(known[name]) / len(known[name]))[:MOST_SCENES]
    rows = [[name, *(number(value, 3) for value in table[name]), scenes[name]] for name in lowest]
    parts += [
        f"<h3>Scenes with the lowest means: {title}</h3>",
        html_table(["scene", *systems, "song"], rows),
    ]
    worst = [find_worst(run.scores, system, scorer, run.listeners, MOST_TRIALS) for system in systems]
    trials = [
        [
            *(found.system, f"{value_of(t.score):.3f}", trial.scene, trial.listener, trial.ear),
            *(trial.stem, t.severity, t.low_part, trial.song),
        ]
        for found in worst
        for t in found.trials
        for trial in [t.score.trial]
    ]
    shown = [i for i in range(len(TRIAL_HEAD)) if any(row[i] for row in trials)]
    cells = [[row[i] for i in shown] for row in trials]
    return [*parts, f"<h3>Worst trials: {title}</h3>", html_table([TRIAL_HEAD[i] for i in shown], cells)]


def _part_means(rows: Sequence[Score], systems: Sequence[str]) -> list[list[str]]:
    """Head and rows: the mean of each part of the score per system; nothing without parts."""
    names = list(dict.fromkeys(name for row in rows for name in row.parts))
    table = []
    for system in systems:
        mine = [row for row in rows if row.trial.system == system]
        values = [[row.parts.get(name, math.nan) for row in mine] for name in names]
        table.append([system, *(number(sum(v) / len(v), 3) for v in values)])
    return [["system", *names], *table] if names else []


STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222;
  max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: .5rem 0 1.5rem }
th, td { border-bottom: 1px solid #ddd; padding: .25rem .7rem; text-align: left; white-space: nowrap }
.n { text-align: right }
.wide { overflow-x: auto }
img { max-width: 100% }
.limit { background: #f5f3e8; padding: .7rem 1rem }
"""


def write_report(runs: Sequence[Run], path: Path) -> None:
    """Write the HTML report of several runs; needs matplotlib (extra `recipes`).

    Raises:
        InputError, Stopped: where matplotlib is missing, or the file cannot be written.
    """
    try:
        import matplotlib
    except ImportError:
        raise InputError("the report's plots need matplotlib: pip install 'haaqinet-eval[recipes]'") from None
    matplotlib.use("Agg")
    with matplotlib.rc_context({"text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a name may be in any script, with dollars
        body = "\n".join([*_together(runs), *(_section(run) for run in runs)])
    page = (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'><title>Cadenza evaluation</title>"
        f"<style>{STYLE}</style><h1>Cadenza evaluation</h1><p class='limit'>{LIMIT}</p>{body}</html>\n"
    )
    write_text(path, page)
