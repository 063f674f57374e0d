"""Runs that are killed at any place go on as if they had not been, and runs stop when nothing gets better."""

import csv
import json
import math
import os

import pytest
import torch
from paper_trials import fill
from safetensors.torch import load_file

from haaqinet_eval.model import Dimensions, read_metadata
from haaqinet_eval.training.cache import GrowingSplit, read_split
from haaqinet_eval.training.clip import ClipTrainer, read_described
from haaqinet_eval.training.loop import Trainer
from haaqinet_eval.training.objective import Settings

CLIP = Dimensions(members=0, clips=1, clip_channels=8, dropout=0.1)
SETTINGS = Settings(epochs=5, batch_size=8, learning_rate=0.01, average=0.5, bfloat16=False)
FILES = ("last.pt", "best.safetensors", "curve.csv")
KILLED = 3  # epoch


class Killed(BaseException):
    """What a test raises where a run is to be killed."""


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trials")
    fill(folder, "train", 6)
    fill(folder, "validation", 3)
    return GrowingSplit(folder, "train", read_described), read_described(folder, "validation")


@pytest.fixture(scope="module")
def unbroken(trials, tmp_path_factory):
    """Folder of a run that nothing stopped."""
    folder = tmp_path_factory.mktemp("unbroken")
    train(folder, trials)
    best = [row["epoch"] for row in rows(folder) if float(row["mse"]) == lowest(folder)]
    assert int(best[0]) >= KILLED  # weights are written in the epoch that is killed
    return folder


def train(folder, trials, settings=SETTINGS, kind=ClipTrainer):
    kind(folder, settings, CLIP, "trial").run(*trials, lambda row: None)


def rows(folder):
    with (folder / "curve.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def lowest(folder):
    return min(float(row["mse"]) for row in rows(folder))


def same_weights(one, other):
    assert one.keys() == other.keys()
    return all(torch.equal(one[key], other[key]) for key in one)


def assert_same_run(found, expected):
    assert (found / "curve.csv").read_text() == (expected / "curve.csv").read_text()
    best = [folder / "best.safetensors" for folder in (found, expected)]
    assert same_weights(*map(load_file, best))
    assert read_metadata(best[0]) == read_metadata(best[1])
    last = [torch.load(folder / "last.pt", weights_only=True) for folder in (found, expected)]
    assert last[0]["state"] == last[1]["state"]
    assert all(same_weights(last[0][part], last[1][part]) for part in ("net", "average"))
    assert not list(found.glob("*.part"))


def kill(monkeypatch, name, when):
    """Raise in epoch `KILLED` before or after a file is put in its place."""
    replace, written = os.replace, []

    def killing(source, target):
        written.append(os.path.basename(target))
        at = when if (written[-1], written.count(name)) == (name, KILLED) else ""
        if at == "before":
            raise Killed
        replace(source, target)
        if at == "after":
            raise Killed

    monkeypatch.setattr(os, "replace", killing)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", FILES)
def test_a_run_goes_on_as_if_it_had_not_been_killed(trials, unbroken, tmp_path, monkeypatch, name, when):
    with monkeypatch.context() as patch:
        kill(patch, name, when)
        with pytest.raises(Killed):
            train(tmp_path, trials)
    again = ClipTrainer(tmp_path, SETTINGS, CLIP, "trial")
    done = KILLED - (name == "last.pt" and when == "before")
    assert again.state["epoch"] == done
    assert rows(tmp_path) == rows(unbroken)[:done]  # what lies there is of one epoch before it goes on
    assert read_metadata(again.best)["epoch"] == str(done)
    again.run(*trials, lambda row: None)
    assert_same_run(tmp_path, unbroken)


def test_a_finished_run_is_left_as_it_is(trials, unbroken):
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in unbroken.iterdir()}
    train(unbroken, trials)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in unbroken.iterdir()} == before


def test_a_run_of_an_earlier_version_goes_on_with_the_rows_of_its_curve(trials, unbroken, tmp_path):
    """Its `last.pt` has no rows, and its curve one of an epoch that was not saved."""

    def stop(row):
        if row["epoch"] == KILLED:
            raise Killed

    with pytest.raises(Killed):
        ClipTrainer(tmp_path, SETTINGS, CLIP, "trial").run(*trials, stop)
    saved = torch.load(tmp_path / "last.pt", weights_only=True)
    assert "music" not in json.loads(saved["about"])[1]  # a dimension that came later
    torch.save({key: saved[key] for key in saved.keys() - {"curve", "notes"}}, tmp_path / "last.pt")
    ahead = (tmp_path / "curve.csv").read_text().splitlines()[-1].split(",")
    with (tmp_path / "curve.csv").open("a") as file:
        file.write(",".join([str(KILLED + 1), *ahead[1:]]) + "\n")
    train(tmp_path, trials)
    assert_same_run(tmp_path, unbroken)


class Scripted(ClipTrainer):
    """Its validation error is best in its second epoch."""

    errors = (0.5, 0.3, 0.4, 0.3, math.nan, 0.1, 0.1)

    def measure(self, validation):
        if self.state["epoch"] == 2:
            self.second = {key: value.clone() for key, value in self.average.state_dict().items()}
        return {"mse": self.errors[self.state["epoch"] - 1]}


@pytest.mark.parametrize("killed", [None, 3, 5])
def test_patience_ends_a_run_and_the_best_is_kept(trials, tmp_path, killed):
    """Three epochs in a row have none that is lower: higher, equal, no number; also over a kill."""
    settings = Settings(epochs=7, batch_size=8, patience=3, bfloat16=False)

    def stop(row):
        if row["epoch"] == killed:
            raise Killed

    first = Scripted(tmp_path, settings, CLIP, "trial")
    if killed:
        with pytest.raises(Killed):
            first.run(*trials, stop)
        best = Scripted(tmp_path, settings, CLIP, "trial").run(*trials, print)
    else:
        best = first.run(*trials, print)
    assert [row["epoch"] for row in rows(tmp_path)] == list("12345")
    assert read_metadata(best)["epoch"] == "2"
    half = {key: value.half() if value.ndim > 1 else value for key, value in first.second.items()}
    assert same_weights(load_file(best), half)
    train(tmp_path, trials, settings, Scripted)  # an ended run stays ended
    assert len(rows(tmp_path)) == 5


def test_networks_with_frames_go_on_likewise(tmp_path, trials, monkeypatch):
    """The same of `Trainer` itself, whose crops, masks and splices are drawn by chance."""
    folder = trials[0].folder
    data = (lambda: read_split(folder, "train")), read_split(folder, "validation")
    small = Dimensions(filters=4, channels=(4, 4, 4), features=8, dropout=0.1)
    settings = Settings(epochs=4, batch_size=8, splice=0.5)
    Trainer(tmp_path / "whole", settings, small, "trial").run(*data, lambda row: None)
    with monkeypatch.context() as patch:
        kill(patch, "last.pt", "after")
        killed = Trainer(tmp_path / "killed", settings, small, "trial")
        with pytest.raises(Killed):
            killed.run(*data, lambda row: None)
    Trainer(tmp_path / "killed", settings, small, "trial").run(*data, lambda row: None)
    assert_same_run(tmp_path / "killed", tmp_path / "whole")
