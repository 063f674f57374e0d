"""A report of one or more runs: an HTML file with tables and plots, complete in itself."""

from __future__ import annotations

import base64
import html
import io
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..audiogram import Listener, read_listeners
from ..errors import InputError
from ..io.files import write_text
from ..io.names import printable
from ..io.runfile import asked_trials, listeners_file, read_run, run_beside
from ..registry import (
    CALIBRATED,
    INTRUSIVE,
    ScorerRecord,
    caution,
    predictors_of,
    scorer_bounds,
    scorer_record,
    scorer_title,
)
from ..scores import Score, read_scores, results_path
from .agreement import FEW, Agreement, agreement_by, pair_scores
from .standings import current_versions, group_means
from .summary import (
    AGREEMENT_HEAD,
    agreement_rows,
    severity_rows,
    speed_text,
    standings_rows,
)

LIMIT = (
    "HAAQI compares with the remix that has the target gains. HAAQI-Net hears the output alone and cannot "
    "know the target gains: it tells how clean the output sounds, not whether the right stems were turned "
    "up. The unprocessed mixture is therefore over-rated. The scorer haaqinet_target knows the mixture and "
    "the gains, not the stems: it may be deceived about which stem was changed. Predicted and intrusive "
    "scores are ranked apart."
)


@dataclass(frozen=True)
class Run:
    """A results file and what is needed to read it."""

    path: Path
    challenge: str
    scores: list[Score]
    listeners: dict[str, Listener]
    expected: dict[str, int]  # trials per system that each scorer was asked for
    note: str = ""  # what could not be read, for the user


def load_run(results: Path, listeners: Path | None = None, expected: int | None = None) -> Run:
    """Read a results file with the `run.json` beside it.

    Args:
        results: `results.csv` of an evaluate recipe, or its folder.
        listeners: Clarity listener JSON; default: the one that `run.json` names, if it is here: the folder
            may come from another machine.
        expected: trials per system; default: from `run.json`, for each scorer.

    Raises:
        InputError: where neither the arguments nor `run.json` say it.
    """
    results = results_path(results)
    scores = current_versions(read_scores(results))
    if not scores:
        raise InputError(f"{results}: holds no rows")
    record = read_run(run_beside(results))
    asked = asked_trials(record)
    trials = {
        scorer: expected or asked.get(scorer) or _as_predicted(scorer, asked) for scorer in _scorers(scores)
    }
    if lacking := [scorer for scorer, number in trials.items() if not number]:
        what = f"how many trials of {', '.join(lacking)} are expected"
        raise InputError(f"{results}: no run.json beside it says {what}; give --expected")
    people, note = read_listeners_of(results, listeners)
    return Run(results, scores[0].challenge, scores, people, trials, note)


def read_listeners_of(results: Path, listeners: Path | None = None) -> tuple[dict[str, Listener], str]:
    """Listeners of a results file, none where their file is not here, and then a sentence that says so.

    Args:
        listeners: Clarity listener JSON; default: the one that the `run.json` beside the results names.
    """
    place, note = listeners or listeners_file(read_run(run_beside(results))), ""
    if listeners is None and place and not place.is_file():
        place, note = None, f"{place}: not on this machine, so severities are unknown; give --listeners"
    return (read_listeners(place) if place else {}), note


def _scorers(scores: Sequence[Score]) -> list[str]:
    return sorted({score.scorer for score in scores})


def _as_predicted(scorer: str, asked: Mapping[str, int]) -> int:
    """Trials of a scorer that `calibrate apply` has added: those of the scorer that it maps."""
    return asked.get(scorer.removesuffix(CALIBRATED), 0)


def _png(figure: Any) -> str:
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
    plt.close(figure)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _label(system: str) -> str:
    """A system's name in a legend, which leaves out what begins with a line."""
    shown = printable(system)
    return f" {shown}" if shown.startswith("_") else shown


def scatter_plot(run: Run, predictor: ScorerRecord) -> str | None:
    """Predicted against intrusive score, a dot per ear: PNG in base64, or None without pairs."""
    import matplotlib.pyplot as plt

    pairs = pair_scores(run.scores, predictor.name, INTRUSIVE)
    if not pairs:
        return None
    figure, axes = plt.subplots(figsize=(5.4, 5))
    for system in sorted({true.system for _, true in pairs}):
        mine = [(true.score, predicted.score) for predicted, true in pairs if true.system == system]
        true_scores, predictions = zip(*mine, strict=True)
        axes.scatter(true_scores, predictions, s=16, alpha=0.75, label=_label(system))
    bounds = scorer_record(INTRUSIVE).bounds
    axes.plot(bounds, bounds, color="0.6", linewidth=1, zorder=0)
    figures = agreement_by(run.scores, predictor.name, INTRUSIVE)["all"]
    axes.set(
        xlim=bounds,
        ylim=predictor.bounds,
        xlabel=scorer_title(INTRUSIVE),
        ylabel=predictor.title,
        title=f"{run.challenge}: {_correlations(figures)}n = {figures.n}",
    )
    axes.legend(fontsize=8, loc="lower right")
    return _png(figure)


def listener_plot(run: Run) -> str | None:
    """Mean score per listener and ear, a line per system, the scorers side by side."""
    import matplotlib.pyplot as plt

    scorers = list(dict.fromkeys(row.scorer for row in run.scores if not row.failed))
    if not scorers:
        return None
    means = group_means(run.scores, lambda s: f"{s.listener}\n{s.ear}")
    names = sorted({name for groups in means.values() for name in groups})
    figure, axes = plt.subplots(1, len(scorers), figsize=(5.4 * len(scorers), 4), squeeze=False)
    for axis, scorer in zip(axes[0], scorers, strict=True):
        for (system, made_by), groups in sorted(means.items()):
            if made_by == scorer:
                values = [groups.get(name, (float("nan"), 0))[0] for name in names]
                axis.plot(names, values, "o-", ms=4, label=_label(system))
        axis.set(title=scorer_title(scorer), ylabel="mean score")
        if all(map(math.isfinite, bounds := scorer_bounds(scorer))):
            axis.set(ylim=bounds)
        axis.tick_params(axis="x", labelsize=7, rotation=60)
        axis.grid(alpha=0.3)
    axes[0][0].legend(fontsize=8)
    return _png(figure)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
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


def _correlations(figures: Agreement) -> str:
    return f"LCC {figures.lcc:.2f}, SRCC {figures.srcc:.2f}, " if figures.n >= FEW else ""


def _figure(caption: str, image: str | None) -> list[str]:
    alt = html.escape(caption)
    return [f'<p>{alt}</p><img alt="{alt}" src="data:image/png;base64,{image}">'] if image else []


def _section(run: Run) -> str:
    parts = [f"<h2>{html.escape(run.challenge)}</h2>"]
    for scorer in sorted({s.scorer for s in run.scores}):
        parts += [f"<h3>Mean per system: {html.escape(scorer_title(scorer))}</h3>"]
        parts += [_table(*standings_rows(run.scores, scorer, run.expected))]
        text = caution(scorer, run.challenge)
        parts += [f"<p>{html.escape(text)}</p>"] if text else []
    parts += ["<h3>Mean per severity of the loss (Humes 2019, better ear)</h3>"]
    parts += [_table(*severity_rows(run.scores, run.listeners))]
    for predictor in predictors_of(INTRUSIVE):
        if rows := agreement_rows(run.scores, predictor.name):
            title = html.escape(f"Agreement with HAAQI: {predictor.title}")
            parts += [f"<h3>{title}</h3>", _table(AGREEMENT_HEAD, rows)]
            parts += _figure("Each dot is one ear of one signal.", scatter_plot(run, predictor))
    parts += _figure("Mean per listener and ear.", listener_plot(run))
    if any(not s.failed for s in run.scores):
        parts += [f"<p>{html.escape(speed_text(run.scores))}</p>"]
    return "\n".join(parts)


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
        body = "\n".join(_section(run) for run in runs)
    page = (
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Cadenza evaluation</title>"
        f"<style>{STYLE}</style><h1>Cadenza evaluation</h1><p class='limit'>{LIMIT}</p>{body}</html>\n"
    )
    write_text(path, page)
