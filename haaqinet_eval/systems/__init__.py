"""Systems that make something to judge, in two kinds; each is one file, imported only when it is asked for.

- A `Separator` takes a mixture apart. What follows, the gains, the remix, the amplification for the listener
  and the writing, is the challenge's and the same for all separators; it works once per song.
- An `Enhancer` goes from the mixture to one listener's signals by itself: it sees gains and audiograms.

What is known of a system before it is loaded is its record in `registry`, which other packages can add to.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import get_annotations, signature
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ..cadenza.songs import MUSDB_STEMS, Scene, Song
from ..deprecated import old_names
from ..errors import InputError
from ..registry import SYSTEMS

__getattr__ = old_names(__name__)

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "MUSDB_STEMS",
    "Enhancer",
    "Scene",
    "Separator",
    "Song",
    "System",
    "check_number",
    "load_separator",
    "load_system",
    "system_name",
    "system_names",
]


@runtime_checkable
class Separator(Protocol):
    """A system that only separates; shared by the listeners of a song."""

    name: str  # the `system` column and the name of the folder
    blind: bool  # whether it hears the mixture only; one that does not cannot enter a challenge
    amplifies: bool  # whether its output is amplified for the listener
    rebalances: bool  # whether the scene's gains are applied; without, the remix is the mixture

    def separate(self, song: Song) -> dict[str, np.ndarray]:
        """Take a song apart: stem -> [T, 2], at the song's sample rate, T as in the mixture."""
        ...


@runtime_checkable
class Enhancer(Protocol):
    """A system that makes one listener's signals by itself, gains and amplification included."""

    name: str  # the `system` column and the name of the folder
    blind: bool  # whether it hears the mixture only; one that does not cannot enter a challenge

    def enhance(self, song: Song, scene: Scene) -> Mapping[str, np.ndarray]:
        """The signals of `scene.parts`, [T, 2] float (left and right), at the song's sample rate."""
        ...


System = Separator | Enhancer


def system_names() -> tuple[str, ...]:
    """Names that `load_system` knows."""
    return tuple(SYSTEMS.records())


def system_name(name: str) -> str:
    """The name of a system under which its signals lie; `demucs` is `hdemucs`.

    Raises:
        InputError: for an unknown name; lists the known ones.
    """
    for record in SYSTEMS.records().values():
        if name in record.aliases:
            return record.name
    return SYSTEMS.record(name).name


def load_system(name: str, **options) -> System:
    """Load a system by name; options go to the class or function that makes it.

    Raises:
        InputError: for an unknown name or option, a missing package or missing weights.
    """
    make = SYSTEMS.record(system_name(name)).find_factory()
    known = signature(make).parameters
    for option in options:
        if option not in known:
            raise InputError(f"system {name} has no option {option!r}; known: {', '.join(known) or 'none'}")
    system = make(**options)
    if not isinstance(system, System):
        kind = Separator if hasattr(system, "separate") else Enhancer if hasattr(system, "enhance") else None
        lacks = "separate and enhance"
        if kind:
            lacks = ", ".join(n for n in get_annotations(kind) if not hasattr(system, n))
        raise InputError(f"system {name}: lacks {lacks}; see Separator and Enhancer in haaqinet_eval.systems")
    return system


def load_separator(given: str | Mapping, option: str) -> Separator:
    """Load a separator.

    Args:
        given: a system's name, or a mapping of `name` and the options of `load_system`.
        option: what it was given as, for messages.

    Raises:
        InputError: as `load_system`; for no name, or a system that does not separate.
    """
    options = dict(given) if isinstance(given, Mapping) else {"name": given}
    name = options.pop("name", None)
    if not isinstance(name, str):
        raise InputError(f"option {option}: {given!r} names no system")
    system = load_system(name, **options)
    if not isinstance(system, Separator):
        raise InputError(f"option {option}: system {name} does not separate")
    return system


def check_number(value: object, low: float, high: float, option: str) -> None:
    """Refuse an option's value that is no number in [low, high].

    Raises:
        InputError: names the option and the value.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InputError(f"option {option} is {value!r}, not a number from {low:g} to {high:g}")
