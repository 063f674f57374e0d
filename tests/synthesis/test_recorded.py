"""Trials with recorded sounds: whose talkers they are, residuals of other songs, effects, varied settings."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from scipy import signal as sps

from haaqinet_eval import InputError
from haaqinet_eval.synthesis import hearing_losses, leftovers, separators, studio
from haaqinet_eval.synthesis.clips import Clip
from haaqinet_eval.synthesis.conditions import CONDITIONS
from haaqinet_eval.synthesis.recorded import Recorded, usual_with_talkers
from haaqinet_eval.synthesis.recorded_noise import read_recordings
from haaqinet_eval.synthesis.render import Plan, render
from haaqinet_eval.synthesis.rooms import ROOMS
from haaqinet_eval.synthesis.studio import STUDIO
from haaqinet_eval.synthesis.variation import CHANGES, varied
from haaqinet_eval.synthesis.voices import recorded_babble

RATE = 24_000
T = np.arange(2 * RATE) / RATE
VOICES = {"train": 1000, "validation": 3000}  # Hz, one talker of each split
MUSIC = np.sin(2 * np.pi * 440 * T) * (1.2 + np.sin(2 * np.pi * 3 * T))
BROAD = MUSIC + 0.3 * np.random.default_rng(9).standard_normal(len(MUSIC))  # in all bins


def tone(hz, x):
    """Share of the power within a tenth of an octave of a frequency."""
    power, f = np.abs(np.fft.rfft(x)) ** 2, np.fft.rfftfreq(len(x), 1 / RATE)
    return power[np.abs(np.log2(np.maximum(f, 1) / hz)) < 0.2].sum() / power.sum()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A talker for each split, and rain for training alone."""
    made = tmp_path_factory.mktemp("noise")
    rows = [("path", "kind", "split")]
    for split, hz in VOICES.items():
        soundfile.write(made / f"{split}.wav", 0.1 * np.sin(2 * np.pi * hz * T), RATE)
        rows.append((f"{split}.wav", "speech", split))
    soundfile.write(made / "rain.wav", 0.1 * np.random.default_rng(0).standard_normal(RATE), RATE)
    rows.append(("rain.wav", "rain", "train"))
    with (made / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return made


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    made, found = tmp_path_factory.mktemp("songs"), []
    for n, hz in enumerate((440, 2500)):
        soundfile.write(made / f"{n}.wav", 0.1 * np.sin(2 * np.pi * hz * T) * (1.1 + np.cos(9 * T)), RATE)
        found.append(Clip(made / f"{n}.wav", "folk", f"{n}", f"{n}", f"{n}", "train", "CC0", 2.0))
    return found


@pytest.mark.parametrize("name", ["babble-1", "babble_wdrc-2", "subtraction-4", "babble+lowpass"])
def test_a_splits_talkers_are_its_own(folder, name):
    added = {}
    for split in VOICES:
        table = usual_with_talkers(folder, split)
        assert set(table) == set(CONDITIONS)
        assert table["clipping-1"].steps == CONDITIONS["clipping-1"].steps
        condition = replace(table[name], steps=table[name].steps[:1])
        added[split] = condition.process(MUSIC, RATE, np.random.default_rng(1)) - MUSIC
    if name.startswith("subtraction"):
        return  # what is left over the music is no sum
    for split, hz in VOICES.items():
        assert tone(hz, added[split]) > 0.9


def test_without_recordings_babble_is_the_synthetic_one():
    for name in ("babble-2", "subtraction-1"):
        one, other = (
            table[name].process(MUSIC, RATE, np.random.default_rng(3))
            for table in (usual_with_talkers(None, "train"), CONDITIONS)
        )
        np.testing.assert_array_equal(one, other)


def test_a_split_without_recordings_says_so(folder, clips):
    assert set(read_recordings(folder)) == {"speech", "rain"}
    assert set(read_recordings(folder, "validation")) == {"speech"}
    with pytest.raises(InputError, match=r"index.csv: no recording of split test"):
        Recorded(folder)(clips, "test", 0, Plan(seconds=1.0))


def test_several_talkers_are_heard_at_once(folder):
    paths = tuple(folder / f"{split}.wav" for split in VOICES)
    both = 0
    for seed in range(12):
        sound = recorded_babble(RATE, RATE, np.random.default_rng(seed), paths=paths)
        assert np.mean(sound**2) == pytest.approx(1)
        both += all(tone(hz, sound) > 0.05 for hz in VOICES.values())
    assert both >= 5


def test_the_table_has_surroundings_and_leftovers_and_can_be_had_alone(folder, clips):
    plan = Plan(seconds=1.0, conditions=6, vary=1.0, mixing=0.0)
    drawn = [t.system for n in range(6) for t in Recorded(folder)(clips, "train", n, plan).trials]
    groups = {name.rpartition("-")[0] for name in drawn}
    assert {"environment_rain", "environment_speech"} & groups
    assert {"leak", "leftover", "without_part"} & groups
    alone = Recorded(folder, alone=True)(clips, "train", 0, replace(plan, conditions=3))
    assert all(t.system.startswith("environment_") for t in alone.trials)


@pytest.mark.parametrize("name", ["leak-3", "leftover-3", "leftover-12"])
def test_leftovers_are_of_another_song(clips, name):
    one, other = (
        leftovers.leftovers((clip.path,))[name].process(BROAD, RATE, np.random.default_rng(0))
        for clip in clips
    )
    assert np.mean(one**2) == pytest.approx(np.mean(BROAD**2))
    assert np.abs(one - other).max() > 0.01
    if name == "leak-3":
        assert tone(2500, other) == pytest.approx(tone(2500, BROAD) * 0.8 + 0.2, abs=0.02)  # at 6 dB


def test_a_mask_without_errors_parts_two_tones(clips):
    settings = {"paths": (clips[1].path,), "snr_db": 0, "mask_power": 4.0}
    kept, worse = (
        leftovers.masked(BROAD, RATE, np.random.default_rng(0), **settings, error_db=error)
        for error in (0.1, 200)
    )
    assert tone(2500, kept) < tone(2500, BROAD)
    assert tone(2500, worse) > 4 * tone(2500, BROAD)


def at_1500_hz(mixture):
    """A separator: vocals are what lies above, the others share what lies below."""
    spectrum, f = np.fft.rfft(mixture), np.fft.rfftfreq(len(mixture), 1 / RATE)
    high, low = (np.fft.irfft(spectrum * keep, len(mixture)) for keep in (f > 1500, f <= 1500))
    return {"vocals": high, **dict.fromkeys(("drums", "bass", "other"), low / 3)}


def test_music_goes_through_separators_with_another_song_before_it(folder, clips):
    table = separators.separations({"halves": at_1500_hz}, (clips[1].path,))
    assert len(table) == 9
    made = {name: c.process(BROAD, RATE, np.random.default_rng(0)) for name, c in table.items()}
    for x in made.values():
        assert np.mean(x**2) == pytest.approx(np.mean(BROAD**2))
    assert tone(440, made["halves-1"]) > 0.9  # the backing of the song itself
    assert tone(440, made["halves-2"]) < 0.01  # its vocals
    assert tone(440, made["halves-3"]) > 0.01  # and 0.3 of the mixture
    assert tone(2500, made["halves-7"]) > 0.5 > tone(2500, made["halves-2"])  # the vocals of both
    plan = Plan(seconds=1.0, conditions=6, mixing=0.0)
    for given, there in (({"halves": at_1500_hz}, True), ({}, False)):
        make = Recorded(folder, separators=given)
        drawn = [t.system for n in range(6) for t in make(clips, "train", n, plan).trials]
        assert any(name.startswith("halves-") for name in drawn) == there


def test_parts_are_told_apart_by_how_they_sound():
    clicks = np.zeros(2 * RATE)
    clicks[:: RATE // 4] = 30
    mixed = np.sin(2 * np.pi * 1000 * T) + sps.lfilter([1], [1, -0.5], clicks)
    part = {
        part: leftovers.without_part(mixed, RATE, np.random.default_rng(0), part=part, depth_db=30)
        for part in ("harmonic", "percussive")
    }
    assert tone(1000, part["harmonic"]) < tone(1000, mixed) / 2
    assert tone(1000, part["percussive"]) > 0.95


def test_a_compressor_evens_out_and_a_gate_does_the_opposite():
    steps = np.sin(2 * np.pi * 500 * T) * np.where(T % 1 < 0.5, 1, 0.1)

    def difference(x):
        loud, soft = (x[int(at * RATE) : int((at + 0.15) * RATE)] for at in (0.3, 0.8))
        return 10 * np.log10(np.mean(loud**2) / np.mean(soft**2))

    times = {"attack": 0.005, "release": 0.03}
    quiet = studio.compress(steps, RATE, None, threshold_db=-30, ratio=4, **times)
    assert difference(steps) == pytest.approx(20, abs=0.1)
    assert difference(quiet) == pytest.approx(5, abs=1.5)  # 20 dB at 4 to 1
    gated = studio.gate(steps, RATE, None, threshold_db=-7, ratio=2, **times)
    assert difference(gated) == pytest.approx(30, abs=3)  # 10 dB below the threshold, once more
    low, high = (np.abs(np.fft.rfft(studio.overdrive(0.1 * MUSIC, RATE, None, drive=d))) for d in (0.1, 5))
    assert high[2 * 1320] / high[2 * 440] > 20 * low[2 * 1320] / low[2 * 440]  # the third harmonic


@pytest.mark.parametrize("condition", STUDIO.values(), ids=lambda c: c.name)
def test_effects_are_pure_and_keep_the_level(condition):
    x = BROAD * np.where(T % 1 < 0.6, 1, 0.03)  # with a pause in every second
    once, again = (condition.process(x, RATE, np.random.default_rng(2)) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    assert np.mean(once**2) == pytest.approx(np.mean(x**2))
    assert np.abs(once - x).max() > 1e-3


def test_varied_settings_stay_near_the_tables():
    for condition in {**CONDITIONS, **STUDIO, **ROOMS}.values():
        out = varied(condition, np.random.default_rng(4))
        assert (out.name, out.group, out.fitting) == (condition.name, condition.group, condition.fitting)
        for (function, settings), (same, before) in zip(out.steps, condition.steps, strict=True):
            assert function is same
            assert {k: v for k, v in settings.items() if k not in CHANGES} == {
                k: v for k, v in before.items() if k not in CHANGES
            }
        finite = out.process(MUSIC, RATE, np.random.default_rng(0))
        assert np.isfinite(finite).all()
    levels = [varied(CONDITIONS["opus-2"], np.random.default_rng(n)).steps[0][1]["level"] for n in range(40)]
    assert 0.97 < min(levels) < 0.985  # a codec has more or fewer bits, too
    assert 0.995 < max(levels) < 1
    snrs = [varied(CONDITIONS["white-2"], np.random.default_rng(n)).steps[0][1]["snr_db"] for n in range(40)]
    assert 16.5 <= min(snrs) < 18
    assert 22 < max(snrs) <= 23.5
    cut = varied(CONDITIONS["bandpass-4"], np.random.default_rng(0)).steps[0][1]["cutoff"]
    assert len(cut) == 2
    assert cut[0] < cut[1]


def test_only_training_varies_and_its_losses_are_no_patterns(clips):
    known = {
        hearing_losses.pattern(f, n)
        for f in hearing_losses.FAMILIES[:6]
        for n in range(hearing_losses.PATTERNS)
    }
    drawn = [hearing_losses.draw_varied(np.random.default_rng(n)) for n in range(60)]
    free = [audiogram for name, audiogram in drawn if name == "varied-00"]
    assert len(free) > 40
    assert not known & set(free)
    plan = Plan(seconds=1.0, conditions=3, mixing=0.0, augment=0.0)
    of_test = [replace(clip, split="test") for clip in clips]
    plain, same = (render(of_test, "test", 3, replace(plan, vary=v)) for v in (0.0, 1.0))
    np.testing.assert_array_equal(plain.processed, same.processed)
    assert render(clips, "train", 3, replace(plan, vary=1.0)).trials[0].listener != plain.trials[0].listener
