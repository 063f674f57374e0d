"""Two loudspeakers heard at the two ears of a rigid sphere, in the free field.

A simple stand-in for the measured head-related transfer functions of the ICASSP 2024 challenge.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

SPEED_OF_SOUND = 343.0  # speed of sound, m/s
BASE_DELAY = 0.001  # s, so that the nearer ear's sound is not heard early


def ear_delay(incidence: float, radius: float) -> float:
    """Arrival time (s) at an ear against the centre of the head, Woodworth and Schlosberg 1954.

    Args:
        incidence: angle between source and ear axis (degrees, 0 to 180).
        radius: of the head (m).

    A source at azimuth t then has the interaural difference radius / c * (t + sin t).

    >>> a, t = 0.0875, np.radians(30)
    >>> itd = ear_delay(120, a) - ear_delay(60, a)
    >>> bool(np.isclose(itd, a / 343 * (t + np.sin(t))))
    True
    """
    angle = np.radians(incidence)
    return radius / SPEED_OF_SOUND * (-np.cos(angle) if incidence <= 90 else angle - np.pi / 2)


def head_shadow(frequencies: np.ndarray, incidence: float, radius: float) -> np.ndarray:
    """Brown and Duda's (1998, eq. 4-5) one-pole, one-zero model of the shadow: [F] Hz -> complex [F].

    6 dB up at high frequencies on the near side, about 20 dB down at 150 degrees.
    """
    alpha_min, theta_min = 0.1, 150.0
    alpha = 1 + alpha_min / 2 + (1 - alpha_min / 2) * np.cos(np.radians(incidence / theta_min * 180))
    ratio = 2 * np.pi * frequencies * radius / (2 * SPEED_OF_SOUND)
    return (1 + 1j * alpha * ratio) / (1 + 1j * ratio)


def at_ears(
    signal: np.ndarray, sample_rate: int, left_angle: float, right_angle: float, radius: float
) -> np.ndarray:
    """A stereo programme played by two loudspeakers, at the ears: [T, 2] -> [T, 2].

    Each loudspeaker reaches both ears. Angles are azimuths in degrees, negative to the left.
    """
    size = fft.next_fast_len(len(signal) + 2048, real=True)
    f = np.arange(size // 2 + 1) * sample_rate / size
    speakers = fft.rfft(signal, size, axis=0)
    ears = np.zeros_like(speakers)
    for ear, axis in enumerate((-90.0, 90.0)):
        for channel, azimuth in enumerate((left_angle, right_angle)):
            incidence = abs(axis - azimuth)
            delay = BASE_DELAY + ear_delay(incidence, radius)
            path = head_shadow(f, incidence, radius) * np.exp(-2j * np.pi * f * delay)
            ears[:, ear] += speakers[:, channel] * path
    return fft.irfft(ears, size, axis=0)[: len(signal)]
