"""Digests by which a submission is known again."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..errors import InputError
from ..io.files import sha256


def digest(path: Path) -> tuple[str, int]:
    """SHA-256 and size (bytes) of a zip; of a folder, those of its list of names, sizes and digests.

    Raises:
        InputError: where there is nothing to read.
    """
    try:
        if not path.is_dir():
            return sha256(path), path.stat().st_size
        files = sorted(p for p in path.rglob("*") if p.is_file() and not p.is_symlink())
        sizes = [file.stat().st_size for file in files]
        names = [file.relative_to(path).as_posix() for file in files]
        lines = [f"{n}\0{s}\0{sha256(f)}\n" for n, s, f in zip(names, sizes, files, strict=True)]
    except OSError as error:
        raise InputError(f"{error.filename or path}: cannot be read: {error.strerror}") from None
    whole = "".join(lines).encode("utf-8", "surrogateescape")
    return hashlib.sha256(whole).hexdigest(), sum(sizes)
