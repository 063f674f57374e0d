"""The noise of a car, from its parameters: engine, and the road and wind on two sides.

The same numbers, drawn in the same order, as pyclarity's `CarNoiseSignalGenerator` with two sources and
no common part, and as its `CarNoiseParametersGenerator`. Levels are dB of an arbitrary unit: the challenge
sets the loudness afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import InputError
from ..metadata import check_kind

SECONDS = 36  # whatever the song's length; one and a fifth of the official songs
FILTERS = {  # name -> type
    "primary_filter": "lowpass",
    "secondary_filter": "lowpass",
    "bump": "bandpass",
    "dip_low": "lowpass",
    "dip_high": "highpass",
}
MOST_HARMONICS = 1000
_SILENT = -99.0  # dB, of a harmonic that is left out
_ABOVE_ENGINE = 35  # dB
_LAST_GAIN = 1 / 2000


@dataclass(frozen=True)
class Filter:
    """A Butterworth filter."""

    order: int
    kind: str  # "lowpass", "highpass", "bandpass"
    cutoff: tuple[float, ...]  # Hz; two for a band

    def __call__(self, signal: np.ndarray, sample_rate: int) -> np.ndarray:
        """Filter [T] -> [T]."""
        from scipy.signal import butter, lfilter

        cutoff = np.array(self.cutoff) / (sample_rate / 2.0)
        return lfilter(*butter(self.order, cutoff if len(cutoff) > 1 else cutoff[0], self.kind), signal)


@dataclass(frozen=True)
class CarNoise:
    """A scene's `car_noise_parameters`."""

    speed: float  # km/h
    rpm: float  # revolutions a minute
    reference_level: float  # dB
    harmonics: int  # of the engine
    filters: Mapping[str, Filter]  # by the names of `FILTERS`

    @classmethod
    def read(cls, record: Any, where: str) -> CarNoise:
        """Check the parameters of a scene.

        Raises:
            InputError: names the field and its value.
        """
        check_kind(record, dict, where)

        def number(name: str, kind: type, low: float, high: float) -> Any:
            value = check_kind(record.get(name), kind, f"{where}: field {name!r}")
            if not low <= value <= high:
                raise InputError(f"{where}: field {name!r} is {value:g}, outside [{low:g}, {high:g}]")
            return value

        return cls(
            number("speed", float, 0, 1000),
            number("rpm", float, 0, 1e5),
            number("reference_level_db", float, -200, 200),
            number("engine_num_harmonics", int, 1, MOST_HARMONICS),
            {
                name: _read_filter(record.get(name), kind, f"{where}: {name}")
                for name, kind in FILTERS.items()
            },
        )

    def play(self, sample_rate: int, rng: np.random.RandomState) -> np.ndarray:
        """36 s of engine, noise from the left and noise from the right: [T, 3].

        Args:
            rng: is left where pyclarity leaves it.
        """
        parts = [self._engine(sample_rate, rng), *(self._source(sample_rate, rng) for _ in range(2))]
        self._source(sample_rate, rng)  # common to both sides with weight 0
        return np.stack(parts, axis=1) * _LAST_GAIN

    def _engine(self, sample_rate: int, rng: np.random.RandomState) -> np.ndarray:
        levels = np.zeros(self.harmonics)
        for n in range(self.harmonics):
            change = rng.choice(np.arange(-2, 2.1, 0.1))
            levels[n] = self.reference_level - 3 + 2 * 0.067 * self.speed + change
            if rng.uniform(0, 1) < 0.333:
                levels[n] = _SILENT
        time = np.arange(SECONDS * sample_rate) * (1 / sample_rate)
        engine = np.zeros(len(time))
        for n, level in enumerate(levels, 1):
            phase = rng.rand() * 2 * np.pi
            engine += 10 ** (level / 20) * np.sin(2 * np.pi * (self.rpm / 60 * n) * time + phase)
        for name in ("primary_filter", "secondary_filter"):
            engine = self.filters[name](engine, sample_rate)
        return engine

    def _source(self, sample_rate: int, rng: np.random.RandomState) -> np.ndarray:
        samples, level = SECONDS * sample_rate, self.reference_level + _ABOVE_ENGINE
        noise = self.filters["primary_filter"](rng.normal(size=samples) * 10 ** (level / 20), sample_rate)
        bump = level + rng.choice(np.arange(0, 7))
        noise += self.filters["bump"](rng.normal(size=samples) * 10 ** (bump / 20), sample_rate)
        noise = sum(self.filters[name](noise, sample_rate) for name in ("dip_low", "dip_high"))
        return self.filters["secondary_filter"](noise, sample_rate)


def _read_filter(record: Any, kind: str, where: str) -> Filter:
    check_kind(record, dict, where)
    order = check_kind(record.get("order"), int, f"{where}: field 'order'")
    if not 1 <= order <= 8:
        raise InputError(f"{where}: field 'order' is {order}, outside [1, 8]")
    if record.get("btype") != kind:
        raise InputError(f"{where}: field 'btype' is {record.get('btype')!r}, not {kind!r}")
    given = record.get("cutoff_hz")
    cutoff = [check_kind(f, float, f"{where}: field 'cutoff_hz'") for f in _listed(given)]
    wanted = 2 if kind == "bandpass" else 1
    if len(cutoff) != wanted or not 0 < cutoff[0] <= cutoff[-1] < 12000 or len(set(cutoff)) < wanted:
        raise InputError(
            f"{where}: field 'cutoff_hz' is {given}; {wanted} rising, above 0 and below 12000 Hz"
        )
    return Filter(order, kind, tuple(cutoff))


def _listed(value: Any) -> list:
    return value if isinstance(value, list) else [value]


_REVOLUTIONS = {6: 0.28, 5: 0.34, 4: 0.45, 3: 0.60}  # gear -> 1/s per km/h
_GEARS = {110: [6], 100: [5, 6], 85: [5], 75: [4, 5], 60: [4], 50: [3]}  # km/h from which -> gears


def draw_parameters(speed: float, rng: np.random.RandomState) -> dict[str, Any]:
    """Parameters for a speed from 50 to 120 km/h, as `scenes.json` has them.

    Args:
        rng: is left where pyclarity's `gen_parameters` leaves it.
    """
    gear = int(rng.choice(next(gears for least, gears in _GEARS.items() if speed >= least)))
    reference = 30 + rng.choice(np.arange(0, 3.1, 0.1))
    harmonics = int(rng.choice(np.arange(10, 41)))
    factors = np.arange(0.9, 1.1, 0.001)
    primary = (0.14 * speed + 2.86) * rng.choice(factors)
    secondary = (0.8 * speed + 200) * rng.choice(factors)
    bump, low = int(rng.choice([1, 2])), int(rng.randint(20, 101, size=1)[0])
    high = low * rng.choice(np.arange(1.25, 2.01, 0.01))
    dip, below = int(rng.choice([1, 2])), int(rng.choice(range(30, 201, 10)))
    above = below * rng.uniform(2, 3)
    orders = (1, 2, bump, dip, dip)
    cutoffs = (float(primary), float(secondary), [low, int(high)], below, int(above))
    return {
        "speed": float(speed),
        "gear": gear,
        "reference_level_db": float(reference),
        "engine_num_harmonics": harmonics,
        "rpm": float(_REVOLUTIONS[gear] * speed * 60),
        **{
            name: {"order": order, "btype": kind, "cutoff_hz": cutoff}
            for (name, kind), order, cutoff in zip(FILTERS.items(), orders, cutoffs, strict=True)
        },
    }
