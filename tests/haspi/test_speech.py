"""HASPI and HASQI against pyclarity: stored trials, the generator's state, kept references, refusals."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from haaqi_cases import make_case, tones
from places import GOLDEN_FOLDER
from speech_cases import STORED, ours_haspi, ours_hasqi, trial

from haaqinet_eval import haspi, hasqi
from haaqinet_eval.audiogram import Audiogram, Listener
from haaqinet_eval.errors import InputError, Unscorable
from haaqinet_eval.haaqi import HaaqiWarning
from haaqinet_eval.haaqi import Reference as HaaqiReference
from haaqinet_eval.scorers import load_scorer
from haaqinet_eval.trials import Stimulus

RATE = 24000
LISTENER = Audiogram((20, 25, 30, 40, 50, 55, 60, 65))
GOLDEN = json.loads((GOLDEN_FOLDER / "speech.json").read_text(encoding="utf-8"))
SPEECH = tones(np.random.RandomState(1), 18001, RATE)
NOISY = SPEECH + 0.2 * np.random.RandomState(2).standard_normal(18001)


@pytest.mark.parametrize("eights", range(STORED // 8))
@pytest.mark.parametrize(("name", "ours"), [("haspi", ours_haspi), ("hasqi", ours_hasqi)])
def test_stored_trials(name, ours, eights):
    for count in range(8 * eights, 8 * eights + 8):
        expected, got = GOLDEN["rows"][count][name], ours(make_case(trial(count)))
        assert (got is None) == (expected is None), f"trial {count}"
        if got is not None:
            np.testing.assert_allclose(got, expected, rtol=0, atol=1e-6, err_msg=f"trial {count}")


def test_stored_trials_cover_what_matters():
    rows = GOLDEN["rows"]
    assert len(rows) == STORED
    assert max(GOLDEN["largest_difference"].values()) < 1e-6
    for name in ("haspi", "hasqi"):
        scores = [row[name][0] for row in rows if row[name]]
        assert min(scores) < 0.1
        assert max(scores) > 0.8
    cases = [make_case(trial(count)) for count in range(0, STORED, 9)]
    assert {case.reference_rate for case in cases} == {16000, 22050, 24000, 32000, 44100, 48000}
    assert {case.equalisation for case in cases} == {1, 2}


def uniform(count):
    np.random.seed(0)
    return [np.random.uniform(-1, 1, 8000) for _ in range(count)]


def test_pyclaritys_own_numbers():
    """From the tests of pyclarity 0.9: noise at 16 kHz; the generator goes on from the signals."""
    levels = SimpleNamespace(levels=[45, 45, 35, 45, 60, 65], frequencies=[250, 500, 1000, 2000, 4000, 6000])
    x, y = uniform(2)
    assert haspi.haspi_v2(x, 16000, y + x, 16000, levels)[0] == pytest.approx(0.0438084491, abs=1e-6)
    x, y = uniform(2)
    assert hasqi.hasqi_v2(x, 16000, y, 16000, levels, 1)[0] == pytest.approx(0.0025258091, abs=1e-6)
    left = SimpleNamespace(levels=[25, 25, 25, 25, 40, 65], frequencies=levels.frequencies)
    listener = SimpleNamespace(audiogram_left=left, audiogram_right=levels)
    for better_ear, score in ((haspi.haspi_v2_be, 0.839975314), (hasqi.hasqi_v2_better_ear, 0.1256893033)):
        ref_left, ref_right, left_ear, right_ear = uniform(4)
        signals = {
            "reference_left": ref_left,
            "reference_right": ref_right,
            "processed_left": left_ear + ref_left,
            "processed_right": right_ear,
        }
        got = better_ear(**signals, sample_rate=16000, listener=listener)
        assert got == pytest.approx(score, abs=1e-6)


def test_either_listener_and_no_listener():
    ears = (SPEECH, SPEECH, NOISY, NOISY, RATE)
    flat = Audiogram.flat(20)
    for better_ear in (haspi.haspi_v2_be, hasqi.hasqi_v2_better_ear):
        scores = []
        for listener in (
            Listener("L1", flat, LISTENER),
            SimpleNamespace(audiogram_left=flat, audiogram_right=LISTENER),
        ):
            np.random.seed(1)
            scores.append(better_ear(*ears, listener, 80.0))
        assert scores[0] == scores[1]
        with pytest.raises(InputError, match="no audiogram of the left"):
            better_ear(*ears, flat)


@pytest.mark.parametrize("name", ["haspi", "hasqi"])
def test_generator_and_options_as_pyclarity(name):
    """One number in hand, words not at a block's start; all the options; the state afterwards."""
    from clarity.evaluator.haspi import haspi_v2
    from clarity.evaluator.hasqi import hasqi_v2
    from clarity.utils.audiogram import Audiogram as ClarityAudiogram

    theirs, ours = {"haspi": (haspi_v2, haspi.haspi_v2), "hasqi": (hasqi_v2, hasqi.hasqi_v2)}[name]
    options = {"haspi": (80.0, 200.0, 1), "hasqi": (2, 80.0, 5.0, 0.3, 24)}[name]
    args = (SPEECH[:14001], RATE, NOISY[:14001], RATE)
    np.random.seed(11)
    np.random.standard_normal(3)
    np.random.randint(0, 9, 5)
    start = np.random.get_state()
    expected = theirs(*args, ClarityAudiogram(np.array(LISTENER.levels)), *options)
    left = np.random.get_state()
    np.random.set_state(start)
    got = ours(*args, LISTENER, *options)
    np.testing.assert_allclose(np.hstack(got), np.hstack(expected), rtol=0, atol=1e-6)
    state = np.random.get_state()
    np.testing.assert_array_equal(state[1], left[1])
    assert state[2:] == left[2:]


@pytest.mark.parametrize("seed", [0, 5])
def test_kept_references_give_the_drop_ins_numbers(seed):
    kept = (
        haspi.Reference(SPEECH, RATE, LISTENER, 80.0, seed),
        hasqi.Reference(SPEECH, RATE, LISTENER, 1, 80.0, seed),
    )
    for processed in (NOISY, 0.5 * NOISY[::-1]):
        np.random.seed(seed)
        score, raw = haspi.haspi_v2(SPEECH, RATE, processed, RATE, LISTENER, 80.0)
        result = kept[0].score(processed, RATE)
        assert (result.value, list(result.parts.values())) == (score, raw.tolist())
        assert kept[0].score(processed, RATE, rng=np.random.RandomState(seed)) == result
        np.random.seed(seed)
        score, nonlinear, linear, raw = hasqi.hasqi_v2(SPEECH, RATE, processed, RATE, LISTENER, 1, 80.0)
        result = kept[1].score(processed, RATE)
        assert (result.value, list(result.parts.values())) == (score, [*raw, nonlinear, linear])


def test_louder_noise_is_worse_and_silence_is_worst():
    heard = haspi.Reference(SPEECH, RATE, LISTENER, 65.0), hasqi.Reference(SPEECH, RATE, LISTENER, 1, 65.0)
    noise = np.random.RandomState(2).standard_normal(18001)
    for reference in heard:
        scores = [reference.score(SPEECH + gain * noise, RATE).value for gain in (0.05, 0.5, 5)]
        silence = reference.score(np.zeros(18001), RATE).value
        assert scores[0] > scores[1] > scores[2]
        assert silence < 0.1
        assert reference.score(np.zeros(33076), 44100).value == pytest.approx(silence, abs=1e-3)


@pytest.mark.parametrize(
    ("code", "reference", "processed"),
    [
        ("not_finite", SPEECH, np.where(np.arange(18001) == 7, np.nan, NOISY)),
        ("silent_reference", 0 * SPEECH, NOISY),
        ("too_short", SPEECH[:0], NOISY),
        ("too_short", SPEECH[:1200], SPEECH[:1200]),
        ("length_mismatch", SPEECH, np.append(NOISY, NOISY)),
        ("not_mono", SPEECH, np.stack((NOISY, NOISY))),
    ],
)
def test_refuses_what_pyclarity_scores_or_trips_over(code, reference, processed):
    for drop_in in (haspi.haspi_v2, hasqi.hasqi_v2):
        with pytest.raises(Unscorable) as caught:
            drop_in(reference, RATE, processed, RATE, LISTENER)
        assert caught.value.code == code


def test_references_that_cannot_be_heard():
    with pytest.raises(Unscorable, match="level1 -20 dB SPL") as caught:
        haspi.haspi_v2(SPEECH, RATE, NOISY, RATE, LISTENER, -20.0)
    assert caught.value.code == "inaudible_reference"
    with pytest.warns(HaaqiWarning, match="hears nothing") as warned:
        assert hasqi.hasqi_v2(SPEECH, RATE, NOISY, RATE, LISTENER, 1, 0.0)[0] == 0
    assert warned[0].filename == __file__


@pytest.mark.parametrize("options", [{"itype": 3}, {"f_lp": 50.0}, {"f_lp": 4000}, {"f_lp": None}])
def test_refuses_options(options):
    with pytest.raises(InputError, match=next(iter(options))):
        haspi.Reference(SPEECH, RATE, LISTENER, **options)


def test_scorers_take_the_right_reference():
    plain = Stimulus(NOISY, RATE, LISTENER, 70.0, SPEECH)
    for name, kept in (
        ("haspi", haspi.Reference(SPEECH, RATE, LISTENER, 70.0)),
        ("hasqi", hasqi.Reference(SPEECH, RATE, LISTENER, 1, 70.0)),
    ):
        scorer = load_scorer(name)
        assert scorer(plain) == kept.score(NOISY, RATE)
        assert scorer(Stimulus(NOISY, RATE, LISTENER, reference=kept)) == scorer(plain)
        with pytest.raises(Unscorable, match="prepared for another index") as caught:
            scorer(Stimulus(NOISY, RATE, LISTENER, reference=HaaqiReference(SPEECH, RATE, LISTENER)))
        assert caught.value.code == "needs_reference"
    with pytest.raises(Unscorable) as caught:
        load_scorer("haspi")(Stimulus(NOISY, RATE, LISTENER, 70.0, SPEECH, amplified=True))
    assert caught.value.code == "amplified_reference"
