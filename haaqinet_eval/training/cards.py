"""Model card and data card: pages in Hugging Face's form whose figures a command writes.

A page begins with YAML between two lines `---`, the metadata; further down, figures stand between two
lines `<!-- NAME: begin -->` and `<!-- NAME: end -->`. Both are written here; all else is written by hand.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml

from ..analysis.agreement import Agreement, agreement
from ..errors import InputError
from ..io.files import written
from ..io.markdown import markdown_table
from ..model import load_model, model_version, sha256
from ..synthesis.clips import SPLITS, Clip
from ..synthesis.noises import SEVERAL
from ..synthesis.options import writable
from .cache import Trials, TrialTable
from .confidence import coverage_line
from .measures import predict
from .tables import accuracy_tables

FENCE = "---\n"
RIGHT = "---:"  # numbers are flush right


def read_card(path: Path) -> tuple[dict, str]:
    """Metadata and text of a page.

    Raises:
        InputError: no such file, or no YAML mapping at its head.
    """
    try:
        parts = path.read_text(encoding="utf-8").split(FENCE, 2)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    try:
        metadata = yaml.safe_load(parts[1]) if len(parts) == 3 and not parts[0] else None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: its metadata are no YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(metadata, dict):
        raise InputError(f"{path}: no metadata between two lines '---' at its head")
    return metadata, parts[2]


def updated(path: str | Path, metadata: Mapping, blocks: Mapping[str, str]) -> str:
    """A page with other metadata and blocks of figures; what else it has stays.

    Args:
        path: the page.
        metadata: entries that replace those of the same name.
        blocks: name of a block -> its Markdown.

    Raises:
        InputError: as `read_card`; a block has no place in the page.
    """
    path = Path(path)
    found, text = read_card(path)
    for name, content in blocks.items():
        begin, end = (f"<!-- {name}: {edge} -->\n" for edge in ("begin", "end"))
        if not 0 <= text.find(begin) < text.find(end):
            raise InputError(f"{path}: no lines {begin.strip()} and {end.strip()}")
        before, rest = text.split(begin, 1)
        text = f"{before}{begin}\n{content.strip()}\n\n{end}{rest.split(end, 1)[1]}"
    head = yaml.safe_dump({**found, **metadata}, sort_keys=False, allow_unicode=True, width=110)
    return f"{FENCE}{head}{FENCE}{text}"


def model_index(name: str, dataset: str, split: str, found: Agreement) -> list[dict]:
    """Hugging Face's `model-index`: what one network reached on one split."""
    values = {"pearsonr": found.lcc, "spearmanr": found.srcc, "mse": found.mse}
    result = {
        "task": {"type": "audio-classification", "name": "prediction of HAAQI without a reference"},
        "dataset": {"type": "synthetic", "name": dataset, "split": split},
        "metrics": [{"type": kind, "value": round(value, 4)} for kind, value in values.items()],
    }
    return [{"name": name, "results": [result]}]


def model_card(
    page: str | Path,
    weights: str | Path,
    trials: Trials,
    of: tuple[str, str],
    kinds: Mapping[str, Callable[[str], str]],
) -> tuple[str, str]:
    """A model card with a network's version and figures; and what to say of it.

    Args:
        page: the card.
        weights: of the network.
        trials: that it is tested on.
        of: names of the data and of the split that they are from.
        kinds: tables of conditions, see `accuracy_tables`.

    Raises:
        InputError: as `updated` and `load_model`.
    """
    net, name = load_model(weights), model_version(weights)
    outputs = predict(net, trials)
    found = agreement(outputs[:, 0], trials.labels[:, 0].numpy())
    blocks = {
        "version": f"`{name}`, sha256 `{sha256(weights)}`",
        "figures": f"{coverage_line(net, trials)}\n\n{accuracy_tables(outputs, trials, kinds)}",
    }
    text = updated(page, {"model-index": model_index(name, *of, found)}, blocks)
    return text, f"{page}: {name}, {len(trials)} trials, LCC {found.lcc:.3f}"


def data_card(
    page: str | Path,
    clips: Sequence[Clip],
    noises: Sequence[Mapping[str, str]],
    splits: Mapping[str, TrialTable],
) -> tuple[str, str]:
    """A data card with tables of clips, noises and trials; and what to say of it; errors as of `updated`."""
    tables = {"music": music_tables(clips), "noises": noise_table(noises), "trials": trial_table(splits)}
    return updated(page, {}, tables), f"{page}: {len(clips)} clips"


def tracks(clips: Sequence[Clip]) -> list[tuple[str, str, str, str, str]]:
    """Title, artist, source, licence and split of every track that clips were cut from."""
    return sorted({(clip.title, clip.artist, clip.source, clip.licence, clip.split) for clip in clips})


def music_tables(clips: Sequence[Clip]) -> str:
    """Clips by split, and training clips by licence and by genre, as Markdown."""
    by_split = {split: [clip for clip in clips if clip.split == split] for split in SPLITS}
    rows = [
        (
            split,
            len(some),
            len({clip.artist for clip in some}),
            len(tracks(some)),
            f"{sum(clip.seconds for clip in some) / 3600:.1f}",
        )
        for split, some in by_split.items()
    ]
    tables = [markdown_table(("split", "clips", "artists", "tracks", "hours"), rows, RIGHT)]
    for what in ("licence", "genre"):
        counts = Counter(getattr(clip, what) for clip in by_split["train"])
        tables.append(markdown_table((f"{what} of training clips", "clips"), counts.most_common(), RIGHT))
    return "\n".join(tables)


def noise_table(rows: Sequence[Mapping[str, str]]) -> str:
    """Noises of an index of `noises.py` by kind, as Markdown."""
    if not rows:
        return "None."
    kinds = Counter(row["kind"] for row in rows)
    sources = {kind: len({row["source"] for row in rows if row["kind"] == kind}) for kind in kinds}
    table = [(kind, count, sources[kind]) for kind, count in kinds.most_common()]
    return markdown_table(("kind of noise", "noises", "sources"), table, RIGHT)


def trial_table(splits: Mapping[str, TrialTable]) -> str:
    """Rendered trials by split, as Markdown."""
    rows = []
    for split, trials in splits.items():
        true = trials.labels[:, 0].numpy()
        quarters = " / ".join(f"{q:.2f}" for q in np.quantile(true, (0.25, 0.5, 0.75)))
        counts = (len(trials), len(set(trials.scenes)), len(set(trials.systems)), len(set(trials.listeners)))
        rows.append((split, *counts, quarters))
    head = ("split", "trials", "clips and ears", "conditions", "hearing losses", "quartiles of HAAQI")
    return markdown_table(head, rows, RIGHT)


def write_credits(path: str | Path, clips: Sequence[Clip], noises: Sequence[Mapping[str, str]] = ()) -> int:
    """Title, artist, source and licence of every track and of the noises' sources, as CSV; how many rows."""
    sources = {(row["source"], row["licence"]) for row in noises if row["source"] != SEVERAL}
    sounds = [("sounds", source, source, licence, "train") for source, licence in sources]
    rows = sorted(tracks(clips) + sounds)
    writable(Path(path).parent, "credits")
    with written(path) as file:
        writer = csv.writer(file)
        writer.writerow(("title", "artist", "source", "licence", "split"))
        writer.writerows(rows)
    return len(rows)
