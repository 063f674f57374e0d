"""Tuning with the loss: controls that start as no change, tasks that are held out, figures by true HAAQI."""

import csv

import numpy as np
import pytest
import soundfile
import torch
from places import ROOT
from scripts import run_script

from haaqinet_eval import InputError
from haaqinet_eval.haaqi import Reference
from haaqinet_eval.model import HaaqiNetLoss
from haaqinet_eval.synthesis import hearing_losses
from haaqinet_eval.synthesis.render import SAMPLE_RATE
from haaqinet_eval.tuning.ascent import Outcome, summary_rows, tune
from haaqinet_eval.tuning.controls import BAND_CENTERS, Equaliser, Gains, Mask
from haaqinet_eval.tuning.tasks import KINDS, LEVEL1, Song, make_songs, make_tasks

RECIPE = ROOT / "recipes" / "haaqinet" / "as_loss.py"


def parts(count=2, seconds=1.5):
    """Decaying notes in parts that add up to RMS 1."""
    rng = np.random.default_rng(5)
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    notes = [
        sum(np.sin(2 * np.pi * f * k * t) / k for k in range(1, 8)) * np.exp(-4 * (t % d))
        for f, d in zip(rng.uniform(110, 500, count), rng.uniform(0.2, 0.4, count), strict=True)
    ]
    return np.array(notes) / np.std(sum(notes))


@pytest.mark.parametrize("control", [Equaliser, Gains, Mask])
def test_controls_start_as_no_change_and_have_gradients(control):
    given = torch.from_numpy(parts()).float()
    turned = control(given, SAMPLE_RATE)
    out = turned(given)
    error = (out - given.sum(0)).square().mean().sqrt()
    assert error < 0.07  # the mask takes 0.5 dB
    assert turned.change() < 0.01
    (out.square().sum() + turned.change()).backward()
    (parameter,) = turned.parameters()
    assert torch.isfinite(parameter.grad).all()


def test_equaliser_has_the_gains_it_says():
    given = torch.zeros(1, SAMPLE_RATE)
    given[0, 6000] = 1.0
    control = Equaliser(given, SAMPLE_RATE)
    with torch.no_grad():
        control.gains.copy_(torch.linspace(-9, 9, len(BAND_CENTERS)))
        response = torch.fft.rfft(control(given), 1 << 16).abs()
    bins = [round(f / SAMPLE_RATE * (1 << 16)) for f in BAND_CENTERS]
    decibels = 20 * torch.log10(response[bins])
    expected = 24 * torch.tanh(torch.linspace(-9, 9, 8) / 24)  # no further than 24 dB either way
    torch.testing.assert_close(decibels, expected, atol=0.3, rtol=0)


def test_gains_change_the_balance_and_not_the_level():
    given = torch.from_numpy(parts()).float()
    control = Gains(given, SAMPLE_RATE)
    with torch.no_grad():
        control.gains.copy_(torch.tensor([20.0, -20.0]))
        out = control(given)
    assert out.square().mean() == pytest.approx(given.sum(0).square().mean().item(), rel=1e-4)
    assert np.corrcoef(out, given[0])[0, 1] > 0.99


def test_a_closed_mask_takes_thirty_decibels():
    given = torch.from_numpy(parts()).float()
    control = Mask(given, SAMPLE_RATE)
    with torch.no_grad():
        control.logits.fill_(-20.0)
        ratio = control(given).square().mean() / given.sum(0).square().mean()
    assert 10 * torch.log10(ratio) == pytest.approx(-30, abs=0.1)


def test_tasks_start_from_the_fault_and_know_what_is_right():
    song = Song("notes", parts())
    tasks = {task.kind: task for task in make_tasks([song], "test", ["sloping"], [])}
    assert tuple(tasks) == KINDS
    for kind, task in tasks.items():
        assert task.audiogram == hearing_losses.pattern("sloping", 9)
        wrong = np.sqrt(np.mean((task.parts.sum(0) - task.clean) ** 2)) / np.std(task.clean)
        assert (wrong < 1e-9) == (kind == "untouched"), kind
    again = {task.kind: task for task in make_tasks([song], "test", ["sloping"], [])}
    assert all(np.array_equal(tasks[k].parts, again[k].parts) for k in KINDS)


def test_songs_are_held_out():
    songs = make_songs(None, "index.csv", "test", 1, 1.0)
    other = make_songs(None, "index.csv", "validation", 1, 1.0)
    assert np.std(songs[0].parts.sum(0)) == pytest.approx(1)
    assert not np.array_equal(songs[0].parts, other[0].parts)
    with pytest.raises(InputError, match="split 'train' is none of validation, test"):
        make_songs(None, "index.csv", "train", 1, 1.0)


def test_mistakes_are_named():
    whole = Song("clip", parts(1))
    with pytest.raises(InputError, match="kinds pitch are unknown"):
        make_tasks([whole], "test", ["flat"], ["pitch"])
    with pytest.raises(InputError, match="kind remix: song clip has no stems"):
        make_tasks([whole], "test", ["flat"], ["remix"])
    assert "remix" not in {task.kind for task in make_tasks([whole], "test", ["flat"], [])}


def test_an_outcome_has_true_haaqi_before_and_after():
    (task,) = make_tasks([Song("notes", parts())], "test", ["flat"], ["noise"])
    outcome = tune(task, HaaqiNetLoss(), steps=6, keep=0.2)
    reference = Reference(task.clean, SAMPLE_RATE, task.audiogram, 2, LEVEL1)
    assert outcome.true_before == pytest.approx(
        reference.score(task.parts.sum(0), SAMPLE_RATE).value, abs=1e-4
    )
    assert outcome.predicted_after > outcome.predicted_before


def test_losses_that_know_the_clean_signal():
    (task,) = make_tasks([Song("notes", parts(seconds=1.0))], "test", ["sloping"], ["noise"])
    network = HaaqiNetLoss()
    for loss in ("haaqi", "l1"):
        outcome = tune(task, network, steps=4, keep=0.2, loss=loss)
        assert outcome.loss == loss
        assert outcome.rise > 0.02
    with pytest.raises(InputError, match="losses: 'l2' is none of haaqinet, haaqi, l1"):
        tune(task, network, steps=1, keep=0, loss="l2")
    rows = summary_rows([outcome, Outcome("noise", "S", "flat-09", 0.1, 0.2, 0.1, 0.3)])
    assert [row[0] for row in rows][:2] == ["noise, by l1", "noise, by haaqinet"]


def test_summary_counts_what_rose_and_fell():
    outcomes = [
        Outcome("noise", "a", "flat-09", 0.4, 0.8, 0.5, 0.7),
        Outcome("noise", "b", "flat-09", 0.4, 0.8, 0.5, 0.4),
        Outcome("mask", "a", "flat-09", 0.4, 0.8, 0.5, 0.505),
    ]
    rows = {row[0]: row[1:] for row in summary_rows(outcomes)}
    assert rows["noise"] == (2, "0.400", "0.800", "0.500", "0.550", "1/2", "1/2")
    assert rows["mask"][-2:] == ("0/1", "0/1")
    assert rows["flat-09"][0] == 3


def test_recipe_runs_on_clips_of_a_folder(tmp_path):
    soundfile.write(tmp_path / "clip.wav", 0.1 * parts(1)[0], SAMPLE_RATE)
    columns = "path,genre,title,artist,source_repo,split,licence,duration_s"
    (tmp_path / "index.csv").write_text(f"{columns}\nclip.wav,folk,t,a,r,test,CC0,1.5\n")
    options = [
        f"data.root={tmp_path}",
        "data.songs=1",
        "seconds=1.2",
        "steps=2",
        f"out={tmp_path / 'out.csv'}",
    ]
    more = ["listeners=[flat]", "kinds=[tilt,noise_mask]"]
    done = run_script(RECIPE, *options, *more, check=True)
    assert "true HAAQI" in done.stdout
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["kind"] for row in rows] == ["tilt", "noise_mask"]
    assert all(0 <= float(row["true_after"]) <= 1 for row in rows)
    wrong = run_script(RECIPE, *options, "data.songs=3")
    assert wrong.returncode == 2
    assert "3 clips are wanted; split test has 1" in wrong.stderr
