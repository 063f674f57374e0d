"""What producers do to clean music: each step by what it does to level, spectrum and time."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from scipy import signal as sps

from haaqinet_eval.synthesis import production
from haaqinet_eval.synthesis.clips import read_index
from haaqinet_eval.synthesis.render import Plan, render

RATE = 24_000
SEEDS = range(6)


def music(seed=0, seconds=6):
    """Pink noise in bursts."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal(seconds * RATE))
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 300)))
    pink *= 1.2 + np.sin(2 * np.pi * 1.5 * np.arange(len(pink)) / RATE)
    return pink / np.sqrt(np.mean(pink**2))


def power(x, low, high):
    """Between two frequencies (Hz)."""
    f, density = sps.welch(x, RATE, nperseg=4096)
    return density[(f >= low) & (f < high)].sum()


def changed(step, seed, x=None):
    return step(music() if x is None else x, RATE, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sub_bass_is_added_below_and_leaves_the_music_as_it_was(seed):
    added = changed(production.sub_bass, seed) - music()
    assert power(added, 0, 700) > 0.98 * power(added, 0, RATE / 2)
    assert -9.1 < 10 * np.log10(np.mean(added**2)) < 9.1


@pytest.mark.parametrize("seed", SEEDS)
def test_pumping_ducks_a_steady_sound_again_and_again(seed):
    gain = 20 * np.log10(changed(production.pumping, seed, np.ones(6 * RATE)))
    assert gain.max() <= 0
    assert -15.1 < gain.min() < -2.9
    ducks = np.flatnonzero(np.diff(gain) < -1)
    assert len(ducks) >= 3
    assert np.ptp(np.diff(ducks)) <= 1  # beats are even


@pytest.mark.parametrize("seed", SEEDS)
def test_a_boost_lifts_the_bass_alone(seed):
    louder = changed(production.bass_boost, seed)
    assert 2 < 10 * np.log10(power(louder, 10, 40) / power(music(), 10, 40)) < 14.1
    assert abs(10 * np.log10(power(louder, 4000, 9000) / power(music(), 4000, 9000))) < 0.1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_loud_master_has_less_crest(seed):
    def crest(x):
        return 20 * np.log10(np.abs(x).max() / np.sqrt(np.mean(x**2)))

    assert crest(changed(production.loud_master, seed)) < crest(music()) - 1


@pytest.mark.parametrize("seed", SEEDS)
def test_distortion_gives_a_tone_harmonics(seed):
    tone = np.sqrt(2) * np.sin(2 * np.pi * 440 * np.arange(6 * RATE) / RATE)
    driven = changed(production.distortion, seed, tone)
    assert power(driven, 1270, 1370) > 1e-4 * power(driven, 400, 480)
    assert power(tone, 1270, 1370) < 1e-6 * power(tone, 400, 480)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_produced_keeps_its_level_and_depends_on_the_seed_alone(seed):
    made = changed(production.produce, seed)
    assert np.mean(made**2) == pytest.approx(1)
    assert np.array_equal(made, changed(production.produce, seed))


def test_silence_stays_silent():
    for step in (production.produce, *(step for step, _ in production.STEPS)):
        assert not np.any(changed(step, 3, np.zeros(RATE)))


def test_production_is_in_the_reference_too_and_only_in_training(tmp_path):
    head = "path,genre,title,artist,source_repo,split,licence,duration_s"
    rows = [
        f"{split}.wav,rock,{split},{split},{split},{split},CC0,8".split(",") for split in ("train", "test")
    ]
    with (tmp_path / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([head.split(","), *rows])
    for seed, split in enumerate(("train", "test")):
        soundfile.write(tmp_path / f"{split}.wav", 0.1 * music(seed, 8), RATE)
    plan = Plan(seconds=2.0, conditions=1, only=("clean",), production=1.0)
    for clip in read_index(tmp_path):
        group = render([clip], clip.split, 3, plan)
        plain = render([clip], clip.split, 3, replace(plan, production=0.0))
        assert np.array_equal(group.reference, plain.reference) == (clip.split == "test")
        assert np.allclose(group.processed[0], group.reference)
