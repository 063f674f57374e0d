"""The cache of trials, the losses, and the training loop with its recipe."""

import csv

import numpy as np
import pytest
import torch
from places import ROOT
from scripts import run_script

from haaqinet_eval import Audiogram, InputError, Trial
from haaqinet_eval.model import (
    OUTPUTS,
    Dimensions,
    FrontEnd,
    FrontEndOutput,
    HaaqiNet,
    band_losses,
    load_model,
)
from haaqinet_eval.training.augmentation import augment, crop, splice
from haaqinet_eval.training.cache import STEP, GrowingSplit, group_path, read_split, write_group
from haaqinet_eval.training.loop import Trainer
from haaqinet_eval.training.measures import measure, predict
from haaqinet_eval.training.objective import Settings, haaqi_loss
from haaqinet_eval.training.tables import accuracy_tables, within_clip

RECIPE = ROOT / "recipes" / "haaqinet" / "train.py"
SMALL = Dimensions(filters=4, channels=(4, 4, 4), features=8, dropout=0.1)
SECONDS, COUNT = 1.2, 4
EAR = Audiogram.flat(35)


def fill(folder, split, groups):
    """Groups of a harmonic tone in noise, whose stand-in label falls with the noise."""
    rng = np.random.default_rng(len(split))
    t = np.arange(int(SECONDS * 24_000)) / 24_000
    for number in range(groups):
        f0 = rng.uniform(100, 400)
        tone = sum(np.sin(2 * np.pi * f0 * k * t) / k for k in range(1, 10)) * np.exp(-4 * (t % 0.3))
        amounts = np.array([0.0, 0.05, 0.3, 1.0])
        signals = np.array([tone + a * rng.standard_normal(len(t)) for a in amounts])
        labels = np.repeat((1 / (1 + 3 * amounts))[:, None], len(OUTPUTS), 1)
        names = ("clean", "noise-1", "noise-2", "noise-3")
        trials = [Trial("synthetic", n, f"{split}-{number}", "tone", "flat-01", "left") for n in names]
        path = group_path(folder, split, number)
        write_group(path, FrontEnd(), trials, signals, EAR, 65.0, labels, "tone")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trials")
    fill(folder, "train", 6)
    fill(folder, "validation", 3)
    return folder


def test_cache_keeps_what_the_ear_hears(folder):
    trials = read_split(folder, "train")
    assert len(trials) == 6 * COUNT
    assert trials.envelope.shape == (24, 32, 300)
    assert trials.labels.shape == (24, len(OUTPUTS))
    assert set(trials.systems) == {"clean", "noise-1", "noise-2", "noise-3"}
    assert set(trials.listeners) == {"flat-01"}
    assert not list(folder.glob("*.part"))
    signal = np.random.default_rng(0).standard_normal((1, 30_000))
    path = group_path(folder / "one", "test", 0)
    trial = Trial("synthetic", "clean", "test-0", "noise", "flat-01", "left")
    write_group(path, FrontEnd(), [trial], signal, EAR, 70.0, np.ones((1, 5)), "none")
    stored = read_split(folder / "one", "test")
    loss = torch.from_numpy(band_losses(EAR)).float()[None]
    heard, kept = FrontEnd()(torch.from_numpy(signal).float(), loss, torch.tensor([70.0])), stored.heard([0])
    torch.testing.assert_close(kept.envelope, heard.envelope.clamp(max=102), atol=STEP / 2 + 1e-3, rtol=0)
    torch.testing.assert_close(kept.spectrum, heard.spectrum)
    torch.testing.assert_close(kept.texture, heard.texture, atol=1e-3, rtol=1e-3)
    with pytest.raises(InputError, match="holds no test trials"):
        read_split(folder, "test")


def test_more_trials_are_seen_as_they_come(folder, tmp_path):
    fill(tmp_path, "train", 1)
    growing = GrowingSplit(tmp_path, "train")
    first = growing()
    assert growing() is first
    fill(tmp_path, "train", 2)
    assert len(growing()) == 2 * len(first)


def test_loss_is_the_papers_where_weights_are():
    outputs = torch.rand(3, len(OUTPUTS), 7, generator=torch.Generator().manual_seed(0))
    labels = torch.rand(3, len(OUTPUTS), generator=torch.Generator().manual_seed(1))
    score, q = outputs[:, 0].mean(1), labels[:, 0]
    eq3 = torch.stack(
        [(q[n] - score[n]) ** 2 + ((q[n] - outputs[n, 0]) ** 2).mean() for n in range(3)]
    ).mean()
    found = haaqi_loss(outputs, labels, Settings(part_weight=0, frame_weight=1, top_weight=0))
    torch.testing.assert_close(found, eq3)


def test_augmentation_leaves_its_input_alone():
    rng = np.random.default_rng(0)
    heard, loss = (
        FrontEndOutput(torch.rand(4, 32, 320), torch.rand(4, 32), torch.rand(4, 7, 32)),
        torch.rand(4, 32),
    )
    before = [x.clone() for x in heard[:3]]
    cut = crop(heard, Settings(crop=(0.5, 1.0)), rng)
    masked, shifted = augment(cut, loss, Settings(masks=3), rng)
    torch.testing.assert_close(list(heard[:3]), before)
    frames = cut.envelope.shape[2]
    assert 160 <= frames <= 320
    assert frames % 32 == 0
    shapes = [(4, 32, frames), (4, 32), (4, 7, 32)]
    assert [x.shape for x in masked[:3]] == [x.shape for x in cut[:3]] == shapes
    assert shifted.shape == (4, 32)
    whole, _ = augment(heard, loss, Settings(masks=0, band_shift=0), rng)
    torch.testing.assert_close(list(whole[:3]), before)


def test_bands_move_together():
    bands = torch.arange(32.0).expand(4, 32)
    heard = FrontEndOutput(bands[..., None].expand(4, 32, 64), bands, bands[:, None].expand(4, 7, 32))
    for seed in range(8):
        settings, rng = Settings(masks=0, band_shift=2), np.random.default_rng(seed)
        (envelope, spectrum, texture, _), loss = augment(heard, bands, settings, rng)
        for moved in (envelope[..., 0], texture[:, 0], loss):
            torch.testing.assert_close(moved, spectrum)


def test_splicing_puts_a_stretch_of_another_rendering_where_its_labels_are():
    envelope, texture = torch.arange(4.0)[:, None, None].expand(4, 32, 320).clone(), torch.zeros(4, 7, 32)
    texture[1] = 1
    heard = FrontEndOutput(envelope, torch.zeros(4, 32), texture)
    labels = torch.tensor([0.1, 0.9, 0.4, 0.5])[:, None].expand(4, len(OUTPUTS))
    scenes = np.array(["a", "a", "b", "c"])
    (mixed, _, blended, _), targets = splice(heard, labels, scenes, 1.0, np.random.default_rng(0))
    assert targets.shape == (4, len(OUTPUTS), 10)
    score = torch.tensor([0.1, 0.9, 0.4, 0.5])
    for row, other in ((0, 1), (1, 0)):
        of_other = mixed[row, 0] == other
        assert 0 < of_other.sum() <= 160
        torch.testing.assert_close(targets[row, 0], score[[row, other]][of_other[::32].long()])
        share = of_other.float().mean()
        torch.testing.assert_close(blended[row], (share if other else 1 - share).expand(7, 32))
    torch.testing.assert_close(mixed[2:], envelope[2:])
    whole, same = splice(heard, labels, scenes, 0.0, np.random.default_rng(0))
    torch.testing.assert_close(list(whole), list(heard))
    torch.testing.assert_close(same, labels[..., None].expand(-1, -1, 10))


def test_training_learns_and_goes_on_where_it_was(folder, tmp_path):
    train, validation = GrowingSplit(folder, "train"), read_split(folder, "validation")
    settings = Settings(epochs=6, batch_size=8, learning_rate=0.01, masks=0, average=0.5, band_shift=0)
    rows = []
    whole = Trainer(tmp_path / "whole", settings, SMALL, "trial")
    best = whole.run(train, validation, rows.append)
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert min(row["mse"] for row in rows) < measure(HaaqiNet(SMALL), validation)["mse"]

    def stop(row):
        if row["epoch"] == 3:
            raise KeyboardInterrupt

    killed = Trainer(tmp_path / "killed", settings, SMALL, "trial")
    with pytest.raises(KeyboardInterrupt):
        killed.run(train, validation, stop)
    again = Trainer(tmp_path / "killed", settings, SMALL, "trial")
    assert again.state["epoch"] == 3
    rest = []
    again.run(train, validation, rest.append)
    assert [row["epoch"] for row in rest] == [4, 5, 6]
    found = predict(load_model(best), validation)
    assert found.shape == (len(validation), len(OUTPUTS))
    with (tmp_path / "killed" / "curve.csv").open() as file:
        assert [int(row["epoch"]) for row in csv.DictReader(file)] == [1, 2, 3, 4, 5, 6]
    warm = Trainer(tmp_path / "warm", settings, SMALL, "trial", start=best)
    assert np.array_equal(predict(warm.average, validation), found)
    with pytest.raises(InputError, match="begun with other settings"):
        Trainer(tmp_path / "killed", Settings(epochs=7), SMALL, "trial")


def test_recipe_trains_and_resumes(folder, tmp_path):
    command = [
        *(RECIPE, f"trials={folder}", f"run={tmp_path / 'run'}"),
        *("settings.max_steps=2", "settings.epochs=1", "settings.batch_size=8"),
        *("dimensions.filters=4", "dimensions.channels=[4,4,4]", "dimensions.features=8"),
    ]
    for _ in range(2):  # the second finds the run finished
        done = run_script(*command, cwd=tmp_path, check=True)
        assert "24 trials to train on, 12 to validate on" in done.stdout
    assert load_model(tmp_path / "run" / "best.safetensors").dims.features == 8
    assert len((tmp_path / "run" / "curve.csv").read_text().splitlines()) == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run"]


def test_tables_have_every_group(folder):
    trials = read_split(folder, "train")
    text = accuracy_tables(trials.labels.numpy(), trials, {"conditions": lambda name: name.partition("-")[0]})
    assert "| noise | 18 | 1.000 | 1.000 | 0.0000 | +0.000 |" in text
    assert "| flat | 24 |" in text
    assert "Untouched music: mean 1.000 over 6 trials" in text


def test_within_clip_ignores_how_clips_differ():
    true = np.array([0.1, 0.2, 0.8, 0.9])
    scenes, systems = np.array(["a", "a", "b", "b"]), np.array(["x", "y", "x", "y"])
    found = within_clip(true + np.array([0.4, 0.4, -0.3, -0.3]), true, scenes, systems)
    assert found.lcc == pytest.approx(1)
    assert (found.order, found.pairs, found.kendall, found.conditions) == (1, 2, 1, 2)


def test_within_clip_by_hand():
    """Two clips of three conditions: of the pairs, two differ by less than 0.1 and do not count."""
    true = np.array([0.9, 0.5, 0.45, 0.3, 0.6, 0.64])
    predicted = np.array([0.8, 0.4, 0.6, 0.7, 0.5, 0.7])
    scenes, systems = np.repeat(["a", "b"], 3), np.tile(["x", "y", "z"], 2)
    found = within_clip(predicted, true, scenes, systems)
    # a: x-y right, x-z right; b: x-y wrong, x-z a tie, which is half right
    assert (found.pairs, found.order) == (4, (2 + 0 + 0.5) / 4)
    centred_true = [true[:3] - true[:3].mean(), true[3:] - true[3:].mean()]
    centred = [predicted[:3] - predicted[:3].mean(), predicted[3:] - predicted[3:].mean()]
    a, b = np.concatenate(centred), np.concatenate(centred_true)
    assert found.lcc == pytest.approx((a @ b) / np.sqrt((a @ a) * (b @ b)))
    # means of x, y, z: true 0.6, 0.55, 0.545; predicted 0.75, 0.45, 0.65: x>y right, x>z right, y>z wrong
    assert found.kendall == pytest.approx(1 / 3)
    alone = within_clip(predicted[:1], true[:1], scenes[:1], systems[:1])
    assert np.isnan([alone.lcc, alone.order, alone.kendall]).all()
