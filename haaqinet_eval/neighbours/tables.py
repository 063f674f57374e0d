"""What the rows say, as tables of text: head and rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..analysis.statistics import Interval
from ..registry import scorer_record
from .correlating import Measured, by_group, correlate
from .degrading import PAPER
from .judging import Verdict, best, contradictions

Table = tuple[list[str], list[list[str]]]


def span(found: Interval) -> str:
    """`0.81 (0.70 to 0.88)`.

    >>> span(Interval(0.812, 0.7, 0.88)), span(Interval(float("nan"), float("nan"), float("nan")))
    ('0.81 (0.70 to 0.88)', '–')
    """
    if not np.isfinite(found.value):
        return "–"
    limits = f" ({found.low:.2f} to {found.high:.2f})" if np.isfinite(found.low) else ""
    return f"{found.value:.2f}{limits}"


def metric_table(measured: Measured, missing: dict[str, str]) -> Table:
    """What was measured with what, what each measure is for, and what is not here and why."""
    rows = []
    for name in (*measured.metrics, *missing):
        record = scorer_record(name)
        low, high = record.limits
        state = missing.get(name) or f"{np.isfinite(measured.of(name)).sum()} of {len(measured.files)}"
        rows.append([name, record.purpose or "–", f"{low:g} to {high:g}", record.summary, state])
    return ["measure", "made for", "worst to best", "what it is", "sounds with a value"], rows


def range_table(measured: Measured) -> Table:
    """Each measure's range over the report's grid and over all, for every file."""
    paper = np.isin(measured.degradations, PAPER)
    files = list(dict.fromkeys(measured.files.tolist()))
    sets = {"the report's grid": paper, "all degradations": np.full(len(paper), True)}
    rows = []
    for metric in measured.metrics:
        cells = [metric]
        for file in files:
            for chosen in sets.values():
                values = measured.of(metric)[chosen & (measured.files == file)]
                values = values[np.isfinite(values)]
                cells.append(f"{values.max():.3g} → {values.min():.3g}" if len(values) else "–")
        rows.append(cells)
    return ["measure", *(f"{file}: {name}" for file in files for name in sets)], rows


def correlation_table(measured: Measured, within: Measured, truth: str) -> Table:
    """Every measure against one: pooled and within groups, Pearson and Spearman with intervals."""
    rows = []
    for name in measured.metrics:
        if name != truth:
            a, b = correlate(measured, name, truth), correlate(within, name, truth)
            rows.append([name, str(a.n), *map(span, (a.pearson, a.spearman, b.pearson, b.spearman))])
    rows.sort(key=lambda row: row[-1].replace("–", "-9"), reverse=True)
    return ["measure", "n", "Pearson", "Spearman", "Pearson, within", "Spearman, within"], rows


def group_table(measured: Measured, truth: str) -> Table:
    """Spearman's correlation of every measure with one, by group of degradations."""
    found = by_group(measured, truth)
    others = [name for name in measured.metrics if name != truth]
    rows = [[name, *(span(found[group][name].spearman) for group in found)] for name in others]
    return ["measure", *found], rows


def best_table(found: Sequence[Verdict]) -> Table:
    """The best neighbour of each group and listener, and whichever could stand in for HAAQI."""
    chosen = {(v.group, v.listener): v for v in best(found)}
    rows = []
    for (group, listener), verdict in chosen.items():
        instead = [v.metric for v in found if (v.group, v.listener) == (group, listener) and v.stands_in]
        score = span(verdict.found.spearman)
        rows.append(
            [listener, group, str(verdict.found.n), verdict.metric, score, ", ".join(instead) or "none"]
        )
    return [
        "listener",
        "degradation",
        "n",
        "agrees best",
        "Spearman with HAAQI",
        "could be used instead",
    ], rows


def contradiction_table(measured: Measured, most: int = 2, truth: str = "haaqi") -> Table:
    """How often each neighbour contradicts HAAQI, with the gravest pairs."""
    rows = []
    for metric in measured.metrics:
        if metric == truth:
            continue
        share, found = contradictions(measured, metric, truth)
        shown = [
            f"{c.better} over {c.worse} ({c.file}, {c.listener}): HAAQI {c.haaqi[0]:.2f} and "
            f"{c.haaqi[1]:.2f}, {metric} {c.value[0]:.3g} and {c.value[1]:.3g}"
            for c in found[:most]
        ]
        rows.append([metric, "–" if np.isnan(share) else f"{100 * share:.1f} %", "; ".join(shown) or "none"])
    rows.sort(key=lambda row: float(row[1].split()[0].replace("–", "inf")))
    return ["measure", "pairs that it orders the other way", "the gravest (HAAQI's better one first)"], rows
