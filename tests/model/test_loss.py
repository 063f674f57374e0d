"""HAAQI-Net as a loss: its value is the scorer's, its gradients are right, and following them helps."""

import numpy as np
import pytest
import soxr
import torch

from haaqinet_eval import Audiogram, InputError, Stimulus, load_scorer
from haaqinet_eval.model import Dimensions, HaaqiNet, HaaqiNetLoss
from haaqinet_eval.model.loss import resample
from haaqinet_eval.model.paper import PaperDimensions, PaperNet

EAR = Audiogram((20, 25, 30, 40, 50, 55, 60, 65))
OTHER = Audiogram.flat(40)


def small_net(seed=0):
    torch.manual_seed(seed)
    return HaaqiNet(Dimensions(filters=4, channels=(4, 4, 4), features=8))


def notes(seconds, rate, seed=0):
    """Decaying notes, [T], RMS 1."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    tones = sum(np.sin(2 * np.pi * f * t) for f in rng.uniform(150, 3000, 6))
    x = tones * np.exp(-3 * (t % 0.3)) + 0.01 * rng.standard_normal(len(t))
    return x / np.std(x)


@pytest.mark.parametrize("rate", [24_000, 32_000, 44_100])
def test_it_is_one_minus_the_scorers_score(rate):
    signal = notes(1.5, rate)
    expected = load_scorer("haaqinet")(Stimulus(signal, rate, EAR, 65.0)).value
    loss = HaaqiNetLoss()(torch.from_numpy(signal).float()[None], rate, EAR, 65.0)
    assert 1 - loss.item() == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("rate", "new_rate"), [(44_100, 24_000), (16_000, 24_000), (32_000, 24_000)])
def test_resampling_is_that_of_soxr_in_the_band_of_both(rate, new_rate):
    t = np.arange(rate) / rate
    tones = sum(np.sin(2 * np.pi * f * t + f) for f in (100, 1234, 6000)) * np.hanning(len(t))
    ours = resample(torch.from_numpy(tones)[None], rate, new_rate)[0].numpy()
    np.testing.assert_allclose(ours, soxr.resample(tones, rate, new_rate), atol=2e-3)
    above = np.sin(2 * np.pi * 15_000 * t) * np.hanning(len(t))
    if rate > 30_000:
        assert resample(torch.from_numpy(above)[None], rate, new_rate).abs().max() < 1e-6


def test_gradients_are_right_in_double_precision():
    rate = 16_000
    parts = torch.from_numpy(np.array([notes(0.6, rate, seed) for seed in range(3)]))
    loss = HaaqiNetLoss(small_net().double(), reduction="none")

    def score(gains, level1):
        return loss((gains @ parts)[None].repeat(2, 1), rate, [EAR, OTHER], level1)

    gains = torch.tensor([1.0, 0.3, 0.2], dtype=torch.float64, requires_grad=True)
    level1 = torch.tensor([65.0, 72.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(score, (gains, level1), eps=1e-6, atol=1e-6, rtol=1e-3)
    score(gains, level1).sum().backward()
    assert gains.grad.abs().max() > 1e-4  # far above what the check lets pass


@pytest.mark.parametrize("silent", ["all", "half", "far below hearing"])
def test_gradients_are_finite_in_silence(silent):
    signal = torch.from_numpy(notes(1.0, 24_000)).float()
    signal = signal * {"all": 0.0, "half": torch.arange(24_000) < 12_000, "far below hearing": 1e-9}[silent]
    signal = signal[None].requires_grad_()
    value = HaaqiNetLoss()(signal, 24_000, EAR)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(signal.grad).all()


def test_the_network_stays_frozen_and_in_eval_mode():
    loss = HaaqiNetLoss(small_net()).train()
    signal = torch.from_numpy(notes(0.6, 24_000)).float()[None].requires_grad_()
    before = {key: value.clone() for key, value in loss.net.state_dict().items()}
    values = [loss(signal, 24_000, OTHER) for _ in range(2)]
    values[0].backward()
    assert values[0] == values[1]
    assert signal.grad.abs().max() > 0
    assert all(p.grad is None for p in loss.parameters())
    assert all(torch.equal(before[key], value) for key, value in loss.net.state_dict().items())


def test_per_clip_losses_are_those_of_each_clip():
    signals = torch.from_numpy(np.array([notes(0.8, 24_000, s) for s in range(2)])).float()
    loss = HaaqiNetLoss(small_net(), reduction="none")
    together = loss(signals, 24_000, [EAR, OTHER], torch.tensor([60.0, 75.0]))
    single = [loss(signals[:1], 24_000, EAR, 60.0), loss(signals[1:], 24_000, OTHER, 75.0)]
    torch.testing.assert_close(together, torch.cat(single), atol=1e-5, rtol=0)
    mean = HaaqiNetLoss(loss.net)(signals, 24_000, [EAR, OTHER], torch.tensor([60.0, 75.0]))
    assert mean == pytest.approx(together.mean().item())


def test_the_papers_design_is_a_loss_too():
    torch.manual_seed(1)
    net = PaperNet(PaperDimensions("spectrogram", hidden=6, linear=16))
    signal = torch.from_numpy(notes(0.7, 24_000)).float()[None].requires_grad_()
    HaaqiNetLoss(net)(signal, 24_000, EAR, 65.0).backward()
    assert torch.isfinite(signal.grad).all()
    assert signal.grad.abs().max() > 0


def test_descent_takes_noise_out_of_a_mix():
    rate = 24_000
    music = torch.from_numpy(notes(1.5, rate)).float()
    noise = torch.from_numpy(np.random.default_rng(1).standard_normal(len(music))).float()
    loss, level = HaaqiNetLoss(), torch.zeros(1, requires_grad=True)  # dB of the noise
    optimiser = torch.optim.Adam([level], lr=2.0)
    for _ in range(8):
        value = loss((music + 10 ** (level / 20) * noise)[None], rate, OTHER)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
    assert level.item() < -8


def test_mistakes_are_named():
    loss, signal = HaaqiNetLoss(small_net()), torch.zeros(2, 24_000)
    with pytest.raises(InputError, match="reduction 'sum'"):
        HaaqiNetLoss(small_net(), reduction="sum")
    with pytest.raises(InputError, match="3 audiograms and 1 levels for 2 signals"):
        loss(signal, 24_000, [EAR] * 3)
    with pytest.raises(InputError, match=r"sample rate 44100.5 Hz"):
        loss(signal, 44_100.5, EAR)
    with pytest.raises(InputError, match=r"shape \[24000\]"):
        loss(signal[0], 24_000, EAR)
    with pytest.raises(InputError, match=r"shape \[2, 1, 24000\]; \[B, T\] is needed.*squeeze\(1\)"):
        loss(signal[:, None], 24_000, EAR)
    with pytest.raises(InputError, match=r"0.375 s; at least 0.5 s"):
        loss(signal[:, :9000], 24_000, EAR)
    with pytest.raises(InputError, match=r"torch.int16; floats of full scale 1"):
        loss(signal.short(), 24_000, EAR)
    with pytest.raises(InputError, match=r"level1 nan dB SPL is not finite"):
        loss(signal, 24_000, EAR, float("nan"))
    with pytest.raises(InputError, match=r"on meta, the loss on cpu"):
        loss(signal.to("meta"), 24_000, EAR)
    with pytest.raises(InputError, match=r"network is torch.float16: leave it in float32"):
        loss.half()(signal, 24_000, EAR)


TYPES = [torch.float64, torch.bfloat16, torch.float16]


@pytest.mark.parametrize("given", TYPES)
def test_signals_of_any_precision_get_gradients_in_their_own(given):
    signal = torch.from_numpy(0.1 * notes(0.6, 24_000))[None].to(given)
    plain = signal.detach().float().requires_grad_()
    loss = HaaqiNetLoss(small_net())
    loss(plain, 24_000, EAR, 85.0).backward()
    signal.requires_grad_()
    value = loss(signal, 24_000, EAR, torch.tensor(85.0, dtype=given))
    value.backward()
    assert value.item() == loss(plain, 24_000, EAR, 85.0).item()
    assert signal.grad.dtype == given
    torch.testing.assert_close(signal.grad, plain.grad.to(given))


@pytest.mark.parametrize("autocast", [torch.bfloat16, torch.float16])
def test_autocast_changes_nothing(autocast):
    signal = torch.from_numpy(0.1 * notes(0.6, 24_000)).float()[None].requires_grad_()
    loss = HaaqiNetLoss()
    given = Stimulus(signal.detach()[0].numpy(), 24_000, EAR, 85.0)
    scorer = load_scorer("haaqinet")
    scorer.quick = None  # torch's score
    value, score = loss(signal, 24_000, EAR, 85.0), scorer(given).value
    (grad,) = torch.autograd.grad(value, signal)
    with torch.autocast("cpu", autocast):
        again = loss(signal, 24_000, EAR, 85.0)
        (other,) = torch.autograd.grad(again, signal)
        assert scorer(given).value == score
    assert again == value
    assert torch.equal(other, grad)


def test_defaults_of_torch_change_nothing_and_are_left_as_they_were():
    signal = torch.from_numpy(0.1 * notes(0.6, 24_000)).float()[None]
    value = HaaqiNetLoss()(signal, 24_000, EAR, 85.0)
    threads = torch.get_num_threads()
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    try:
        again = HaaqiNetLoss()(signal.requires_grad_(), 24_000, EAR, 85.0)
        again.backward()
        scorer = load_scorer("haaqinet")
        scorer.quick = None  # torch's score
        score = scorer(Stimulus(signal.detach()[0].numpy(), 24_000, EAR, 85.0)).value
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
    assert again.dtype == torch.float32
    assert again.item() == pytest.approx(value.item(), abs=1e-6)
    assert 1 - score == pytest.approx(value.item(), abs=1e-6)
    assert signal.grad.dtype == torch.float32
    assert torch.get_num_threads() == threads


def test_both_passes_keep_to_the_threads_that_were_said():
    seen = []

    class Watched(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            seen.append(torch.get_num_threads())
            return x.clone()

        @staticmethod
        def backward(ctx, grad):
            seen.append(torch.get_num_threads())
            return grad

    loss = HaaqiNetLoss(small_net())
    clips = loss.net.score_clips
    loss.net.score_clips = lambda x, *rest: clips(Watched.apply(x), *rest)
    signal = torch.from_numpy(notes(0.6, 24_000)).float()[None].requires_grad_()
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        loss(signal, 24_000, EAR).backward()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen == [1, 1]
