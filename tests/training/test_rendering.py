"""Rendering into a folder: both protocols, recorded surroundings, signals, and what is there already."""

import csv
from dataclasses import astuple, replace

import numpy as np
import pytest
import scipy.signal
import soundfile
import torch
from places import ROOT
from scripts import run_script

from haaqinet_eval import InputError
from haaqinet_eval.model import Dimensions, HaaqiNet, band_losses
from haaqinet_eval.synthesis.clips import Clip, load_excerpt
from haaqinet_eval.synthesis.conditions import CONDITIONS
from haaqinet_eval.synthesis.protocol import clips_of, conditions_of, is_unseen
from haaqinet_eval.synthesis.recorded_noise import SNRS, add_recording, read_environments
from haaqinet_eval.synthesis.render import Plan, render, render_places
from haaqinet_eval.synthesis.synthetic_noise import SYNTHETIC_NOISES
from haaqinet_eval.training.cache import group_path, read_labels, read_split
from haaqinet_eval.training.rendering import Renderer, RenderJob
from haaqinet_eval.training.signals import read_signals, signals_path

RECIPE = ROOT / "recipes" / "haaqinet" / "render.py"
PLAN = Plan(seconds=1.0, conditions=2, augment=0.0)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Five seconds whose pitch says where in the clip one is."""
    folder, clips = tmp_path_factory.mktemp("music"), []
    t = np.arange(5 * 24_000) / 24_000
    for n, split in enumerate(["train", "validation", "test"]):
        path = folder / f"clip{n}.wav"
        soundfile.write(
            path, 0.1 * np.sin(2 * np.pi * (300 + 200 * t / 2) * t) * (1.2 + np.sin(30 * t)), 24_000
        )
        clips.append(Clip(path, "folk", f"song {n}", f"artist {n}", f"repo/{n}", split, "CC0", 5.0))
    return clips


def test_paper_protocol_shares_songs_but_neither_segments_nor_unseen_conditions(clips):
    by_split = clips_of(clips, "paper", 1.0)
    assert [len(by_split[split]) for split in ("train", "validation", "test")] == [3, 3, 3]
    rng = np.random.default_rng(0)
    whole = load_excerpt(clips[0], 5.0, 24_000, rng)
    for split, low, high in (("train", 0, 3), ("test", 3, 5)):
        excerpt = load_excerpt(by_split[split][0], 1.0, 24_000, rng)
        match = scipy.signal.correlate(whole, excerpt, "valid", "fft").argmax() / 24_000
        assert low - 1e-3 <= match <= high - 1 + 1e-3
    assert sum(map(is_unseen, conditions_of("paper", "test"))) == 18
    assert len(conditions_of("paper", "test")) == 100
    assert len(conditions_of("paper", "train")) == len(conditions_of("paper", "validation")) == 82
    assert not any(map(is_unseen, conditions_of("paper", "train")))
    assert {len(by_split["test"]), len(clips_of(clips, "paper", 2.5)["test"])} == {3, 0}


def test_new_artists_share_nothing(clips):
    assert clips_of(clips, "artists", 1.0)["test"] == [clips[2]]
    with pytest.raises(InputError, match="artist 'artist 1' is in several splits"):
        clips_of([clips[1], replace(clips[2], artist="artist 1")], "artists", 1.0)
    with pytest.raises(InputError, match="protocol 'songs' is unknown; known: artists, paper"):
        clips_of(clips, "songs", 1.0)


def test_recordings_come_at_their_level(tmp_path):
    t = np.arange(24_000) / 24_000
    soundfile.write(tmp_path / "rain.wav", 0.01 * np.sin(2 * np.pi * 3000 * t[:6000]), 24_000)
    write = csv.writer((tmp_path / "index.csv").open("w", newline=""))
    write.writerows([["path", "kind"], ["rain.wav", "rain"]])
    del write
    found = read_environments(tmp_path)
    assert list(found) == [f"environment_rain-{n}" for n in (1, 2, 3, 4)]
    music, rng = np.sin(2 * np.pi * 440 * t), np.random.default_rng(1)
    for condition, snr in zip(found.values(), SNRS, strict=True):
        noise = condition.process(music, 24_000, rng) - music
        assert 10 * np.log10(np.mean(music**2) / np.mean(noise**2)) == pytest.approx(snr, abs=0.01)
        spectrum = np.abs(np.fft.rfft(noise))
        assert spectrum[2990:3010].max() == spectrum.max()
    soundfile.write(tmp_path / "rain.wav", np.zeros(6000), 24_000)
    silent = (tmp_path / "rain.wav").rename(tmp_path / "silent.wav")
    with pytest.raises(InputError, match=r"silent.wav: silent"):
        add_recording(music, 24_000, rng, paths=(silent,), snr_db=0)
    with pytest.raises(InputError, match="no such file"):
        read_environments(tmp_path / "none")
    with pytest.raises(InputError, match=r"index.csv: path 'rain.wav': no such file"):
        read_environments(tmp_path)  # it is called silent.wav now
    (tmp_path / "index.csv").write_text("path\n")
    with pytest.raises(InputError, match=r"index.csv, line 1: lacks the columns kind"):
        read_environments(tmp_path)


def test_a_recording_with_long_silences_is_heard_where_it_sounds(tmp_path):
    recording, music = np.zeros(40 * 8_000), np.ones(8_000)
    recording[200_000:200_400] = 0.5
    soundfile.write(tmp_path / "door.wav", recording, 8_000)
    for seed in range(8):
        rng = np.random.default_rng(seed)
        noise = add_recording(music, 8_000, rng, paths=(tmp_path / "door.wav",), snr_db=0) - music
        assert np.mean(noise**2) == pytest.approx(1)


def test_signals_may_be_added_later(clips, tmp_path):
    plain = Renderer(clips, RenderJob(tmp_path, PLAN))
    plain("test", 0)
    path = group_path(tmp_path, "test", 0)
    before = path.read_bytes()
    assert not signals_path(path).exists()
    Renderer(clips, RenderJob(tmp_path, PLAN, signals=True))("test", 0)
    assert path.read_bytes() == before
    trials = read_signals(tmp_path, "test")
    assert trials.signals(np.arange(2), 24_000).shape == (2, 24_000)
    assert (trials.protocol, len(trials)) == ("artists", 2)
    signals_path(path).unlink()
    with pytest.raises(InputError, match="was rendered from other signals"):
        Renderer(clips, RenderJob(tmp_path, replace(PLAN, seed=2), signals=True))("test", 0)


def test_rendered_trials_say_their_protocol(clips, tmp_path):
    renderer = Renderer(clips, RenderJob(tmp_path, PLAN, protocol="paper"))
    renderer("test", 1)
    trials = read_split(tmp_path, "test")
    assert trials.protocol == "paper"
    assert all("paper" in CONDITIONS[name].tags for name in trials.systems)
    assert 0 <= trials.labels.min() <= trials.labels.max() <= 1
    with pytest.raises(InputError, match=r"plan.only white: protocol paper has its own"):
        Renderer(clips, RenderJob(tmp_path, replace(PLAN, only=("white",)), protocol="paper"))
    with pytest.raises(InputError, match="no clip of split test that lasts"):
        Renderer(clips, RenderJob(tmp_path, replace(PLAN, seconds=2.5), protocol="paper"))("test", 2)


def test_the_recipe_draws_from_the_table_that_is_asked_for(clips, tmp_path):
    columns = ("path", "genre", "title", "artist", "source_repo", "split", "licence", "duration_s")
    with (tmp_path / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([columns, *(astuple(clip)[: len(columns)] for clip in clips)])

    def render(*options):
        plan = ("plan.seconds=1", "plan.conditions=2", "groups=4", "splits=[train]", "out=out")
        return run_script(RECIPE, *plan, *options, cwd=tmp_path)

    done = render(f"data.root={tmp_path}", "table=surroundings")
    assert (done.returncode, done.stderr) == (0, "".join(f"rendering: {n}/4\n" for n in range(1, 5)))
    trials = read_labels(tmp_path / "out", "train")
    assert len(trials.systems) == 6
    assert set(trials.systems) <= set(SYNTHETIC_NOISES)
    wrong = render(f"data.root={tmp_path}", "table=sea")
    assert wrong.returncode == 2
    assert wrong.stderr == "error: table=sea: none of usual, surroundings, remixes, recorded\n"
    tested = render(f"data.root={tmp_path}", "teacher=net.safetensors", "splits=[train,test]")
    assert tested.returncode == 2
    told = "error: teacher=net.safetensors: labels of splits=test are true HAAQI; give splits=[train]\n"
    assert tested.stderr == told
    missing = render()
    assert missing.returncode == 2
    assert missing.stderr == "error: option data.root: Missing mandatory value: data.root\n"


def test_a_teachers_scores_are_the_labels(clips, tmp_path):
    net = HaaqiNet(Dimensions(members=0, clips=2, clip_channels=8)).eval()
    plan = replace(PLAN, only=("clean", "white-4"))
    Renderer(clips, RenderJob(tmp_path, plan, teacher=net))("train", 0)
    trials, group = read_labels(tmp_path, "train"), render(clips[:1], "train", 0, plan)
    with torch.inference_mode():
        ear = torch.from_numpy(band_losses(group.audiogram)).float().expand(2, -1)
        said = net(torch.from_numpy(group.processed).float(), ear, torch.full((2,), group.level1)).mean(-1)
    untouched = trials.systems == "clean"
    assert untouched.sum() == 1
    assert (trials.labels[untouched] == 1).all()
    np.testing.assert_allclose(trials.labels[~untouched], said[~untouched], rtol=0, atol=1e-5)


def test_a_silent_stretch_costs_its_group_and_not_the_rendering(tmp_path, capsys):
    """Sixteen of twenty places train; only the clip's first second sounds."""
    path = tmp_path / "mostly.wav"
    noise = np.random.default_rng(0).standard_normal(6 * 24_000) * 0.1
    noise[24_000:] = 0
    soundfile.write(path, noise, 24_000)
    clip = Clip(path, "folk", "song", "artist", "repo", "train", "CC0", 6.0)
    rendered = []

    def place(split, number):
        rendered.append(render([clip], split, number, PLAN))

    render_places(place, range(20), ["train"])
    said = capsys.readouterr().out.splitlines()
    assert 0 < len(rendered) < 16
    assert len(said) == 16 - len(rendered)
    assert all(f"left out: {path}: silent where it was cut" in line for line in said)
