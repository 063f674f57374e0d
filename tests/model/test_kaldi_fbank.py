"""The filterbank of BEATs against torchaudio's Kaldi."""

import pytest
import torch
from torchaudio.compliance import kaldi

from haaqinet_eval.model.paper.kaldi_fbank import beats_fbank, fbank


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def signals():
    t = torch.arange(16000) / 16000
    return {
        "noise": 0.1 * noise(2, 16000),
        "odd length": 1e-3 * noise(1, 7777),
        "tones": torch.stack([0.5 * torch.sin(2765 * t), 0.3 + 0.1 * torch.sin(18850 * t)]),
        "faint": 1e-7 * noise(1, 4000),
        "silence": torch.zeros(1, 2800),
        "one frame": 0.1 * noise(1, 400),
    }


@pytest.mark.parametrize("name", signals())
def test_filterbank_is_kaldis(name):
    waveform = signals()[name]
    options = {"num_mel_bins": 128, "sample_frequency": 16000, "frame_length": 25, "frame_shift": 10}
    expected = torch.stack([kaldi.fbank(row[None] * 2**15, **options) for row in waveform])
    ours = fbank(waveform)
    assert ours.shape == expected.shape
    assert (ours - expected).abs().max() < 1e-4
    torch.testing.assert_close(beats_fbank(waveform), (expected - 15.41663) / (2 * 6.55582))


def test_filterbank_gradient_is_its_slope():
    waveform = (0.1 * noise(1, 800)).double().requires_grad_()
    direction, weight = noise(1, 800, seed=1).double(), noise(1, 3, 128, seed=2).double()
    (gradient,) = torch.autograd.grad((fbank(waveform) * weight).sum(), waveform)
    step = 1e-7 * direction
    slope = ((fbank(waveform + step) - fbank(waveform - step)) * weight).sum() / 2e-7
    torch.testing.assert_close((gradient * direction).sum(), slope, rtol=1e-4, atol=1e-4)
