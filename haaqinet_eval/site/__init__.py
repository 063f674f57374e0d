"""A static copy of the board: HTML pages and JSON that any web server can hand out.

    index.html            standings of every challenge and split, apart by scorer
    best/NAME.html        which system is best for whom, and all pairs of systems
    systems/ID.html       one submission: its scores, and its means by listener, severity and genre
    standings/NAME.json   records of `haaqinet_eval.store.standings_json`
    cadenza/NAME.json     the table format of the Cadenza Challenge's own web site
    site.json             what was written, and from which store schema

The pages need no scripts and load nothing from elsewhere. The same store gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..analysis.exports import cadenza_table
from ..errors import InputError
from ..io.files import folder_beside
from ..io.jsonfile import json_text, read_json
from ..published.rules import challenge_rules
from ..registry import INTRUSIVE, leading_scorer, pair_scores, scorer_title
from ..store import (
    StandingRow,
    Store,
    challenges,
    is_hidden,
    judges_predictions,
    schema_version,
    standings,
    standings_json,
    table_standings,
)
from .figures import STYLE as FIGURES
from .markup import element, page
from .names import file_names
from .pages import (
    LIMITS,
    best_page,
    challenge_parts,
    hidden_parts,
    prediction_parts,
    published_parts,
    rules_page,
    system_page,
)
from .trend import STYLE as CHARTS

INDEX = "site.json"
_OWN = re.compile(
    r"systems/\d+\.html|rules/[a-z0-9_]+\.html|best/[A-Za-z0-9_-]+\.html|(standings|cadenza)/[A-Za-z0-9_-]+\.json"
)  # that a later copy may lack


def cadenza_standings(entries: Iterable[StandingRow]) -> dict[str, Any]:
    """Standings as the Cadenza Challenge's web site reads a table, ranked by what the challenge ranks by.

    Only systems that were scored here, with all their HAAQIs, are in it; a reference row has the rank null.
    Where the rank is another score's than HAAQI's, that score and its like stand before HAAQI; systems that
    lack it come last, without a rank.
    """
    found: dict[str, dict[int, StandingRow]] = {}
    for entry in entries:
        if entry.origin == "here" and entry.mean is not None:
            found.setdefault(entry.scorer, {})[entry.submission] = entry
    rows = [dict(vars(entry)) for entry in found.get(INTRUSIVE, {}).values()]
    leading = leading_scorer(rows[0]["challenge"], found) if rows else INTRUSIVE
    if leading == INTRUSIVE:
        return cadenza_table(rows)
    others = [leading, *sorted(pair_scores().keys() & found.keys() - {leading})]
    for row in rows:
        of_system = {name: found[name].get(row["submission"]) for name in others}
        row |= {name: entry and entry.mean for name, entry in of_system.items()}
        row["rank"] = of_system[leading] and of_system[leading].rank
    rows.sort(key=lambda row: (row[leading] is None, -(row[leading] or 0)))
    return cadenza_table(rows, {name: scorer_title(name) for name in others})


def _to_json(value: object) -> str:
    return json_text(value) + "\n"


def site_files(store: Store, now: float | None = None) -> dict[str, str]:
    """All files of the static copy: relative path -> text.

    Args:
        store: what is shown; nothing is written to it. Of splits whose scores are private, nothing is.
        now: s since 1970, UTC, for which splits these are; None for this moment.
    """
    known, files, parts = challenges(store), {}, []
    for challenge, name in zip(known, file_names(known), strict=True):
        if challenge_rules(challenge.name).lines:  # of the registry's challenges, whose names are plain
            files[f"rules/{challenge.name}.html"] = rules_page(challenge.name)
        if judges_predictions(challenge):
            records = (
                None if is_hidden(challenge, now) else table_standings(store, challenge.name, challenge.split)
            )
            parts += prediction_parts(challenge, records, name)
            if records is not None:
                files[f"standings/{name}.json"] = _to_json(records)
            continue
        if is_hidden(challenge, now):
            parts += hidden_parts(challenge)
            continue
        entries = standings(store, challenge.name, challenge.split)
        parts += challenge_parts(store, challenge, entries, name)
        files[f"cadenza/{name}.json"] = _to_json(cadenza_standings(entries))
        files[f"standings/{name}.json"] = _to_json(standings_json(store, challenge.name, challenge.split))
        if (best := best_page(store, challenge, entries)) is not None:
            files[f"best/{name}.html"] = best
        for submission in sorted({entry.submission for entry in entries}):
            mine = [entry for entry in entries if entry.submission == submission]
            files[f"systems/{submission}.html"] = system_page(store, challenge, mine)
    parts += published_parts(store, dict.fromkeys(challenge.name for challenge in known))
    limits = [element("h2", "What the scores are and are not"), *(element("p", text) for text in LIMITS)]
    empty = [] if known else [element("p", "The store is empty.")]
    files["index.html"] = page("HAAQI leaderboard", *empty, *parts, *limits, style=FIGURES + CHARTS)
    record = {"schema": schema_version(store), "challenges": [challenge.title for challenge in known]}
    files[INDEX] = _to_json({**record, "files": sorted(files)})
    return files


def export_site(store: Store, folder: str | Path) -> int:
    """Write the static copy to a folder, in place of an earlier one; gives the number of files.

    All files are made before the first takes its place. Of the folder only what an earlier copy
    wrote there is replaced or removed; files of others stay.

    Raises:
        InputError: for a folder that is there and is no earlier copy, or cannot be written.
        Stopped: the disk is full.
    """
    folder = Path(folder).absolute()
    if folder.exists() and not (folder / INDEX).is_file():
        raise InputError(f"{folder}: is there already and is no earlier copy of a board; give a new folder")
    earlier = _written_before(folder)
    files = site_files(store)
    with folder_beside(folder) as own:
        part = own / "site"
        for name, text in files.items():
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            (part / name).write_text(text, encoding="utf-8", newline="\n")
        if not folder.exists():
            part.rename(folder)
            return len(files)
        for name in sorted(files, key=lambda name: name == INDEX):
            (folder / name).parent.mkdir(exist_ok=True)
            (part / name).replace(folder / name)
        for name in earlier - files.keys():
            (folder / name).unlink(missing_ok=True)
    return len(files)


def _written_before(folder: Path) -> set[str]:
    """What an earlier copy says that it wrote, if it is what a copy may write."""
    if not (folder / INDEX).is_file():
        return set()
    try:
        names = read_json(folder / INDEX, dict).get("files")
    except InputError:
        return set()
    known = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    return {name for name in known if _OWN.fullmatch(name)}
