"""A reference heard once: the same scores whatever came before, and on however many threads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from haaqi_cases import tones

from haaqinet_eval.audiogram import Audiogram
from haaqinet_eval.errors import InputError, Unscorable
from haaqinet_eval.haaqi import Reference, compute_haaqi, get_threads, haaqi_v1, set_threads
from haaqinet_eval.scorers import load_scorer
from haaqinet_eval.trials import SharedReference, Stimulus

RATE = 24000
LISTENER = Audiogram((20, 25, 30, 40, 50, 55, 60, 65))
PARTS = ("mel_cepstral_high", "bm_sync5", "d_loud", "d_norm")


@pytest.fixture(scope="module")
def music():
    return tones(np.random.RandomState(3), 24001, RATE)


@pytest.fixture(scope="module")
def systems(music):
    rng = np.random.RandomState(8)
    return [music + level * rng.standard_normal(music.size) for level in (0.01, 0.1, 0.4)]


@pytest.fixture(params=[1, 2])
def threads(request):
    before = get_threads()
    set_threads(request.param)
    yield request.param
    set_threads(before)


def one_by_one(music, systems, seed):
    for processed in systems:
        np.random.seed(seed)
        yield haaqi_v1(music, RATE, processed, RATE, LISTENER, 1, 80.0)


def test_kept_reference_gives_the_drop_ins_numbers(music, systems, threads):
    reference = Reference(music, RATE, LISTENER, 1, 80.0, rng=5)
    for processed, (score, nonlinear, linear, raw) in zip(
        systems, one_by_one(music, systems, 5), strict=True
    ):
        result = reference.score(processed, RATE)
        assert result.value == score
        assert [result.parts[name] for name in PARTS] == raw
        assert (result.parts["nonlinear"], result.parts["linear"]) == (nonlinear, linear)


def _stereo(x):
    return np.stack([x, -x], 1)[:, 0]


@pytest.mark.parametrize("rate", [RATE, 32000])
@pytest.mark.parametrize(
    "kept",
    [_stereo, lambda x: x[::-1].copy()[::-1], lambda x: np.asfortranarray(np.stack([x, x]))[1], np.float32],
    ids=["a channel of stereo", "reversed", "Fortran", "float32"],
)
def test_how_samples_lie_in_memory_changes_nothing(music, systems, kept, rate):
    scores = []
    for reference, processed in ((music, systems[0]), (kept(music), kept(systems[0]))):
        if kept is np.float32:
            reference, processed = (
                x.astype(np.float32).astype(reference.dtype) for x in (reference, processed)
            )
        np.random.seed(5)
        scores.append(compute_haaqi(processed, reference, rate, rate, LISTENER, 1, 80.0))
    assert scores[0] == scores[1]


def test_order_and_threads_change_nothing(music, systems):
    before = get_threads()
    set_threads(1)
    values = [Reference(music, RATE, LISTENER).score(p, RATE).value for p in systems]
    shared = Reference(music, RATE, LISTENER)
    try:
        assert [shared.score(p, RATE).value for p in reversed(systems)] == values[::-1]
        set_threads(2)
        assert [shared.score(p, RATE).value for p in systems] == values
        fresh = Reference(music, RATE, LISTENER)
        with ThreadPoolExecutor(3) as pool:
            assert list(pool.map(lambda p: fresh.score(p, RATE).value, systems * 2)) == values * 2
    finally:
        set_threads(before)


def test_the_global_generator_is_left_alone(music, systems):
    np.random.seed(1)
    expected = np.random.standard_normal(4)
    np.random.seed(1)
    Reference(music, RATE, LISTENER).score(systems[0], RATE)
    np.testing.assert_array_equal(np.random.standard_normal(4), expected)


def test_seed_moves_the_score_by_less_than_1e_4(music, systems):
    values = [
        Reference(music, RATE, LISTENER, 1, 70.0, seed).score(systems[1], RATE).value for seed in range(5)
    ]
    assert 0 < max(values) - min(values) < 1e-4


def test_generator_given_for_one_score_overrides_the_seed(music, systems):
    reference = Reference(music, RATE, LISTENER, 2, 80.0)
    default = reference.score(systems[0], RATE).value
    stream = np.random.RandomState(9)
    values = [reference.score(p, RATE, rng=stream).value for p in systems]
    np.random.seed(9)
    assert values == [compute_haaqi(p, music, RATE, RATE, LISTENER, 2, 80.0) for p in systems]
    assert reference.score(systems[0], RATE).value == default
    assert reference.score(systems[0], RATE, rng=0).value == default


def test_a_generator_that_is_no_mersenne_twister(music, systems):
    values = [
        Reference(music, RATE, LISTENER, 2, 80.0).score(
            systems[0], RATE, rng=np.random.RandomState(np.random.PCG64(1))
        )
        for _ in range(2)
    ]
    assert values[0] == values[1]


@pytest.mark.parametrize("missing", [1, 77, 2000])
def test_shorter_and_longer_processed_signals(music, systems, missing):
    reference = Reference(music, RATE, LISTENER, 1, 80.0, rng=2)
    whole = reference.score(systems[0], RATE)
    short = systems[0][:-missing]
    np.random.seed(2)
    assert reference.score(short, RATE).value == compute_haaqi(short, music, RATE, RATE, LISTENER, 1, 80.0)
    assert reference.score(np.append(systems[0], np.ones(missing)), RATE) == whole
    assert reference.score(systems[0], RATE) == whole


def test_scorer_with_an_array_and_with_a_reference(music, systems):
    scorer = load_scorer("haaqi")
    reference = Reference(music, RATE, LISTENER, 2, 80.0)
    for given in (music, reference):
        result = scorer(Stimulus(systems[0], RATE, LISTENER, 80.0, given, amplified=True))
        assert result == reference.score(systems[0], RATE)
    seeded = scorer(Stimulus(systems[0], RATE, LISTENER, 80.0, SharedReference(lambda: reference, 3)))
    assert seeded == reference.score(systems[0], RATE, rng=3)
    with pytest.raises(Unscorable, match="reference") as caught:
        scorer(Stimulus(systems[0], RATE, LISTENER))
    assert caught.value.code == "needs_reference"


def test_reference_at_another_rate_than_the_processed_signal(music, systems):
    scorer = load_scorer("haaqi")
    shared = SharedReference(lambda: music, 1)
    result = scorer(Stimulus(systems[0][::2], 12000, LISTENER, 80.0, shared, RATE, True))
    np.random.seed(1)
    assert result.value == compute_haaqi(systems[0][::2], music, 12000, RATE, LISTENER, 2, 80.0)


def test_a_shared_reference_is_made_once_and_when_it_is_needed(music, systems):
    scorer, made = load_scorer("haaqi"), []
    shared = SharedReference(lambda: made.append(1) or music, 3, {}, ("left",))
    given = [Stimulus(system, RATE, LISTENER, 80.0, shared, amplified=True) for system in systems[:2]]
    assert made == []
    expected = [Reference(music, RATE, LISTENER, 2, 80.0, 3).score(s, RATE) for s in systems[:2]]
    assert [scorer(stimulus) for stimulus in given] == expected
    assert made == [1]
    assert list(shared.kept) == [("haaqi", "left")]
    np.testing.assert_array_equal(np.asarray(shared), music)


def test_earlier_options_of_a_stimulus(music, systems):
    ear = systems[0], RATE, LISTENER, 80.0, music
    with pytest.warns(DeprecationWarning, match="amplified"):
        earlier = [Stimulus(*ear, equalisation=2, rng=3), Stimulus(*ear, equalisation=1)]
    assert [stimulus.amplified for stimulus in earlier] == [True, False]
    assert [Stimulus(*ear, None, n).equalisation for n in (1, 2)] == [1, 2]
    shared = Stimulus(*ear[:4], SharedReference(lambda: music, 3), amplified=True)
    assert load_scorer("haaqi")(earlier[0]) == load_scorer("haaqi")(shared)


def test_threads_are_one_or_two():
    with pytest.raises(InputError, match="3"):
        set_threads(3)
