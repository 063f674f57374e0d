"""Degradations, the table of conditions, and hearing-loss patterns."""

from collections import Counter

import numpy as np
import pytest

from haaqinet_eval import InputError
from haaqinet_eval.synthesis import conditions, degradations, hearing_losses
from haaqinet_eval.synthesis.conditions import CONDITIONS, GROUPS, SHARES

RATE = 24_000
KINDS = (
    *("speech_shaped", "babble", "clipping", "quantisation"),
    *("wdrc", "babble_wdrc", "subtraction", "subtraction_wdrc"),
    *("highpass", "lowpass", "bandpass", "tilt_up", "tilt_down"),
    *("resonance", "resonances", "resonances_lowpass"),
)


@pytest.fixture(scope="module")
def signal():
    rng = np.random.default_rng(5)
    t = np.arange(RATE) / RATE
    notes = sum(np.sin(2 * np.pi * f * t) * np.exp(-3 * (t % 0.25)) for f in (220, 331, 660, 1500, 4200))
    notes[5000] = 40  # a click above full scale
    out = notes + 0.02 * rng.standard_normal(RATE)
    return out / np.sqrt(np.mean(out**2))


def whole(condition, signal, seed):
    rng = np.random.default_rng(seed)
    return condition.finish(condition.process(signal, RATE, rng), RATE, rng)


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=lambda c: c.name)
def test_conditions_are_pure_functions(condition, signal):
    before = signal.copy()
    out = whole(condition, signal, 1)
    assert out.shape == signal.shape
    assert np.isfinite(out).all()
    np.testing.assert_array_equal(signal, before)
    np.testing.assert_array_equal(whole(condition, signal, 1), out)
    changed = condition.group != "clean" and condition.fitting == "own"
    assert (np.abs(out - signal).max() > 1e-6) == changed


def test_the_papers_table_is_complete():
    paper = Counter(c.group for c in CONDITIONS.values() if "paper" in c.tags)
    assert paper["noise"] + paper["nonlinear"] == 32
    assert (paper["linear"], paper["combined"], paper.total()) == (32, 36, 100)
    for kind in KINDS:
        assert all(f"{kind}-{n}" in CONDITIONS for n in (1, 2, 3, 4)), kind
    assert {"clean", "unamplified", "wrong_listener", "vorbis-1", "mp3-1", "opus-1"} <= set(CONDITIONS)
    assert set(SHARES) == set(GROUPS)
    assert sum(SHARES.values()) == pytest.approx(1)


def test_noise_has_the_stated_ratio(signal):
    for function in (degradations.speech_shaped, degradations.babble):
        noise = function(signal, RATE, np.random.default_rng(2), snr_db=6.0) - signal
        assert 10 * np.log10(np.mean(signal**2) / np.mean(noise**2)) == pytest.approx(6, abs=1e-6)
    white = degradations.coloured_noise(signal, RATE, np.random.default_rng(2), snr_db=6.0, slope=0) - signal
    power = np.abs(np.fft.rfft(white)) ** 2
    assert power[1000:2000].mean() / power[8000:9000].mean() == pytest.approx(1, abs=0.2)


def test_filters_do_what_they_say(signal):
    rng = np.random.default_rng(0)
    white = rng.standard_normal(4 * RATE)

    def octave(x, hz):
        power = np.abs(np.fft.rfft(x)) ** 2
        f = np.fft.rfftfreq(len(x), 1 / RATE)
        return 10 * np.log10(power[(f > hz / 1.2) & (f < hz * 1.2)].mean())

    low = degradations.butterworth(white, RATE, rng, kind="low", cutoff=1000)
    assert octave(low, 500) - octave(low, 4000) == pytest.approx(48, abs=2)  # 4th order, 2 octaves above
    tilted = degradations.tilt(white, RATE, rng, slope=3)
    assert octave(tilted, 4000) - octave(tilted, 500) == pytest.approx(9, abs=0.5)
    peaked = degradations.resonances(white, RATE, rng, centers=(2000,), gain_db=12, octaves=0.3)
    assert octave(peaked, 2000) - octave(peaked, 250) == pytest.approx(12, abs=1.5)


def test_a_lower_sampling_rate_leaves_nothing_above_its_half():
    white = np.random.default_rng(0).standard_normal(4 * RATE)
    out = CONDITIONS["resampled-3"].process(white, RATE, None)  # 8 kHz
    power = np.abs(np.fft.rfft(np.stack([white, out]))) ** 2
    kept, lost = slice(4 * 100, 4 * 3400), slice(4 * 4300, 4 * 11_000)
    assert 10 * np.log10(power[1, kept].mean() / power[0, kept].mean()) == pytest.approx(0, abs=0.1)
    assert 10 * np.log10(power[1, lost].mean() / power[0, lost].mean()) < -40
    assert [name for name in CONDITIONS if name.startswith("resampled")] == [
        f"resampled-{n}" for n in range(1, 5)
    ]


def test_compression_lowers_the_contrast(signal):
    loud_soft = np.concatenate([signal, signal * 0.1])
    out = degradations.wdrc(loud_soft, RATE, np.random.default_rng(0), ratio=3)
    contrast = 20 * np.log10(np.std(out[RATE // 4 : RATE]) / np.std(out[-RATE // 2 :]))
    assert 5 < contrast < 12  # 20 dB in, 20 / 3 out


def test_quantisation_leaves_so_many_levels(signal):
    assert len(np.unique(degradations.quantise(signal, RATE, None, bits=4))) <= 17


def test_draws_differ_and_follow_the_shares():
    rng = np.random.default_rng(0)
    drawn = [conditions.draw(6, rng) for _ in range(400)]
    assert all(len({c.name for c in group}) == 6 for group in drawn)
    groups = Counter(c.group for group in drawn for c in group)
    assert groups["noise"] / groups.total() == pytest.approx(SHARES["noise"], abs=0.04)
    assert sum(any(c.group == "clean" for c in group) for group in drawn) > 150

    some = conditions.draw(6, rng, only=("clean", "white", "pink"))
    assert {c.name.partition("-")[0] for c in some} <= {"clean", "white", "pink"}
    with pytest.raises(InputError, match="conditions clean: 1 conditions, 6 are needed"):
        conditions.draw(6, rng, only=("clean",))


def test_300_hearing_losses_none_of_them_in_two_splits():
    """50 patterns in each of the paper's six families: 40 to train on, 5 to choose with, 5 to test on."""
    families = [family for family in hearing_losses.FAMILIES if "normal" not in family]
    assert families == ["flat", "sloping", "rising", "cookie_bite", "noise_notched", "high_frequency"]
    splits = {}
    for family in families:
        patterns = [hearing_losses.pattern(family, n) for n in range(hearing_losses.PATTERNS)]
        assert all(p.frequencies == (250, 500, 1000, 2000, 3000, 4000, 6000, 8000) for p in patterns)
        assert all(max(p.levels) > 20 for p in patterns)  # dB HL: the paper's bound of a hearing loss
        found = Counter(map(hearing_losses.split_of, range(hearing_losses.PATTERNS)))
        assert found == {"train": 40, "validation": 5, "test": 5}
        splits |= {p: hearing_losses.split_of(n) for n, p in enumerate(patterns)}
    assert len(splits) == 300  # as audiograms they all differ, so each has one split
    assert Counter(splits.values()) == {"train": 240, "validation": 30, "test": 30}

    near = [max(hearing_losses.pattern("near_normal", n).levels) for n in range(hearing_losses.PATTERNS)]
    assert (max(near), sum(level > 20 for level in near)) == (32, 3)  # as docs/training.md says

    rng = np.random.default_rng(0)
    for split in ("train", "validation", "test"):
        drawn = {
            ear for name, ear in (hearing_losses.draw(split, rng) for _ in range(300)) if "normal" not in name
        }
        assert drawn <= {pattern for pattern, of in splits.items() if of == split}


def test_hearing_losses_keep_to_their_family_and_split():
    for family in hearing_losses.FAMILIES:
        patterns = [hearing_losses.pattern(family, n) for n in range(hearing_losses.PATTERNS)]
        assert len(set(patterns)) == (1 if family == "normal" else hearing_losses.PATTERNS)
        assert patterns[7] == hearing_losses.pattern(family, 7)
    level = {
        f: np.mean([hearing_losses.pattern(f, n).levels for n in range(50)], 0)
        for f in hearing_losses.FAMILIES
    }
    assert level["sloping"][-1] - level["sloping"][0] > 25
    assert level["rising"][0] - level["rising"][-1] > 20
    assert level["cookie_bite"][2:4].mean() - level["cookie_bite"][[0, -1]].mean() > 10
    assert level["noise_notched"][5] - level["noise_notched"][[2, 7]].mean() > 15
    assert level["high_frequency"][-1] - level["high_frequency"][1] > 30
    assert np.ptp(level["flat"]) < 5
    assert level["near_normal"].max() < 20

    names = {
        s: {hearing_losses.draw(s, np.random.default_rng(n))[0] for n in range(300)}
        for s in ("train", "validation", "test")
    }
    hearing_loss = {s: {n for n in found if "normal" not in n} for s, found in names.items()}
    assert not hearing_loss["train"] & hearing_loss["test"]
    assert not hearing_loss["train"] & hearing_loss["validation"]
    assert not hearing_loss["validation"] & hearing_loss["test"]
    with pytest.raises(InputError, match="'bumpy' is unknown; known: flat, sloping"):
        hearing_losses.pattern("bumpy", 1)
