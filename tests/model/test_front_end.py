"""The auditory front end against HAAQI's own ear model, and the network's checkpoint."""

import json

import numpy as np
import pytest
import torch
from clarity.evaluator.haspi import eb
from safetensors.torch import load_file, save_file

from haaqinet_eval import Audiogram, InputError, load_scorer
from haaqinet_eval.model import (
    OUTPUTS,
    WEIGHTS,
    AuditoryFrontEnd,
    Dimensions,
    HaaqiNet,
    band_losses,
    frame_times,
    join,
    load_model,
    read_metadata,
    save_model,
    sha256,
)
from haaqinet_eval.model.auditory import HAAQI_FREQUENCIES, SAMPLE_RATE, center_frequencies, cochlea

EARS = {
    "near normal": ((5, 5, 10, 10, 15, 15, 20, 20), 65.0),
    "sloping": ((20, 25, 30, 40, 50, 55, 60, 65), 75.0),
    "flat": ((55,) * 8, 70.0),
    "steep": ((10, 10, 20, 50, 80, 90, 100, 100), 60.0),
}
SMALL = Dimensions(filters=4, channels=(4, 4, 4), features=8)


def music(seed, seconds=1.5):
    """Decaying notes over noise with a falling spectrum: [T] at 24 kHz, RMS 1."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    out = np.cumsum(rng.standard_normal(len(t))) * 1e-3
    for start in np.arange(0, seconds, 0.17):
        f0 = 90 * 2 ** (rng.integers(0, 36) / 12)
        partials = sum(np.sin(2 * np.pi * f0 * k * t) / k for k in range(1, 12) if f0 * k < 9000)
        out += partials * np.where(t >= start, np.exp(-7 * (t - start).clip(0)), 0)
    out[[0, -1]] = 0.5  # HAAQI cuts silence off both ends
    return out / np.sqrt(np.mean(out**2))


def tensors(signals, audiogram, level1):
    loss = torch.from_numpy(band_losses(audiogram)).float()
    signals = torch.from_numpy(np.atleast_2d(signals)).float()
    return signals, loss.expand(len(signals), -1), torch.full((len(signals),), float(level1))


@pytest.mark.parametrize("ear", EARS)
def test_envelope_is_that_of_haaqis_ear_model(ear):
    levels, level1 = EARS[ear]
    audiogram, signal = Audiogram(levels), music(len(ear))
    at_six = np.array(audiogram.resample(HAAQI_FREQUENCIES).levels)
    fine, _, _, _, spectrum, _, _ = eb.ear_model(signal, SAMPLE_RATE, signal, SAMPLE_RATE, at_six, 2, level1)
    expected = eb.env_smooth(fine, 8, SAMPLE_RATE)
    with torch.inference_mode():
        envelope, long_term = AuditoryFrontEnd()(*tensors(signal, audiogram, level1))
    assert envelope.shape[1:] == expected.shape
    # pyclarity's frame k > 0 starts, not ends, its rise at 4k ms: it is centred where ours k + 1 is
    error = envelope[0, :, 2:-2].numpy() - expected[:, 1:-3]
    assert np.sqrt(np.mean(error**2)) < 0.5  # dB
    assert np.abs(error.mean(1)).max() < 0.3
    np.testing.assert_allclose(long_term[0], spectrum, atol=0.3)


def test_ear_parameters_are_pyclaritys():
    np.testing.assert_allclose(center_frequencies(), eb.center_frequency(32), rtol=1e-9)
    for levels, _ in EARS.values():
        audiogram = Audiogram(levels)
        at_six = np.array(audiogram.resample(HAAQI_FREQUENCIES).levels)
        ours = cochlea(torch.from_numpy(band_losses(audiogram)))
        for one, other in zip(ours, eb.loss_parameters(at_six, center_frequencies()), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_a_louder_tone_is_louder_in_its_own_band():
    t = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * 1000 * t)
    with torch.inference_mode():
        envelope, _ = AuditoryFrontEnd()(*tensors([0.1 * tone, tone], Audiogram.flat(30), 65))
    middle = envelope[:, :, 50:200].mean(-1)
    assert (middle[1] >= middle[0] - 1e-3).all()
    assert np.argmax(middle[0]) == np.argmin(np.abs(center_frequencies() - 1000))


def test_level_convention_is_rms_one():
    signal = music(3)
    with torch.inference_mode():
        ear = AuditoryFrontEnd()
        one, _ = ear(*tensors(signal, Audiogram.flat(40), 65))
        other, _ = ear(*tensors(signal / 100, Audiogram.flat(40), 105))
    torch.testing.assert_close(one, other, atol=0.02, rtol=0)


def test_gradients_reach_the_waveform():
    net = HaaqiNet(SMALL).eval()
    signals, loss, level1 = tensors(music(1, 0.5), Audiogram.flat(40), 65)
    signals.requires_grad_()
    net(signals, loss, level1)[:, 0].mean().backward()
    assert torch.isfinite(signals.grad).all()
    assert signals.grad.abs().max() > 0


def test_a_batch_scores_as_its_members_do():
    net = HaaqiNet(SMALL).eval()
    signals, loss, _ = tensors([music(s) for s in range(3)], Audiogram(EARS["sloping"][0]), 65)
    level1 = torch.tensor([55.0, 65.0, 80.0])
    with torch.inference_mode():
        together = net(signals, loss, level1)
        single = torch.cat([net(signals[i : i + 1], loss[:1], level1[i : i + 1]) for i in range(3)])
    assert together.shape == (3, len(OUTPUTS), len(frame_times(together.shape[2], 1.5)))
    torch.testing.assert_close(together, single, atol=1e-4, rtol=0)


def test_checkpoint_round_trip(tmp_path):
    path = tmp_path / "net.safetensors"
    torch.manual_seed(3)
    net = HaaqiNet(SMALL).eval()
    save_model(net, path, "trial", seed="3")
    metadata = read_metadata(path)
    assert json.loads(metadata["dimensions"])["features"] == 8
    assert (metadata["name"], metadata["seed"], metadata["sample_rate"]) == ("trial", "3", "24000")
    again = load_model(path)
    assert again.dims == SMALL
    assert not again.training
    inputs = tensors(music(2, 0.6), Audiogram.flat(30), 65)
    with torch.inference_mode():
        torch.testing.assert_close(again(*inputs), net(*inputs), atol=0, rtol=0)
    assert len(sha256(path)) == 64


def test_checkpoint_with_wrong_keys_lists_them(tmp_path):
    path = tmp_path / "net.safetensors"
    save_model(HaaqiNet(SMALL), path, "trial")
    state, metadata = load_file(path), read_metadata(path)
    del state["members.0.head.frames.0.bias"]
    save_file({**state, "extra": torch.zeros(1)}, path, metadata)
    with pytest.raises(InputError, match=r"1 missing: members.0.head.frames.0.bias; 1 unexpected: extra"):
        load_model(path)
    save_model(HaaqiNet(SMALL), path, "trial")
    state = load_file(path)
    save_file({**state, "members.0.head.frames.0.bias": torch.zeros(3)}, path, metadata)
    with pytest.raises(InputError, match=r"1 of another shape: members.0.head.frames.0.bias"):
        load_model(path)


def test_foreign_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_model(tmp_path / "none.safetensors")
    text = tmp_path / "text.safetensors"
    text.write_text("no weights at all")
    with pytest.raises(InputError, match="not a safetensors file"):
        load_model(text)
    other = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(1)}, other)
    with pytest.raises(InputError, match="format None"):
        load_model(other)


def test_joined_networks_answer_with_their_mean(tmp_path):
    nets = []
    for seed in range(2):
        torch.manual_seed(seed)
        nets.append(HaaqiNet(SMALL).eval())
    both = join(nets)
    assert both.dims.members == 2
    inputs = tensors(music(2, 0.6), Audiogram.flat(30), 65)
    with torch.inference_mode():
        mean = (nets[0](*inputs) + nets[1](*inputs)) / 2
        torch.testing.assert_close(both(*inputs), mean)
        save_model(both, tmp_path / "both.safetensors", "trial")
        torch.testing.assert_close(load_model(tmp_path / "both.safetensors")(*inputs), mean)
    with pytest.raises(InputError, match="different sizes"):
        join([nets[0], HaaqiNet(Dimensions(filters=4, channels=(4, 4, 4), features=4))])


@pytest.mark.parametrize("name", ["tpu", "gpu0", "cuda:99"])
def test_a_device_that_is_not_there_is_named(name):
    with pytest.raises(InputError, match=f"device={name}: "):
        load_model(WEIGHTS, name)
    with pytest.raises(InputError, match=f"device={name}: "):
        load_scorer("haaqinet", device=name)
