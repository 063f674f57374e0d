"""Audiograms and listeners.

An audiogram gives one ear's hearing threshold: levels in dB HL at frequencies in Hz.
Two definitions of the severity of a hearing loss are in use in Cadenza, and they
differ; both are here under their own names:

- `Listener.severity_humes`: the challenge's web pages; mean of 0.5, 1, 2 and 4 kHz of the better ear.
- `Audiogram.severity_clarity`: pyclarity's; mean of 2 to 8 kHz of one ear.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from .errors import InputError
from .io.jsonfile import read_json, write_json
from .io.names import plain_number

CLARITY_FREQUENCIES = (250.0, 500.0, 1000.0, 2000.0, 3000.0, 4000.0, 6000.0, 8000.0)  # Hz
MIN_LEVEL, MAX_LEVEL = -20.0, 120.0  # dB HL: what an audiometer can measure

EARS = ("left", "right")

# (name, upper bound in dB HL, not included), Humes 2019 as the challenge's pages give it
_HUMES = (
    ("none", 20.0),
    ("mild", 35.0),
    ("moderate", 50.0),
    ("moderately severe", 65.0),
    ("severe", 80.0),
    ("profound", math.inf),
)
# (name, upper bound in dB HL, included), pyclarity 0.9 `Audiogram.severity`
_CLARITY = (("none", 15.0), ("mild", 35.0), ("moderate", 56.0), ("severe", math.inf))


def _numbers(values: Iterable, field: str) -> tuple[float, ...]:
    out = []
    for value in values:
        if isinstance(value, bool | str) or value is None:
            raise InputError(f"audiogram {field}: {value!r} is not a number")
        number = float(value)
        if not math.isfinite(number):
            raise InputError(f"audiogram {field}: {value!r} is not a finite number")
        out.append(number)
    return tuple(out)


@dataclass(frozen=True)
class Audiogram:
    """Hearing thresholds of one ear; hashable.

    Args:
        levels: thresholds (dB HL), one per frequency, each in [-20, 120].
        frequencies: where they were measured (Hz), ascending.

    Raises:
        InputError: for unequal lengths, values that are no finite numbers, levels out of
            range, or frequencies that do not ascend; the message has the value.

    >>> Audiogram((20, 25, 30, 40, 50, 55, 60, 65)).severity_clarity
    'moderate'
    """

    levels: tuple[float, ...]
    frequencies: tuple[float, ...] = CLARITY_FREQUENCIES

    def __post_init__(self) -> None:
        levels = _numbers(self.levels, "levels")
        frequencies = _numbers(self.frequencies, "frequencies")
        if not levels or len(levels) != len(frequencies):
            raise InputError(f"audiogram: {len(levels)} levels for {len(frequencies)} frequencies")
        for low, high in pairwise(frequencies):
            if high <= low:
                told = f"{plain_number(high)} Hz follows {plain_number(low)} Hz"
                raise InputError(f"audiogram frequencies: {told}")
        if frequencies[0] <= 0:
            raise InputError(f"audiogram frequencies: {plain_number(frequencies[0])} Hz is not above 0")
        for level, frequency in zip(levels, frequencies, strict=True):
            if not MIN_LEVEL <= level <= MAX_LEVEL:
                told = f"{plain_number(level)} dB HL at {plain_number(frequency)} Hz"
                raise InputError(f"audiogram levels: {told} is outside [{MIN_LEVEL:g}, {MAX_LEVEL:g}]")
        object.__setattr__(self, "levels", levels)
        object.__setattr__(self, "frequencies", frequencies)

    @classmethod
    def parse(cls, text: str) -> Audiogram:
        """Read `"250:20,500:25"`: pairs of Hz and dB HL.

        >>> Audiogram.parse("250:20, 500:25").levels
        (20.0, 25.0)
        """
        pairs = []
        for part in text.split(","):
            frequency, _, level = part.partition(":")
            try:
                pairs.append((float(frequency), float(level)))
            except ValueError:
                told = "; put commas between the pairs: 250:20,500:25" if part.count(":") > 1 else ""
                raise InputError(f"audiogram {text!r}: {part.strip()!r} is not Hz:dB{told}") from None
        return cls(tuple(level for _, level in pairs), tuple(hz for hz, _ in pairs))

    @classmethod
    def flat(cls, level: float) -> Audiogram:
        """The same threshold (dB HL) at the eight usual frequencies."""
        return cls((level,) * len(CLARITY_FREQUENCIES))

    def at(self, frequency: float) -> float:
        """Threshold (dB HL) at a frequency (Hz): linear in log frequency, held at the ends."""
        hz = self.frequencies
        if frequency <= hz[0]:
            return self.levels[0]
        for i in range(1, len(hz)):
            if frequency <= hz[i]:
                share = math.log(frequency / hz[i - 1]) / math.log(hz[i] / hz[i - 1])
                return self.levels[i - 1] + share * (self.levels[i] - self.levels[i - 1])
        return self.levels[-1]

    def resample(self, frequencies: Iterable[float]) -> Audiogram:
        """The audiogram at other frequencies (Hz), see `at`."""
        frequencies = tuple(frequencies)
        return Audiogram(tuple(self.at(f) for f in frequencies), frequencies)

    def mean_level(self, frequencies: Iterable[float]) -> float:
        """Mean threshold (dB HL) over the given frequencies (Hz)."""
        levels = [self.at(f) for f in frequencies]
        return sum(levels) / len(levels)

    @property
    def severity_clarity(self) -> str:
        """pyclarity's severity of this ear: mean of the measured levels from 2 to 8 kHz."""
        measured = [f for f in self.frequencies if 2000 <= f <= 8000] or [2000, 4000, 8000]
        mean = self.mean_level(measured)
        return next(name for name, top in _CLARITY if mean <= top)


@dataclass(frozen=True)
class Listener:
    """A person: an id and an audiogram for each ear."""

    id: str
    left: Audiogram
    right: Audiogram

    def ear(self, ear: str) -> Audiogram:
        """The audiogram of `"left"` or `"right"`."""
        if ear not in EARS:
            raise InputError(f"ear: {ear!r} is neither 'left' nor 'right'")
        return self.left if ear == "left" else self.right

    @property
    def severity_humes(self) -> str:
        """Humes 2019: better-ear mean of 0.5, 1, 2 and 4 kHz; the challenge pages' words."""
        mean = min(self.ear(e).mean_level((500, 1000, 2000, 4000)) for e in EARS)
        return next(name for name, top in _HUMES if mean < top)

    @classmethod
    def from_dict(cls, record: Mapping, id: str = "") -> Listener:
        """From one record of Clarity's listener JSON; `id` serves where `name` is missing."""
        if not isinstance(record, Mapping):
            raise InputError(f"listener {id}: a {type(record).__name__} is no listener record")
        name = str(record.get("name", id))
        for field in ("audiogram_cfs", "audiogram_levels_l", "audiogram_levels_r"):
            if not isinstance(record.get(field), list | tuple):
                raise InputError(f"listener {name}: field {field!r} is missing or no list")
        try:
            frequencies = tuple(record["audiogram_cfs"])
            return cls(
                name,
                Audiogram(tuple(record["audiogram_levels_l"]), frequencies),
                Audiogram(tuple(record["audiogram_levels_r"]), frequencies),
            )
        except InputError as error:
            raise InputError(f"listener {name}: {error}") from None

    def to_dict(self) -> dict:
        """The record of Clarity's listener JSON."""
        if self.left.frequencies != self.right.frequencies:
            raise InputError(f"listener {self.id}: the two ears have different frequencies")
        return {
            "name": self.id,
            "audiogram_cfs": list(self.left.frequencies),
            "audiogram_levels_l": list(self.left.levels),
            "audiogram_levels_r": list(self.right.levels),
        }


def read_listeners(path: str | Path) -> dict[str, Listener]:
    """Read Clarity's listener JSON: listeners by id. Errors name the file and the field."""
    records = read_json(path, dict)
    try:
        return {id: Listener.from_dict(record, id) for id, record in records.items()}
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def write_listeners(path: str | Path, listeners: Iterable[Listener]) -> None:
    """Write Clarity's listener JSON."""
    records = {listener.id: listener.to_dict() for listener in listeners}
    write_json(path, records)


def better_ear_level(listener: Listener) -> float:
    """Mean threshold of the better ear at 0.5, 1, 2 and 4 kHz (dB HL)."""
    return min(listener.ear(ear).mean_level((500, 1000, 2000, 4000)) for ear in EARS)
