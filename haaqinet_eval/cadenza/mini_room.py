"""Impulse responses of a spherical or a measured head, in the open and in a small box with absorbing walls.

A stand-in for the measured responses of CAD1 task 2. The box is Allen and Berkley's (1979), image sources
of a rigid shoebox; each image reaches the ears as from its own direction, see `mini_head`.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy import fft

from .measured_head import MeasuredHead
from .spherical_head import BASE_DELAY, SPEED_OF_SOUND, ear_delay, head_shadow

RADIUS = 0.0875  # m, of the head
EAR_AXES = (-90.0, 90.0)  # azimuths of the ears (degrees)
ORDER = 4  # of the most reflected images
Place = tuple[float, float, float]  # m: to the front, to the left, up


def towards(azimuth: float) -> np.ndarray:
    """Unit vector of an azimuth (degrees, negative to the left) in the plane of the ears: [3]."""
    angle = np.radians(azimuth)
    return np.array([np.cos(angle), -np.sin(angle), 0.0])


def in_the_open(
    azimuth: float, sample_rate: int, taps: int, measured: MeasuredHead | None = None
) -> np.ndarray:
    """From a source at 1 m to both ears: [taps, 2]; of a sphere without a measured head."""
    return _heard([(towards(azimuth), 1.0, 1.0)], sample_rate, taps, measured)


def in_a_box(
    size: Place, head: Place, source: Place, turned: float, reflection: float, sample_rate: int, taps: int,
    measured: MeasuredHead | None = None,
) -> np.ndarray:  # fmt: skip
    """From a source in a box to both ears: [taps, 2].

    Args:
        size: of the box; one corner is the origin.
        turned: azimuth (degrees) that the head looks to.
        reflection: of sound pressure at every wall, 0 to 1.
        measured: the head; None for a sphere.
    """
    arrivals = []
    for cells in itertools.product(range(-ORDER, ORDER + 1), repeat=3):
        bounces = sum(map(abs, cells))
        if bounces <= ORDER:
            image = [
                n * s + (x if n % 2 == 0 else s - x) for n, s, x in zip(cells, size, source, strict=True)
            ]
            line = np.array(image) - np.array(head)
            distance = float(np.linalg.norm(line))
            arrivals.append((_seen(line / distance, turned), distance, reflection**bounces))
    return _heard(arrivals, sample_rate, taps, measured)


def _seen(direction: np.ndarray, turned: float) -> np.ndarray:
    """A direction [3] in the frame of a head that looks to an azimuth (degrees)."""
    angle = np.radians(turned)
    forward, left, up = direction
    return np.array(
        [
            forward * np.cos(angle) - left * np.sin(angle),
            forward * np.sin(angle) + left * np.cos(angle),
            up,
        ]
    )


def _heard(
    arrivals: list[tuple[np.ndarray, float, float]],
    sample_rate: int,
    taps: int,
    measured: MeasuredHead | None,
) -> np.ndarray:
    """Sum of arrivals, each a direction [3], a distance (m) and a gain at 1 m: [taps, 2]."""
    frequencies = np.arange(taps + 1) * sample_rate / (2 * taps)
    spectra = np.zeros((taps + 1, 2), complex)
    for direction, distance, gain in arrivals:
        way, level = (distance - 0.5) / SPEED_OF_SOUND, gain / max(distance, 0.1)
        if measured is not None:
            if way * sample_rate < taps:
                path = fft.rfft(measured(direction)[:taps], 2 * taps, axis=0)
                spectra += level * path * np.exp(-2j * np.pi * frequencies * way)[:, None]
            continue
        for ear, axis in enumerate(EAR_AXES):
            incidence = float(np.degrees(np.arccos(np.clip(direction @ towards(axis), -1, 1))))
            delay = BASE_DELAY + ear_delay(incidence, RADIUS) + way
            if delay * sample_rate < taps:
                path = head_shadow(frequencies, incidence, RADIUS) * level
                spectra[:, ear] += path * np.exp(-2j * np.pi * frequencies * delay)
    return fft.irfft(spectra, 2 * taps, axis=0)[:taps]
