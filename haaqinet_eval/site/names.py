"""Names of files for challenges."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..store import Challenge


def file_names(known: Sequence[Challenge]) -> list[str]:
    """A file name for each challenge and split, without two alike where case does not count."""
    names: list[str] = []
    for challenge in known:
        plain = re.sub(r"[^A-Za-z0-9_]+", "-", f"{challenge.name} {challenge.split}".strip()).strip("-")
        taken = plain.casefold() in {name.casefold() for name in names}
        names.append(f"{plain}-{challenge.id}" if taken or not plain else plain)
    return names
