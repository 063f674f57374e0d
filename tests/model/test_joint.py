"""The network with two knobs: exponents, latency by physics, and weights that are read or refused."""

import numpy as np
import pytest
import torch

from haaqinet_eval.audiogram import Audiogram
from haaqinet_eval.errors import InputError
from haaqinet_eval.model import joint
from haaqinet_eval.model.joint import JointDimensions, JointFilter, JointNet, load_joint, save_joint
from haaqinet_eval.model.state import write_tensors
from haaqinet_eval.nalr import nalr_gains

FLAT = Audiogram.flat(40)


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(3)
    return JointNet(JointDimensions(bands=20, hidden=16, layers=2)).eval()


def sound(rate, seconds=0.5, seed=1):
    return np.random.default_rng(seed).normal(0, 0.1, int(rate * seconds) + 37)


@pytest.mark.parametrize("rate", [16_000, 24_000, 44_100, 48_000])
def test_exponents_of_nought_return_the_input(net, rate):
    given = sound(rate)
    heard = JointFilter(net, rate)(given, FLAT, 0, 0)
    assert heard.shape == given.shape
    np.testing.assert_allclose(heard, given, atol=1e-6)
    assert np.abs(JointFilter(net, rate)(given, FLAT) - given).max() > 0.01


@pytest.mark.parametrize("rate", [24_000, 44_100])
def test_nothing_depends_on_what_comes_five_milliseconds_later(net, rate):
    ears = JointFilter(net, rate)
    assert (ears.spectrum.look_ahead + 1) / rate <= 0.005
    one, cut = sound(rate), rate // 4
    other = one.copy()
    other[cut:] = sound(rate, seed=2)[cut:] * 5
    differs = np.flatnonzero(np.abs(ears(one, FLAT) - ears(other, FLAT)) > 1e-9)
    assert cut - ears.spectrum.look_ahead <= differs[0] < cut


def test_a_long_signal_is_filtered_in_portions_and_is_the_same(net, monkeypatch):
    ears, given = JointFilter(net, 24_000), sound(24_000)
    whole = ears(given, FLAT)
    monkeypatch.setattr(joint, "PORTION", 37)
    np.testing.assert_allclose(ears(given, FLAT), whole, atol=1e-5)


def test_masks_are_positive_and_one_of_them_never_amplifies(net):
    levels = torch.linspace(-20, 100, 200).reshape(2, 5, 20)
    masks = net(levels, torch.tensor([[0.0] * 8, [80.0] * 8]))
    assert masks.noise.shape == masks.gain.shape == (2, 5, 20)
    assert -joint.DEEPEST <= masks.noise.min() <= masks.noise.max() <= 0
    assert joint.GAINS[0] <= masks.gain.min() <= masks.gain.max() <= joint.GAINS[1]


def test_the_prescription_is_nalrs_and_its_exponent_a_factor_of_decibels(net):
    rate, loss = 24_000, Audiogram((30, 40, 50, 60, 60, 60, 60, 60))
    tone = 0.05 * np.sin(2 * np.pi * 2000 * np.arange(rate) / rate)
    levels = np.array(loss.resample((250, 500, 1000, 2000, 4000, 6000)).levels)
    wanted = nalr_gains(levels)[3]
    for share in (0.5, 1.0):
        heard = JointFilter(net, rate)(tone, loss, 0, share, prescription=True)
        gain = 20 * np.log10(heard[rate // 2 :].std() / tone[rate // 2 :].std())
        assert gain == pytest.approx(share * wanted, abs=0.7)


def test_a_file_keeps_a_network_and_others_are_refused(net, tmp_path):
    file = tmp_path / "own.safetensors"
    save_joint(net, file, "own")
    again = load_joint(file)
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), again.parameters(), strict=True))
    state = {key: value.clone() for key, value in net.state_dict().items()}
    for metadata, said in (
        ({"format": "other"}, "format 'other' is not haaqinet-joint-1"),
        ({"format": joint.FORMAT}, "its metadata have no dimensions"),
        ({"format": joint.FORMAT, "dimensions": '{"bands": 0}'}, "bands 0 is no whole number"),
        ({"format": joint.FORMAT, "dimensions": '{"width": 1}'}, "dimensions: .*width"),
        (
            {"format": joint.FORMAT, "dimensions": '{"bands": 21, "hidden": 16, "layers": 2}'},
            "of another shape",
        ),
    ):
        write_tensors(file, state, metadata)
        with pytest.raises(InputError, match=said):
            load_joint(file)
    with pytest.raises(InputError, match="no such file"):
        load_joint(tmp_path / "none.safetensors")


@pytest.mark.parametrize("rate", [4000, 44_100.5, 400_000])
def test_a_rate_that_is_not_known_is_told(net, rate):
    with pytest.raises(InputError, match="is no whole number from 8000 to 192,000"):
        JointFilter(net, rate)
