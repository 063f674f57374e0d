"""Tables of predictions: handed in, and judged by the labels of their challenge."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from ..clip.labels import Labels, read_labels
from ..clip.measures import evaluate
from ..clip.predictions import read_predictions
from ..errors import InputError
from ..io.names import clean_name
from ..io.redaction import public_text
from ..registry import prediction_record
from ..store import (
    Challenge,
    Claim,
    Evaluation,
    Refused,
    Store,
    System,
    fail,
    finish_evaluation,
    register_predictions,
    submit,
)
from ..store import challenge as find_challenge
from ..submissions import has_errors
from .accepting import Accepted, keep_copy, refusal
from .digests import digest

SCORER = "rmse"  # what a table is queued for


def default_split(challenge: str, root: str | Path) -> str:
    """The split that ranks the teams if the root has it, else the one before.

    Raises:
        InputError: for a root without metadata.
    """
    folder = Path(root).expanduser() / "metadata"
    for split in reversed(prediction_record(challenge).splits):
        if (folder / f"{split}_metadata.json").is_file():
            return split
    raise InputError(f"{root}: no metadata/<split>_metadata.json, so this is no root of {challenge}")


def open_labels(challenge: str, root: str | Path, split: str | None = None) -> Labels:
    """The signals of a split, by default that which `default_split` finds.

    Raises:
        InputError: for an unknown challenge or split, a root without its files, or a fault in them.
    """
    record = prediction_record(challenge)
    if split is not None and split not in record.splits:
        raise InputError(f"split {split!r}: {challenge} has {', '.join(record.splits)}")
    return read_labels(root, split or default_split(challenge, root))


def accept_table(
    store: Store,
    path: str | Path,
    challenge: str,
    labels: Labels,
    system: System,
    *,
    actor: str = "",
    visitor: bool = False,
) -> Accepted:
    """Check a table, copy it beside the store, and queue it if it has no errors.

    Raises:
        InputError: a mistake in the call, or a quota that is used up.
    """
    path = Path(path).expanduser().absolute()
    clean_name(system.team, "team"), clean_name(system.name, "system")
    _, found = read_predictions(path, labels)
    settings: dict[str, Any] = {
        "root": str(labels.root),
        "signals": len(labels.signals),
        "sha256": labels.sha256,
        "private": labels.split in prediction_record(challenge).private,
    }
    register_predictions(store, challenge, labels.split, settings)
    refused = has_errors(found)
    sha256, size = digest(path)
    given: dict[str, Any] = {"split": labels.split, "sha256": sha256, "size": size, "scorers": [SCORER]}
    given["findings"] = findings = [asdict(item) for item in found]
    given["path"] = str(path if refused else keep_copy(store, path, sha256, ".csv"))
    given["state"] = "invalid" if refused else "queued"
    try:
        entry, new = submit(store, challenge, system, **given, actor=actor, visitor=visitor)
    except Refused as error:
        return Accepted(None, False, (refusal(error.code, str(error)), *findings))
    return Accepted(entry, new, tuple(findings))


def challenge_labels(known: Challenge) -> Labels:
    """The labels that a challenge of the store is judged by.

    Raises:
        InputError: where its data are gone, or have another number of signals.
    """
    labels = read_labels(known.settings["root"], known.split)
    if len(labels.signals) != known.settings["signals"]:
        raise InputError(
            f"{labels.root}: {labels.split} has {len(labels.signals)} signals, "
            f"and the store knows {known.settings['signals']}"
        )
    return labels


def judge(store: Store, held: Claim, console: Console) -> None:
    """Judge a table that is held, and end its claim: scored, or failed with the reason."""
    entry = held.submission
    try:
        labels = challenge_labels(find_challenge(store, entry.challenge, entry.split))
        if digest(Path(entry.path))[0] != entry.sha256:
            raise InputError(f"{entry.path}: has changed since it was handed in")
        table, found = read_predictions(entry.path, labels)
        if has_errors(found):
            raise InputError("the table has errors with the signals that the challenge has now")
        measures = evaluate(table, labels)
    except InputError as error:
        console.print(str(error), markup=False, soft_wrap=True)
        fail(store, held, public_text(str(error), (entry.path,)))
        return
    records = [asdict(group) for group in measures]
    rows = [Evaluation(record.pop("group"), record.pop("signals"), record) for record in records]
    finish_evaluation(store, held, rows, {"labels": labels.sha256[:12], "signals": len(labels.signals)})
