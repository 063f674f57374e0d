"""Long signals, heard a few bands at a time: the numbers of all bands at once, whatever is odd about them."""

import numpy as np
import pytest
from haaqi_cases import tones

from haaqinet_eval import hasqi
from haaqinet_eval.audiogram import Audiogram
from haaqinet_eval.haaqi import Reference, broadband, cochlea, haaqi_v1, layout, long, threads
from haaqinet_eval.haaqi.noise import Gaussians

RATE = 24000
LISTENER = Audiogram((20, 25, 30, 40, 50, 55, 60, 65))
SAMPLES = 12 * RATE + 1234


@pytest.fixture(scope="module")
def song():
    rng = np.random.RandomState(3)
    music = tones(rng, SAMPLES, RATE)
    late = np.roll(np.clip(music, -1, 1), 900) + 0.05 * rng.standard_normal(SAMPLES)
    late[5 * RATE : 7 * RATE] = 0
    return music, late


def cut(monkeypatch, stretches):
    """As if a signal of this length were so long."""
    monkeypatch.setattr(layout, "MOST", 16 * SAMPLES / stretches)


def scored(music, processed, index=haaqi_v1, options=()):
    np.random.seed(7)
    score, *parts, raw = index(music, RATE, processed, RATE, LISTENER, 1, 80.0, *options)
    return np.array([score, *parts, *raw]), np.random.get_state()


@pytest.mark.parametrize(
    ("index", "options"),
    [(haaqi_v1, ()), (haaqi_v1, (5.0, 0.3, 24)), (hasqi.hasqi_v2, ()), (haaqi_v1, (2.5, 0.0, 7.3))],
)
def test_a_few_bands_at_a_time_give_the_same(song, index, options, monkeypatch):
    expected, state = scored(*song, index, options)
    smoothed = 8.0 if index is haaqi_v1 else 16.0
    for stretches in (2, 16) if not options else (4,):
        cut(monkeypatch, stretches)
        segment = options[2] if options else 16.0
        assert long.layout_of(SAMPLES, smoothed, segment).stretches == stretches
        got, after = scored(*song, index, options)
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9)
        np.testing.assert_array_equal(after[1], state[1])
        assert after[2:] == state[2:]


def test_a_song(monkeypatch):
    """The shortest that is heard in two stretches."""
    rng = np.random.RandomState(2)
    music = np.resize(tones(rng, 20 * RATE, RATE), 75 * RATE + 100)
    processed = music + 0.1 * rng.standard_normal(music.size)
    got, _ = scored(music, processed)
    assert long.layout_of(music.size, 8.0, 16.0).stretches == 2
    monkeypatch.setattr(layout, "MOST", 16 * music.size)
    np.testing.assert_allclose(got, scored(music, processed)[0], rtol=0, atol=1e-9)


def test_a_reference_of_a_long_signal_scores_alike(song, monkeypatch):
    music, processed = song
    values = [Reference(music, RATE, LISTENER).score(p, RATE).value for p in (processed, 0 * processed)]
    cut(monkeypatch, 4)
    kept = Reference(music, RATE, LISTENER)
    for _ in range(2):
        got = [kept.score(p, RATE).value for p in (processed, 0 * processed)]
        np.testing.assert_allclose(got, values, rtol=0, atol=1e-9)


def test_the_slowest_band_is_found_without_hearing_all(song):
    music, _ = song
    for levels in (LISTENER, Audiogram.flat(0), Audiogram.flat(100)):
        for level1 in (40.0, 110.0):
            reference = Reference(music, RATE, levels, 2, level1)
            signal = reference._original(slice(0, SAMPLES))
            groups = layout.Layout(SAMPLES).groups
            widths = [long.ear.bandwidths(signal, reference._ear, g, layout.Layout(SAMPLES)) for g in groups]
            expected = cochlea.delays(np.concatenate(widths)).max()
            for stretches in (2, 16):
                step = (SAMPLES - 60_000) // stretches // 384 * 384
                some = layout.Layout(SAMPLES, stretches, step, 48_000)
                assert long.slowest(signal, reference._ear, some) == expected


@pytest.mark.parametrize("bits", [np.random.MT19937, np.random.PCG64])
def test_a_second_stream_of_noise_goes_its_own_way(bits):
    rng = np.random.RandomState(bits(5))
    expected = np.random.RandomState(bits(5)).standard_normal(1000)
    stream = Gaussians(rng)
    other = stream.copy()
    stream.skip(501)
    np.testing.assert_allclose(other.fill(np.empty(300, np.float32)), expected[:300], atol=2e-6)
    np.testing.assert_allclose(stream.fill(np.empty(99, np.float32)), expected[501:600], atol=2e-6)
    stream.hand_back()
    np.testing.assert_array_equal(rng.standard_normal(400), expected[600:])


def test_pieces_of_what_comes_before_the_ear(song, monkeypatch):
    music, processed = song
    whole = Reference(music, 44100, LISTENER).score(processed, 44100)
    monkeypatch.setattr(threads, "LONGEST", 50_000)
    assert Reference(music, 44100, LISTENER).score(processed, 44100).value == pytest.approx(
        whole.value, abs=1e-12
    )


def test_a_constant_has_no_delay_of_its_own():
    flat = broadband.Centred.from_signal(np.ones(5000))
    noise = broadband.Centred.from_signal(np.random.RandomState(1).standard_normal(5000))
    assert broadband.broadband_delay(noise, flat) == 4999 - 48
