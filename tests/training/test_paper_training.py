"""Training from waveforms and distillation: by the library and by the recipes, on a tiny set."""

import json

import numpy as np
import pytest
import torch
from paper_trials import AMOUNTS, EAR, ENCODER, SYSTEMS, fill
from places import ROOT
from scripts import run_script

from haaqinet_eval import InputError
from haaqinet_eval.model import FrontEnd, load_model, read_metadata, save_model
from haaqinet_eval.model.paper import PaperDimensions, PaperNet, load_beats
from haaqinet_eval.model.paper.beats import Beats, BeatsConfig
from haaqinet_eval.model.paper.distilbeats import distillation_loss
from haaqinet_eval.model.paper.features import BEATS, full_scale
from haaqinet_eval.model.paper.head import Sizes, quality_loss
from haaqinet_eval.model.paper.official import Student, Teacher
from haaqinet_eval.model.state import write_state
from haaqinet_eval.training.cache import GrowingSplit, group_path, read_split
from haaqinet_eval.training.distillation import Distillation, DistilTrainer, load_teacher, start_student
from haaqinet_eval.training.objective import Settings
from haaqinet_eval.training.paper import SignalTrainer, inputs, predict_signals, stretch
from haaqinet_eval.training.signals import read_signals, signals_path, write_signals

RECIPES = ROOT / "recipes" / "haaqinet"
SMALL = {"hidden": 6, "linear": 16}
SETTINGS = Settings(
    epochs=2, batch_size=8, learning_rate=3e-3, weight_decay=0.0, crop=(0.8, 1.0), bfloat16=False
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trials")
    fill(folder, "train", 4)
    fill(folder, "validation", 2)
    return folder


@pytest.fixture(scope="module")
def beats(tmp_path_factory):
    torch.manual_seed(0)
    net = Beats(BeatsConfig.read({**BEATS, **ENCODER}, "")).eval()
    path = tmp_path_factory.mktemp("beats") / "beats.safetensors"
    write_state(path, net, vars(net.config))
    return path


def run(recipe, *options, cwd):
    return run_script(RECIPES / recipe, *options, cwd=cwd, check=True).stdout


def test_signals_come_back(folder):
    trials = read_signals(folder, "train")
    assert len(trials) == 16
    assert trials.levels[3].tolist() == list(EAR.levels)
    assert trials.systems[:4].tolist() == list(SYSTEMS)
    rng = np.random.default_rng(len("train"))
    t, f0 = np.arange(28_800) / 24_000, rng.uniform(100, 400)
    tone = sum(np.sin(2 * np.pi * f0 * k * t) / k for k in range(1, 10)) * np.exp(-4 * (t % 0.3))
    np.testing.assert_allclose(trials.signals(np.array([0]), 24_000)[0], tone, atol=2e-3)
    noisy = [tone + amount * rng.standard_normal(len(t)) for amount in AMOUNTS]
    np.testing.assert_allclose(trials.signals(np.array([3, 1]), 24_000), [noisy[3], noisy[1]], atol=4e-3)
    half = trials.signals(np.array([0, 5]), 16_000, (0.25, 0.75))
    assert half.shape == (2, 9600)
    with pytest.raises(InputError, match="holds no test trials with signals"):
        read_signals(folder, "test")


def test_signals_must_be_those_of_the_labels(folder):
    path, rng = group_path(folder, "train", 0), np.random.default_rng(1)
    before = signals_path(path).read_bytes()
    with pytest.raises(InputError, match="was rendered from other signals"):
        write_signals(path, FrontEnd(), SYSTEMS, rng.standard_normal((4, 28_800)), EAR, 65.0)
    with pytest.raises(InputError, match="was rendered from other signals"):
        write_signals(path, FrontEnd(), SYSTEMS[::-1], np.zeros((4, 28_800)), EAR, 65.0)
    assert signals_path(path).read_bytes() == before


def test_stretches_stay_inside():
    rng = np.random.default_rng(0)
    parts = np.array([stretch((0.5, 0.9), rng) for _ in range(200)])
    assert parts.min() >= 0
    assert parts.max() <= 1
    assert 0.5 <= np.ptp(parts, 1).min() < np.ptp(parts, 1).max() <= 0.9
    assert stretch((1.0, 1.0), rng) == (0, 1)


def weights(path):
    return load_model(path).state_dict()


def same(a, b):
    return all(torch.equal(value, b[key]) for key, value in a.items())


def test_a_seed_gives_the_same_network_also_when_it_was_killed(folder, tmp_path):
    dims = PaperDimensions("spectrogram", dropout=0.2, adapter=8, **SMALL)
    train, validation = GrowingSplit(folder, "train", read_signals), read_signals(folder, "validation")

    def stop(row):
        raise KeyboardInterrupt

    def trained(name, settings, report=lambda row: None):
        return SignalTrainer(tmp_path / name, settings, dims, "trial").run(train, validation, report)

    whole = trained("whole", SETTINGS)
    with pytest.raises(KeyboardInterrupt):
        trained("killed", SETTINGS, stop)
    assert same(weights(whole), weights(trained("killed", SETTINGS)))
    other = Settings(**{**vars(SETTINGS), "seed": 2})
    assert not same(weights(whole), weights(trained("other", other)))
    metadata = read_metadata(whole)
    assert json.loads(metadata["data"]) == train().digest() == read_split(folder, "train").digest()
    assert train().digest() != validation.digest()
    with pytest.raises(InputError, match="begun with other settings"):
        trained("whole", other)


def test_frozen_front_ends_are_kept_once(folder, beats, tmp_path):
    dims = PaperDimensions("beats", adapter=8, weighted=True, **SMALL)
    trainer = SignalTrainer(tmp_path, SETTINGS, dims, "trial", weights=beats)
    assert trainer.average.front_end is trainer.net.front_end
    trainer.run(
        GrowingSplit(folder, "train", read_signals), read_signals(folder, "validation"), lambda row: None
    )
    again = load_model(tmp_path / "best.safetensors")
    assert same(load_beats(beats).state_dict(), again.front_end.net.state_dict())
    assert not same(PaperNet(again.dims).head.state_dict(), again.head.state_dict())


def authors_teacher(path):
    torch.manual_seed(6)
    net = Teacher(Sizes(12, 16, 16, 4, 16), BeatsConfig.read({**BEATS, **ENCODER}, ""))
    torch.save({"model": net.state_dict()}, path)
    return path


def test_teachers_of_three_kinds(beats, tmp_path):
    alone = load_teacher(beats)
    assert alone.head is None
    official = load_teacher(authors_teacher(tmp_path / "teacher.pth"))
    student = start_student(official, PaperDimensions(weighted=True), "independent", tuned=False)
    assert (student.dims.adapter, student.dims.level_scale, student.dims.hidden) == (16, 1.0, 4)
    torch.testing.assert_close(student.head.blstm.weight_hh_l0, official.head.blstm.weight_hh_l0)
    learning = {
        name for name, p in student.named_parameters() if p.requires_grad and name.startswith("head.")
    }
    assert learning == {
        "head.weights",
        *(f"head.layer_norm.{i}.{x}" for i in range(3) for x in ("weight", "bias")),
    }
    tuned = start_student(official, PaperDimensions(), "single", tuned=True)
    assert all(p.requires_grad for p in tuned.parameters())
    ours = PaperNet(PaperDimensions("beats", {**BEATS, **ENCODER}, adapter=8, **SMALL))
    save_model(ours, tmp_path / "ours.safetensors", "trial")
    pseudo_labels = start_student(
        load_teacher(tmp_path / "ours.safetensors"), PaperDimensions(), "single", tuned=False
    )
    torch.testing.assert_close(pseudo_labels.head.linear0.weight, ours.head.linear0.weight)
    with pytest.raises(InputError, match="no head that could stay"):
        start_student(alone, PaperDimensions(), "single", tuned=False)
    student = Student(Sizes(3, 16, 16, 4, 16), BeatsConfig.read({**BEATS, **ENCODER}, ""))
    torch.save(student.state_dict(), tmp_path / "student.pth")
    with pytest.raises(InputError, match="is no network on top of BEATs"):
        load_teacher(tmp_path / "student.pth")


@pytest.mark.parametrize("heads", ["single", "sequential", "independent"])
def test_distillation_loss_is_equation_9(heads, folder, tmp_path):
    source = load_teacher(authors_teacher(tmp_path / "teacher.pth"))
    how = Distillation(heads=heads, adaptive=True, tuned=True, weight=0.5)
    whole = Settings(**{**vars(SETTINGS), "crop": (1.0, 1.0)})
    trainer = DistilTrainer(tmp_path / "run", whole, PaperDimensions(), "trial", source, how)
    trials, rows = read_signals(folder, "train"), np.array([0, 5, 6])
    signals, levels, level1 = inputs(trials, rows, trainer.net)
    layers = source.beats.layers(full_scale(signals, level1))
    wanted = layers[:, [11]] if heads == "single" else layers[:, [5, 8, 11]]
    found = trainer.net.front_end.net(full_scale(signals, level1))
    tokens = trainer.net.head.token_scores(found, levels)
    expected = quality_loss(tokens, trials.labels[rows, 0]) + 0.5 * distillation_loss(
        found, wanted, adaptive=True
    )
    torch.testing.assert_close(trainer.loss(trials, rows, np.random.default_rng(0)), expected)


def test_distill_recipe_learns(folder, tmp_path):
    teacher = authors_teacher(tmp_path / "teacher.pth")
    options = [
        *(f"trials={folder}", f"teacher={teacher}", f"run={tmp_path / 'run'}", "settings.batch_size=8"),
        *("settings.learning_rate=0.003", "settings.epochs=3", "dimensions.weighted=true"),
    ]
    out = run("distill.py", *options, cwd=tmp_path)
    losses = [float(line.split()[5]) for line in out.splitlines() if line.startswith("epoch")]
    assert len(losses) == 3
    assert losses[-1] < losses[0]
    saved = torch.load(tmp_path / "run" / "last.pt", weights_only=True)
    assert saved["state"]["epoch"] == 3
    other = load_teacher(teacher), Distillation(adaptive=True)
    with pytest.raises(InputError, match="begun with other settings"):
        DistilTrainer(tmp_path / "run", SETTINGS, PaperDimensions(), "trial", *other)
    net, trials = load_model(tmp_path / "run" / "best.safetensors"), read_signals(folder, "validation")
    found = predict_signals(net, trials)
    assert found.shape == (8, 1)
    one = net(*inputs(trials, np.array([3]), net)).mean().item()
    assert found[3, 0] == pytest.approx(one, abs=1e-5)


@pytest.mark.parametrize("design", ["spectrogram", "distilbeats"])
def test_train_recipe_by_design(design, folder, beats, tmp_path):
    small = {
        "spectrogram": ["dimensions.hidden=6", "dimensions.linear=16"],
        "distilbeats": [
            f"weights={beats}",
            "dimensions.hidden=6",
            "dimensions.linear=16",
            "dimensions.adapter=8",
        ],
    }[design]
    options = [f"design={design}", f"trials={folder}", f"run={tmp_path / 'run'}", *small]
    out = run("train.py", *options, "settings.epochs=1", "settings.max_steps=1", cwd=tmp_path)
    assert "16 trials to train on, 8 to validate on" in out
    assert load_model(tmp_path / "run" / "best.safetensors").dims.front_end == design
    assert (tmp_path / "run" / "curve.png").read_bytes().startswith(b"\x89PNG")
