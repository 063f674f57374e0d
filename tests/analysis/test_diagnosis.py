"""What is wrong with a signal is named first; figures are those that it was made with."""

import re

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from haaqinet_eval.analysis.diagnosis import diagnose
from haaqinet_eval.audiogram import Audiogram
from haaqinet_eval.errors import Unscorable
from haaqinet_eval.nalr import NalR
from haaqinet_eval.trials import Stimulus

RATE = 24000
EAR = Audiogram((20, 25, 35, 45, 55, 60, 65, 70))
OTHER = Audiogram((50, 50, 45, 40, 30, 25, 20, 20))
GAIN = 2.0  # of the voice, in the target


def stems():
    """A voice with vibrato that pauses, and a band of noise bursts and a bass."""
    rng, t = np.random.default_rng(3), np.arange(6 * RATE) / RATE
    phase = 2 * np.pi * 220 * t + 3 * np.sin(2 * np.pi * 5 * t)
    voice = sum(np.sin(k * phase) / k for k in range(1, 20)) * (np.sin(2 * np.pi * 0.8 * t) > -0.3)
    bursts = rng.standard_normal(len(t)) * np.exp(-8 * (t % 0.4))
    return 0.1 * voice, 0.1 * bursts + 0.1 * np.sin(2 * np.pi * 82 * t)


VOICE, BAND = stems()


def amplified(signal, ear=EAR):
    return NalR(220, RATE).amplify(ear, signal)


def remix(gain):
    return amplified(gain * VOICE + BAND)


def found(processed, **more):
    given = {"reference": remix(GAIN), "mixture": remix(1), "amplified": True} | more
    return diagnose(Stimulus(processed, RATE, EAR, **given), OTHER)


def aspects(diagnosis):
    return [finding.aspect for finding in diagnosis.findings]


def test_nothing_is_wrong_with_the_reference():
    diagnosis = found(remix(GAIN))
    assert diagnosis.findings == ()
    assert diagnosis.measures["way_to_target"] == pytest.approx(1)
    assert diagnosis.text == "nothing that can be measured"
    plain = found(remix(GAIN), reference=GAIN * VOICE + BAND, mixture=lambda: VOICE + BAND, amplified=False)
    assert plain.findings == ()


def test_time_and_loudness():
    late = found(np.r_[np.zeros(1200), remix(GAIN)])
    assert late.text == "50 ms late"
    assert found(remix(GAIN)[720:]).text == "30 ms early"
    assert found(-remix(GAIN)).text == "polarity inverted"
    assert found(10 ** (5 / 20) * remix(GAIN)).text == "5.0 LU too loud"


@pytest.mark.parametrize("gain", [1, 1.25, 1.75, 0.5])
def test_gains_of_stems(gain):
    diagnosis = found(remix(gain))
    way = (gain - 1) / (GAIN - 1)
    assert diagnosis.measures["way_to_target"] == pytest.approx(way, abs=1e-3)
    assert diagnosis.findings[0].aspect == "balance"
    said = f"{way:.0%} of the way" if way >= 0 else "the wrong way"
    assert said in diagnosis.findings[0].text


def test_amplification():
    missing = found(GAIN * VOICE + BAND)
    assert set(aspects(missing)) == {"loudness", "amplification"}
    assert missing.measures["missing_amplification"] == pytest.approx(1, abs=0.2)
    swapped = found(amplified(GAIN * VOICE + BAND, OTHER))
    assert "amplified for the other ear" in swapped.text
    assert "missing" not in swapped.text


def test_bands():
    dull = found(sosfilt(butter(6, 1500, fs=RATE, output="sos"), remix(GAIN)))
    assert dull.findings[0].aspect == "balance"
    assert "4 kHz" in dull.findings[0].text
    assert "125 Hz" not in dull.findings[0].text


def test_noise_clipping_gaps_dynamics():
    reference, rng = remix(GAIN), np.random.default_rng(1)
    noise = rng.standard_normal(len(reference))
    noisy = found(reference + 10 ** (-15 / 20) * noise * reference.std() / noise.std())
    assert aspects(noisy)[0] == "clarity"
    assert noisy.measures["residual_db"] == pytest.approx(-15, abs=1.5)
    clipped = found(np.clip(reference, -0.3 * reference.max(), 0.3 * reference.max()))
    assert clipped.findings[0].text.startswith("clipped")
    broken = reference.copy()
    broken[RATE : 2 * RATE] = 0
    assert broken.any()
    gap = found(broken)
    assert gap.text == "silent for 0.9 s"  # in frames of 85 ms; its edges are not told again as artefacts
    assert gap.measures["silent_s"] == pytest.approx(1, abs=0.1)
    level = np.sqrt(np.convolve(reference**2, np.ones(1200) / 1200, "same")) + 1e-3
    squeezed = found(reference * level**-0.5)
    assert "dynamics compressed" in squeezed.text
    assert squeezed.measures["dynamics_db_per_db"] > 0.25
    assert not re.search("noise|artefacts", squeezed.text)
    slow = np.sqrt(np.convolve(reference**2, np.ones(4800) / 4800, "same")) + 1e-3
    assert "levels move against the music's" in found(reference * slow**-0.5).text


def test_what_cannot_be_diagnosed_is_named():
    for change, code in (
        ({"reference": None}, "needs_reference"),
        ({"reference": np.zeros(6 * RATE)}, "silent_reference"),
        ({"reference": np.full(6 * RATE, np.nan)}, "not_finite"),
        ({"reference": np.ones(100)}, "length_mismatch"),
        ({"reference_sample_rate": 16000}, "length_mismatch"),
    ):
        with pytest.raises(Unscorable) as caught:
            found(remix(GAIN), **change)
        assert caught.value.code == code
    with pytest.raises(Unscorable, match="every sample of the processed"):
        found(np.zeros(6 * RATE))
    short = np.ones(100)
    with pytest.raises(Unscorable, match="too short to diagnose"):
        found(short, reference=short, mixture=short)
