"""Handing in: checked, registered, stored, queued."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from ..errors import InputError
from ..io.files import whole
from ..io.names import clean_name
from ..registry import scorer_names
from ..store import Refused, Store, Submission, System, default_path, submissions, submit
from ..submissions import from_adapter, has_errors, validate
from ..submissions.findings import finding
from .challenge_data import ChallengeData, register
from .digests import digest

KEPT = "submissions"  # folder beside the store, for zips that are kept


@dataclass(frozen=True)
class Accepted:
    """What became of it."""

    submission: Submission | None  # None: refused, and not kept, since its bytes are known as another's
    new: bool  # False: the same bytes were handed in before, and this is the earlier submission
    findings: tuple[dict[str, str], ...]  # records with `code`, `severity`, `file`, `message`

    @property
    def refused(self) -> bool:
        """Whether it has errors, and is not scored."""
        return self.submission is None or self.submission.state == "invalid"


def kept_folder(store: Store) -> Path:
    """Where zips are kept: beside a SQLite store, in the user's data folder for another."""
    return (Path(store.url.database) if store.is_sqlite else default_path()).parent / KEPT


def keep_copy(store: Store, path: Path, sha256: str, suffix: str = ".zip") -> Path:
    """Copy what was handed in beside the store, where only its owner may read it.

    Raises:
        InputError: for a folder, or a file that changes meanwhile or cannot be read.
    """
    if path.is_dir():
        raise InputError(f"{path}: only a zip can be kept, and this is a folder")
    target = kept_folder(store) / f"{sha256}{suffix}"
    if target.is_file() and digest(target)[0] == sha256:
        return target
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with whole(target) as part:
            shutil.copyfile(path, part)
            part.chmod(0o600)
            if digest(part)[0] != sha256:
                raise InputError(f"{path}: has changed while it was copied")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    return target


def _earlier(store: Store, split: ChallengeData, sha256: str) -> Submission | None:
    """A submission of the same bytes that stands, so that they need not be checked again."""
    for entry in submissions(store, challenge=split.challenge.name, split=split.name):
        if entry.sha256 == sha256 and entry.state not in ("withdrawn", "invalid"):
            return entry
    return None


def refusal(code: str, message: str) -> dict[str, Any]:
    """Why it is not taken, as a finding."""
    return asdict(finding(code, "", message))


def accept_submission(
    store: Store,
    path: str | Path,
    split: ChallengeData,
    system: System,
    scorers: Sequence[str],
    *,
    deep: bool = True,
    keep: bool = False,
    actor: str = "",
    visitor: bool = False,
    console: Console | None = None,
) -> Accepted:
    """Check a zip or a folder, and queue it for scoring if it has no errors.

    What has errors is kept too, as an event with its findings, and is never scored. The file
    is not copied: the store has its path and digest, and what has changed when it is to be
    scored is refused.

    Args:
        scorers: names of the scorers that are to score it.
        deep: decode the audio; if not, the worker does before it scores.
        keep: copy the zip beside the store, and score the copy.
        visitor: see `store.submit`.
        console: for progress; None for none.

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
    if earlier and earlier.system.team == clean_name(system.team, "team"):
        return Accepted(earlier, False, earlier.findings)
    if earlier:
        return Accepted(None, False, (refusal("other_team", "known as another team's submission"),))
    found = validate(path, from_adapter(split.challenge), deep, console=console)
    findings: list[dict[str, Any]] = [asdict(item) for item in found]
    refused = has_errors(found)
    given = {"split": split.name, "sha256": sha256, "size": size, "scorers": scorers, "findings": findings}
    given["path"] = str(keep_copy(store, path, sha256) if keep and not refused else path)
    given["state"] = "invalid" if refused else "queued"
    try:
        entry, new = submit(store, split.challenge.name, system, **given, actor=actor, visitor=visitor)
    except Refused as error:
        return Accepted(None, False, (refusal(error.code, str(error)), *findings))
    return Accepted(entry, new, tuple(findings))
