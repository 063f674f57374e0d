"""Networks of clip members: alone, beside members with frames, and trained."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from paper_trials import fill
from places import ROOT
from scripts import run_script

from haaqinet_eval import InputError
from haaqinet_eval.model import Dimensions, FrontEndOutput, HaaqiNet, join, load_model, save_model
from haaqinet_eval.model.clip import ClipMember
from haaqinet_eval.model.description import _quantiles, describe_bands
from haaqinet_eval.model.net import frame_times, with_mean
from haaqinet_eval.model.texture import TEXTURE
from haaqinet_eval.training.cache import GrowingSplit, read_split
from haaqinet_eval.training.clip import ClipTrainer, kind_of, read_described, with_replay
from haaqinet_eval.training.measures import predict
from haaqinet_eval.training.objective import Settings

FRAMES = Dimensions(filters=4, channels=(4, 4, 4), features=8)
CLIP = Dimensions(members=0, clips=1, clip_channels=16, dropout=0.1)
RECIPE = ROOT / "recipes" / "haaqinet" / "train.py"


@pytest.fixture(scope="module")
def heard():
    torch.manual_seed(1)
    return FrontEndOutput(torch.rand(3, 32, 320) * 60, torch.rand(3, 32) * 60, torch.randn(3, TEXTURE, 32))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trials")
    fill(folder, "train", 8)
    fill(folder, "validation", 3)
    return folder


def nets():
    torch.manual_seed(2)
    return HaaqiNet(FRAMES).eval(), HaaqiNet(CLIP).eval(), HaaqiNet(CLIP).eval()


def test_frames_get_another_mean_in_their_order():
    frames = torch.rand(4, 5, 30)
    for mean in (0.0, 0.1, 0.5, 0.97, 1.0):
        found = with_mean(frames, torch.full((4, 5), mean))
        torch.testing.assert_close(found.mean(-1), torch.full((4, 5), mean), atol=1e-6, rtol=0)
        assert ((found >= 0) & (found <= 1)).all()
        moves = found.diff(dim=-1) * frames.diff(dim=-1)
        assert (moves >= -1e-6).all()
    torch.testing.assert_close(with_mean(frames, frames.mean(-1)), frames)


def test_clip_members_make_the_score_and_the_frames_are_moved_to_it(heard):
    frames, *clips = nets()
    loss = torch.rand(3, 32) * 50
    with torch.inference_mode():
        each = torch.stack([net.score_features(heard, loss).mean(-1) for net in clips])
        whole = join([clips[0], frames, clips[1]])
        outputs, opinions, _ = whole.member_outputs(heard, loss)
        own = frames.score_features(heard, loss)
    torch.testing.assert_close(opinions, each)
    torch.testing.assert_close(outputs.mean(-1), each.mean(0))
    assert outputs.shape == own.shape == (3, 5, 10)
    torch.testing.assert_close(outputs[0, 0].argsort(), own[0, 0].argsort())


def test_a_clip_network_has_even_frames_without_windows_and_keeps_its_weights(heard, tmp_path):
    net, loss = nets()[1], torch.rand(3, 32) * 50
    save_model(net, tmp_path / "clip.safetensors", "clip")
    with torch.inference_mode():
        outputs = net.score_features(heard, loss)
        again = load_model(tmp_path / "clip.safetensors").score_features(heard, loss)
    torch.testing.assert_close(again, outputs, atol=1e-3, rtol=0)  # kept as float16
    assert (tmp_path / "clip.safetensors").stat().st_size < 2.2 * sum(
        p.numel() for p in net.parameters()
    ) + 4000
    torch.testing.assert_close(outputs, outputs[..., :1].expand(3, 5, 10))


def test_frames_of_a_clip_network_are_what_it_says_of_windows_moved_to_the_score():
    torch.manual_seed(3)
    net, loss, level1 = nets()[1], torch.rand(2, 32) * 50, torch.full((2,), 65.0)
    signals = torch.randn(2, 4 * 24_000)
    with torch.inference_mode():
        heard = net.front_end(signals, loss, level1)
        outputs, opinions, _ = net.member_outputs(heard, loss)
        windows = [
            net.clips[0](describe_bands(part_of(heard, n), loss)) for n in range(heard.windows.shape[1])
        ]
    assert len(windows) == 9
    middles = 0.384 * np.arange(1, 10)  # s
    times = frame_times(outputs.shape[-1], 4.0)
    for clip, output in itertools.product(range(2), range(5)):
        values = [float(window[clip, output]) for window in windows]
        expected = np.interp((np.arange(len(times)) + 0.5) * 0.128, middles, values)
        found = outputs[clip, output].numpy()
        np.testing.assert_allclose(found - found.mean(), expected - expected.mean(), atol=1e-5)
        assert found.mean() == pytest.approx(float(opinions[0, clip, output]), abs=1e-5)


def part_of(heard, n):
    """A window as a clip."""
    return FrontEndOutput(heard.envelope[..., 96 * n : 96 * n + 192], heard.spectrum, heard.windows[:, n])


@pytest.mark.parametrize("length", [1, 2, 100, 7501])
def test_quantiles_are_torchs_whoever_sorts(length):
    x = torch.randn(2, 32, length)
    expected = torch.quantile(x[..., ::3], torch.tensor([0.05, 0.5, 0.95]), dim=-1)
    for given in (x, x.clone().requires_grad_()):
        torch.testing.assert_close(torch.stack(_quantiles(given, (0.05, 0.5, 0.95))), expected)
    given.grad = None
    torch.stack(_quantiles(given, (0.05,))).sum().backward()
    torch.testing.assert_close(given.grad.sum(-1), torch.ones(2, 32))


def test_networks_of_different_sizes_are_not_joined():
    frames, clip, _ = nets()
    wide = HaaqiNet(Dimensions(members=0, clips=1, clip_channels=32))
    with pytest.raises(InputError, match="cannot be joined"):
        join([frames, clip, wide])
    with pytest.raises(InputError, match="cannot be joined"):
        join([frames, HaaqiNet(Dimensions(filters=6, channels=(4, 4, 4), features=8))])


def test_descriptions_are_those_that_the_network_sees(folder):
    trials, described = read_split(folder, "validation"), read_described(folder, "validation")
    with torch.inference_mode():
        bands = nets()[1].member_outputs(trials.heard(slice(None)), trials.hearing_loss)[2]
    torch.testing.assert_close(described.description.float(), bands, atol=5e-3, rtol=2e-3)
    assert described.digest() == trials.digest()


def test_training_learns_and_goes_on_where_it_was(folder, tmp_path):
    validation = read_described(folder, "validation")
    train = GrowingSplit(folder, "train", read_described)
    settings = Settings(epochs=8, batch_size=8, learning_rate=0.01, average=0.5, bfloat16=False)
    rows = []
    best = ClipTrainer(tmp_path / "one", settings, CLIP, "clip").run(train, validation, rows.append)
    assert rows[-1]["mse"] < rows[0]["mse"]
    predicted = predict(load_model(best), read_split(folder, "validation"))[:, 0]
    assert np.corrcoef(predicted, validation.labels[:, 0])[0, 1] > 0.9

    class Killed(Exception):
        pass

    def die(row):
        if row["epoch"] == 5:
            raise Killed

    with pytest.raises(Killed):
        ClipTrainer(tmp_path / "two", settings, CLIP, "clip").run(train, validation, die)
    again = []
    ClipTrainer(tmp_path / "two", settings, CLIP, "clip").run(train, validation, again.append)
    assert again == rows[5:]
    with pytest.raises(InputError, match="1 members and 0 clips"):
        ClipTrainer(tmp_path / "three", settings, FRAMES, "clip")


def test_the_recipe_trains_as_many_as_are_asked_for(folder, tmp_path):
    sizes = (
        "dimensions.clips=2",
        "dimensions.clip_channels=8",
        "settings.epochs=1",
        "settings.max_steps=2",
        "settings.batch_size=8",
    )
    places = (f"trials={folder}", f"run={tmp_path / 'run'}", "name=tiny", "design=clip", f"replay={folder}")
    done = run_script(RECIPE, *places, *sizes)
    assert done.returncode == 0, done.stderr
    assert load_model(tmp_path / "run" / "best.safetensors").dims.clips == 2
    assert "64 trials to train on" in done.stdout  # 32, and as many replayed


def test_a_clip_network_may_tell_the_condition_beside_the_score_and_goes_on_after_a_kill(folder, tmp_path):
    settings = Settings(epochs=3, batch_size=6, bfloat16=False, condition_weight=0.1, seed=4)
    train, validation = GrowingSplit(folder, "train", read_described), read_described(folder, "validation")

    def run(where, kill=None):
        def report(row):
            if row["epoch"] == kill:
                raise KeyboardInterrupt

        trainer = ClipTrainer(where, settings, CLIP, "telling")
        return trainer, trainer.run(train, validation, report)

    whole, best = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed", kill=2)
    again, _ = run(tmp_path / "killed")
    for part in ("net", "helpers"):
        values = zip(*(getattr(t, part).state_dict().values() for t in (whole, again)), strict=True)
        assert all(torch.equal(a, b) for a, b in values)
    assert len(list(whole.helpers)) == 1
    assert load_model(best).dims == CLIP  # what tells conditions is not kept with the network
    alone = ClipTrainer(tmp_path / "alone", replace(settings, condition_weight=0.0), CLIP, "alone")
    assert not list(alone.helpers)
    assert "condition_weight" not in alone.about  # runs of earlier versions go on


def test_telling_conditions_is_learned(folder, tmp_path):
    settings = Settings(epochs=30, batch_size=6, bfloat16=False, condition_weight=1.0, learning_rate=0.01)
    trainer = ClipTrainer(tmp_path, settings, replace(CLIP, dropout=0.0), "telling")
    train = read_described(folder, "train")
    kinds = torch.tensor([kind_of(name) for name in train.systems])

    def error():
        with torch.no_grad():
            bands = train.description.float()
            features = trainer.net.clips[0].eval().features(bands)
            return float(torch.nn.functional.cross_entropy(trainer.helpers[0](features), kinds))

    before = error()
    trainer.run(lambda: train, read_described(folder, "validation"), lambda row: None)
    assert error() < 0.6 * before


def test_training_on_forgets_less_with_replayed_trials_and_held_answers(folder, tmp_path):
    def train():
        """Trials whose labels are the opposite of what the network has learned."""
        trials = read_described(folder, "train")
        return replace(trials, labels=1 - trials.labels)

    old, validation = GrowingSplit(folder, "train", read_described), read_described(folder, "validation")
    settings = Settings(epochs=6, batch_size=8, learning_rate=0.01, average=0.5, bfloat16=False)
    start = ClipTrainer(tmp_path / "start", settings, CLIP, "start").run(old, validation, lambda row: None)

    def trained_on(name, trials, **changes):
        trainer = ClipTrainer(tmp_path / name, replace(settings, **changes), CLIP, name, start)
        return load_model(trainer.run(trials, validation, lambda row: None))

    def moved(net):
        before, after = (predict(n, read_split(folder, "train"))[:, 0] for n in (load_model(start), net))
        return float(np.abs(after - before).mean())

    forgot = trained_on("alone", train)
    held = trained_on("held", with_replay(train, old, 3), hold_weight=10.0, convolutions=False)
    assert moved(held) < 0.7 * moved(forgot)
    fixed = ClipMember.CONVOLUTIONS
    states = [net.clips[0].layers for net in (load_model(start), held, forgot)]
    for part, same in ((slice(fixed), True), (slice(fixed, None), False)):
        first, second, third = (
            torch.cat([p.ravel() for p in layers[part].parameters()]) for layers in states
        )
        assert torch.equal(first, second) == same
        assert not torch.equal(first, third)
    for change in ({"hold_weight": 1.0}, {"convolutions": False}):
        with pytest.raises(InputError, match="needs start="):
            ClipTrainer(tmp_path / "none", replace(settings, **change), CLIP, "none")
