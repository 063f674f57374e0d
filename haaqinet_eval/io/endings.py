"""How a program ends: one line on stderr and an exit code, whatever the terminal can show.

2 is a mistake in the call, 3 the machine's doing: a full disk, too little memory. 1 is never the answer
to an error: it means that some rows could not be scored.
"""

from __future__ import annotations

import errno
import sys

from ..errors import InputError, Stopped
from .names import printable

CALLERS = {  # reasons why a path that the caller named does not do
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST),
    *(errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL),
}
ERRORS = (InputError, Stopped, OSError, MemoryError)  # that `ending` knows


def ending(error: BaseException) -> tuple[str, int]:
    """What to say of one of `ERRORS`, with nothing that acts on a terminal, and the exit code.

    >>> ending(PermissionError(errno.EACCES, "Permission denied", "scores.csv"))
    ('scores.csv: Permission denied', 2)
    >>> ending(OSError(errno.ENOSPC, "No space left on device"))
    ('No space left on device', 3)
    """
    said, code = _ending(error)
    return "\n".join(map(printable, said.split("\n"))), code


def _ending(error: BaseException) -> tuple[str, int]:
    if isinstance(error, InputError):
        return str(error), error.exit_code
    if isinstance(error, Stopped):
        return str(error), 3
    if isinstance(error, MemoryError):
        text = f": {error}" if str(error) else ""
        return f"memory is not enough{text}; score shorter signals, or fewer at a time", 3
    assert isinstance(error, OSError)
    name = f"{error.filename}: " if getattr(error, "filename", None) is not None else ""
    return f"{name}{error.strerror or error}", 2 if error.errno in CALLERS else 3


def forgive_encodings() -> None:
    """Let stdout and stderr write what their encoding lacks as `\\xe9` or `\\u2026`, rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
