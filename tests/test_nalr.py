"""NAL-R against pyclarity's and against its own formula."""

import numpy as np
import pytest
from clarity.enhancer.nalr import NALR
from clarity.utils.audiogram import Audiogram as ClarityAudiogram

from haaqinet_eval.audiogram import Audiogram
from haaqinet_eval.errors import InputError
from haaqinet_eval.nalr import NALR_FREQUENCIES, NalR, nalr_gains

LOSSES = {
    "none": (0,) * 8,
    "below zero": (-10,) * 8,
    "one frequency": (0, 0, 0, 0, 0, 0, 0, 40),
    "mild": (10, 10, 15, 20, 25, 30, 35, 40),
    "moderate": (20, 25, 30, 40, 50, 55, 60, 65),
    "severe": (70, 75, 80, 85, 90, 95, 100, 100),
    "profound": (100,) * 8,
}


@pytest.mark.parametrize("levels", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize(("nfir", "rate"), [(140, 24000), (220, 32000), (220, 44100), (512, 48000)])
def test_filter_is_pyclaritys(levels, nfir, rate):
    theirs, their_delay = NALR(nfir, rate).build(ClarityAudiogram(np.array(levels)))
    ours, delay = NalR(nfir, rate).build(Audiogram(levels))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(delay, their_delay)


def test_odd_audiometric_frequencies_and_pyclaritys_audiogram():
    levels, hz = (10, 25, 45, 50), (125, 750, 3000, 5000)
    theirs, _ = NALR(220, 44100).build(ClarityAudiogram(np.array(levels), np.array(hz)))
    for audiogram in (Audiogram(levels, hz), ClarityAudiogram(np.array(levels), np.array(hz))):
        ours, _ = NalR(220, 44100).build(audiogram)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


def test_apply_is_a_full_convolution():
    signal = np.random.default_rng(0).standard_normal(5001)
    nalr = NalR(220, 44100)
    fir, _ = nalr.build(Audiogram(LOSSES["moderate"]))
    np.testing.assert_allclose(nalr.apply(fir, signal), np.convolve(signal, fir), atol=1e-12)


@pytest.mark.parametrize("level", [20, 40, 60, 80])
def test_a_tone_is_amplified_by_the_prescribed_gain_and_stays_in_time(level):
    rate, audiogram = 44100, Audiogram.flat(level)
    gains = nalr_gains(np.full(6, float(level)))
    for hz, gain in zip(NALR_FREQUENCIES[2:5], gains[2:5], strict=True):
        tone = np.sin(2 * np.pi * hz * np.arange(rate) / rate)
        amplified = NalR(220, rate).amplify(audiogram, tone)
        middle = slice(1000, -1000)
        expected = 10 ** (gain / 20) * tone[middle]
        # 221 taps smooth the steps of the response: within 1.3 dB of the prescription
        assert np.abs(amplified[middle] - expected).max() < 0.16 * np.abs(expected).max()


def test_refuses_what_it_cannot_design():
    with pytest.raises(InputError, match="8000"):
        NalR(220, 8000)
    with pytest.raises(InputError, match="4000"):
        NalR(4000, 44100)
