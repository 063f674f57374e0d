"""A report of one or more runs: an HTML file with tables and plots, complete in itself."""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .agreement import agreement_by, pair_scores
from .audiogram import Listener, read_listeners
from .errors import InputError
from .scores import Score, path_to_write, read_scores, results_path
from .standings import current_versions, group_means
from .summary import (
    AGREEMENT_HEAD,
    INTRUSIVE,
    PREDICTED,
    PREDICTING,
    STANDINGS_HEAD,
    TITLES,
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
    expected: int  # trials per system that the challenge asks for


def load_run(results: Path, listeners: Path | None = None, expected: int | None = None) -> Run:
    """Read a results file with the `run.json` beside it.

    Args:
        results: `results.csv` of an evaluate recipe, or its folder.
        listeners: Clarity listener JSON; default: the one that `run.json` names.
        expected: trials per system; default: from `run.json`.

    Raises:
        InputError: where neither the arguments nor `run.json` say it.
    """
    results = results_path(results)
    scores = current_versions(read_scores(results))
    if not scores:
        raise InputError(f"{results}: holds no rows")
    run = _last_run(results.with_name("run.json"))
    expected = expected or _expected_trials(run)
    if not expected:
        raise InputError(
            f"{results}: no run.json beside it says how many trials are expected; give --expected"
        )
    listeners = listeners or run.get("config", {}).get("path", {}).get("listeners_file")
    people = read_listeners(listeners) if listeners else {}
    return Run(results, scores[0].challenge, scores, people, int(expected))


def _last_run(path: Path) -> dict:
    """The last entry of a `run.json`; empty where there is no such file."""
    if not path.exists():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))["runs"][-1]
    except (ValueError, KeyError, IndexError, TypeError):
        raise InputError(f"{path}: is no record of a run") from None


def _expected_trials(run: dict) -> int:
    """Trials per system and scorer; 0 where the record does not say it."""
    rows, tables = run.get("expected", 0), len(run.get("systems", ())) * len(run.get("scorers", ()))
    return rows // tables if tables else 0


def _png(figure) -> str:
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
    plt.close(figure)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def scatter_plot(run: Run) -> str | None:
    """Predicted against intrusive score, a dot per ear: PNG in base64, or None without pairs."""
    import matplotlib.pyplot as plt

    pairs = pair_scores(run.scores, PREDICTED, INTRUSIVE)
    if not pairs:
        return None
    figure, axes = plt.subplots(figsize=(5.4, 5))
    for system in sorted({true.system for _, true in pairs}):
        mine = [(true.score, predicted.score) for predicted, true in pairs if true.system == system]
        axes.scatter(*zip(*mine, strict=True), s=16, alpha=0.75, label=system)
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, zorder=0)
    figures = agreement_by(run.scores, PREDICTED, INTRUSIVE)["all"]
    axes.set(
        xlim=(0, 1),
        ylim=(0, 1),
        xlabel="HAAQI (intrusive)",
        ylabel="HAAQI-Net (predicted)",
        title=f"{run.challenge}: LCC {figures.lcc:.2f}, SRCC {figures.srcc:.2f}, n = {figures.n}",
    )
    axes.legend(fontsize=8, loc="lower right")
    return _png(figure)


def listener_plot(run: Run) -> str | None:
    """Mean score per listener and ear, a line per system, intrusive beside predicted."""
    import matplotlib.pyplot as plt

    scorers = [s for s in (INTRUSIVE, PREDICTED) if any(r.scorer == s and not r.failed for r in run.scores)]
    if not scorers:
        return None
    means = group_means(run.scores, lambda s: f"{s.listener}\n{s.ear}")
    names = sorted({name for groups in means.values() for name in groups})
    figure, axes = plt.subplots(1, len(scorers), figsize=(5.4 * len(scorers), 4), squeeze=False)
    for axis, scorer in zip(axes[0], scorers, strict=True):
        for (system, made_by), groups in sorted(means.items()):
            if made_by == scorer:
                axis.plot(
                    names, [groups.get(n, (float("nan"), 0))[0] for n in names], "o-", ms=4, label=system
                )
        axis.set(ylim=(0, 1), title=TITLES[scorer], ylabel="mean score")
        axis.tick_params(axis="x", labelsize=7, rotation=60)
        axis.grid(alpha=0.3)
    axes[0][0].legend(fontsize=8)
    return _png(figure)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{cells}</tr>{body}</table>"


def _section(run: Run) -> str:
    parts = [f"<h2>{html.escape(run.challenge)}</h2>"]
    for scorer in sorted({s.scorer for s in run.scores}):
        parts += [f"<h3>Mean per system: {TITLES.get(scorer, html.escape(scorer))}</h3>"]
        parts += [_table(STANDINGS_HEAD, standings_rows(run.scores, scorer, run.expected))]
    parts += ["<h3>Mean per severity of the loss (Humes 2019, better ear)</h3>"]
    parts += [_table(*severity_rows(run.scores, run.listeners))]
    for scorer, name in PREDICTING.items():
        rows = agreement_rows(run.scores, scorer)
        if rows:
            parts += [f"<h3>Agreement of {name} with HAAQI</h3>", _table(AGREEMENT_HEAD, rows)]
    for caption, image in (
        ("Each dot is one ear of one signal.", scatter_plot(run)),
        ("Mean per listener and ear.", listener_plot(run)),
    ):
        if image:
            alt = html.escape(caption)
            parts += [f'<p>{alt}</p><img alt="{alt}" src="data:image/png;base64,{image}">']
    if any(not s.failed for s in run.scores):
        parts += [f"<p>{html.escape(speed_text(run.scores))}</p>"]
    return "\n".join(parts)


STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222;
  max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: .5rem 0 1.5rem }
th, td { border-bottom: 1px solid #ddd; padding: .25rem .7rem; text-align: right }
th:nth-child(2), td:nth-child(2), th:first-child, td:first-child { text-align: left }
img { max-width: 100% }
.limit { background: #f5f3e8; padding: .7rem 1rem }
"""


def write_report(runs: Sequence[Run], path: Path) -> None:
    """Write the HTML report of several runs; needs matplotlib (extra `recipes`).

    Raises:
        InputError: where matplotlib is missing, or a folder has the name.
    """
    path = path_to_write(path)
    try:
        import matplotlib
    except ImportError:
        raise InputError("the report's plots need matplotlib: pip install 'haaqinet-eval[recipes]'") from None
    matplotlib.use("Agg")
    body = "\n".join(_section(run) for run in runs)
    page = (
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Cadenza evaluation</title>"
        f"<style>{STYLE}</style><h1>Cadenza evaluation</h1><p class='limit'>{LIMIT}</p>{body}</html>\n"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
