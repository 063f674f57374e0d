"""Programs of this package that it starts itself: never with Python code of the current folder.

`python -m` looks for modules in the current folder first, which may be what a team handed in.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]  # the folder that `haaqinet_eval` is imported from
SAFE = {"PYTHONSAFEPATH": "1"}  # for whatever Python these programs start in turn


def module_command(module: str, *arguments: str) -> list[str]:
    """A command line that runs a module as a program."""
    return [sys.executable, "-P", "-m", module, *arguments]


def search_path(places: Iterable[str] | None = None) -> str:
    """PYTHONPATH of such a program, without the empty entries that stand for its current folder.

    Args:
        places: default: this package's folder, then the caller's own PYTHONPATH.
    """
    if places is None:
        places = (str(ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep))
    return os.pathsep.join(dict.fromkeys(filter(None, places)))


def environment(**more: str) -> dict[str, str]:
    """The caller's environment for such a program, and `more`."""
    return {**os.environ, "PYTHONPATH": search_path(), **SAFE, **more}
