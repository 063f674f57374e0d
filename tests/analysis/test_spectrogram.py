"""The spectrogram against physics: tones, clicks, powers."""

import numpy as np
import pytest

from haaqinet_eval.analysis.spectrogram import FLOOR, band_edges, spectrogram


@pytest.mark.parametrize("rate", [24_000, 32_000, 44_100])
@pytest.mark.parametrize("hertz", [120.0, 420.0, 950.0, 5000.0])
def test_a_tone_is_in_its_band_at_its_level(rate, hertz):
    tone = 0.1 * np.sin(2 * np.pi * hertz * np.arange(2 * rate) / rate)
    found = spectrogram(tone, rate)
    levels = found.levels[:, 10:-10].mean(axis=1)
    band = int(levels.argmax())
    assert found.hertz[band] <= hertz < found.hertz[band + 1]
    assert 10 * np.log10(np.sum(10 ** (levels / 10))) == pytest.approx(-20, abs=0.1)
    assert levels[band] > -23


def test_noise_has_its_power():
    rate = 32_000
    found = spectrogram(np.random.default_rng(1).normal(0, 0.1, 10 * rate), rate)
    # white noise of variance 0.01 is at -17 dB re a sine's 1/2, of which the bands have their share
    share = (found.hertz[-1] - found.hertz[0]) / (rate / 2)
    power = np.mean(np.sum(10 ** (found.levels / 10), axis=0))
    assert 10 * np.log10(power / share) == pytest.approx(10 * np.log10(0.01 / 0.5), abs=0.2)


@pytest.mark.parametrize("at", [0.5, 3.21, 9.0])
def test_a_click_is_at_its_time(at):
    rate = 24_000
    signal = np.zeros(10 * rate)
    signal[round(at * rate)] = 1
    found = spectrogram(signal, rate)
    column = int(found.levels.max(axis=0).argmax())
    assert found.seconds[column] - 0.02 <= at <= found.seconds[column + 1] + 0.02
    assert found.seconds[-1] == 10.0
    assert found.levels.shape == (len(found.hertz) - 1, len(found.seconds) - 1)
    assert found.levels.shape[1] <= 240


def test_silence_and_short_signals_are_no_trouble():
    assert (spectrogram(np.zeros(100), 32_000).levels == FLOOR).all()
    assert band_edges(8_000)[-1] <= 4_000
