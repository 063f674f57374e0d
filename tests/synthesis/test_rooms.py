"""Rooms against physics: reverberation times by Schroeder's integral, the direct sound, distance."""

import numpy as np
import pytest
from scipy import signal as sps

from haaqinet_eval.synthesis.rooms import in_room, response

RATE = 24_000


def decay_time(impulse_response):
    """T20 (s) of the octaves around 1 kHz, from the backward integral of the energy."""
    middle = sps.sosfilt(sps.butter(4, (500, 1500), "band", fs=RATE, output="sos"), impulse_response)
    energy = np.cumsum(middle[::-1] ** 2)[::-1]
    decibels = 10 * np.log10(energy / energy[0] + 1e-12)
    return 3 * (np.argmax(decibels < -25) - np.argmax(decibels < -5)) / RATE


@pytest.mark.parametrize("t60", [0.3, 0.8, 2.0])
def test_a_room_reverberates_as_long_as_asked(t60):
    rng = np.random.default_rng(1)
    assert np.mean([decay_time(response(RATE, rng, t60, 2.0)) for _ in range(12)]) == pytest.approx(
        t60, rel=0.1
    )


def test_the_direct_sound_comes_first_and_weighs_less_from_far_away():
    def share(distance):
        rooms = [response(RATE, np.random.default_rng(n), 0.6, distance) for n in range(12)]
        assert all(x[0] == pytest.approx(1, abs=1e-3) for x in rooms)
        return np.mean([x[0] ** 2 / np.sum(x**2) for x in rooms])

    assert share(0.3) > 0.75 > 0.3 > share(3.0)


def test_a_signal_keeps_its_length_and_level():
    x = np.random.default_rng(2).standard_normal(RATE)
    y = in_room(x, RATE, np.random.default_rng(3), t60=0.5, distance=2.0)
    assert y.shape == x.shape
    assert np.sqrt(np.mean(y**2)) == pytest.approx(np.sqrt(np.mean(x**2)))
