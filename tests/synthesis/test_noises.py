"""Noises made of recorded sounds: what becomes of them, and that known recordings stay unheard."""

import csv

import numpy as np
import pytest
import soundfile
from places import ROOT
from scipy import signal as sps
from scripts import run_script

from haaqinet_eval.audio import read_audio
from haaqinet_eval.errors import InputError
from haaqinet_eval.synthesis.duplicates import Duplicates
from haaqinet_eval.synthesis.noises import (
    CROWD,
    HAPPENINGS,
    SAMPLE_RATE,
    SPEECH,
    NoiseRules,
    Sounds,
    make_noises,
)
from haaqinet_eval.synthesis.recorded_noise import read_environments

RECIPE = ROOT / "recipes/haaqinet/noises.py"
RATE = 32_000
RULES = NoiseRules(seconds=3.0, strings=2, talks=3, crowds=2, speech=("talkers/",))


def sound(seconds, seed):
    """Noise that comes and goes, in a band of its own."""
    rng = np.random.default_rng(seed)
    swell = np.interp(
        np.arange(seconds * RATE) / RATE, np.arange(0, seconds + 1, 0.1), rng.random(int(10 * seconds) + 10)
    )
    centre = rng.uniform(300, 1200)
    edges = sps.butter(1, (0.7 * centre, 1.4 * centre), "band", fs=RATE, output="sos")
    signal = sps.sosfilt(edges, rng.standard_normal(int(seconds * RATE))) * swell
    return 0.6 * signal / np.abs(signal).max()


def write(path, samples, rate=RATE):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate)


@pytest.fixture
def folder(tmp_path):
    """Two long sounds and ten short ones of one source, nine utterances of another."""
    root = tmp_path / "sounds"
    write(root / "game/weather/rain.ogg", sound(5, 1))
    write(root / "game/engine.wav", sound(4, 2))
    for n in range(10):
        write(root / f"game/knock{n}.wav", sound(0.4, 10 + n))
    for n in range(9):
        write(root / f"talkers/anna/word{n}.ogg", np.pad(sound(0.7, 30 + n), (9000, 9000)))
    write(root / "game/nothing.wav", np.zeros(4 * RATE))
    (root / "game/torn.ogg").write_bytes(b"OggS, and no more")
    return root


@pytest.fixture
def apart(tmp_path):
    """A recording of 8 s whose seconds 2 to 6 travel."""
    samples = sound(8, 99)
    write(tmp_path / "known/street.ogg", samples)
    (tmp_path / "known/index.csv").write_text("path,kind\nstreet.ogg,street\n")
    return tmp_path / "known", samples[2 * RATE : 6 * RATE]


def made(folder, rules=RULES, twins=None, kinds=None):
    return list(make_noises(Sounds(folder, rules, twins or Duplicates(None, 0.65)), kinds))


def test_long_sounds_stand_alone_short_ones_follow_one_another_and_talkers_meet(folder):
    found = made(folder, kinds={"weather": "rain"})
    assert [kind for kind, *_ in found] == ["other"] * 3 + ["weather"] * 3 + [HAPPENINGS] * 2 + [
        SPEECH
    ] * 3 + [CROWD] * 2
    assert {source for kind, _, source, _ in found if kind == SPEECH} == {"talkers"}
    assert all(np.isfinite(x).all() and np.any(x) and len(x) <= 3 * SAMPLE_RATE for *_, x in found)


def test_the_first_version_of_a_sound_is_as_recorded_and_the_others_are_not(folder):
    first, second, _ = (x for kind, _, _, x in made(folder, kinds={"weather": "rain"}) if kind == "weather")
    recorded = sps.resample_poly(read_audio(folder / "game/weather/rain.ogg").samples[:, 0], 3, 4)

    def likeness(x):
        return np.abs(sps.fftconvolve(recorded, x[SAMPLE_RATE : 2 * SAMPLE_RATE][::-1], "valid")).max() / (
            np.linalg.norm(x[SAMPLE_RATE : 2 * SAMPLE_RATE]) * np.linalg.norm(recorded)
        )

    assert likeness(first) > 3 * likeness(second)


def test_the_same_seed_makes_the_same_noises(folder):
    for (*one, x), (*other, y) in zip(made(folder), made(folder), strict=True):
        assert one == other
        assert np.array_equal(x, y)


def test_a_talker_pauses_but_is_never_silent_for_long(folder):
    rules = NoiseRules(seconds=20, versions=1, strings=0, talks=1, crowds=0, speech=("talkers/",))
    talk = next(x for kind, *_, x in made(folder, rules) if kind == SPEECH)
    loud = np.flatnonzero(np.abs(talk) > 0.05 * np.abs(talk).max())
    assert 0.05 * SAMPLE_RATE < np.diff(loud).max() < 6 * SAMPLE_RATE


@pytest.mark.parametrize("seconds", [1, 4])
@pytest.mark.parametrize(("name", "rate"), [("x.wav", 22_050), ("x.ogg", 44_100), ("x.wav", 32_000)])
def test_a_part_of_a_recording_is_known_whatever_its_level_rate_and_format(
    apart, tmp_path, name, rate, seconds
):
    known, part = apart
    part = part[: seconds * RATE]
    write(tmp_path / name, 0.2 * sps.resample(part, len(part) * rate // RATE), rate)
    audio = read_audio(tmp_path / name)
    assert Duplicates(known, 0.65).of(audio.samples[:, 0], audio.sample_rate) == known / "street.ogg"


def test_a_recording_is_known_within_a_longer_sound(apart):
    known, part = apart
    assert Duplicates(known, 0.65).of(np.concatenate([sound(7, 5), part, sound(3, 6)]), RATE) is not None


@pytest.mark.parametrize("seed", range(5))
def test_other_sounds_are_no_twins(apart, seed):
    twins = Duplicates(apart[0], 0.65)
    assert twins.of(sound(6, seed), RATE) is None
    assert twins.of(np.zeros(RATE), RATE) is None
    assert twins.of(apart[1][: RATE // 4], RATE) is None  # too short to tell


def test_sounds_of_one_name_are_all_kept(folder, tmp_path):
    write(folder / "game/engine.ogg", sound(4, 3))
    done = run(tmp_path, f"folder={folder}")
    with (tmp_path / "noises/index.csv").open() as lines:
        paths = [row["path"] for row in csv.DictReader(lines)]
    assert done.returncode == 0, done.stderr
    assert len([path for path in paths if "engine" in path]) == 6
    assert len(set(paths)) == len(paths) == len(list((tmp_path / "noises").glob("*/*.flac")))


def run(tmp_path, *options):
    fixed = (f"out={tmp_path / 'noises'}", "licence=CC0", "rules.seconds=3")
    return run_script(RECIPE, *fixed, *options, cwd=tmp_path)


def test_the_recipe_writes_what_render_reads_and_leaves_out_what_is_known(folder, apart, tmp_path):
    known, part = apart
    write(folder / "game/borrowed.ogg", part)
    done = run(
        tmp_path,
        f"folder={folder}",
        f"apart={known}",
        "rules.speech=[talkers/]",
        "rules.talks=2",
        "rules.crowds=1",
    )
    assert done.returncode == 0, done.stderr
    assert f"{folder / 'game/borrowed.ogg'}: left out: is in {known / 'street.ogg'}" in done.stdout
    with (tmp_path / "noises/index.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert not [row["path"] for row in rows if "borrowed" in row["path"]]
    assert {row["licence"] for row in rows} == {"CC0"}
    for row in rows:
        audio = read_audio(tmp_path / "noises" / row["path"])
        assert audio.sample_rate == SAMPLE_RATE
        assert np.abs(audio.samples).max() == pytest.approx(0.5, abs=1e-3)
    table = read_environments(tmp_path / "noises")
    assert {name.rpartition("-")[0] for name in table} == {
        f"environment_{kind}" for kind in ("weather", "other", HAPPENINGS, SPEECH, CROWD)
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("folder=nowhere",), "nowhere: no such folder of sounds"),
        (("folder=empty",), "empty: no sound in a sub-folder"),
        (("folder=silent",), "silent: no usable sound"),
        (("folder=silent", "apart=empty"), "empty/index.csv: no such file"),
        (("folder=silent", "apart=pathless"), "pathless/index.csv, line 1: lacks the columns path"),
        (("folder=silent", "apart=lost"), "lost/x.wav: no such file"),
        (
            ("folder=loud", "out=silent/game/nothing.wav/noises"),
            "out=silent/game/nothing.wav/noises: Not a directory",
        ),
        (("folder=silent", "kinds.nature='bird('"), "kinds.nature=bird(: no regular expression: missing )"),
        (("folder=silent", "rules.seconds=0"), "rules.seconds=0: not above 0"),
    ],
)
def test_bad_options_are_told_in_one_line(tmp_path, options, said):
    write(tmp_path / "silent/game/nothing.wav", np.zeros(4 * RATE))
    (tmp_path / "empty").mkdir()
    (tmp_path / "pathless").mkdir()
    (tmp_path / "pathless/index.csv").write_text("file\nx.wav\n")
    (tmp_path / "lost").mkdir()
    (tmp_path / "lost/index.csv").write_text("path\nx.wav\n")
    write(tmp_path / "loud/game/rain.wav", sound(4, 1))
    done = run(tmp_path, *options)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_shipped_rules_are_those_of_the_class(folder):
    from omegaconf import OmegaConf

    config = OmegaConf.to_container(OmegaConf.load(RECIPE.parent / "config/noises.yaml"))["rules"]
    lists = {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
    assert NoiseRules(**lists) == NoiseRules(exclude=("music",))


def test_a_folder_without_sounds_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        Sounds(tmp_path / "none", RULES, Duplicates(None, 0.65))
