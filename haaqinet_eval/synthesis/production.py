"""What producers do to music on purpose, and what is therefore no fault: heavy bass, pumping, loud masters.

Applied to the clean music of training trials, before any condition: it is then in the reference, too.
"""

from __future__ import annotations

import numpy as np
from scipy import signal as sps

from ..audio import rms
from .degradations import Array, Rng, coloured_noise, match, reverberate, shape, wdrc

BASS = 35.0, 95.0  # Hz, the lowest and highest fundamental of a sub-bass


def _beats(length: int, rate: float, rng: Rng) -> Array:
    """Where in its beat each sample [T] is, 0 to 1: 80 to 180 beats a minute, at times half or double."""
    hertz = rng.uniform(80, 180) / 60 * rng.choice([0.5, 1, 2])
    return (np.arange(length) * hertz / rate + rng.uniform()) % 1


def sub_bass(x: Array, rate: float, rng: Rng) -> Array:
    """A bass below the music, from 9 dB softer to 9 dB louder than it: a drone, a line, or a kick's tail."""
    beats, length = _beats(len(x), rate, rng), len(x)
    notes = np.cumsum(np.diff(beats, prepend=beats[0]) < 0)
    pitches = np.exp(rng.uniform(*np.log(BASS))) * 2 ** (rng.integers(-3, 4, notes[-1] + 1) / 12)
    kind = rng.integers(3)
    pitch = np.full(length, pitches[0]) if kind == 0 else pitches[notes]
    swell = 1.0
    if kind == 1:
        swell = np.minimum(beats / 0.02, 1) * np.exp(-beats * rng.uniform(0, 3))
    elif kind == 2:
        pitch = pitches[0] * (1 + rng.uniform(0.5, 3) * np.exp(-beats * rng.uniform(15, 60)))
        swell = np.exp(-beats * rng.uniform(2, 8))
    tone = np.sin(2 * np.pi * np.cumsum(pitch) / rate)
    drive = rng.uniform(0, 4)
    tone = (np.tanh(drive * tone) if drive > 1 else tone) * swell
    return x + match(tone, x) * 10 ** (rng.uniform(-9, 9) / 20)


def pumping(x: Array, rate: float, rng: Rng) -> Array:
    """The music ducks at every beat, by 3 to 15 dB, and comes back."""
    depth, back = rng.uniform(3, 15), rng.uniform(0.2, 0.9)
    return x * 10 ** (-depth * np.clip(1 - _beats(len(x), rate, rng) / back, 0, 1) / 20)


def bass_boost(x: Array, rate: float, rng: Rng) -> Array:
    """A low shelf of 3 to 14 dB below 60 to 200 Hz."""
    corner, gain = np.exp(rng.uniform(np.log(60), np.log(200))), rng.uniform(3, 14)
    return shape(x, rate, lambda f: gain / (1 + (f / corner) ** 2))


def loud_master(x: Array, rate: float, rng: Rng) -> Array:
    """Compressed, at times, and driven into a soft limit: peaks 3 to 12 dB lower."""
    if rng.random() < 0.5:
        x = wdrc(x, rate, rng, ratio=rng.uniform(1.2, 2.5), release=rng.uniform(0.05, 0.4))
    top = np.abs(x).max() * 10 ** (-rng.uniform(3, 12) / 20)
    return top * np.tanh(x / top) if top > 0 else x


def distortion(x: Array, rate: float, rng: Rng) -> Array:
    """An amplifier's: half of the music or more, driven hard, through a cabinet that rolls off the top."""
    drive, share = rng.uniform(1, 6), rng.uniform(0.1, 0.7)
    driven = np.tanh(drive * x / (rms(x) or 1.0) + rng.uniform(-0.5, 0.5))
    cabinet = sps.butter(2, (80, min(rng.uniform(3500, 9000), 0.45 * rate)), "band", fs=rate, output="sos")
    return (1 - share) * x + share * match(sps.sosfilt(cabinet, driven - driven.mean()), x)


def room(x: Array, rate: float, rng: Rng) -> Array:
    """The room that it was played in: of 0.2 to 1.2 s, 0 to 15 dB below the direct sound."""
    return reverberate(x, rate, rng, t60=rng.uniform(0.2, 1.2), direct_db=rng.uniform(0, 15))


def hiss(x: Array, rate: float, rng: Rng) -> Array:
    """The noise of an old tape or a quiet room, 28 to 50 dB below the music."""
    return coloured_noise(x, rate, rng, snr_db=rng.uniform(28, 50), slope=rng.uniform(-6, 0))


STEPS = (
    (distortion, 0.2),
    (pumping, 0.3),
    (bass_boost, 0.3),
    (sub_bass, 0.5),
    (loud_master, 0.5),
    (room, 0.3),
    (hiss, 0.2),
)


def produce(x: Array, rate: float, rng: Rng) -> Array:
    """A signal [T] at Hz through some of these steps, each with its chance; at the RMS it had."""
    made = x
    for step, chance in STEPS:
        if rng.random() < chance:
            made = step(made, rate, rng)
    return match(made, x)
