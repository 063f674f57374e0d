"""Targets against numpy, training that learns and goes on, judging by true HAAQI, the page."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import yaml
from places import ROOT

from haaqinet_eval.audiogram import Audiogram
from haaqinet_eval.errors import InputError
from haaqinet_eval.nalr import NalR
from haaqinet_eval.synthesis.remix import ROLES
from haaqinet_eval.systems import load_system
from haaqinet_eval.systems.by_ear import separator
from haaqinet_eval.systems.small_hdemucs import HDemucsSize
from haaqinet_eval.ustc.backbones import Choice
from haaqinet_eval.ustc.judging import Comparison, judge
from haaqinet_eval.ustc.page import blocks, draw
from haaqinet_eval.ustc.scenes import SceneRules, draw_scenes, prepare_scenes
from haaqinet_eval.ustc.targets import STAGES, stages, target_loss
from haaqinet_eval.ustc.training import UstcSettings, UstcTrainer

RATE = 24_000
TINY = Choice("small", None, HDemucsSize(channels=4), RATE)
RULES = SceneRules(count=3, seconds=1.5, procedural=1.0)
SETTINGS = UstcSettings(STAGES, steps=6, batch_size=2, seconds=1.0, every=2, learning_rate=3e-3)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    path = tmp_path_factory.mktemp("scenes") / "train.npz"
    made = prepare_scenes(path, RULES, [], lambda: None)
    with pytest.raises(InputError, match="scenes of other rules"):
        prepare_scenes(path, replace(RULES, seed=2), [], lambda: None)
    return made


@pytest.fixture(scope="module")
def best(scenes, tmp_path_factory):
    """A run that was killed after every checkpoint, and the same run at a stretch."""
    whole, killed = (tmp_path_factory.mktemp(name) for name in ("whole", "killed"))
    rows, again = [], []
    path = UstcTrainer(whole, SETTINGS, TINY).run(scenes, scenes, rows.append)

    def die(row):
        again.append(row)
        raise KeyboardInterrupt

    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            UstcTrainer(killed, SETTINGS, TINY).run(scenes, scenes, die)
    assert [row["validation"] for row in again] == [row["validation"] for row in rows]
    assert rows[-1]["validation"] < rows[0]["validation"]
    with pytest.raises(InputError, match="other settings"):
        UstcTrainer(killed, replace(SETTINGS, seed=3), TINY)
    with pytest.raises(InputError, match="start="):
        UstcTrainer(whole / "new", SETTINGS, replace(TINY, start=str(path), size=HDemucsSize(channels=8)))
    return path


def test_stages_are_those_of_the_challenge():
    rng = np.random.default_rng(1)
    stems, gains = rng.normal(0, 0.1, (4, RATE)), np.array([6.0, 0.0, -3.0, 0.0])
    mixture, nalr, ear = stems.sum(0), NalR(220, RATE), Audiogram.flat(40)
    given = (stems[None], mixture[None], 10 ** (gains[None] / 20), nalr.build(ear)[0][None])
    found = {name: x[0].numpy() for name, x in stages(*(torch.from_numpy(x) for x in given)).items()}
    downmix = 10 ** (gains / 20) @ stems
    normalised = downmix * np.sqrt(np.mean(mixture**2) / np.mean(downmix**2))
    amplified = nalr.apply(nalr.build(ear)[0], normalised)[:RATE]
    for name, wanted in zip(STAGES, (stems, downmix, normalised, amplified), strict=True):
        np.testing.assert_allclose(found[name], wanted, atol=1e-6)
    one = {name: torch.tensor([float(n)]) for n, name in enumerate(STAGES)}
    none = dict.fromkeys(STAGES, torch.zeros(1))
    assert target_loss(one, none, ["downmix", "amplified"]) == 2.0


def test_a_trained_network_separates_as_a_system_and_a_wrong_file_is_named(best, tmp_path):
    stems = separator({"name": "hdemucs", "weights": best}, RATE)(
        np.random.default_rng(1).normal(0, 0.1, RATE)
    )
    assert set(stems) == set(ROLES)
    assert all(x.shape == (RATE,) and np.isfinite(x).all() for x in stems.values())
    wrong = tmp_path / "wrong.safetensors"
    wrong.write_bytes(b"nothing")
    for path, said in ((wrong, "not a safetensors file"), (tmp_path / "none.safetensors", "no such file")):
        with pytest.raises(InputError, match=said):
            load_system("hdemucs", weights=path)


def test_rebalancers_are_judged_and_the_page_is_made(best, tmp_path):
    scenes = list(draw_scenes(replace(RULES, count=2, split="test", seed=3), []))
    separators = {
        "HPSS": separator("hpss", RATE),
        "small": separator({"name": "hdemucs", "weights": best}, RATE),
    }
    plan = Comparison(["HPSS", "small"], (0.0, 1e6), ["HPSS"], ears=1)
    asked = (tmp_path, scenes, separators, plan, None, lambda: None)
    alone = {"HPSS": separators["HPSS"]}
    first = judge(tmp_path, scenes, alone, replace(plan, ensemble=()), None, lambda: None)
    draw(first, tmp_path / "alone.png")
    assert "HPSS" in blocks(first, (), [], "HPSS")["systems"]
    with pytest.raises(InputError, match="'small' is none of the separators: HPSS"):
        judge(tmp_path, scenes, alone, plan, None, lambda: None)
    rows = judge(*asked)  # adds what is missing
    assert judge(*asked) == rows  # from the files
    assert all(row in rows for row in first)
    with pytest.raises(InputError, match=r"000\.json: was judged with .*'ears': 1.* now"):
        judge(tmp_path, scenes, separators, replace(plan, ears=2), None, lambda: None)

    def mean(system, **what):
        parts = {"system": system, "weight": None, "size": None} | what
        return np.mean([row["haaqi"] for row in rows if all(row.get(k) == v for k, v in parts.items())])

    assert mean("ideal") > 0.99
    assert mean("HPSS", weight=0.0) == mean("HPSS")
    assert mean("ensemble", size=1) == mean("HPSS")
    np.testing.assert_allclose(mean("HPSS", weight=1e6), mean("passthrough"), atol=1e-3)
    made = blocks(rows, plan.ensemble, [["HPSS", "passthrough"], ["HPSS", "not there"]], "HPSS")
    assert f"| ideal | {mean('ideal'):.3f}" in made["systems"]
    assert "HPSS − passthrough" in made["systems"]
    assert "not there" not in made["systems"]
    assert "| 2 | small |" in made["sizes"]
    draw(rows, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 10_000


@pytest.mark.parametrize("path", sorted((ROOT / "recipes/ustc/config").glob("*.yaml")), ids=lambda p: p.stem)
def test_options_have_names(path):
    """YAML takes some words, such as `on`, for true."""
    options = yaml.safe_load(path.read_text())
    assert all(isinstance(name, str) for name in options)
