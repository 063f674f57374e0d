"""Where a file lies: on a disk, or behind a URL that fsspec knows (s3://, gs://, https://, memory://)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import InputError


def is_url(text: object) -> bool:
    """Whether it is a URL and no path of the file system.

    >>> is_url("s3://round/music"), is_url("/data/music")
    (True, False)
    """
    return "://" in str(text)


def locate(place: str | Path) -> Path:
    """A path, or what looks and behaves like one for a URL (`upath.UPath`).

    Raises:
        InputError: for a URL where the package for it is missing or its protocol is unknown.
    """
    if not isinstance(place, str):
        return place
    if not is_url(place):
        return Path(place)
    try:
        from upath import UPath

        path: Any = UPath(place)
        path.fs  # noqa: B018  -- makes the file system, which needs the protocol's own package
    except (ModuleNotFoundError, ImportError) as error:
        raise InputError(f"{place}: {error}; pip install 'haaqinet-eval[cluster]' s3fs gcsfs") from None
    except ValueError as error:
        raise InputError(f"{place}: {error}") from None
    return path
