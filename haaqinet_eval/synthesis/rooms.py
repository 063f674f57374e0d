"""Music as a microphone hears it in a room: image sources of a shoebox (Allen and Berkley 1979) and a tail.

The walls take more of high frequencies; how much follows from the reverberation time by Eyring.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy import fft
from scipy import signal as sps

from .conditions import Condition
from .degradations import Array, Rng, match

SPEED = 343.0  # m/s
CELLS = 6  # images along each axis, each way
EDGES = (400.0, 1600.0, 5000.0)  # Hz, between bands
SHARES = (1.15, 1.0, 0.8, 0.5)  # of the reverberation time, by band
JOINT = 0.02  # s, whose power the tail goes on from


def response(rate: float, rng: Rng, t60: float, distance: float) -> Array:
    """From a source to a microphone in a room, the direct sound first, at 1: [M].

    Size, place and directions are drawn: 2.4 m high or more, the larger the longer it reverberates.

    Args:
        rate: sample rate, Hz.
        t60: reverberation time in the middle frequencies, s.
        distance: from source to microphone, m; less where the room is smaller.
    """
    size = np.array([rng.uniform(3, 8), rng.uniform(3, 6), rng.uniform(2.4, 3.5)]) * max(t60 / 0.6, 1) ** 0.5
    source, microphone = _places(size, distance, rng)
    axis = np.arange(-CELLS, CELLS + 1)
    along = [
        np.where(axis % 2 == 0, axis * s + x, axis * s + s - x) for s, x in zip(size, source, strict=True)
    ]
    images = np.stack(np.meshgrid(*along, indexing="ij"), -1) - microphone
    far = np.linalg.norm(images, axis=-1).ravel()
    bounces = sum(np.meshgrid(*[np.abs(axis)] * 3, indexing="ij")).ravel()
    direct = far[bounces == 0][0]
    times = (far - direct) / SPEED  # s
    length = int((0.1 + 1.2 * t60) * rate)
    whole = CELLS * size.min() / SPEED  # s: all images until then are there
    joint = min(int(whole * rate), length - 1)
    place = times * rate
    near = place < length - 1
    index, rest = place[near].astype(int), place[near] % 1
    area = 2 * (size[0] * size[1] + size[1] * size[2] + size[0] * size[2])
    t, out = np.arange(length) / rate, np.zeros(length)
    for band, share in enumerate(SHARES):
        absorbed = 1 - np.exp(-0.161 * size.prod() / (area * t60 * share))  # Eyring
        gain = ((1 - absorbed) ** (bounces / 2) * direct / np.maximum(far, 0.1))[near]
        early = np.zeros(length)
        np.add.at(early, index, gain * (1 - rest))
        np.add.at(early, index + 1, gain * rest)
        before = early[max(joint - int(JOINT * rate), 0) : joint]
        level = np.sqrt(np.mean(before**2)) if len(before) else 0.0
        tail = level * rng.standard_normal(length) * 10 ** (-3 * (t - joint / rate) / (t60 * share))
        out += _band(np.where(np.arange(length) < joint, early, tail), band, rate)
    return out


def _places(size: Array, distance: float, rng: Rng) -> tuple[Array, Array]:
    """Of source and microphone, [3] each, half a metre from the walls at least."""
    low, high = np.full(3, 0.5), size - 0.5
    source = rng.uniform(low, high)
    direction = rng.standard_normal(3) * (1, 1, 0.3)
    return source, np.clip(source + distance * direction / np.linalg.norm(direction), low, high)


def _band(x: Array, band: int, rate: float) -> Array:
    """One of the bands between `EDGES`; they add up to the signal."""
    spectrum = fft.rfft(x)
    hz = np.maximum(np.arange(len(spectrum)) * rate / len(x), 1.0)
    above = [1 / (1 + (edge / hz) ** 4) for edge in EDGES]
    weight = [1 - above[0], *(a - b for a, b in itertools.pairwise(above)), above[-1]][band]
    return fft.irfft(spectrum * weight, len(x))


def in_room(x: Array, rate: float, rng: Rng, *, t60: float, distance: float) -> Array:
    """A signal [T] as a microphone hears it in a room, as loud as before."""
    return match(sps.fftconvolve(x, response(rate, rng, t60, distance))[: len(x)], x)


ROOMS: dict[str, Condition] = {
    (name := f"shoebox-{n}"): Condition(name, "room", ((in_room, {"t60": t60, "distance": distance}),))
    for n, (t60, distance) in enumerate(((0.25, 0.5), (0.4, 1.5), (0.7, 2.5), (1.2, 4.0), (2.2, 6.0)), 1)
}
