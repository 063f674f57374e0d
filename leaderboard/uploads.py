"""What comes in through the board: bounded, kept under its digest, and handed in as the command line does.

The board neither checks nor scores. It writes the bytes to a folder of its own and calls `haaqinet
submit` (or `import-scores`) on them: a process of its own, with a time limit, one after the other.
Scoring stays with `haaqinet worker`. What the store does not need afterwards is deleted.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from haaqinet_eval.errors import InputError, Stopped
from haaqinet_eval.io.files import whole
from haaqinet_eval.io.names import clean_name
from haaqinet_eval.io.programs import environment, module_command
from haaqinet_eval.io.redaction import public_text
from haaqinet_eval.store import Challenge, Store, System, default_path, submissions

from .labels import one_line

EVERYBODY_VARIABLE = "HAAQINET_ALLOW_UPLOAD"  # "1": everybody may upload, not only organisers
FOLDER_VARIABLE = "HAAQINET_UPLOAD_FOLDER"
KEPT = 100  # uploads of the largest size that the folder may hold
WAITING = 8  # uploads that may wait for their turn
SECONDS = 3600.0  # that handing one in may take
VISITOR = "upload"  # actor of an upload by somebody who is no organiser
TABLE_BYTES = 20 * 2**20  # of a table of scores

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Upload:
    """What somebody hands in, and what they say of it."""

    challenge: Challenge
    system: System
    actor: str  # for the log
    scorer: str = ""  # of a table of scores; empty for a zip of enhanced signals
    version: str = "unknown"  # of that scorer

    @property
    def suffix(self) -> str:
        """End of the file's name."""
        return ".csv" if self.scorer else ".zip"


@dataclass(frozen=True)
class Answer:
    """What became of it."""

    record: dict[str, Any] | None  # of the submission, with `findings`; None where it was not taken
    complaint: str = ""  # why not


def folder(store: Store) -> Path:
    """Where uploads are kept: HAAQINET_UPLOAD_FOLDER, else beside a SQLite store or in your data folder."""
    named = os.environ.get(FOLDER_VARIABLE)
    beside = Path(store.url.database) if store.is_sqlite else default_path()
    return Path(named).absolute() if named else beside.absolute().parent / "uploads"


def keep(data: memoryview, suffix: str, where: Path, limit: int) -> Path:
    """Write bytes to a file that is named by their SHA-256.

    Args:
        limit: bytes of the largest upload; the folder holds `KEPT` times as many.

    Raises:
        InputError: for no bytes, too many, or no room for them.
    """
    if not 0 < len(data) <= limit:
        raise InputError(f"the file has {len(data):,} bytes; 1 to {limit:,} are taken here")
    try:
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = sum(file.stat().st_size for file in where.iterdir() if file.is_file())
        if held + len(data) > KEPT * limit or shutil.disk_usage(where).free < 2 * len(data) + limit:
            raise InputError("there is no room for more uploads; the organisers can make some")
        path = where / f"{hashlib.sha256(data).hexdigest()}{suffix}"
        if not path.exists():
            _write(path, data)
    except OSError as error:
        raise InputError(f"the upload cannot be kept: {error.strerror}") from None
    return path


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _write(path: Path, data: memoryview) -> None:
    """Whole or not at all; nobody else may read it, and nobody is told where it would have been."""
    try:
        with whole(path) as part, open(part, "wb", opener=_private) as file:
            file.write(data)
    except (InputError, Stopped) as error:
        raise InputError(f"the upload {str(error).removeprefix(f'{path}: ')}") from None


def command(path: Path, upload: Upload) -> list[str]:
    """How the command line is called; each value is part of its option, so none is taken for one.

    Raises:
        InputError: for a name that is refused, or a challenge whose data nobody knows.
    """
    system, challenge = upload.system, upload.challenge
    told = {"challenge": challenge.name, "split": challenge.split}
    told |= {"team": clean_name(system.team), "system": clean_name(system.name, "system")}
    told |= {"note": one_line(system.note)} if system.note else {}
    told |= {"trained-on": one_line(system.trained_on)} if system.trained_on else {}
    numbers = {"model-size": system.model_size, "look-ahead": system.look_ahead}
    numbers |= {"real-time-factor": system.speed}
    told |= {name: value for name, value in numbers.items() if value is not None}
    flags = {"causal": ("--non-causal", "--causal"), "augmented": ("--not-augmented", "--augmented")}
    said = [pair[value] for name, pair in flags.items() if (value := getattr(system, name)) is not None]
    if upload.scorer:
        told |= {"scorer": upload.scorer, "version": one_line(upload.version)}
    else:
        if "root" not in challenge.settings:
            raise InputError(f"{challenge.title}: the store does not know where its data are")
        told |= {"root": challenge.settings["root"], "by": upload.actor}
    said += ["--visitor"] if upload.actor == VISITOR else []
    name = "import-scores" if upload.scorer else "submit"
    options = [f"--{key}={value}" for key, value in told.items()]
    return module_command("haaqinet_eval.cli", name, str(path), *options, *said, "--json")


def hand_in(store: Store, path: Path, upload: Upload, seconds: float = SECONDS) -> Answer:
    """Call the command line, and delete the file unless a submission needs it."""
    url = store.url.render_as_string(hide_password=False)
    try:
        done = subprocess.run(
            command(path, upload),
            env=environment(HAAQINET_STORE=url),
            capture_output=True,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )
        if done.returncode in (0, 1) and done.stdout.lstrip().startswith("{"):
            return Answer(json.loads(done.stdout))
        return Answer(None, _complaint(path, upload, done.returncode, done.stderr))
    except subprocess.TimeoutExpired:
        return Answer(None, f"it was not checked within {seconds:g} s")
    except InputError as error:
        return Answer(None, str(error))
    finally:
        if not _needed(store, path):
            path.unlink(missing_ok=True)


def _complaint(path: Path, upload: Upload, code: int, said: str) -> str:
    """What whoever uploaded it may read of what the command line said; all of it goes to the log."""
    _LOG.warning("%s: exit code %d: %s", path.name, code, said.strip())
    if code not in (1, 2, 3) or not said.startswith("haaqinet: "):
        return "the check broke off"
    places = (str(path), upload.challenge.settings.get("root") or "")
    told = public_text(said.removeprefix("haaqinet: ").strip(), places)
    return told.replace(path.name, "the file")


def _needed(store: Store, path: Path) -> bool:
    return any(s.path == str(path) and s.state != "invalid" for s in submissions(store))


class UploadQueue:
    """Hands uploads in one after the other, in a thread of its own."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="upload")
        self._lock, self._waiting = Lock(), 0

    def give(self, store: Store, data: memoryview, upload: Upload, limit: int) -> Future[Answer]:
        """Keep the bytes now and hand them in when it is their turn.

        Raises:
            InputError: where they cannot be kept, or too many wait.
        """
        with self._lock:
            if self._waiting >= WAITING:
                raise InputError(f"{WAITING} uploads wait already; come back in some minutes")
            path = keep(data, upload.suffix, folder(store), limit)
            self._waiting += 1
        job = self._pool.submit(hand_in, store, path, upload)
        job.add_done_callback(self._one_less)
        return job

    def _one_less(self, _: Future) -> None:
        with self._lock:
            self._waiting -= 1
