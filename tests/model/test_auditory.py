"""The front end's blocks, stretches and batches: no one can hear where they meet."""

import numpy as np
import pytest
import torch

from haaqinet_eval import Audiogram
from haaqinet_eval.model import AuditoryFrontEnd, Dimensions, HaaqiNet, band_losses
from haaqinet_eval.model.auditory import HOP, OVERLAP, SAMPLE_RATE, STEP
from haaqinet_eval.model.chunks import CHUNK, in_chunks
from haaqinet_eval.model.description import DESCRIPTION
from haaqinet_eval.model.filters import adaptation
from haaqinet_eval.model.paper import PaperDimensions, PaperNet

SMALL = Dimensions(filters=4, channels=(4, 4, 4), features=8)


@pytest.fixture(scope="module")
def ear():
    return AuditoryFrontEnd()


def notes(seed, seconds):
    """Decaying tones over a little noise, [T] at 24 kHz, RMS 1."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    out = 0.02 * rng.standard_normal(len(t))
    for start in np.arange(0, seconds, 0.21):
        since = (t - start).clip(0)
        out += (t >= start) * np.exp(-6 * since) * np.sin(2 * np.pi * rng.uniform(100, 6000) * since)
    return torch.from_numpy(out / out.std()).float()


def test_blocks_meet_without_a_seam(ear):
    signal, loss, level1 = notes(1, 3)[None], torch.full((1, 32), 25.0), torch.tensor([70.0])
    length = torch.tensor([float(signal.shape[-1])])
    frames = 37  # moves the signal against the blocks
    moved = torch.nn.functional.pad(signal, (frames * HOP, 0))
    with torch.inference_mode():
        one, spectrum = ear(signal, loss, level1)
        other, long_term = ear(moved, loss, level1, length)
    difference = (one[..., 1:] - other[..., frames + 1 :]).abs()
    assert difference.square().mean().sqrt() < 0.005  # dB
    assert difference.max() < 0.2
    torch.testing.assert_close(spectrum, long_term, atol=0.02, rtol=0)


def test_tapers_of_all_blocks_keep_the_energy(ear):
    total = torch.zeros(5 * STEP + OVERLAP)
    for block in range(5):
        total[block * STEP :][: len(ear.taper)] += ear.taper.square()
    torch.testing.assert_close(total[OVERLAP : 5 * STEP], torch.ones(5 * STEP - OVERLAP))


def test_adaptation_is_the_circuits():
    """Two capacitors, stepped by backward differences at 24 kHz as in pyclarity's ear model."""
    v0, v1, v2, out = 1.0, 0.0, 0.0, []
    r1, r2, r3 = 0.5, 0.25, 0.25
    c1, c2 = 0.002 * (r1 + r2) / (r1 * r2), 0.060 / ((r1 + r2) * r3)
    rise1, rise2 = c1 * SAMPLE_RATE, c2 * SAMPLE_RATE
    for _ in range(SAMPLE_RATE):
        matrix = [[rise1 + 1 / r1 + 1 / r2, -1 / r2], [-1 / r2, rise2 + 1 / r2 + 1 / r3]]
        v1, v2 = np.linalg.solve(matrix, [rise1 * v1 + v0 / r1, rise2 * v2])
        out.append((v0 - v1) / r1)
    impulse = np.diff(out, prepend=0)
    expected = np.fft.rfft(impulse)[:1000]  # 1 Hz a bin
    np.testing.assert_allclose(adaptation(3000, 8)[:1000], expected, atol=2e-3)


def test_signals_of_unequal_length_are_heard_as_by_themselves(ear):
    signals = [notes(2, 2.0), notes(3, 0.9), notes(4, 1.4)]
    loss = torch.from_numpy(np.stack([band_losses(Audiogram.flat(x)) for x in (10, 40, 60)])).float()
    scaled = [10 ** (60 / 20) * s for s in signals]
    padded = torch.nn.utils.rnn.pad_sequence(scaled, batch_first=True)
    lengths = torch.tensor([len(s) for s in signals])
    with torch.inference_mode():
        together, spectra = ear._hear(padded, loss, lengths)  # all at once, as on an accelerator
        for i, signal in enumerate(signals):
            alone, spectrum = ear(signal[None], loss[i : i + 1], torch.tensor([60.0]))
            torch.testing.assert_close(together[i, :, : alone.shape[-1]], alone[0], atol=1e-3, rtol=0)
            torch.testing.assert_close(spectra[i], spectrum[0], atol=1e-3, rtol=0)


@pytest.mark.parametrize("kind", ["auditory", "spectrogram"])
def test_many_ears_score_as_each_does(kind):
    torch.manual_seed(1)
    auditory = kind == "auditory"
    net = (HaaqiNet(SMALL) if auditory else PaperNet(PaperDimensions(front_end="spectrogram"))).eval()
    rate, width = net.dims.sample_rate, 32 if auditory else 8
    seconds = (1.0, 2.0, 1.0, 1.5)
    signals = [notes(i, s * rate / SAMPLE_RATE) for i, s in enumerate(seconds)]
    ears, level1 = torch.rand(4, width) * 60, torch.tensor([60.0, 65.0, 70.0, 75.0])
    with torch.inference_mode():
        together = net.predict_batch(signals, ears, level1)
        for i, judgement in enumerate(together):
            alone = net(signals[i][None], ears[i : i + 1], level1[i : i + 1])[0]
            torch.testing.assert_close(judgement.outputs, alone, atol=1e-4, rtol=0)


@pytest.mark.parametrize("frames", [2 * CHUNK * 32, 3 * CHUNK * 32 + 77, 4 * CHUNK * 32 - 3])
def test_stretches_of_a_song_give_what_the_whole_gives(frames):
    torch.manual_seed(2)
    trunk = HaaqiNet(SMALL).members[0].trunk.eval()
    envelope, bands = torch.randn(1, 32, frames), torch.randn(1, DESCRIPTION, 32)
    with torch.inference_mode():
        whole = trunk(envelope, bands)
        torch.testing.assert_close(in_chunks(trunk, 32, envelope, bands), whole, atol=1e-5, rtol=0)
