"""Handing in: checked, registered, stored, queued."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..names import clean_name
from ..scorers import scorer_names
from ..store import Store, Submission, System, default_path, submissions, submit
from ..submissions import from_adapter, has_errors, validate
from .digests import digest
from .splits import Split, register

KEPT = "submissions"  # folder beside the store, for zips that are kept


@dataclass(frozen=True)
class HandedIn:
    """What became of it."""

    submission: Submission
    new: bool  # False: the same bytes were handed in before, and this is the earlier submission
    findings: tuple[dict[str, str], ...]  # records with `code`, `severity`, `file`, `message`

    @property
    def refused(self) -> bool:
        """Whether it has errors, and is not scored."""
        return self.submission.state == "invalid"


def kept_folder(store: Store) -> Path:
    """Where zips are kept: beside a SQLite store, in the user's data folder for another."""
    return (Path(store.url.database) if store.is_sqlite else default_path()).parent / KEPT


def _keep(store: Store, path: Path, sha256: str) -> Path:
    if path.is_dir():
        raise InputError(f"{path}: only a zip can be kept, and this is a folder")
    target = kept_folder(store) / f"{sha256}.zip"
    if target.is_file() and digest(target)[0] == sha256:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    shutil.copyfile(path, part)
    if digest(part)[0] != sha256:
        part.unlink()
        raise InputError(f"{path}: has changed while it was copied")
    return part.replace(target)


def _earlier(store: Store, split: Split, sha256: str) -> Submission | None:
    """A submission of the same bytes that stands, so that they need not be checked again."""
    for entry in submissions(store, challenge=split.challenge.name, split=split.name):
        if entry.sha256 == sha256 and entry.state not in ("withdrawn", "invalid"):
            return entry
    return None


def hand_in(
    store: Store,
    path: str | Path,
    split: Split,
    system: System,
    scorers: Sequence[str],
    *,
    deep: bool = True,
    keep: bool = False,
    actor: str = "",
) -> HandedIn:
    """Check a zip or a folder, and queue it for scoring if it has no errors.

    What has errors is kept too, as an event with its findings, and is never scored. The file
    is not copied: the store has its path and digest, and what has changed when it is to be
    scored is refused.

    Args:
        scorers: names of the scorers that are to score it.
        deep: decode the audio.
        keep: copy the zip beside the store, and score the copy.

    Raises:
        InputError: a mistake in the call, or a quota that is used up.
    """
    unknown = [name for name in scorers if name not in scorer_names()]
    if unknown or not scorers:
        raise InputError(f"scorers {', '.join(unknown) or 'none'}; known: {', '.join(scorer_names())}")
    clean_name(system.team, "team"), clean_name(system.name, "system")
    path = Path(path).expanduser().absolute()
    register(store, split)
    sha256, size = digest(path)
    earlier = _earlier(store, split, sha256)
    if earlier:
        return HandedIn(earlier, False, earlier.findings)
    found = validate(path, from_adapter(split.challenge), deep)
    findings: list[dict[str, Any]] = [asdict(item) for item in found]
    refused = has_errors(found)
    entry, new = submit(
        store,
        split.challenge.name,
        system,
        split=split.name,
        sha256=sha256,
        path=str(_keep(store, path, sha256) if keep and not refused else path),
        size=size,
        scorers=scorers,
        findings=findings,
        state="invalid" if refused else "queued",
        actor=actor,
    )
    return HandedIn(entry, new, tuple(findings))
