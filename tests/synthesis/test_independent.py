"""The independent set: fixed, for no training, by other people's code; and its figures kind by kind."""

import csv
import hashlib
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from places import ROOT

from haaqinet_eval import InputError
from haaqinet_eval.synthesis import hearing_losses
from haaqinet_eval.synthesis.clips import Clip
from haaqinet_eval.synthesis.conditions import draw
from haaqinet_eval.synthesis.independent import VERSION, Independent, tools
from haaqinet_eval.synthesis.independent.ears import _AT, BISGAARD, KINDS, draw_ear
from haaqinet_eval.synthesis.independent.table import conditions, shares_of
from haaqinet_eval.synthesis.render import Plan
from haaqinet_eval.training.kinds import kind_of

RATE = 24_000
T = np.arange(RATE) / RATE
RNG = np.random.default_rng(0)
MUSIC = np.sin(2 * np.pi * 440 * T) * (1.2 + np.sin(2 * np.pi * 3 * T)) + 0.2 * RNG.standard_normal(RATE)
DIGESTS = {2: ("21f16f710bad", "4f6f0f2838d4")}  # by version of the set: of the table, of what is drawn of it


def sounds(length, rate, rng, count):
    return list(rng.standard_normal((count, length)))


TABLE = conditions(sounds, sounds, sounds)


def test_a_change_of_the_table_or_of_the_draw_is_another_version():
    told = repr([(c.name, c.group, [(f.__name__, s) for f, s in c.steps]) for c in TABLE.values()])
    told = told.replace(repr(sounds), "sounds")
    rngs = [np.random.default_rng(n) for n in range(20)]
    drawn = [c.name for rng in rngs for c in draw(6, rng, (), TABLE, shares_of(TABLE))]
    digests = tuple(hashlib.sha256(x.encode()).hexdigest()[:12] for x in (told, repr(drawn)))
    assert digests == DIGESTS[VERSION]
    assert sum(name == "clean" for name in TABLE) == 1
    kinds = {"talkers", "talkers_compressed", "leftovers", "three_resonances", "tilt", "compression", "room"}
    assert kinds < {kind_of(name) for name in TABLE}


def test_what_is_said_of_the_shipped_network_is_what_its_card_measured():
    card = (ROOT / "docs" / "model_card.md").read_text(encoding="utf-8")
    own = re.search(r"^\| score \| \d+ \| (\S+) \| \S+ \| (\S+) ", card, re.MULTILINE).groups()
    others = re.findall(r"^\| \*\*all\*\* \| \d+ \| (\S+) \| \S+ \| (\S+) ", card, re.MULTILINE)[1]
    for page in ("README.md", "leaderboard/views/method.py"):
        text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
        for lcc, mse in (own, others):
            assert f"LCC {lcc}" in text, page
            assert f"MSE {mse}" in text, page


def needs(condition):
    """Packages and programs that a condition uses."""
    by = {
        tools.pedals: "pedalboard",
        tools.augmented: "audiomentations",
        tools.ffmpeg: "ffmpeg",
        tools.coded: "ffmpeg",
        tools.sox: "sox",
        tools.harmonic: "librosa",
        tools.soft_masked: "librosa",
        tools.in_room: "pyroomacoustics",
        tools.crowded: "pyroomacoustics",
        tools.unmixed: "pyroomacoustics",
        tools.subtracted: "pyroomacoustics",
    }
    return {by[function] for function, _ in condition.steps if function in by}


FIRST = [c for c in TABLE.values() if c.name.endswith(("clean", "-1")) and c.group != "parts"]  # parts: slow


@pytest.mark.parametrize("condition", [*FIRST, TABLE["leftovers-5"]], ids=lambda c: c.name)
def test_every_kind_is_a_pure_function_that_changes_something(condition):
    for name in needs(condition):
        if name in ("ffmpeg", "sox"):
            if shutil.which(name) is None:
                pytest.skip(f"{name} is not installed")
        else:
            pytest.importorskip(name)
    once, again = (condition.process(MUSIC, RATE, np.random.default_rng(1)) for _ in range(2))
    assert once.shape == MUSIC.shape
    assert np.isfinite(once).all()
    np.testing.assert_array_equal(once, again)
    assert (np.abs(once - MUSIC).max() > 1e-4) == (condition.name != "clean")


def test_noise_comes_at_its_ratio():
    for snr in (6, -3):
        noise = tools.around(MUSIC, RATE, np.random.default_rng(0), sounds=sounds, snr_db=snr) - MUSIC
        assert 10 * np.log10(np.mean(MUSIC**2) / np.mean(noise**2)) == pytest.approx(snr)


def test_what_is_not_installed_is_named(monkeypatch):
    with pytest.raises(InputError, match=r"no_such_board is not installed: pip install 'haaqinet-eval\["):
        tools.package("no_such_board")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match="sox: no such program; the independent set needs ffmpeg and sox"):
        tools.sox(MUSIC, RATE, RNG, effects="bass -9")


def test_a_programs_complaint_is_one_line():
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    with pytest.raises(InputError, match=r"ffmpeg: .*nosuchfilter"):
        tools.ffmpeg(MUSIC, RATE, RNG, filters="nosuchfilter=1")


def test_its_ears_are_no_patterns_and_standard_where_they_say_so():
    patterns = {
        hearing_losses.pattern(f, n) for f in hearing_losses.FAMILIES for n in range(hearing_losses.PATTERNS)
    }
    drawn = [draw_ear("test", np.random.default_rng(n)) for n in range(200)]
    assert {name.rpartition("-")[0] for name, _ in drawn} == set(KINDS)
    assert not patterns & {ear for _, ear in drawn}
    n3 = np.mean([ear.levels for name, ear in drawn if name == "n3-00"], axis=0)
    at = dict(zip(drawn[0][1].frequencies, n3, strict=True))
    for hz, level in zip(_AT, BISGAARD["n3"], strict=True):
        if hz in at:
            assert at[hz] == pytest.approx(level, abs=5)


@pytest.fixture
def folder(tmp_path):
    rows = [("path", "kind")]
    for kind in ("speech", "rain"):
        soundfile.write(tmp_path / f"{kind}.wav", 0.1 * RNG.standard_normal(RATE), RATE)
        rows.append((f"{kind}.wav", kind))
    with (tmp_path / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return tmp_path


def test_nothing_of_it_is_for_training(folder):
    soundfile.write(folder / "song.wav", 0.1 * MUSIC, RATE)
    clip = Clip(folder / "song.wav", "folk", "song", "artist", "repo", "validation", "CC0", 1.0)
    make, plan = Independent({"validation": folder, "test": folder}), Plan(seconds=0.6)
    with pytest.raises(InputError, match="splits=train: the independent set is for validation and test only"):
        make([clip], "train", 0, plan)
    for name in ("pedalboard", "audiomentations", "pyroomacoustics", "librosa"):
        pytest.importorskip(name)
    if shutil.which("ffmpeg") and shutil.which("sox"):
        one, other = (make([clip], "validation", 3, replace(plan, seed=seed, vary=1.0)) for seed in (1, 2))
        np.testing.assert_array_equal(one.processed, other.processed)  # whatever the plan
        assert one.processed.shape == (6, round(0.6 * RATE))
    (folder / "index.csv").write_text("path,kind\nrain.wav,rain\n")
    with pytest.raises(InputError, match=r"talkers .kind speech. and other sounds are needed"):
        Independent({"test": folder})([clip], "test", 0, plan)
