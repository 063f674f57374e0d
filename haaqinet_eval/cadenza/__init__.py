"""The Cadenza challenges: their files become trials, and scores become their tables.

Each challenge has one adapter, imported when it is asked for; `run` evaluates systems,
`merge` joins batches.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError

if TYPE_CHECKING:
    from .challenge import Challenge

CHALLENGES = ("cad_icassp_2024", "cad1_task1", "cad2_task2")


def load_challenge(name: str, config: Mapping, systems: Mapping[str, Path] | None = None) -> Challenge:
    """Read a challenge's metadata.

    Args:
        name: one of `CHALLENGES`.
        config: options of the recipe with pyclarity's keys, paths absolute or relative to the caller.
        systems: `enhanced_signals` folder of each system that is to be judged.

    Raises:
        InputError: for an unknown name, a missing option, or a fault in a metadata file.
    """
    if name == "cad_icassp_2024":
        from .cad_icassp_2024 import CadIcassp2024

        return CadIcassp2024(config)
    if name == "cad1_task1":
        from .cad1_task1 import Cad1Task1

        return Cad1Task1(config, systems or {})
    if name == "cad2_task2":
        from .cad2_task2 import Cad2Task2

        return Cad2Task2(config)
    raise InputError(f"challenge {name!r} is unknown; known: {', '.join(CHALLENGES)}")
