"""What a challenge expects of a submission; it comes from the challenge alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..cadenza.submitted import REMIX, SCALE, STEM  # noqa: F401  (the kinds)


@dataclass(frozen=True)
class Expectation:
    """One file that a submission has, or may have."""

    scene: str  # the scene; for CAD1 task 1, the song
    listener: str
    kind: str  # "remix" (stereo), "stem" (mono) or "scale" (a side-car with a factor)
    sample_rate: int = 0  # Hz
    channels: int = 0
    seconds: float | None = None  # duration of the reference, None where unknown
    required: bool = True
    twin: str = ""  # name of the other ear's file, where each ear has its own


@dataclass(frozen=True, eq=False)
class Sounds:
    """The challenge's own audio behind one file, at one sample rate."""

    sample_rate: int  # Hz
    mixture: np.ndarray  # [T, C], the unprocessed input
    guide: np.ndarray  # [T, C], with which the file should be in time: the mixture, or the true stem
    references: tuple[np.ndarray, ...]  # each [T, C]: what an ideal system would hand in
    # of a file for one ear: pairs of what fits its own ear and what fits the other, each [T]
    ears: tuple[tuple[np.ndarray, np.ndarray], ...] = ()


@dataclass(frozen=True, eq=False)
class Excerpt:
    """The loudest second of the unprocessed mixture behind a file, or all of a shorter one."""

    start: int  # s from the begin
    samples: np.ndarray  # [T, C] at the file's sample rate


@dataclass(frozen=True, eq=False)
class ExpectedFiles:
    """All files of a challenge and split, and how a name is read that is none of them.

    Args:
        name: of the challenge.
        files: by name below `enhanced_signals`, with '/', Unicode form C.
        listeners: all ids, also of those that hear nothing in this split.
        identify: scene, listener and the rest that a file's name seems to mean, or None.
        sounds: mixture and references of a file, None where the music is not at hand;
            raises `Unscorable` where it cannot be read.
        excerpt: a second of the mixture; as `sounds`, and quick enough for every file.
    """

    name: str
    files: Mapping[str, Expectation]
    listeners: frozenset[str]
    identify: Callable[[str], tuple[str, str, str] | None]
    sounds: Callable[[str], Sounds] | None = None
    excerpt: Callable[[str], Excerpt] | None = None

    @property
    def required(self) -> list[str]:
        """Names of the files that must be there."""
        return [name for name, item in self.files.items() if item.required]
