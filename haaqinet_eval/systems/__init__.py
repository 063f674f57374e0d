"""Systems that make something to judge: they take a mixture apart, so that it can be rebalanced.

A system only separates. What follows, the gains, the remix, the amplification for the
listener and the writing, is the challenge's and the same for all systems; see `enhance`.
Each system is one file and is imported only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ..errors import InputError

if TYPE_CHECKING:
    import numpy as np

VDBO = ("vocals", "drums", "bass", "other")  # the stems of popular music, MUSDB18's names

_SYSTEMS = {  # name -> module and what makes it
    "passthrough": ("plain", "Passthrough"),
    "ideal": ("plain", "Ideal"),
    "no_amplification": ("plain", "NoAmplification"),
    "oracle_mask": ("oracle_mask", "OracleMask"),
    "hpss": ("hpss", "Hpss"),
    "hdemucs": ("neural", "hdemucs"),
    "openunmix": ("neural", "openunmix"),
}
_ALIASES = {"demucs": "hdemucs"}  # pyclarity's `separator.model`


@dataclass(frozen=True, eq=False)
class Song:
    """A piece of music to be taken apart."""

    name: str
    mixture: np.ndarray  # [T, 2] float, full scale 1
    sample_rate: int  # Hz
    stems: Mapping[str, str]  # stem -> instrument: {"vocals": "vocals", …} or {"source_1": "Violin", …}
    load_true_stems: Callable[[], dict[str, np.ndarray]]  # stem -> [T, 2]; read only if it is called

    def check_stems(self, known: tuple[str, ...], system: str) -> None:
        """Refuse a song with stems that a system does not know.

        Raises:
            InputError: names the system, the song and the stems.
        """
        if set(self.stems) != set(known):
            raise InputError(
                f"system {system}: separates {', '.join(known)}; song {self.name} consists of "
                + ", ".join(f"{stem} ({instrument})" for stem, instrument in self.stems.items())
            )


@runtime_checkable
class System(Protocol):
    """What every system offers."""

    name: str  # the `system` column and the name of the folder
    blind: bool  # whether it hears the mixture only; one that does not cannot enter a challenge
    amplifies: bool  # whether its output is amplified for the listener
    rebalances: bool  # whether the scene's gains are applied; without, the remix is the mixture

    def separate(self, song: Song) -> dict[str, np.ndarray]:
        """Take a song apart: stem -> [T, 2], at the song's sample rate, T as in the mixture."""
        ...


def system_names() -> tuple[str, ...]:
    """Names that `load_system` knows."""
    return tuple(_SYSTEMS)


def system_name(name: str) -> str:
    """The name of a system under which its signals lie; `demucs` is `hdemucs`.

    Raises:
        InputError: for an unknown name; lists the known ones.
    """
    name = _ALIASES.get(name, name)
    if name not in _SYSTEMS:
        raise InputError(f"system {name!r} is unknown; known: {', '.join(_SYSTEMS)}")
    return name


def load_system(name: str, **options) -> System:
    """Load a system by name; options go to the class or function that makes it.

    Raises:
        InputError: for an unknown name or option, a missing package or missing weights.
    """
    module, maker = _SYSTEMS[system_name(name)]
    make = getattr(import_module(f".{module}", __name__), maker)
    known = signature(make).parameters
    for option in options:
        if option not in known:
            raise InputError(f"system {name} has no option {option!r}; known: {', '.join(known) or 'none'}")
    return make(**options)


def check_number(value: object, low: float, high: float, option: str) -> None:
    """Refuse an option's value that is no number in [low, high].

    Raises:
        InputError: names the option and the value.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InputError(f"option {option} is {value!r}, not a number from {low:g} to {high:g}")
