"""The page of results: subsets, protocols that are never mixed, and the command that makes it."""

import json

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from paper_trials import fill
from places import ROOT
from scripts import run_script

from haaqinet_eval import InputError
from haaqinet_eval.analysis.agreement import agreement
from haaqinet_eval.model import Dimensions, HaaqiNet, load_model, save_model
from haaqinet_eval.model.paper import PaperDimensions, PaperNet
from haaqinet_eval.synthesis.protocol import is_unseen
from haaqinet_eval.training.cache import read_split
from haaqinet_eval.training.paper import predict_split
from haaqinet_eval.training.published import TABLE_II, TABLE_III, TABLE_IV
from haaqinet_eval.training.results import add_row, figures, render_page, set_of

RECIPE = ROOT / "recipes" / "haaqinet" / "validate.py"
SEEN = {"seen": lambda name: not is_unseen(name), "unseen": is_unseen}
VERSION = {"version": "trial-0", "parameters": 1234, "split": "test", "trained": "8 trials"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trials")
    fill(folder, "test", 3, protocol="paper")
    fill(folder, "validation", 1)
    return folder


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    torch.manual_seed(0)
    ours = HaaqiNet(Dimensions(filters=4, channels=(4, 4, 4), features=8)).eval()
    save_model(ours, folder / "ours.safetensors", "ours")
    save_model(PaperNet(PaperDimensions(hidden=6, linear=16)), folder / "theirs.safetensors", "theirs")
    return folder


def test_figures_are_those_of_their_subsets(folder):
    trials = read_split(folder, "test")
    predicted = np.random.default_rng(0).uniform(size=12)
    found, true = figures(predicted, trials, SEEN), trials.labels[:, 0].numpy()
    rows = trials.systems == "babble_wdrc-1"
    expected = agreement(predicted[~rows], true[~rows])
    assert found["subsets"]["seen"] == [expected.lcc, expected.srcc, expected.mse, 9]
    assert found["subsets"]["unseen"][3] == 3
    assert found["losses"]["sloping"][3] == 4
    assert found["clean"] == pytest.approx(predicted[trials.systems == "clean"].mean())
    assert found["within"]["conditions"] == 4


def test_protocols_are_never_mixed(folder, tmp_path):
    paper, artists = (read_split(folder, split) for split in ("test", "validation"))
    assert (set_of(paper), set_of(artists)) == ("paper", "artists")
    page = tmp_path / "docs" / "results.md"
    for trials in (paper, artists):
        measured = {**figures(trials.labels[:, 0].numpy(), trials, {}), **VERSION}
        add_row(page, set_of(trials), "spectrogram", measured)
    text = page.read_text()
    first, second = text.split("## New artists")
    assert "[0.670 / 0.708 / 0.0301]" in first
    assert "1.000 / 1.000 / 0.0000<br>[0.670" in first
    assert "[" not in second
    assert "| BEATs (last); not measured: needs `BEATs_iter3_plus_AS2M.pt` |" in first
    assert "1.000 / 1.000 / 0.0000" in second
    assert json.loads(page.with_suffix(".json").read_text()).keys() == {"paper", "artists"}
    with pytest.raises(InputError, match="rows spectrogram of paper were measured on other trials"):
        add_row(page, "paper", "ours", measured)
    with pytest.raises(InputError, match="row 'mel' is unknown; known: spectrogram"):
        add_row(page, "paper", "mel", measured)
    assert page.read_text() == text
    fill(folder / "mixed", "test", 1, protocol="paper")
    fill(folder / "mixed" / "other", "test", 2)
    (folder / "mixed" / "other" / "test-00001.npz").rename(folder / "mixed" / "test-00001.npz")
    with pytest.raises(InputError, match="trials of several protocols: artists, paper"):
        read_split(folder / "mixed", "test")


def test_the_papers_tables_agree_with_one_another():
    """Table III weighs as Table II: a row's mean over families is near its figure of all."""
    for name in TABLE_III["flat"]:
        for at in range(3):
            mean = np.mean([TABLE_III[family][name][at] for family in TABLE_III])
            assert mean == pytest.approx(TABLE_II[name][1][0][at], abs=(0.04, 0.04, 0.003)[at])
    for table in (TABLE_II, TABLE_IV):
        for name, (_, (every, seen, unseen)) in table.items():
            low, high = sorted((seen[2], unseen[2]))
            assert low <= every[2] <= high or name == "distil-single"  # whose 0.1877 is a slip of the paper


def test_a_page_without_rows_has_no_tables():
    assert "##" not in render_page({})


def test_networks_of_both_kinds_hear_the_same_trials(folder, networks):
    for name, width in (("ours", 5), ("theirs", 1)):
        outputs, trials = predict_split(load_model(networks / f"{name}.safetensors"), folder, "test", True)
        assert outputs.shape == (12, width)
        assert trials.digest() == read_split(folder, "test").digest()


def test_validate_makes_the_page(folder, networks, tmp_path):
    entries = (
        f"entries={{ours: {networks / 'ours.safetensors'}, spectrogram: {networks / 'theirs.safetensors'}}}"
    )
    options = [f"trials={folder}", "split=test", entries, f"page={tmp_path / 'results.md'}"]
    done = run_script(RECIPE, *options, check=True)
    assert [line.split(": ")[1] for line in done.stdout.splitlines()] == ["paper, ours", "paper, spectrogram"]
    net, text = load_model(networks / "theirs.safetensors"), (tmp_path / "results.md").read_text()
    outputs, trials = predict_split(net, folder, "test")
    found = agreement(outputs[:, 0], trials.labels[:, 0].numpy())
    assert f"| Spectrogram | {found.lcc:.3f} / {found.srcc:.3f} / {found.mse:.4f}<br>[0.670" in text
    assert "### Table VI" not in text
    assert "| spectrogram | `theirs-" in text


def test_one_call_makes_all_parts_of_the_page(folder, networks, tmp_path):
    fill(tmp_path / "new", "test", 2)
    ours = f"{{ours: {networks / 'ours.safetensors'}}}"
    options = ["split=test", f"sets={{{folder}: {ours}, {tmp_path / 'new'}: {ours}}}"]
    done = run_script(RECIPE, *options, f"page={tmp_path / 'results.md'}", check=True)
    assert [line.split(": ")[1] for line in done.stdout.splitlines()] == ["paper, ours", "artists, ours"]
    assert json.loads((tmp_path / "results.json").read_text()).keys() == {"paper", "artists"}


def test_the_config_of_the_page_has_the_rows_of_the_page():
    sets = OmegaConf.to_container(OmegaConf.load(RECIPE.parent / "config" / "results.yaml"))["sets"]
    page = json.loads((RECIPE.parents[2] / "docs" / "results.json").read_text())
    asked = {folder.rpartition("/")[2]: set(entries) for folder, entries in sets.items()}
    assert asked == {name.rpartition("/")[2]: set(rows) for name, rows in page.items()}
