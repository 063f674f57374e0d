"""Opening and reading files of strangers: no link is followed, no pipe waited for, where a system can."""

from __future__ import annotations

import os
import threading
from pathlib import Path

# Windows has none of these but O_BINARY, which only Windows has
_KEPT = ("O_CLOEXEC", "O_NONBLOCK", "O_BINARY", "O_NOINHERIT")
_LOCK = threading.Lock()


def open_file(path: Path, follow: bool = True) -> int:
    """A descriptor to read from.

    Args:
        follow: whether the file may be a link.

    Raises:
        OSError: where it cannot be opened.
    """
    flags = os.O_RDONLY
    for name in _KEPT if follow else (*_KEPT, "O_NOFOLLOW"):
        flags |= getattr(os, name, 0)
    return os.open(path, flags)


def read_at(fd: int, count: int, at: int) -> bytes:
    """Up to `count` bytes from the place `at` on; `os.pread`, also where the system has none."""
    if hasattr(os, "pread"):
        return os.pread(fd, count, at)
    with _LOCK:
        os.lseek(fd, at, os.SEEK_SET)
        return os.read(fd, count)
