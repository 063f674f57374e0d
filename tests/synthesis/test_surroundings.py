"""Made-up surroundings: what each kind sounds like, at which level it comes, and that recipes can draw it."""

import numpy as np
import pytest
from scipy import signal as sps

from haaqinet_eval.synthesis.conditions import CONDITIONS
from haaqinet_eval.synthesis.synthetic_noise import KINDS, SNRS, SYNTHETIC_NOISES, synthetic_noise

RATE, LENGTH = 24_000, 4 * 24_000


def noises(kind, count=5):
    return [synthetic_noise(LENGTH, RATE, np.random.default_rng(seed), kind) for seed in range(count)]


def peakedness(noise):
    """3 for Gaussian noise."""
    return np.mean(noise**4) / np.mean(noise**2) ** 2


def rolloff(noise):
    """The frequency (Hz) below which half of the power lies."""
    f, power = sps.welch(noise, RATE, nperseg=1024)
    return f[np.searchsorted(np.cumsum(power) / power.sum(), 0.5)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_made_anew_by_seed_and_sounds_at_unit_level(kind):
    first, second = noises(kind, 2)
    assert np.isfinite(first).all()
    assert len(first) == LENGTH
    assert [np.mean(x**2) for x in (first, second)] == pytest.approx([1, 1])
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.5
    assert np.array_equal(first, noises(kind, 1)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_music_stays_under_it_at_the_stated_ratio(kind):
    music = np.sin(2 * np.pi * 440 * np.arange(LENGTH) / RATE)
    for n, snr in enumerate(SNRS, 1):
        noise = SYNTHETIC_NOISES[f"{kind}-{n}"].process(music, RATE, np.random.default_rng(n)) - music
        assert 10 * np.log10(np.mean(music**2) / np.mean(noise**2)) == pytest.approx(snr, abs=0.01)


def test_kinds_are_told_apart_by_what_makes_them():
    peaks = {kind: np.median([peakedness(x) for x in noises(kind)]) for kind in KINDS}
    middle = {kind: np.median([rolloff(x) for x in noises(kind)]) for kind in KINDS}
    assert max(peaks["wind"], peaks["engines"]) < 8 < 25 < min(peaks["fire"], peaks["steps"])  # noise, knocks
    assert peaks["crowd"] < peaks["talkers"]  # many voices fill each other's pauses
    assert max(middle["wind"], middle["storm"], middle["engines"]) < 600  # Hz
    assert min(middle["rain"], middle["nature"]) > 1000


def test_a_scarce_cloud_is_drawn_again_until_it_sounds():
    for seed in range(200):
        assert np.any(synthetic_noise(2400, RATE, np.random.default_rng(seed), "fire"))


def test_the_usual_table_is_without_them():
    assert not set(SYNTHETIC_NOISES) & set(CONDITIONS)
    assert len(SYNTHETIC_NOISES) == 4 * len(KINDS)
