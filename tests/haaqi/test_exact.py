"""HAAQI against pyclarity: 220 stored trials, some scored afresh, and the generator's state."""

import json
import logging
import warnings

import numpy as np
import pytest
from clarity.evaluator.haaqi import compute_haaqi as clarity_compute
from clarity.evaluator.haaqi import haaqi_v1 as clarity_haaqi
from clarity.utils.audiogram import Audiogram as ClarityAudiogram
from haaqi_cases import COUNT, LOSSES, make_case, tones
from places import GOLDEN_FOLDER

from haaqinet_eval.audio import resample
from haaqinet_eval.audiogram import Audiogram
from haaqinet_eval.errors import Unscorable
from haaqinet_eval.haaqi import HaaqiWarning, Reference, compute_haaqi, haaqi_v1
from haaqinet_eval.scorers import load_scorer
from haaqinet_eval.trials import Stimulus

GOLDEN = json.loads((GOLDEN_FOLDER / "haaqi.json").read_text(encoding="utf-8"))
LISTENER = Audiogram((20, 25, 30, 40, 50, 55, 60, 65))


def ours(case, audiogram=None):
    audiogram = audiogram or Audiogram(case.levels)
    np.random.seed(case.seed)
    args = case.reference, case.reference_rate, case.processed, case.processed_rate, audiogram
    with warnings.catch_warnings(action="ignore", category=HaaqiWarning):
        score, _, _, raw = haaqi_v1(*args, case.equalisation, case.level1)
    return [score, *raw]


def theirs(function, *args):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        try:
            return function(*args)
        finally:
            logging.disable(logging.NOTSET)


@pytest.fixture
def pair():
    rng = np.random.RandomState(5)
    reference = tones(rng, 18001, 24000)
    return reference, np.clip(reference, -0.8, 0.8) + 0.01 * rng.standard_normal(18001)


@pytest.mark.parametrize("tens", range(COUNT // 10))
def test_stored_trials(tens):
    for index in range(10 * tens, 10 * tens + 10):
        np.testing.assert_allclose(
            ours(make_case(index)), GOLDEN["rows"][index], rtol=0, atol=1e-6, err_msg=f"trial {index}"
        )


def test_stored_trials_cover_what_matters():
    cases = [make_case(index) for index in range(0, COUNT, 5)]
    scores = np.array(GOLDEN["rows"])
    assert len(scores) == COUNT >= 200
    assert scores[:, 0].min() < 0.1
    assert scores[:, 0].max() > 0.9
    assert np.count_nonzero(scores[:, 1]) > 0.8 * COUNT  # most are audible
    assert {case.reference_rate for case in cases} == {16000, 22050, 24000, 32000, 44100, 48000}
    assert {case.equalisation for case in cases} == {1, 2}
    assert len(LOSSES) == 7
    assert min(case.level1 for case in cases) < 50
    assert max(case.level1 for case in cases) > 105
    assert max(max(case.levels) for case in cases) == 100


@pytest.mark.parametrize("index", [1, 66, 118])
def test_scored_afresh_with_either_audiogram(index):
    case = make_case(index)
    audiogram = ClarityAudiogram(np.array(case.levels))
    np.random.seed(case.seed)
    score, _, _, raw = theirs(
        clarity_haaqi,
        case.reference,
        case.reference_rate,
        case.processed,
        case.processed_rate,
        audiogram,
        case.equalisation,
        case.level1,
    )
    for either in (audiogram, Audiogram(case.levels)):
        np.testing.assert_allclose(ours(case, either), [score, *raw], rtol=0, atol=1e-6)


def test_drop_in_takes_and_leaves_the_global_generator_as_pyclarity(pair):
    reference, processed = pair
    args = (processed, reference, 24000, 24000)
    np.random.seed(11)
    np.random.standard_normal(3)  # one number in hand, and the words not at a block's start
    np.random.randint(0, 9, 5)
    start = np.random.get_state()
    expected = theirs(clarity_compute, *args, ClarityAudiogram(np.array(LISTENER.levels)), 1, 80.0)
    left = np.random.get_state()
    np.random.set_state(start)
    assert compute_haaqi(*args, LISTENER, 1, 80.0) == pytest.approx(expected, abs=1e-6)
    state = np.random.get_state()
    assert state[0] == left[0]
    np.testing.assert_array_equal(state[1], left[1])
    assert state[2:] == left[2:]


def test_all_options_of_haaqi_v1(pair):
    reference, processed = pair
    args = (reference, 24000, processed, 24000)
    options = (2, 75.0, 5.0, 0.3, 24)
    np.random.seed(4)
    expected = theirs(clarity_haaqi, *args, ClarityAudiogram(np.array(LISTENER.levels)), *options)
    np.random.seed(4)
    result = haaqi_v1(*args, LISTENER, *options)
    np.testing.assert_allclose(result[:3], expected[:3], rtol=0, atol=1e-6)
    np.testing.assert_allclose(result[3], expected[3], rtol=0, atol=1e-6)


def test_single_precision_signals(pair):
    reference, processed = (signal.astype(np.float32) for signal in pair)
    args = (processed, reference, 24000, 24000)
    np.random.seed(4)
    expected = theirs(clarity_compute, *args, ClarityAudiogram(np.array(LISTENER.levels)), 2, 80.0)
    np.random.seed(4)
    assert compute_haaqi(*args, LISTENER, 2, 80.0) == pytest.approx(expected, abs=1e-6)


def test_left_then_right_ear_from_one_generator(pair):
    """As Cadenza's recipes: one seed for a scene, the left ear first, several systems in turn."""
    reference, processed = pair
    ears = [(reference, processed, LISTENER), (0.7 * reference, processed[::-1].copy(), Audiogram.flat(35))]
    references = [Reference(r, 24000, a, 1, 85.0) for r, _, a in ears]
    for seed, gain in ((1, 1.0), (2, 0.3)):
        np.random.seed(seed)
        expected = [
            theirs(clarity_compute, gain * p, r, 24000, 24000, ClarityAudiogram(np.array(a.levels)), 1, 85.0)
            for r, p, a in ears
        ]
        left = np.random.get_state()
        stream = np.random.RandomState(seed)
        scores = [
            heard.score(gain * p, 24000, rng=stream).value
            for heard, (_, p, _) in zip(references, ears, strict=True)
        ]
        np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-6)
        np.testing.assert_array_equal(stream.get_state()[1], left[1])
        assert stream.get_state()[2:] == left[2:]


@pytest.mark.parametrize("samples", [12000, 24001])
def test_silent_processed_signal_scores_what_pyclarity_gives(samples):
    reference = tones(np.random.RandomState(0), samples, 24000)
    args = (np.zeros(samples), reference, 24000, 24000)
    np.random.seed(0)
    expected = theirs(clarity_compute, *args, ClarityAudiogram(np.array(LISTENER.levels)), 2, 80.0)
    np.random.seed(0)
    assert compute_haaqi(*args, LISTENER, 2, 80.0) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("dtype", "scale"), [(np.int16, 2**15), (np.int32, 2**28), (np.int32, 2**31), (float, 2.0**-40)]
)
def test_samples_of_any_size_and_a_warning_where_they_are_no_fractions(pair, dtype, scale):
    """scipy reads a 24-bit WAV as whole numbers up to 2^31."""
    top = max(np.abs(signal).max() for signal in pair)
    reference, processed = ((signal / top * (scale * (1 - 2**-15))).astype(dtype) for signal in pair)
    args = (processed, reference, 24000, 24000)
    as_float = processed.astype(float), reference.astype(float), 24000, 24000  # their squares overflow
    np.random.seed(4)
    expected = theirs(clarity_compute, *as_float, ClarityAudiogram(np.array(LISTENER.levels)), 2)
    np.random.seed(4)
    warned = (
        "plays at 1[4-6]. dB SPL|plays at 2[0-9]. dB SPL" if scale > 1 else "hears nothing of the reference"
    )
    with pytest.warns(HaaqiWarning, match=warned) as caught:
        assert compute_haaqi(*args, LISTENER, 2) == pytest.approx(expected, abs=1e-6)
    assert caught[0].filename == __file__
    if dtype is not float:
        with pytest.raises(Unscorable, match=f"{np.dtype(dtype)} samples"):
            load_scorer("haaqi")(Stimulus(processed, 24000, LISTENER, reference=reference))


@pytest.mark.parametrize("rates", [(32000, 44100), (44100, 32000), (24000, 22050)])
def test_other_clocks_of_output_and_reference(rates):
    """The drop-in has pyclarity's number and warns; our own ways in have that of one common rate."""
    original = tones(np.random.RandomState(5), 3 * 96000, 96000)
    noisy = original + 0.05 * np.random.RandomState(6).standard_normal(original.size)
    processed, reference = (
        resample(s, 96000, rate) for s, rate in zip((noisy, original), rates, strict=True)
    )
    args = (processed, reference, *rates)
    np.random.seed(4)
    expected = theirs(clarity_compute, *args, ClarityAudiogram(np.array(LISTENER.levels)), 2, 75.0)
    np.random.seed(4)
    with pytest.warns(HaaqiWarning, match=f"reference at {rates[1]} Hz, processed signal at {rates[0]} Hz"):
        assert compute_haaqi(*args, LISTENER, 2, 75.0) == pytest.approx(expected, abs=1e-6)
    with warnings.catch_warnings(action="error", category=HaaqiWarning), pytest.raises(HaaqiWarning):
        compute_haaqi(*args, LISTENER, 2, 75.0)
    same = [resample(s, 96000, 24000) for s in (noisy, original)]
    np.random.seed(0)
    right = theirs(clarity_compute, *same, 24000, 24000, ClarityAudiogram(np.array(LISTENER.levels)), 2, 75.0)
    for given in (reference, Reference(reference, rates[1], LISTENER, 2, 75.0)):
        stimulus = Stimulus(processed, rates[0], LISTENER, 75.0, given, rates[1], amplified=True)
        assert load_scorer("haaqi")(stimulus).value == pytest.approx(right, abs=0.003)
    assert abs(expected - right) > 0.2


def test_an_undistorted_output_at_cadenzas_rates_scores_one():
    original = tones(np.random.RandomState(7), 2 * 96000, 96000)
    reference = Reference(resample(original, 96000, 44100), 44100, LISTENER, 2, 75.0)
    assert reference.score(resample(original, 96000, 32000), 32000).value == pytest.approx(1, abs=0.004)
