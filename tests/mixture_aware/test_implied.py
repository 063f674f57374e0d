"""Implied stems: what an output says of its stems, against signals whose stems are known."""

import numpy as np
import pytest
from scipy import signal as sps

from haaqinet_eval.audio import resample
from haaqinet_eval.mixture_aware.implied import Known, describe_moments, spectrum_of
from haaqinet_eval.mixture_aware.implied_features import ImpliedStems
from haaqinet_eval.synthesis.remix import ROLES
from haaqinet_eval.synthesis.simulated_systems import EVERY, SEPARATED, draw_separated
from haaqinet_eval.synthesis.wave_errors import ERRORS, sharpened
from haaqinet_eval.systems.by_ear import separator

RATE, SECONDS = 24_000, 4
GAINS = {"vocals": 6.0, "drums": 0.0, "bass": 0.0, "other": 0.0}
UNKNOWN = np.full((4, 250, 14), 0.25)  # shares that say nothing


@pytest.fixture(scope="module")
def noises():
    """Two independent noises whose levels come and go: [2, T]."""
    rng = np.random.default_rng(1)
    steps = 10 ** (rng.uniform(-30, 0, (2, 8 * SECONDS)) / 20)
    return np.repeat(steps, RATE // 8, axis=1) * rng.standard_normal((2, RATE * SECONDS))


def remixed(stems, high=6.0, low=0.0, level=0.0):
    return 10 ** (level / 20) * (10 ** (high / 20) * stems[0] + 10 ** (low / 20) * stems[1])


def masked(stems):
    """The stems that ideal ratio masks cut out of their sum."""
    spectra = sps.stft(stems, nperseg=1024)[2]
    shares = np.abs(spectra) / np.abs(spectra).sum(0)
    return sps.istft(shares * spectra.sum(0), nperseg=1024)[1][:, : stems.shape[1]]


def described(stems, output, gains=None, shares=UNKNOWN):
    return ImpliedStems(stems.sum(0), gains or GAINS, shares).describe(output)


def test_true_stems_differ_in_phase_at_random_and_masked_ones_do_not(noises):
    true, cut = described(noises, remixed(noises)), described(noises, remixed(masked(noises)))
    assert true["implied_cos"] == pytest.approx(2 / np.pi, abs=0.02)
    assert true["implied_sign"] == pytest.approx(0, abs=0.05)
    assert true["implied_gained"] == pytest.approx(0, abs=0.2)  # powers add up
    assert cut["implied_cos"] > 0.9
    assert cut["implied_gained"] < -0.3  # parts in phase have less power than their sum
    assert cut["implied_coherence"] > true["implied_coherence"] + 0.2
    assert described(noises, noises.sum(0))["ratio_turned"] < 0.01 < true["ratio_turned"]


@pytest.mark.parametrize("level", [-9.0, 0.0, 4.5])
def test_the_level_is_found_and_does_not_matter(noises, level):
    one, other = described(noises, remixed(noises)), described(noises, remixed(noises, level=level))
    assert other["implied_level"] == pytest.approx(level, abs=0.5)
    assert other["implied_moments_level"] == pytest.approx(level, abs=0.5)
    for name in ("implied_cos", "implied_sign", "implied_like", "implied_coherence"):
        assert other[name] == pytest.approx(one[name], abs=0.02), name


def test_the_parts_are_the_stems(noises):
    known = Known.of(noises.sum(0), GAINS)
    a, b = known.parts(spectrum_of(remixed(noises, level=3.0)), 3.0)
    for part, stem in ((a, noises[0]), (b, noises[1])):
        np.testing.assert_allclose(part, spectrum_of(stem), atol=1e-3 * np.abs(part).max())
    assert known.shares(6.0) == (1.0, 0.0)
    assert known.shares(0.0) == (0.0, 1.0)


@pytest.mark.parametrize(("high", "low"), [(6.0, 0.0), (3.0, 0.0), (0.0, -10.0), (-6.0, 4.0)])
def test_moments_find_the_gains_that_were_given(noises, high, low):
    mixture, output = spectrum_of(noises.sum(0)), spectrum_of(remixed(noises, high, low))
    powers = (np.abs(mixture) ** 2, (output * mixture.conj()).real, np.abs(output) ** 2)
    tiles = [p[:480].reshape(15, 32, -1).sum(1) for p in powers]
    found = describe_moments(tuple(tiles), (0.0, 6.0))
    assert found["moments_high"] == pytest.approx(max(high, low), abs=0.5)
    assert found["moments_low"] == pytest.approx(min(high, low), abs=0.5)
    right = {high, low} == {0.0, 6.0}
    assert (found["implied_moments_rest"] < found["moments_rest_free"] + 3) == right


def test_a_copy_of_the_mixture_implies_no_stems(noises):
    noise = 1e-3 * np.random.default_rng(7).standard_normal(noises.shape[1])
    exact, rough = (described(noises, 0.7 * noises.sum(0) + n) for n in (0, noise))
    assert exact == rough
    assert exact["implied_copy"] == 1
    assert described(noises, remixed(noises, 1.0))["implied_copy"] == 0


def test_equal_gains_say_nothing(noises):
    same = described(noises, remixed(noises), dict.fromkeys(ROLES, 3.0))
    assert same["implied_known"] == 0
    assert same["implied_cos"] == same["implied_role_match"] == 0
    assert same.keys() == described(noises, remixed(noises)).keys()


def test_roles_tell_right_gains_from_opposite_ones():
    rng = np.random.default_rng(2)
    bands = [
        sps.butter(6, edge, kind, fs=RATE, output="sos")
        for edge, kind in ((800, "highpass"), (700, "lowpass"))
    ]
    stems = np.array([sps.sosfilt(sos, rng.standard_normal(RATE * SECONDS)) for sos in bands])
    shares = np.zeros((4, 250, 14))
    shares[0, :, 7:], shares[2, :, :7] = 1, 1  # the voice above, the bass below
    right = described(stems, remixed(stems), shares=shares)
    opposite = described(stems, remixed(stems, -6.0), shares=shares)
    assert right["implied_role_match"] > 0.7
    assert opposite["implied_role_match"] < -0.7
    unnamed = described(stems, remixed(stems), {"source_1": 6.0, "source_2": 0.0}, shares)
    assert unnamed["implied_role_match"] == 0


def test_silence_and_short_signals_give_numbers(noises):
    for output in (np.zeros(noises.shape[1]), noises.sum(0)[:900]):
        stems = noises[:, 30_000 : 30_000 + len(output)] if len(output) < 9000 else noises
        assert np.isfinite(list(described(stems, output).values())).all()


@pytest.mark.parametrize("name", ERRORS)
def test_errors_of_waveforms_do_not_keep_the_phase(noises, name):
    stems = dict(zip("ab", noises, strict=True))
    errors = []
    for amount in (0.0, 0.3):
        made = ERRORS[name](stems, amount, np.random.default_rng(3))
        errors.append(sum(np.std(made[k] - stems[k]) / np.std(stems[k]) for k in stems))
    assert errors[0] < 1e-3 < errors[1]
    turned = described(noises, remixed(np.array(list(made.values()))))["ratio_turned"]
    assert turned > 0.1 > described(noises, remixed(masked(noises)))["ratio_turned"]


def test_a_post_filter_sharpens(noises):
    cut = dict(zip("ab", masked(noises), strict=True))
    sharp = sharpened(cut, 2.0)
    apart = [np.corrcoef(s["a"], s["b"])[0, 1] for s in (cut, sharp)]
    assert apart[1] < apart[0]
    np.testing.assert_allclose(sharp["a"] + sharp["b"], cut["a"] + cut["b"], atol=0.02 * np.std(noises))


def test_drawn_systems_need_no_separator_that_is_not_there():
    rng = np.random.default_rng(4)
    drawn = {s.name for _ in range(20) for s in draw_separated(5, (), rng)}
    assert "network_b" in drawn
    assert not any(SEPARATED[name].separator for name in drawn)
    assert not drawn & {"ensemble_a", "ensemble_b"}
    assert EVERY["ensemble_a"].averages == ("spleeter", "network_b")


def test_a_separator_for_one_channel():
    mixture = resample(np.random.default_rng(5).standard_normal(22_050), 22_050, RATE)
    stems = separator("hpss", RATE)(mixture)
    assert set(stems) == set(ROLES)
    np.testing.assert_allclose(sum(stems.values()), mixture, atol=1e-6)
