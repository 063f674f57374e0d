"""The contract that every registered scorer keeps."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from haaqinet_eval import Audiogram, InputError, Result, Stimulus, Unscorable, load_scorer
from haaqinet_eval.registry import scorer_record
from haaqinet_eval.scorers import Scorer, scorer_names

RATE = 24000
LOSS = Audiogram((15, 20, 25, 30, 40, 45, 50, 55))


@cache
def tune(seed, seconds=3.0):
    """A plucked tune [T] with harmonics up to the band's edge."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * RATE)) / RATE
    out = 1e-4 * rng.standard_normal(len(t))
    for start in np.arange(0, seconds, 0.3):
        f0 = 110 * 2 ** (rng.integers(0, 20) / 12)
        phase = rng.uniform(0, 2 * np.pi, 20)
        note = sum(np.sin(2 * np.pi * f0 * k * t + phase[k]) / k for k in range(1, 20) if f0 * k < 9000)
        out += 0.06 * note * np.where(t >= start, np.exp(-5 * (t - start).clip(0)), 0)
    return out


def stimulus(clean, noise_db=None, seed=0):
    noise = np.random.default_rng(seed + 100).standard_normal(len(clean))
    gain = 0 if noise_db is None else np.std(clean) * 10 ** (noise_db / 20)
    asked = dict.fromkeys(("vocals", "drums", "bass", "other"), 0.0)
    known = {"reference": clean, "mixture": clean, "gains": asked}
    return Stimulus(clean + gain * noise, RATE, LOSS, level1=85.0, **known)


@pytest.fixture(params=scorer_names(), scope="module")
def scorer(request):
    try:
        return load_scorer(request.param)
    except InputError as error:
        pytest.skip(str(error))


def test_has_the_attributes_of_a_scorer(scorer):
    assert isinstance(scorer, Scorer)
    assert scorer.name in scorer_names()
    assert scorer.version
    assert scorer.needs <= {"reference", "mixture", "gains"}
    record = scorer_record(scorer.name)
    assert scorer.limits == (record.limits if record.kind == "neighbour" else (0.0, 1.0))


def test_answer_is_finite_within_its_limits_and_the_same_again(scorer):
    for noise_db in (None, -20, 0, 20):
        result = scorer(stimulus(tune(0), noise_db))
        assert isinstance(result, Result)
        assert scorer.limits[0] <= result.value <= scorer.limits[1]
        assert all(np.isfinite(v) for v in result.parts.values())
        again = scorer(stimulus(tune(0), noise_db))
        assert (again.value, again.parts) == (result.value, result.parts)


def test_frames_lie_in_the_clip_and_in_the_limits(scorer):
    result = scorer(stimulus(tune(1)))
    if result.frames is None:
        pytest.skip(f"{scorer.name} gives no frame scores")
    assert len(result.frames) == len(result.frame_times)
    assert (np.diff(result.frame_times) > 0).all()
    assert 0 <= result.frame_times[0] < result.frame_times[-1] <= 3.0
    assert ((result.frames >= 0) & (result.frames <= 1)).all()


def test_falls_on_average_as_noise_rises(scorer):
    record = scorer_record(scorer.name)
    if not record.predicts and "reference" not in record.needs:
        pytest.skip(f"{scorer.name} measures something else than quality")
    # for an ear with a loss HASPI itself rises with a little noise, as NORESQA does for so plain a tune; both
    # fall where noise covers it
    levels = {"haspi": (-10, 10, 20), "noresqa": (-10, 0, 10)}.get(scorer.name, (-40, -10, 10))
    means = [np.mean([scorer(stimulus(tune(s), db, s)).value for s in range(4)]) for db in levels]
    assert means[0] > means[1] > means[2], means


def test_answer_does_not_depend_on_the_files_rate_or_type(scorer):
    import soxr

    given = stimulus(tune(2), -20)
    value = scorer(given).value
    up = replace(
        given,
        processed=soxr.resample(given.processed, RATE, 44100),
        reference=soxr.resample(given.reference, RATE, 44100),
        mixture=soxr.resample(given.mixture, RATE, 44100),
        sample_rate=44100,
    )
    spread = abs(np.subtract(*scorer.limits)) if scorer_record(scorer.name).kind == "neighbour" else 1.0
    assert scorer(up).value == pytest.approx(value, abs=0.03 * min(spread, 10))
    single = replace(given, processed=given.processed.astype(np.float32))
    assert scorer(single).value == pytest.approx(value, abs=1e-3)


def spoil(value):
    """The stimulus with one processed sample replaced."""

    def damage(given):
        processed = given.processed.copy()
        processed[7] = value
        return replace(given, processed=processed)

    return damage


BAD = {
    "silent": (lambda s: replace(s, processed=0 * s.processed, reference=0 * s.reference), "silent"),
    "nan": (spoil(np.nan), "not_finite"),
    "inf": (spoil(-np.inf), "not_finite"),
    "empty": (lambda s: replace(s, processed=s.processed[:0], reference=s.reference[:0]), "too_short"),
    "short": (lambda s: replace(s, processed=s.processed[:240], reference=s.reference[:240]), "too_short"),
    "rate": (lambda s: replace(s, sample_rate=0), "bad_sample_rate"),
    "whole numbers": (
        lambda s: replace(s, processed=(2**15 * s.processed).astype(np.int16)),
        "bad_samples",
    ),
    "no level": (lambda s: replace(s, level1=None), "bad_level"),
    "levels alone": (lambda s: replace(s, audiogram=[20, 30, 40, 50, 60, 60, 60, 60]), "bad_audiogram"),
    "no rate": (lambda s: replace(s, sample_rate=None), "bad_sample_rate"),
    "stereo": (lambda s: replace(s, processed=np.stack([s.processed] * 2, 1)), "not_mono"),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_input_is_refused_by_name(scorer, fault):
    damage, code = BAD[fault]
    with pytest.raises(Unscorable) as error:
        scorer(damage(stimulus(tune(0))))
    assert code in error.value.code


@pytest.mark.parametrize("name", ["haaqi", "haaqinet", "haaqinet_target"])
def test_an_option_that_a_scorer_does_not_have_is_named(name):
    with pytest.raises(InputError, match=f"scorer {name}: options: .*'colour'"):
        load_scorer(name, colour="red")


def test_unknown_scorer_lists_the_known_ones():
    with pytest.raises(
        InputError, match="'peaq' is unknown; known: haaqi, haaqinet, noresqa, haaqinet_target, hasqi, haspi"
    ):
        load_scorer("peaq")


@pytest.mark.parametrize("what", ["reference", "mixture", "gains"])
def test_a_scorer_that_needs_what_is_not_there_says_so(scorer, what):
    lone = replace(stimulus(tune(0)), **{what: None})
    if what in scorer.needs:
        with pytest.raises(Unscorable, match=what) as error:
            scorer(lone)
        assert error.value.code == f"needs_{what}"
    else:
        assert scorer(lone).value == scorer(stimulus(tune(0))).value
