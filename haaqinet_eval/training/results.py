"""The page of results: our figures in the form of the paper's tables, kept as JSON beside the page.

A set of trials is a protocol and what is done to the music: `artists`, `paper`, and each with recorded
surroundings, `artists/environment`. Rows of one set were all measured on the same trials, or are refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ..analysis.agreement import agreement
from ..errors import InputError
from ..io.files import write_text
from ..io.markdown import markdown_table
from ..model import read_metadata
from .cache import TrialTable
from .published import OURS, TABLE_II, TABLE_III, TABLE_IV, TABLE_VI
from .tables import within_clip

ENVIRONMENT = "environment"
SUBSETS = {  # of a protocol: key -> heading
    "paper": {"all": "all", "seen": "seen conditions", "unseen": "unseen conditions"},
    "artists": {"all": "all", "table": "the paper's 100", "beyond": "ours and untouched"},
}
_HEAD = """# Results

Networks that predict HAAQI against true HAAQI, in the form of the tables of Wisnu et al., "HAAQI-Net".
`recipes/haaqinet/validate.py` makes this page and `results.json` beside it. A cell has LCC / SRCC / MSE;
below it, in brackets, what the paper reports for its own data: 600 FMA and Jamendo songs of 30 s, settings of
the 100 conditions that it does not tell, and 25,800 training trials, none of which can be had. So the
order of rows can be compared with the paper's, and the figures themselves only among ours. What a row was
trained on is in the last table of a part; how, and which had too little time: [training.md](training.md).
"""
_ABOUT = {
    "paper": """
## The paper's protocol

Songs are in training and in the test; segments and hearing losses are not, nor are 18 of 100 conditions.
""",
    "artists": """
## New artists

No artist, song or hearing loss is in two splits; every condition is in all. The paper has no such figures.
""",
}
_NEEDS = {
    "beats": "not measured: needs `BEATs_iter3_plus_AS2M.pt`",
    "distil-": "not measured: needs a teacher on top of BEATs",
    "official": "not measured: needs the authors' checkpoint",
    **dict.fromkeys(("wav2vec2", "hubert", "wavlm"), "not measured: needs the model's weights"),
}


def set_of(trials: TrialTable) -> str:
    """Name of a set of trials.

    Raises:
        InputError: recorded surroundings are mixed with other conditions.
    """
    kinds = {str(name).startswith(ENVIRONMENT) for name in trials.systems}
    if len(kinds) > 1:
        raise InputError("trials: recorded surroundings are mixed with other conditions")
    return f"{trials.protocol}/{ENVIRONMENT}" if kinds.pop() else trials.protocol


def _known(value: float) -> float | None:
    """JSON has no NaN: a figure that is not defined is None."""
    return None if math.isnan(value) else value


def _text(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def figures(predicted: np.ndarray, trials: TrialTable, kinds: Mapping[str, Callable[[str], bool]]) -> dict:
    """Figures of scores [N]: per subset of conditions and per loss family, and within clips.

    Args:
        predicted: [N].
        trials: the same trials.
        kinds: subsets of conditions by name; empty ones are left out.
    """
    true = trials.labels[:, 0].numpy()
    families = np.array([name.rpartition("-")[0] for name in trials.listeners])

    def of(rows: np.ndarray) -> list[float | None]:
        found = agreement(predicted[rows], true[rows])
        return [*map(_known, (found.lcc, found.srcc, found.mse)), found.n]

    subsets = {key: np.array([belongs(name) for name in trials.systems]) for key, belongs in kinds.items()}
    subsets = {"all": np.ones(len(true), dtype=bool), **subsets}
    clean = trials.systems == "clean"
    within = within_clip(predicted, true, trials.scenes, trials.systems)
    return {
        "subsets": {key: of(rows) for key, rows in subsets.items() if rows.any()},
        "losses": {name: of(families == name) for name in sorted(set(families.tolist()))},
        "within": {key: _known(value) for key, value in asdict(within).items()},
        "clean": float(predicted[clean].mean()) if clean.any() else None,
        "data": trials.digest(),
    }


def add_row(page: str | Path, name: str, row: str, measured: Mapping) -> None:
    """Put a row into the set `name` of a page and its JSON.

    Raises:
        InputError: the row's name is unknown, or the set's rows were measured on other trials.
    """
    known = {**TABLE_II, **TABLE_IV, **OURS}
    if row not in known:
        raise InputError(f"row {row!r} is unknown; known: {', '.join(known)}")
    page = Path(page)
    store = page.with_suffix(".json")
    results = json.loads(store.read_text()) if store.is_file() else {}
    rows = results.setdefault(name, {})
    others = [key for key, value in rows.items() if key != row and value["data"] != measured["data"]]
    if others:
        raise InputError(
            f"{store}: rows {', '.join(others)} of {name} were measured on other trials; choose another page"
        )
    rows[row] = dict(measured)
    write_text(store, json.dumps(results, indent=1) + "\n")
    write_text(page, render_page(results))


def _three(values: list[float] | tuple | None) -> str:
    return " / ".join(map(_text, values[:3], (".3f", ".3f", ".4f"))) if values else ""


def _cell(values: list[float] | None, paper: tuple | None) -> str:
    return (
        "<br>".join(part for part in (_three(values), f"[{_three(paper)}]" if paper else "") if part) or "–"
    )


def _missing(row: str) -> str:
    return next((text for start, text in _NEEDS.items() if row.startswith(start)), "not measured")


def _ours(rows: Mapping) -> dict[str, tuple[str, None]]:
    """Rows of a set that the paper does not have: short name, title."""
    return {key: (f"`{key}`: {title}", None) for key, title in OURS.items() if key in rows}


def _designs(rows: Mapping, table: Mapping, protocol: str) -> str:
    """Table II or IV: a design a line, a subset of conditions a column."""
    subsets, lines = SUBSETS[protocol], []
    ours = _ours(rows) if table is TABLE_II else {}
    for key, (title, paper) in {**table, **ours}.items():
        paper = paper if protocol == "paper" and paper else (None,) * len(subsets)
        found = rows[key]["subsets"] if key in rows else {}
        cells = [_cell(found.get(s), p) for s, p in zip(subsets, paper, strict=True)]
        lines.append([title if key in rows else f"{title}; {_missing(key)}", *cells])
    return markdown_table(["design", *subsets.values()], lines)


def _losses(rows: Mapping, protocol: str) -> str:
    """Table III: a family of hearing losses a line, a design a column."""
    titles = {key: title for key, (title, _) in TABLE_II.items()} | {key: f"`{key}`" for key in OURS}
    columns = [key for key in titles if key in rows or (protocol == "paper" and key in TABLE_III["flat"])]
    families = list(dict.fromkeys([*TABLE_III, *(f for key in rows for f in rows[key]["losses"])]))
    lines = []
    for family in families:
        paper = TABLE_III.get(family, {}) if protocol == "paper" else {}
        ours = (rows.get(key, {}).get("losses", {}).get(family) for key in columns)
        lines.append([family, *(_cell(v, paper.get(key)) for key, v in zip(columns, ours, strict=True))])
    return markdown_table(["hearing loss", *(titles[key] for key in columns)], lines)


def _within(rows: Mapping) -> str:
    head = ["design", "centred LCC", "pairs in order", "tau of conditions' means", "untouched music"]
    lines = []
    for key, row in rows.items():
        w, clean = row["within"], row["clean"]
        order = _text(w["order"], ".1%")
        lines.append([key, _text(w["lcc"], ".3f"), order, _text(w["kendall"], ".3f"), _text(clean, ".3f")])
    return markdown_table(head, lines)


def _environment(rows: Mapping) -> str:
    """Table VI, with the paper's figures: it, too, has new songs and new noises."""
    more = {key: (TABLE_II[key][0], None) for key in rows if key in TABLE_II and key not in TABLE_VI}
    lines = []
    for key, (title, paper) in {**TABLE_VI, **more, **_ours(rows)}.items():
        found = rows[key]["subsets"]["all"] if key in rows else None
        lines.append([title if key in rows else f"{title}; {_missing(key)}", _cell(found, paper)])
    return markdown_table(["design", "music in recorded surroundings"], lines)


def render_page(results: Mapping[str, Mapping]) -> str:
    """The page in Markdown, from the JSON's content."""
    out = [_HEAD]
    for protocol, about in _ABOUT.items():
        rows, outside = results.get(protocol, {}), results.get(f"{protocol}/{ENVIRONMENT}", {})
        if not rows and not outside:
            continue
        out.append(about)
        if rows:
            count = next(iter(rows.values()))["subsets"]["all"][3]
            out += [f"### Table II: what is heard ({count} trials)\n", _designs(rows, TABLE_II, protocol)]
            out += ["### Table III: hearing losses\n", _losses(rows, protocol)]
            out += ["### Table IV: distillation\n", _designs(rows, TABLE_IV, protocol)]
            out += ["### Within a clip and listener\n", _within(rows)]
        if outside:
            out += ["### Table VI: recorded surroundings, which no training had\n", _environment(outside)]
        versions = {**rows, **outside}
        out += [
            "### Weights\n",
            markdown_table(
                ["row", "version", "parameters", "trained on"], [_origin(*v) for v in versions.items()]
            ),
        ]
    return "\n".join(out)


def _origin(key: str, row: Mapping) -> list[str]:
    return [key, f"`{row['version']}`", f"{row['parameters']:,}", row["trained"]]


def trained_on(weights: str | Path) -> str:
    """What a network's file says of its training: trials, their digest, the epoch that was kept."""
    if Path(weights).suffix != ".safetensors":
        return "its authors' data"
    notes = read_metadata(weights)
    if "trials" not in notes:
        return notes.get("note") or "see the model card"
    return f"{int(notes['trials']):,} trials ({json.loads(notes['data'])[:8]}), epoch {notes['epoch']}"
