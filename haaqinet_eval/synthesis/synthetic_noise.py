"""Synthetic environmental noise: rain, wind, water, fire, steps, engines, talkers, crowds, storms, nature.

To train on: they teach a network that noise need not be stationary. Recorded surroundings (`recorded_noise`)
stay unheard. Every kind is a cloud of short sounds, a bed of noise that swells, or both, with settings drawn
anew for every clip; many clips hold two kinds, and many a room.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import signal as sps

from ..audio import rms
from .conditions import Condition
from .degradations import Array, Rng, add_noise, hilly, match, reverberate, talkers

SNRS = (20, 12, 5, -2)  # dB
GROUP = "surroundings"
KERNELS = 8  # different short sounds in one cloud

Range = tuple[float, float]


def _unit(x: Array) -> Array:
    """RMS 1; silence stays."""
    return x / (rms(x) or 1.0)


@dataclass(frozen=True, eq=False)
class Draft:
    """What the kinds are made of; every sound is drawn at random within ranges."""

    length: int
    rate: float  # Hz
    rng: Rng

    def log(self, low: float, high: float) -> float:
        """Uniform on a logarithmic scale."""
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def hilly(self, x: Array, slope: Range) -> Array:
        """x through a slope (dB an octave) with hills and valleys of 5 dB: RMS 1."""
        return _unit(hilly(x, self.rate, self.rng, slope=slope, spread_db=5, count=9))

    def noise(self, slope: Range) -> Array:
        """Stationary noise of such a spectrum."""
        return self.hilly(self.rng.standard_normal(self.length), slope)

    def slow(self, hertz: Range, depth_db: Range) -> Array:
        """A gain [T] that wanders: turns a second, standard deviation."""
        turns, depth = self.log(*hertz), self.rng.uniform(*depth_db)
        where = np.arange(self.length) * turns / self.rate
        points = self.rng.standard_normal(int(where[-1]) + 2)
        return 10 ** (depth * np.interp(where, np.arange(len(points)), points) / 20)

    def swelling(self, slope: Range, hertz: Range, depth_db: Range) -> Array:
        """Noise that comes and goes: RMS 1."""
        return _unit(self.noise(slope) * self.slow(hertz, depth_db))

    def cloud(self, per_second: float, sound: Callable[[], Array], spread_db: float) -> Array:
        """Short sounds at random instants, levels spread by a standard deviation: RMS 1, or silence."""
        total = np.zeros(self.length)
        for _ in range(KERNELS):
            count = self.rng.poisson(per_second * self.length / self.rate / KERNELS)
            train = np.zeros(self.length)
            sizes = self.rng.choice((-1.0, 1.0), count) * 10 ** (self.rng.normal(0, spread_db, count) / 20)
            np.add.at(train, self.rng.integers(0, self.length, count), sizes)
            total += sps.oaconvolve(train, sound())[: self.length]
        return _unit(total)

    def band(self, low: float, high: float, order: int) -> Array:
        """Noise [T] between two frequencies (Hz)."""
        edges = low, min(high, 0.48 * self.rate)
        filters = sps.butter(order, edges, "band", fs=self.rate, output="sos")
        return sps.sosfilt(filters, self.rng.standard_normal(self.length))

    def _decay(self, seconds: Range) -> Array:
        tau = self.log(*seconds) * self.rate
        return np.exp(-np.arange(min(int(6 * tau) + 32, self.length)) / tau)

    def tap(self, seconds: Range, hertz: Range) -> Array:
        """A burst of noise about one frequency that dies away."""
        decay, center = self._decay(seconds), min(self.log(*hertz), 0.4 * self.rate)
        short = Draft(len(decay), self.rate, self.rng)
        return decay * short.band(0.6 * center, 1.6 * center, 1)

    def ring(self, seconds: Range, hertz: Range, glide: float, modes: int = 1) -> Array:
        """Modes that die away, each a tone that glides by up to so many octaves."""
        decay = self._decay(seconds)
        total, t = np.zeros(len(decay)), np.linspace(0, 1, len(decay))
        for _ in range(modes):
            frequency = np.minimum(self.log(*hertz) * 2 ** (glide * self.rng.uniform() * t), 0.45 * self.rate)
            total += self.rng.uniform(0.3, 1) * np.sin(2 * np.pi * np.cumsum(frequency) / self.rate)
        return total * decay

    def voices(self, count: int) -> Array:
        """Talkers, each at a pitch and a loudness of their own: RMS 1, or silence."""
        known, total = talkers(self.rate), np.zeros(self.length)
        for _ in range(count):
            talker = known[self.rng.integers(len(known))]
            where = self.rng.integers(len(talker)) + np.arange(self.length) * self.rng.uniform(0.75, 1.35)
            speech = np.interp(where, np.arange(len(talker)), talker, period=len(talker))
            total += self.log(0.3, 1) * self.slow((0.5, 2), (0, 10)) * speech
        return _unit(total)


def _rain(d: Draft) -> Array:
    drops = d.cloud(d.log(60, 6000), functools.partial(d.tap, (0.0004, 0.006), (700, 9000)), 8)
    return drops + d.rng.uniform(0, 1.5) * d.noise((-5, 3))


def _wind(d: Draft) -> Array:
    low, high = d.swelling((-12, -2), (0.3, 6), (2, 10)), d.swelling((-6, 3), (0.3, 6), (4, 12))
    return low + d.rng.uniform(0, 0.7) * high


def _water(d: Draft) -> Array:
    bubble = functools.partial(d.ring, (0.002, 0.025), (300, 6000), d.rng.uniform(0, 3))
    return d.cloud(d.log(20, 1500), bubble, 8) + d.rng.uniform(0, 2) * d.swelling((-6, 2), (0.2, 4), (0, 6))


def _fire(d: Draft) -> Array:
    cracks = d.cloud(d.log(3, 120), functools.partial(d.tap, (0.0003, 0.01), (500, 9000)), 12)
    return cracks + d.rng.uniform(0, 1.5) * _wind(d)


def _steps(d: Draft) -> Array:
    pace, jitter, total = d.rng.uniform(0.8, 3.5), d.rng.uniform(0.02, 0.2), np.zeros(d.length)
    grains, lowest = d.log(1, 200), d.log(80, 2500)
    for n in range(int(d.length / d.rate * pace) + 1):
        step = Draft(int(d.rng.uniform(0.05, 0.25) * d.rate), d.rate, d.rng)
        grain = functools.partial(step.tap, (0.002, 0.05), (lowest, 4 * lowest))
        sound = d.rng.uniform(0.4, 1) * np.hanning(step.length)
        sound *= step.cloud(grains * d.rate / step.length, grain, 6)
        start = max(int((n + d.rng.normal(0.5, jitter)) / pace * d.rate), 0)
        part = total[start : start + step.length]
        part += sound[: len(part)]
    return total


def _engines(d: Draft) -> Array:
    total = np.zeros(d.length)
    for _ in range(d.rng.integers(1, 4)):
        phase = np.cumsum(d.log(22, 180) * d.slow((0.2, 3), (0.05, 1.5))) / d.rate
        pulses = np.exp(-d.rng.uniform(3, 30) * (phase % 1))
        hiss = d.rng.uniform(0.05, 1) * d.rng.standard_normal(d.length)
        hiss *= pulses if d.rng.random() < 0.6 else 1
        engine = d.hilly(pulses - pulses.mean() + hiss, (-9, 0))
        total += d.rng.uniform(0.3, 1) * d.slow((0.15, 1), (0, 8)) * engine
    return _unit(total) + d.rng.uniform(0, 1) * d.noise((-9, -1))


def _talkers(d: Draft) -> Array:
    return d.voices(int(d.rng.integers(1, 5)))


def _crowd(d: Draft) -> Array:
    people = d.voices(int(d.rng.integers(8, 30))) + d.rng.uniform(0, 1) * d.noise((-6, 0))
    if d.rng.random() < 0.5:
        clink = functools.partial(d.ring, (0.02, 0.3), (1500, 9000), 0, modes=4)
        clap = functools.partial(d.tap, (0.003, 0.03), (600, 4000))
        sound = clink if d.rng.random() < 0.5 else clap
        people += d.rng.uniform(0.1, 1) * d.cloud(d.log(0.5, 60), sound, 6)
    return reverberate(people, d.rate, d.rng, t60=d.rng.uniform(0.3, 2), direct_db=d.rng.uniform(-8, 6))


def _storm(d: Draft) -> Array:
    t = np.arange(d.length) / d.rate
    t -= d.rng.uniform(-1, t[-1])
    thunder = d.swelling((-15, -5), (4, 8), (4, 8))
    thunder *= np.exp(np.where(t > 0, -t / d.rng.uniform(0.5, 3), t / 0.05))
    return _unit(thunder) + d.rng.uniform(0.1, 1) * (_rain if d.rng.random() < 0.6 else _wind)(d)


def _insects(d: Draft) -> Array:
    center, width = d.log(2000, 0.35 * d.rate), d.log(1.01, 1.3)
    pulses = 0.5 + 0.5 * np.sin(2 * np.pi * d.log(4, 90) * np.arange(d.length) / d.rate)
    return d.band(center / width, center * width, 2) * pulses ** d.rng.uniform(0, 4)


def _birds(d: Draft) -> Array:
    """And frogs."""
    lowest, glide = d.log(400, 5500), d.rng.uniform(-4, 4)
    call = functools.partial(d.ring, (0.01, 0.08), (lowest, 1.8 * lowest), glide)
    return d.cloud(d.log(1, 20), call, 6)


def _nature(d: Draft) -> Array:
    total = d.rng.uniform(0, 0.5) * _wind(d)
    for _ in range(d.rng.integers(1, 4)):
        total += d.rng.uniform(0.2, 1) * _unit((_birds if d.rng.random() < 0.6 else _insects)(d))
    return total


KINDS: dict[str, Callable[[Draft], Array]] = {
    "rain": _rain,
    "wind": _wind,
    "water": _water,
    "fire": _fire,
    "steps": _steps,
    "engines": _engines,
    "talkers": _talkers,
    "crowd": _crowd,
    "storm": _storm,
    "nature": _nature,
}


def synthetic_noise(length: int, rate: float, rng: Rng, kind: str) -> Array:
    """Synthetic noise [length] at Hz of a kind of `KINDS`: RMS 1, at times with another or a room."""
    draft = Draft(length, rate, rng)
    noise = _unit(KINDS[kind](draft))
    while not np.any(noise):  # a cloud without a drop
        noise = _unit(KINDS[kind](draft))
    if rng.random() < 0.4:
        other = list(KINDS.values())[rng.integers(len(KINDS))]
        noise = noise + match(other(draft), noise) * 10 ** (-rng.uniform(0, 15) / 20)
    if rng.random() < 0.4:
        noise = reverberate(noise, rate, rng, t60=rng.uniform(0.2, 1.5), direct_db=rng.uniform(-3, 12))
    return _unit(noise)


def add_synthetic_noise(x: Array, rate: float, rng: Rng, *, kind: str, snr_db: float) -> Array:
    """A signal [T] at Hz in synthetic noise of a kind of `KINDS`."""
    return add_noise(x, synthetic_noise(len(x), rate, rng, kind), snr_db)


SYNTHETIC_NOISES: dict[str, Condition] = {
    (name := f"{kind}-{n}"): Condition(name, GROUP, ((add_synthetic_noise, {"kind": kind, "snr_db": snr}),))
    for kind in KINDS
    for n, snr in enumerate(SNRS, 1)
}
