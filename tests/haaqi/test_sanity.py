"""What HAAQI refuses, and that worse sound never scores better."""

from types import SimpleNamespace

import numpy as np
import pytest
from haaqi_cases import tones
from scipy.signal import butter, sosfilt

from haaqinet_eval.audiogram import CLARITY_FREQUENCIES, Audiogram
from haaqinet_eval.errors import InputError, Unscorable
from haaqinet_eval.haaqi import Reference, compute_haaqi, haaqi_v1

RATE = 24000
LISTENER = Audiogram((20, 25, 30, 40, 50, 55, 60, 65))
MUSIC = tones(np.random.RandomState(1), 36000, RATE)


def with_value(value, at=100):
    signal = MUSIC.copy()
    signal[at] = value
    return signal


def levels_with(value):
    levels = [20.0] * 8
    levels[3] = value
    return SimpleNamespace(levels=levels, frequencies=CLARITY_FREQUENCIES)


@pytest.mark.parametrize(
    ("code", "reference", "processed"),
    [
        ("not_finite", with_value(np.nan), MUSIC),
        ("not_finite", with_value(-np.inf), MUSIC),
        ("not_finite", MUSIC, with_value(np.nan)),
        ("not_finite", MUSIC, with_value(np.inf)),
        ("silent_reference", np.zeros(36000), MUSIC),
        ("too_short", np.zeros(0), MUSIC),
        ("too_short", np.zeros(0), np.zeros(0)),
        ("too_short", MUSIC[:11999], MUSIC[:11999]),
        ("too_short", np.append(np.zeros(35500), MUSIC[:500]), MUSIC),
        ("too_short", MUSIC, np.zeros(0)),
        ("length_mismatch", MUSIC, MUSIC[:32000]),
        ("length_mismatch", MUSIC[:32000], MUSIC),
        ("not_mono", MUSIC.reshape(-1, 2), MUSIC),
        ("not_mono", MUSIC, np.stack((MUSIC, MUSIC))),
        ("bad_samples", MUSIC, np.round(2.0**31 * MUSIC)),
        ("bad_samples", MUSIC, np.array(["loud"] * 36000)),
    ],
)
def test_refuses_signals(code, reference, processed):
    with pytest.raises(Unscorable) as caught:
        compute_haaqi(processed, reference, RATE, RATE, LISTENER)
    assert caught.value.code == code


@pytest.mark.parametrize("rate", [0, -24000, np.nan, np.inf, 2e6, None, "44.1 kHz"])
@pytest.mark.parametrize("which", ["reference", "processed"])
def test_refuses_rates(which, rate):
    rates = (RATE, rate) if which == "reference" else (rate, RATE)
    with pytest.raises(Unscorable, match=which) as caught:
        compute_haaqi(MUSIC, MUSIC, *rates, LISTENER)
    assert caught.value.code == "bad_sample_rate"


@pytest.mark.parametrize(
    "audiogram",
    [
        levels_with(np.nan),
        levels_with(None),
        levels_with("loud"),
        Audiogram((20, 30), (250, 4000)),
        list(LISTENER.levels),
        None,
        SimpleNamespace(levels=(20.0,) * 7, frequencies=CLARITY_FREQUENCIES),
    ],
)
def test_refuses_audiograms(audiogram):
    with pytest.raises(Unscorable, match="audiogram") as caught:
        Reference(MUSIC, RATE, audiogram)
    assert caught.value.code == "bad_audiogram"


@pytest.mark.parametrize(
    ("equalisation", "level1"), [(0, 65.0), (3, 65.0), (1, np.nan), (1, None), (1, "65")]
)
def test_refuses_options(equalisation, level1):
    with pytest.raises(InputError):
        Reference(MUSIC, RATE, LISTENER, equalisation, level1)


@pytest.mark.parametrize(
    "options",
    [
        {"silence_threshold": None},
        {"add_noise": -1.0},
        {"segment_covariance": 0},
        {"segment_covariance": "16"},
    ],
)
def test_refuses_options_of_haaqi_v1(options):
    with pytest.raises(InputError, match=next(iter(options))):
        haaqi_v1(MUSIC, RATE, MUSIC, RATE, LISTENER, 1, **options)


@pytest.mark.parametrize("rate", [16000, 44100])
def test_silent_processed_signal_has_a_score_at_every_rate(rate):
    reference = tones(np.random.RandomState(1), rate, rate)
    assert 0 < compute_haaqi(np.zeros(rate), reference, rate, rate, LISTENER, 2) < 0.2


def test_a_copy_scores_one():
    assert Reference(MUSIC, RATE, LISTENER, 2, 80.0).score(MUSIC, RATE).value == pytest.approx(1, abs=0.002)


def noisier(amount):
    return MUSIC + amount * np.random.RandomState(2).standard_normal(MUSIC.size)


def clipped(amount):
    return np.clip(MUSIC, -3 + amount, 3 - amount)


def muffled(amount):
    return sosfilt(butter(4, 10000 - amount, fs=RATE, output="sos"), MUSIC)


@pytest.mark.parametrize(
    ("worse", "amounts"),
    [
        (noisier, (0, 0.01, 0.03, 0.1, 0.3, 1)),
        (clipped, (0, 1, 2, 2.5, 2.8, 2.95)),
        (muffled, (0, 2000, 4000, 6000, 8000, 9000)),
    ],
)
@pytest.mark.parametrize("audiogram", [Audiogram.flat(0), LISTENER], ids=["normal", "loss"])
def test_worse_never_scores_better(worse, amounts, audiogram):
    reference = Reference(MUSIC, RATE, audiogram, 1, 75.0)
    scores = [reference.score(worse(amount), RATE).value for amount in amounts]
    assert np.all(np.diff(scores) <= 0.01)
    assert scores[-1] < scores[0] - 0.05
