"""Standings of a run as other places take them: the Cadenza site, a paper, a model's page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..registry import caution, is_ranked, scorer_title
from ..scores import Score
from .standings import Standing, score_interval

_CADENZA = {
    "rank": "Rank",
    "team": "Team",
    "id": "System",
    "paper": "Paper",
    "HAAQI": "HAAQI",
    "left": "Left ear",
    "right": "Right ear",
}
_LATEX = str.maketrans(
    {
        **{sign: rf"\{sign}" for sign in "&%$#_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
    }
)


def cadenza_table(
    rows: Iterable[Mapping[str, Any]], further: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A table as the Cadenza Challenge's web site reads it: `format` describes the columns of `data`.

    Args:
        rows: with `rank` (None for what is outside the ranking), `team`, `system`, `mean`, `left`, `right`.
        further: of a challenge that does not rank by HAAQI: key of the rows -> title of a column before
            HAAQI's; the first is what it ranks by.
    """
    further = further or {}
    data = [
        {
            "rank": row["rank"],
            "team": row["team"],
            "id": row["system"],
            "paper": "",  # known to nobody here
            **{key: None if row[key] is None else round(row[key], 4) for key in further},
            "HAAQI": round(row["mean"], 4),
            **{ear: None if row[ear] is None else round(row[ear], 4) for ear in ("left", "right")},
        }
        for row in rows
    ]
    titles = list(_CADENZA.items())
    titles[4:4] = further.items()
    columns = [{"dataField": key, "text": text, "sort": key != "paper"} for key, text in titles]
    ranked = next(iter(further), "HAAQI")
    return {"defaultSort": {"field": ranked, "order": "desc"}, "format": columns, "data": data}


def latex_table(scores: Sequence[Score], entries: Sequence[Standing]) -> str:
    """A `tabular` with booktabs' rules: mean with its 95 % interval over scenes and listeners, and both ears.

    A system without all its scores has dashes, and how many it has; a scorer that cannot rank gives no ranks.

    Args:
        scores: the rows that the standings were made of.
        entries: of one scorer, in the order of the table.
    """
    ranked = is_ranked(entries[0].scorer, scores[0].trial.challenge)
    said = caution(entries[0].scorer, scores[0].trial.challenge)
    lines = [*([f"% {said}"] if said else []), r"\begin{tabular}{llrrr}", r"\toprule"]
    title = escape_latex(scorer_title(entries[0].scorer))
    lines += [rf"Rank & System & {title} (95\,\% interval) & Left & Right \\", r"\midrule"]
    for entry in entries:
        if entry.mean is None or entry.left is None or entry.right is None:
            missing = f"-- ({entry.scored} of {entry.expected} scored)"
            lines.append(rf"-- & {escape_latex(entry.system)} & {missing} & -- & -- \\")
            continue
        found = score_interval(
            s for s in scores if (s.trial.system, s.scorer) == (entry.system, entry.scorer)
        )
        mean = f"{entry.mean:.3f}"
        if found.low == found.low:
            mean += f" ({found.low:.3f} to {found.high:.3f})"
        rank = entry.rank if ranked and entry.rank else "--"
        lines.append(
            rf"{rank} & {escape_latex(entry.system)} & {mean} & {entry.left:.3f} & {entry.right:.3f} \\"
        )
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def escape_latex(text: str) -> str:
    r"""Text as LaTeX prints it.

    >>> escape_latex("a_b 5 %")
    'a\\_b 5 \\%'
    """
    return re.sub(r"\s+", " ", text).translate(_LATEX)


def hub_result(entry: Standing, dataset: str, split: str, date: str, source: str) -> list[dict[str, Any]]:
    """A system's result as the Hugging Face Hub reads it from a model's `.eval_results/*.yaml`.

    Args:
        entry: a complete system.
        dataset: `owner/name` of the benchmark's data set on the Hub.
        split: of it; may be empty.
        date: of the evaluation, ISO 8601; may be empty.
        source: URL of what the result is from; may be empty.
    """
    record: dict[str, Any] = {"dataset": {"id": dataset, **({"split": split} if split else {})}}
    record["value"] = round(float(entry.mean), 4)  # type: ignore[arg-type]
    record |= {"date": date} if date else {}
    record |= {"source": {"url": source}} if source else {}
    return [record]
