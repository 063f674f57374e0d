"""The recipe that joins networks: their mean, and what their files tell of their training."""

import json
from dataclasses import asdict, replace

import pytest
import torch
from paper_trials import fill
from places import ROOT
from scripts import run_script

from haaqinet_eval import InputError
from haaqinet_eval.model import (
    WEIGHTS,
    Dimensions,
    HaaqiNet,
    describe_source,
    load_model,
    read_metadata,
    save_model,
    sha256,
)
from haaqinet_eval.model.paper import PaperDimensions, PaperNet
from haaqinet_eval.training.cache import GrowingSplit, read_split
from haaqinet_eval.training.clip import ClipTrainer, read_described
from haaqinet_eval.training.measures import predict
from haaqinet_eval.training.objective import Settings

RECIPE = ROOT / "recipes" / "haaqinet" / "join.py"
CLIP = Dimensions(members=0, clips=1, clip_channels=8)
SETTINGS = Settings(epochs=2, batch_size=8, bfloat16=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trials")
    fill(folder, "train", 3)
    fill(folder, "validation", 2)
    return folder


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    """Weights of a run."""
    train, validation = GrowingSplit(folder, "train", read_described), read_described(folder, "validation")
    run = tmp_path_factory.mktemp("run")
    return ClipTrainer(run, SETTINGS, CLIP, "learned").run(train, validation, print)


def join(paths, out, **options):
    weights = f"weights=[{','.join(map(str, paths))}]"
    options = [f"{key}={value}" for key, value in {"trials": "null", **options}.items()]
    return run_script(RECIPE, weights, f"out={out}", *options, cwd=out.parent)


def test_a_joined_file_tells_where_its_parts_are_from(folder, trained, tmp_path):
    torch.manual_seed(1)
    plain = tmp_path / "plain.safetensors"
    save_model(HaaqiNet(CLIP), plain, "plain")
    both, whole = tmp_path / "both.safetensors", tmp_path / "whole.safetensors"
    done = join([trained, plain], both, name="both", note="'two: 1, 2'")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{sha256(both)} {both}\n"
    first, second = json.loads(read_metadata(both)["sources"])
    own = read_metadata(trained)
    assert first == {
        "name": "learned",
        "sha256": sha256(trained),
        "settings": json.loads(own["settings"]),
        "data": read_split(folder, "train").digest(),
        "trials": 12,
        "epoch": int(own["epoch"]),
    }
    settings, dims = first["settings"]
    unsaid = {"condition_weight": 0.0, "hold_weight": 0.0, "convolutions": True}
    assert settings | unsaid == {**asdict(SETTINGS), "crop": list(SETTINGS.crop)}
    assert (dims["clips"], dims["clip_channels"]) == (1, 8)
    assert second == {"name": "plain", "sha256": sha256(plain)}  # it tells nothing of itself
    assert join([both, plain], whole).returncode == 0
    again, _ = json.loads(read_metadata(whole)["sources"])
    about = {"name": "both", "sha256": sha256(both), "note": "two: 1, 2", "sources": [first, second]}
    assert again == about == describe_source(both)
    net, trials = load_model(whole), read_split(folder, "validation")
    assert net.dims.clips == 3
    mean = sum(predict(load_model(path), trials) for path in (trained, plain, plain)) / 3
    torch.testing.assert_close(torch.tensor(predict(net, trials)), torch.tensor(mean), atol=1e-3, rtol=0)


def test_a_blend_is_a_mean_of_weights(trained, tmp_path):
    torch.manual_seed(4)
    other, mean = tmp_path / "other.safetensors", tmp_path / "mean.safetensors"
    save_model(HaaqiNet(CLIP), other, "other")
    done = join([trained, other], mean, blend=0.25)
    assert done.returncode == 0, done.stderr
    states = [load_model(path).state_dict() for path in (trained, other, mean)]
    for name in (key for key, x in states[0].items() if x.is_floating_point()):
        first, second, found = (state[name] for state in states)
        torch.testing.assert_close(found, 0.75 * first + 0.25 * second, atol=2e-3, rtol=2e-3)
    assert len(json.loads(read_metadata(mean)["sources"])) == 2
    for weights, share, said in (
        ([trained], 0.5, "blend: weights of two networks of the same size are needed"),
        ([trained, other], 2, "blend=2: no number from 0 to 1"),
    ):
        done = join(weights, mean, blend=share)
        assert (done.returncode, done.stderr.strip()) == (2, f"error: {said}")


def test_networks_of_another_design_are_not_joined(trained, tmp_path):
    paper = tmp_path / "paper.safetensors"
    save_model(PaperNet(PaperDimensions(hidden=4, adapter=16, linear=16)), paper, "paper")
    done = join([trained, paper], tmp_path / "both.safetensors")
    assert done.returncode == 2
    assert done.stderr.strip().endswith("paper.safetensors: only networks of our own design are joined")
    assert not list(tmp_path.glob("both*"))


def test_clip_members_are_taken_out_of_a_network_with_frames(trained, tmp_path):
    torch.manual_seed(2)
    frames, both, alone = (tmp_path / f"{name}.safetensors" for name in ("frames", "both", "alone"))
    save_model(HaaqiNet(Dimensions(filters=4, channels=(4, 4, 4), features=8)), frames, "frames")
    assert join([frames, trained], both).returncode == 0
    assert join([both], alone, frames="false").returncode == 0
    net, whole = load_model(alone), load_model(both)
    assert (net.dims.members, net.dims.clips) == (0, 1)
    assert len(net.members) == 0
    given = torch.randn(1, 3 * 24_000), torch.full((1, 32), 30.0), torch.full((1,), 65.0)
    with torch.inference_mode():
        torch.testing.assert_close(net(*given).mean(-1), whole(*given).mean(-1))
    assert json.loads(read_metadata(alone)["sources"])[0]["sha256"] == sha256(both)
    done = join([frames], tmp_path / "none.safetensors", frames="false")
    assert done.returncode == 2
    assert f"weights {frames}: has no clip members" in done.stderr
    done = join([both, alone], tmp_path / "none.safetensors", familiar="false", trials=tmp_path)
    assert done.returncode == 2
    assert "option familiar is now in_distribution" in done.stderr
    assert "in_distribution=false: needs one network that says how sure it is" in done.stderr


def test_a_shipped_network_is_trained_on(folder, tmp_path):
    """Its clips are the beginning; how sure it was is left out, and fitted anew by joining."""
    shipped = load_model(WEIGHTS)
    dims = replace(shipped.dims, confidence=False, music=False)
    trainer = ClipTrainer(tmp_path / "run", SETTINGS, dims, "mine", start=WEIGHTS)
    own = trainer.net.state_dict()
    assert all(
        torch.equal(own[key], value) for key, value in shipped.clips.state_dict(prefix="clips.").items()
    )
    train, validation = GrowingSplit(folder, "train", read_described), read_described(folder, "validation")
    tuned = load_model(trainer.run(train, validation, lambda row: None))
    assert tuned.confidence is None
    assert tuned.dims.clips == shipped.dims.clips
    with pytest.raises(
        InputError, match=r"other dimensions.*dimensions.clips=4 dimensions.clip_channels=256"
    ):
        ClipTrainer(tmp_path / "other", SETTINGS, CLIP, "mine", start=WEIGHTS)
    save_model(PaperNet(PaperDimensions(hidden=4, linear=16)), tmp_path / "paper.safetensors", "paper")
    with pytest.raises(InputError, match="holds a PaperNet, not a HaaqiNet"):
        ClipTrainer(tmp_path / "kind", SETTINGS, CLIP, "mine", start=tmp_path / "paper.safetensors")
