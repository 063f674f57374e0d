"""Who hears the files, and how they are scored."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from ..audiogram import EARS, Audiogram, read_listeners
from ..errors import InputError
from ..io.names import plain_number
from ..nalr import NALR_FREQUENCIES


@dataclass(frozen=True)
class EarSetup:
    """Who hears the file."""

    left: Audiogram
    right: Audiogram
    mono_ear: str | None  # the ear that hears a mono file; None where the two ears differ
    named: bool = False  # whether the user said which ear that is

    @classmethod
    def from_options(
        cls, audiogram: str | None, listener: Path | None, id: str | None, ear: str | None
    ) -> EarSetup:
        """From the command's options; exactly one of `audiogram` and `listener`."""
        if (audiogram is None) == (listener is None):
            raise InputError("give either --audiogram or --listener with --id")
        if ear is not None and ear not in EARS:
            raise InputError(f"--ear {ear!r} is neither 'left' nor 'right'")
        if audiogram is not None:
            both = _parsed(audiogram)
            return cls(both, both, ear or "left", ear is not None)
        listeners = read_listeners(listener)
        if id is None:
            raise InputError(
                f"{listener}: say which listener with --id; it has {', '.join(list(listeners)[:20])}"
            )
        if id not in listeners:
            raise InputError(f"{listener}: no listener {id!r}; it has {', '.join(list(listeners)[:20])}")
        for name in EARS:
            _check_levels(listeners[id].ear(name), f"{listener}: listener {id}, {name} ear")
        return cls(listeners[id].left, listeners[id].right, ear, ear is not None)


def _parsed(text: str) -> Audiogram:
    try:
        audiogram = Audiogram.parse(text)
    except InputError as error:  # begins with "audiogram"
        raise InputError(f"--{error}") from None
    _check_levels(audiogram, f"--audiogram {text!r}")
    return audiogram


def _check_levels(audiogram: Audiogram, where: str) -> None:
    """Whether an audiogram has the levels that NAL-R is made of; none is made up."""
    missing = [hz for hz in NALR_FREQUENCIES if hz not in audiogram.frequencies]
    if missing:
        needed = ", ".join(map(plain_number, NALR_FREQUENCIES))
        raise InputError(f"{where}: no level at {plain_number(missing[0])} Hz; needed are {needed} Hz")


LEVELS = (0.0, 200.0)  # dB SPL of RMS 1; quiet files are told theirs with large numbers


@dataclass(frozen=True)
class ScoreOptions:
    """How the files are scored."""

    scorers: tuple[str, ...] = ("haaqinet",)
    reference: str | Path | None = None  # a file for all, or a folder with one per file, of the same name
    equalisation: int = 1
    level1: float | None = None  # dB SPL of RMS 1; None: see the package's head

    def __post_init__(self) -> None:
        if self.equalisation not in (1, 2):
            raise InputError(f"--equalisation {self.equalisation} is neither 1 nor 2")
        if self.level1 is not None and not isfinite(self.level1):
            raise InputError(f"--level1 {self.level1} is not a finite number of dB SPL")
        if self.level1 is not None and not LEVELS[0] <= self.level1 <= LEVELS[1]:
            told = f"an RMS of 1 is {LEVELS[0]:g} to {LEVELS[1]:g} dB SPL, whatever the hearing aid"
            raise InputError(f"--level1 {plain_number(self.level1)}: {told}")
        if self.equalisation == 2 and self.reference is not None and self.level1 is None:
            raise InputError(
                "--equalisation 2: an amplified reference does not tell the level before its amplification; "
                "give --level1"
            )
