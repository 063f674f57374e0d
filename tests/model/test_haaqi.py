"""HAAQI in torch: the exact one's numbers, and gradients that finite differences agree with."""

import numpy as np
import pytest
import torch
from haaqi_cases import make_case, tones

from haaqinet_eval.audiogram import Audiogram
from haaqinet_eval.errors import InputError, Unscorable
from haaqinet_eval.haaqi import Reference
from haaqinet_eval.model.haaqi import DifferentiableHaaqi

RATE = 24000
EARS = [Audiogram((20, 25, 30, 40, 50, 55, 60, 65)), Audiogram.flat(0)]
MUSIC = tones(np.random.RandomState(1), 14400, RATE)
NOISY = np.roll(MUSIC, 200) + 0.1 * np.random.RandomState(2).standard_normal(14400)


@pytest.mark.parametrize("index", [3, 16, 22, 26, 57, 80, 101])  # all rates, other clocks, shorter, longer
def test_numbers_are_the_exact_ones(index):
    case = make_case(index)
    ear = Audiogram(case.levels), case.equalisation, case.level1
    expected = Reference(case.reference, case.reference_rate, *ear).score(case.processed, case.processed_rate)
    model = DifferentiableHaaqi([case.reference], case.reference_rate, [ear[0]], *ear[1:])
    processed = torch.tensor(case.processed[None], dtype=torch.float32, requires_grad=True)
    got = model(processed, case.processed_rate)
    apart = 5e-3 if case.processed_rate != case.reference_rate else 1e-4
    assert got.value.item() == pytest.approx(expected.value, abs=apart)
    for name, value in expected.parts.items():
        assert got.parts[name].item() == pytest.approx(value, abs=10 * apart), name
    got.value.sum().backward()
    assert torch.isfinite(processed.grad).all()


def test_finite_differences_agree():
    model = DifferentiableHaaqi([MUSIC], RATE, EARS[:1], 2, 75.0)
    signal = torch.tensor(NOISY[None], requires_grad=True)
    scores = model(signal)
    rng = np.random.RandomState(3)
    directions = [rng.standard_normal(14400), MUSIC]
    for direction in map(torch.tensor, directions):
        with torch.no_grad():
            ends = [model(signal + sign * 1e-6 * direction) for sign in (1, -1)]
        high, low = ({"value": end.value, **end.parts} for end in ends)
        for name, value in {"value": scores.value, **scores.parts}.items():
            (gradient,) = torch.autograd.grad(value.sum(), signal, retain_graph=True)
            expected = (high[name] - low[name]).item() / 2e-6
            got = (gradient[0] * direction).sum().item()
            assert got == pytest.approx(expected, rel=1e-3, abs=1e-4), name


def test_a_batch_is_its_ears():
    model = DifferentiableHaaqi(np.stack((MUSIC, MUSIC)), RATE, EARS, 1, 80.0)
    both = model(torch.tensor(np.stack((NOISY, MUSIC)), dtype=torch.float32))
    for index, processed in enumerate((NOISY, MUSIC)):
        alone = DifferentiableHaaqi([MUSIC], RATE, EARS[index : index + 1], 1, 80.0)
        expected = alone(torch.tensor(processed[None], dtype=torch.float32))
        assert both.value[index].item() == expected.value.item()
        assert both.parts["bm_sync5"][index].item() == expected.parts["bm_sync5"].item()


@pytest.mark.parametrize("processed", [MUSIC, 0 * MUSIC, np.where(np.arange(14400) < 7200, MUSIC, 0)])
def test_gradients_are_finite_at_the_ends_of_the_scale(processed):
    model = DifferentiableHaaqi([MUSIC], RATE, EARS[:1], 2, 75.0)
    signal = torch.tensor(processed[None], dtype=torch.float32, requires_grad=True)
    value = model(signal).value
    value.sum().backward()
    assert torch.isfinite(signal.grad).all()
    expected = Reference(MUSIC, RATE, EARS[0], 2, 75.0).score(processed, RATE).value
    assert value.item() == pytest.approx(expected, abs=1e-3)


def test_ascent_raises_the_exact_score():
    """A tone control that is too loud: its gain (dB) goes where HAAQI rises."""
    exact = Reference(MUSIC, RATE, EARS[0], 2, 75.0)
    model = DifferentiableHaaqi([MUSIC], RATE, EARS[:1], 2, 75.0)
    smooth = np.convolve(MUSIC, np.ones(8) / 8, "same")
    dull, sharp = (torch.tensor(x, dtype=torch.float32) for x in (smooth, MUSIC - smooth))
    gain = torch.tensor(2.5, requires_grad=True)
    before = exact.score((dull + gain * sharp).detach().double().numpy(), RATE).value
    step = torch.optim.Adam([gain], lr=0.2)
    for _ in range(4):
        step.zero_grad()
        (-model((dull + gain * sharp)[None]).value.sum()).backward()
        step.step()
    assert exact.score((dull + gain * sharp).detach().double().numpy(), RATE).value > before + 0.01


def test_refusals():
    model = DifferentiableHaaqi([MUSIC], RATE, EARS[:1])
    with pytest.raises(InputError, match=r"\[1, samples\] is needed"):
        model(torch.zeros(2, 14400))
    with pytest.raises(Unscorable) as caught:
        model(torch.zeros(1, 10000))
    assert caught.value.code == "length_mismatch"
    with pytest.raises(InputError, match="1 references, 2 audiograms"):
        DifferentiableHaaqi([MUSIC], RATE, EARS)
