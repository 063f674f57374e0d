"""A song and a scene as a system sees them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..deprecated import old_names
from ..errors import InputError

__getattr__ = old_names(__name__)

if TYPE_CHECKING:
    import numpy as np

    from ..audiogram import Listener

MUSDB_STEMS = ("vocals", "drums", "bass", "other")  # the stems of popular music, MUSDB18's names


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


@dataclass(frozen=True, eq=False)
class Scene:
    """What one listener is to hear: what an enhancer may know besides the song."""

    name: str  # the scene id; for CAD1 task 1, which has no scenes, the song
    listener: Listener  # both ears' audiograms
    gains: Mapping[str, float]  # dB by stem, what the target asks for; empty where there are none
    parts: tuple[str, ...]  # what is handed in: "" is the remix; CAD1 task 1 also wants each stem
    alpha: float | None = None  # CAD2 task 1: what the words count for, 0 to 1; elsewhere None
