"""The Cadenza challenges: their files become trials, and scores become their tables.

Each challenge is a package with its record, adapter, renderer and mini challenge, imported when they are
asked for; `registry.challenges` lists them. `run` evaluates systems and merges batches.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..registry import challenge_names, challenge_record

if TYPE_CHECKING:
    from .challenge import Challenge

    CHALLENGES: tuple[str, ...]


def __getattr__(name: str) -> tuple[str, ...]:
    """`CHALLENGES`, the names of all; not read before, because the challenges' packages lie in this one."""
    if name == "CHALLENGES":
        return challenge_names()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_challenge(name: str, config: Mapping, systems: Mapping[str, Path] | None = None) -> Challenge:
    """Read a challenge's metadata.

    Args:
        name: of the challenge, one of `CHALLENGES`.
        config: options of the recipe with pyclarity's keys, paths absolute or relative to the caller.
        systems: `enhanced_signals` folder of each system that is to be judged.

    Raises:
        InputError: for an unknown name, a missing option, or a fault in a metadata file.
    """
    return challenge_record(name).find("adapter")(config, systems or {})
