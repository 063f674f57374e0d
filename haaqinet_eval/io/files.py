"""Files of text whatever their encoding, and files that are written whole or not at all."""

from __future__ import annotations

import codecs
import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ..errors import InputError, Stopped
from .endings import CALLERS

LONGEST = 240  # bytes of a name that may be lengthened; file systems take 255
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # of writing, whichever file a copy names
_MARKS = (  # byte order marks; that of UTF-32 begins as that of UTF-16 does
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def cannot_write(path: str | Path, error: OSError) -> InputError | Stopped:
    """What to raise for a file that cannot be written: `InputError` for the caller's path, else `Stopped`."""
    kind = InputError if error.errno in CALLERS else Stopped
    return kind(f"{path}: cannot be written: {error.strerror or error}")


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """A name to write a file under, which becomes `path` when the block ends well.

    So `path` is the old file or the new one, never half of one; what a failed block wrote is removed.
    A link stays a link. A device or a pipe is written to as it is. Folders on the way are made.

    Raises:
        InputError: where a folder has the name, or it cannot be written.
        Stopped: the disk is full or broken.
    """
    path, goal = Path(path), Path(os.path.realpath(path))
    if os.path.isdir(path):
        raise InputError(f"{path}: is a folder, not a file to write")
    device = os.path.exists(path) and not os.path.isfile(path)
    part = path if device else _part_of(goal)
    try:
        if not os.path.exists(part.parent):
            part.parent.mkdir(parents=True, exist_ok=True)
        yield part
        if not device:
            _take_place(part, goal)
    except OSError as error:
        mine = (part, goal, *goal.parents)
        if error.filename and Path(error.filename) not in mine and error.errno not in FULL:
            raise  # of another file, which the block reads
        raise cannot_write(path, error) from None
    finally:
        if not device:
            with suppress(OSError):
                part.unlink(missing_ok=True)


@contextmanager
def folder_beside(path: str | Path) -> Iterator[Path]:
    """A new folder of this process's own beside `path`, to make there what is to have that name.

    What is left in it in the end is removed, and nothing else is. Folders on the way are made.

    Raises:
        InputError: where it cannot be written.
        Stopped: the disk is full or broken.
    """
    path = Path(os.path.abspath(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name[:40]}.", dir=path.parent) as own:
            yield Path(own)
    except OSError as error:
        raise cannot_write(path, error) from None


def _part_of(goal: Path) -> Path:
    """The same name each time, so that what a killed process left is written over by the next."""
    name = goal.name
    if len(os.fsencode(name)) > LONGEST:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return goal.with_name(f".{name}.part")


def _take_place(part: Path, goal: Path) -> None:
    if goal.exists():
        shutil.copymode(goal, part)
    part.replace(goal)


@contextmanager
def written(path: str | Path, binary: bool = False) -> Iterator[IO]:
    """A file to write UTF-8 text (line ends as given) or bytes to, whole or not at all, see `whole`.

    What was written is on the disk before it has its name.
    """
    mode, encoding, newline = ("wb", None, None) if binary else ("w", "utf-8", "")
    with whole(path) as part, part.open(mode, encoding=encoding, newline=newline) as file:
        yield file
        file.flush()
        with suppress(OSError):  # a pipe has nothing to flush
            os.fsync(file.fileno())


def write_text(path: str | Path, text: str) -> None:
    """Write a file of UTF-8 text, whole or not at all; raises as `whole`."""
    with written(path) as file:
        file.write(text)


def decode(content: bytes, name: str | Path, torn: bool = False) -> str:
    """Text of a file: UTF-8, or what its byte order mark says; the mark is left out.

    Args:
        content: of the file.
        name: of the file, for messages.
        torn: whether a last character that is not whole, as a crash leaves it, may be left out.

    Raises:
        InputError: names the file, the line, and the byte that is not UTF-8.
    """
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in content[:1000]:
        raise InputError(f"{name}: holds NUL bytes: no text, or UTF-16 without a mark; save it as UTF-8")
    try:
        return codecs.getincrementaldecoder(encoding)().decode(content, final=not torn)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        what = f"byte 0x{content[error.start]:02X} is not {encoding.removesuffix('-sig').upper()} text"
        raise InputError(f"{name}, line {line}: {what}; save the file as UTF-8") from None


def read_text(path: str | Path, torn: bool = False) -> str:
    """Text of a file, see `decode`.

    Raises:
        InputError: for a file that is missing, cannot be read or is no text.
    """
    path = Path(path)
    try:
        return decode(path.read_bytes(), path, torn)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder, not a file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None


def sha256(path: str | Path) -> str:
    """Digest of a file, 64 hex digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
