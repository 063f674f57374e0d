"""How sure a network is: intervals that hold what they promise, and sounds it does not know."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from haaqinet_eval import Audiogram, InputError, Stimulus, load_scorer
from haaqinet_eval.model import OUTPUTS, Dimensions, HaaqiNet, join, load_model, save_model
from haaqinet_eval.model.texture import TEXTURE
from haaqinet_eval.training.cache import STEP, Trials
from haaqinet_eval.training.confidence import fit_confidence, fit_intervals
from haaqinet_eval.training.kinds import kind_table
from haaqinet_eval.training.measures import predict

SMALL = Dimensions(filters=4, channels=(4, 4, 4), features=8)


def trials(count, seed):
    """Envelopes of many kinds, to be labelled."""
    rng = np.random.default_rng(seed)
    level, depth = rng.uniform(20, 60, (count, 1, 1)), rng.uniform(1, 10, (count, 1, 1))
    envelope = np.clip(level + depth * rng.standard_normal((count, 32, 128)), 0, 100)
    return Trials(
        envelope=torch.from_numpy((envelope / STEP).astype(np.uint8)),
        spectrum=torch.from_numpy(envelope.mean(-1).astype(np.float32)),
        texture=torch.from_numpy(rng.standard_normal((count, TEXTURE, 32)).astype(np.float16)),
        hearing_loss=torch.full((count, 32), 30.0),
        labels=torch.zeros(count, len(OUTPUTS)),
        level1=np.full(count, 65.0),
        systems=np.array(["noise"] * count),
        listeners=np.array(["flat-01"] * count),
        scenes=np.array([f"s{n}" for n in range(count)]),
        songs=np.array([f"song-{n // 6}" for n in range(count)]),
        genres=np.array(["none"] * count),
        protocol="artists",
    )


def labelled(net, found, seed):
    """The same trials; their true scores scatter around the predicted ones, more where these are low."""
    predicted = predict(net, found)[:, 0]
    rng = np.random.default_rng(seed)
    true = predicted + (1 - predicted) * rng.normal(0, 0.2, len(predicted))
    labels = np.repeat(np.clip(true, 0, 1)[:, None], len(OUTPUTS), 1)
    return replace(found, labels=torch.from_numpy(labels).float())


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(3)
    whole = join([HaaqiNet(SMALL).eval() for _ in range(2)])
    train, validation = (labelled(whole, trials(n, seed), seed) for n, seed in ((300, 1), (600, 2)))
    whole.confidence = fit_confidence(whole, train, validation, steps=150)
    whole.dims = replace(whole.dims, confidence=True)
    return whole


def judge(net, found):
    with torch.inference_mode():
        return net.predict(found.heard(slice(None)), found.hearing_loss)


def test_an_interval_holds_nine_of_ten_true_scores(net):
    fresh = labelled(net, trials(600, 5), 5)
    said, true = judge(net, fresh), fresh.labels[:, 0]
    held = ((said.low <= true) & (true <= said.high)).float().mean()
    assert 0.86 <= held <= 0.94
    score = said.outputs[:, 0].mean(-1)
    assert (said.low <= score).all()
    assert (score <= said.high).all()
    assert said.unfamiliar.float().mean() < 0.04


def test_sounds_unlike_training_are_flagged(net):
    strange = trials(20, 6)
    ramp = torch.linspace(0, 250, 128).expand(20, 32, 128)  # rises all the time in all bands
    said = judge(net, replace(strange, envelope=ramp.to(torch.uint8)))
    assert said.unfamiliar.all()


def strange(count, seed):
    """Sounds whose bands all move together: nothing of `trials` does; true scores anywhere."""
    found, rng = trials(count, seed), np.random.default_rng(seed)
    envelope = 30 + 12 * rng.standard_normal((count, 1, 128)) + rng.standard_normal((count, 32, 128))
    labels = np.repeat(rng.uniform(0, 1, (count, 1)), len(OUTPUTS), 1).astype(np.float32)
    envelope = torch.from_numpy((envelope.clip(0, 100) / STEP).astype(np.uint8))
    return replace(found, envelope=envelope, labels=torch.from_numpy(labels))


def test_sounds_that_are_not_music_are_flagged_and_get_wide_intervals(net, tmp_path):
    whole = join([net])
    train, validation = (labelled(whole, trials(n, seed), seed) for n, seed in ((300, 1), (600, 2)))
    others = strange(200, 8), strange(200, 9)
    whole.confidence = fit_confidence(whole, train, validation, others, steps=150)
    whole.dims = replace(whole.dims, confidence=True, music=True)
    fresh = labelled(whole, trials(600, 5), 5)
    known, found = judge(whole, fresh), strange(200, 10)
    said, true = judge(whole, found), found.labels[:, 0]
    assert known.unfamiliar.float().mean() < 0.05
    assert said.unfamiliar.float().mean() > 0.9
    assert (said.high - said.low).mean() > 1.2 * (known.high - known.low).mean()
    held = ((said.low <= true) & (true <= said.high)).float().mean()
    assert 0.84 <= held <= 0.96
    path = tmp_path / "net.safetensors"
    save_model(whole, path, "wary")
    again = judge(load_model(path), found)
    torch.testing.assert_close(again.low, said.low)
    assert torch.equal(again.unfamiliar, said.unfamiliar)


def test_intervals_are_fitted_anew_to_what_is_familiar_already(net):
    """Validation trials that are twice as hard: wider intervals, the same flag."""
    hard = trials(600, 12)
    found = labelled(net, hard, 12).labels
    true = predict(net, hard)
    hard = replace(
        hard, labels=(torch.from_numpy(true) + 2 * (found - torch.from_numpy(true)[:, :1])).clamp(0, 1)
    )
    again = fit_intervals(net, net.confidence, hard, steps=150)
    fresh = trials(300, 13)
    with torch.inference_mode():
        _, opinions, bands = net.member_outputs(fresh.heard(slice(None)), fresh.hearing_loss)
        old, new = (c(opinions[:, :, 0], bands) for c in (net.confidence, again))
    assert (new[1] - new[0]).mean() > 1.3 * (old[1] - old[0]).mean()
    assert torch.equal(new[2], old[2])
    assert torch.equal(again.center, net.confidence.center)


def test_intervals_hold_on_a_mixture_with_another_source(net):
    """Trials that are over-rated by 0.3: one in three, yet they weigh as much as the others."""
    own, worse = labelled(net, trials(500, 21), 21), labelled(net, trials(250, 22), 22)
    worse = replace(worse, labels=(worse.labels - 0.3).clamp(min=0))
    again = fit_intervals(net, net.confidence, own, steps=150, unseen=[worse])
    held = {}
    for name, found in (("own", trials(300, 23)), ("worse", trials(300, 24))):
        true = labelled(net, found, 25).labels[:, 0] - (0.3 if name == "worse" else 0)
        with torch.inference_mode():
            _, opinions, bands = net.member_outputs(found.heard(slice(None)), found.hearing_loss)
            low, high, _ = again(opinions[:, :, 0], bands)
        held[name] = float(((low <= true.clamp(min=0)) & (true.clamp(min=0) <= high)).float().mean())
    assert 0.86 <= (held["own"] + held["worse"]) / 2 <= 0.95
    assert held["worse"] > 0.8


def test_a_table_tells_kind_by_kind_what_the_intervals_hold(net):
    found = labelled(net, trials(400, 5), 5)
    names = np.where(np.arange(400) % 4 == 0, "rain-2", "clean")
    found = replace(
        found, systems=names, labels=found.labels + 2 * torch.from_numpy(names == "rain-2")[:, None]
    )
    head, _, whole, clean, rain = (
        row.strip("| ").split(" | ") for row in kind_table(net, found).splitlines()
    )
    assert (head[0], whole[0], clean[0], rain[0]) == ("kind", "**all**", "clean", "rain")
    assert [int(row[1]) for row in (whole, clean, rain)] == [400, 300, 100]
    assert rain[6] == "0 %"  # true scores that nothing can hold
    assert 80 <= int(clean[6].rstrip(" %")) <= 97
    assert float(rain[5]) == pytest.approx(float(clean[5]) - 2, abs=0.1)
    with pytest.raises(InputError, match=r"the network does not say how sure it is; see join.py"):
        kind_table(HaaqiNet(SMALL), found)


def test_one_song_is_too_few(net):
    one = trials(6, 1)
    with pytest.raises(InputError, match="validation trials of 1 song: intervals need two or more"):
        fit_confidence(net, one, one)


def test_the_checkpoint_keeps_it_and_the_scorer_says_it(net, tmp_path):
    path = tmp_path / "net.safetensors"
    save_model(net, path, "sure")
    found = trials(4, 7)
    torch.testing.assert_close(judge(load_model(path), found).low, judge(net, found).low)
    signal = np.random.default_rng(0).standard_normal(24_000)
    stimulus = Stimulus(processed=signal, sample_rate=24_000, audiogram=Audiogram.flat(40), level1=65.0)
    result = load_scorer("haaqinet", weights=path)(stimulus)
    assert 0 <= result.interval[0] <= result.value <= result.interval[1] <= 1
    assert result.unfamiliar in (True, False)
    without = tmp_path / "without.safetensors"
    save_model(join([net]), without, "unsure")
    assert load_scorer("haaqinet", weights=without)(stimulus).interval is None
