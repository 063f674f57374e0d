"""Texture: what it is to show, against scipy and against sounds made for it."""

import numpy as np
import pytest
import torch
from scipy.signal import stft

from haaqinet_eval import Audiogram
from haaqinet_eval.model import band_losses
from haaqinet_eval.model.filters import BANDS, SAMPLE_RATE, center_frequencies
from haaqinet_eval.model.texture import (
    BINS,
    HOP,
    LAGS,
    NEAR,
    SIZE,
    STEPS,
    TEXTURE,
    Texture,
    band_weights,
    count_windows,
)
from haaqinet_eval.nalr import NalR
from haaqinet_eval.synthesis.degradations import coloured_noise, peak_clip, reverberate

FLAT, AVERAGE, LOWEST = 0, 7, 8  # rows
MOVES = 14
WAVE = MOVES + len(LAGS) * len(STEPS) + 2  # first row of the waveform as it is
TAKEN_BACK = WAVE + 5 + len(NEAR)
EAR = Audiogram((10, 20, 30, 35, 45, 50, 60, 65))
MIDDLE = slice(8, 24)  # bands of 0.6 to 3.5 kHz


@pytest.fixture(scope="module")
def texture():
    return Texture()


def of(texture, signal, level1=65.0, audiogram=None):
    loss = torch.zeros(32) if audiogram is None else torch.from_numpy(band_losses(audiogram)).float()
    given = torch.from_numpy(np.asarray(signal)).float()[None]
    with torch.inference_mode():
        return texture(given, loss[None], torch.tensor([level1]))[0]


def notes(seconds=3.0, f0=220.0):
    """Harmonic notes that die away within a quarter of a second."""
    t = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    partials = sum(np.sin(2 * np.pi * f0 * k * t + k) / k for k in range(1, 40))
    out = partials * np.exp(-9 * (t % 0.5))
    return out / np.sqrt(np.mean(out**2))


def test_levels_and_flatness_are_those_of_scipys_bins(texture):
    signal = 10 ** (65 / 20) * np.random.default_rng(1).standard_normal(48_000) * np.hanning(48_000)
    window = np.hanning(SIZE)
    _, _, bins = stft(signal, window=window, nperseg=SIZE, noverlap=SIZE - HOP, boundary=None, padded=False)
    scale = window.sum() ** 2 * 2 / SIZE / (window**2).sum()
    power = np.abs(bins[:BINS]) ** 2 * scale + 1
    weights = band_weights()
    level, mean = weights.T @ (10 * np.log10(power)), 10 * np.log10(weights.T @ power)
    found = of(texture, signal / 10 ** (65 / 20))
    np.testing.assert_allclose(found[FLAT], (level - mean).mean(1) / 5, atol=1e-3)
    average = weights.T @ (10 * np.log10(power.mean(1)))
    np.testing.assert_allclose(found[AVERAGE], (average - 30) / 20, atol=1e-3)


def test_a_bin_tells_the_level_of_a_tone_in_db_spl(texture):
    """All bins of a tone together have its power; weights sum to one, so a flat spectrum keeps its level."""
    weights = band_weights()
    np.testing.assert_allclose(weights.sum(0), 1)
    bins = np.arange(len(weights)) * SAMPLE_RATE / SIZE
    np.testing.assert_allclose(bins @ weights[:, 2:BANDS], center_frequencies()[2:], rtol=0.02)
    noise = np.random.default_rng(2).standard_normal(5 * SAMPLE_RATE)
    expected = 65 - 10 * np.log10(SIZE / 2)  # white noise: an equal share in each of 1024 bins
    assert (20 * of(texture, noise)[AVERAGE] + 30 - expected).abs().max() < 0.7


def test_noise_fills_the_gaps_between_partials(texture):
    clean, rng = notes(), np.random.default_rng(3)
    rows = [
        of(texture, coloured_noise(clean, SAMPLE_RATE, rng, snr_db=snr, slope=-3))[
            [FLAT, LOWEST], MIDDLE
        ].mean(1)
        for snr in (40, 20, 0)
    ]
    assert (torch.stack(rows).diff(dim=0) > 0.1).all()


def test_a_room_lets_partials_fall_slowly(texture):
    clean, rng = notes(), np.random.default_rng(4)
    falls = MOVES + len(STEPS) * 2  # by more than 15 dB within 256 ms
    wet = [reverberate(clean, SAMPLE_RATE, rng, t60=t60, direct_db=0) for t60 in (0.3, 0.9, 1.6)]
    often = torch.stack([of(texture, x)[falls, MIDDLE].mean() for x in wet])
    assert (often.diff() < 0).all()


def test_clipping_shows_in_the_waveform_and_behind_nal_r(texture):
    music = np.random.default_rng(5).standard_normal(3 * SAMPLE_RATE)
    clipped, nalr = peak_clip(music, SAMPLE_RATE, None, share=0.1), NalR(140, SAMPLE_RATE)
    plain = of(texture, clipped)[WAVE + 5, 0] - of(texture, music)[WAVE + 5, 0]
    assert plain > 1  # the share of samples within 2 % of the largest, as a third of its logarithm
    fitted, untouched = (of(texture, nalr.amplify(EAR, x), 65.0, EAR) for x in (clipped, music))
    assert fitted[TAKEN_BACK + 8, 0] - untouched[TAKEN_BACK + 8, 0] > 1  # within 40 %: NAL-R's phases differ
    assert (fitted[TAKEN_BACK, 0] < fitted[WAVE, 0] - 0.2).all()  # the crest that NAL-R made


def test_only_the_level_at_the_ear_counts(texture):
    signal = notes()
    torch.testing.assert_close(of(texture, signal, 65.0), of(texture, signal / 10, 85.0), atol=1e-3, rtol=0)


def test_a_window_is_like_a_clip_of_its_own(texture):
    """But for the waveform's shape, which is the clip's, and what is compared with what was before."""
    signal = torch.from_numpy(notes(5.0)).float()
    ear, level1 = torch.full((1, 32), 20.0), torch.tensor([65.0])
    with torch.inference_mode():
        whole, windows = texture.with_windows(signal[None], ear, level1)
        assert windows.shape == (1, count_windows(len(signal) // 96), TEXTURE, 32)
        cuts = [signal[None, 9_216 * n : 9_216 * n + 19_456] for n in range(windows.shape[1])]
        alone = torch.stack([texture(cut, ear, level1)[0] for cut in cuts])
    torch.testing.assert_close(windows[0, 0, :WAVE], alone[0, :WAVE], atol=1e-4, rtol=0)
    torch.testing.assert_close(windows[0, :, :MOVES], alone[:, :MOVES], atol=1e-4, rtol=0)
    torch.testing.assert_close(windows[0, :, WAVE:], whole[:, WAVE:].expand(len(cuts), -1, -1))
    assert (windows[0, 1:, MOVES:WAVE] - alone[1:, MOVES:WAVE]).abs().max() < 1.5


def test_signals_of_unequal_length_are_as_by_themselves(texture):
    signals = [torch.from_numpy(notes(s)).float() for s in (2.0, 0.5, 1.3)]
    loss, level1 = torch.rand(3, 32) * 50, torch.tensor([60.0, 65.0, 70.0])
    lengths = torch.tensor([len(s) for s in signals])
    padded = torch.nn.utils.rnn.pad_sequence(signals, batch_first=True)
    together = texture(padded, loss, level1, lengths)
    assert together.shape == (3, TEXTURE, BANDS)
    for i, signal in enumerate(signals):
        alone = texture(signal[None], loss[i : i + 1], level1[i : i + 1])[0]
        torch.testing.assert_close(together[i], alone)


@pytest.mark.parametrize("samples", [12_000, 36_001])
def test_gradients_are_finite_even_for_silence(texture, samples):
    for signal in (torch.zeros(1, samples), torch.randn(1, samples)):
        signal.requires_grad_()
        found = texture(signal, torch.full((1, 32), 40.0), torch.tensor([65.0]))
        found.sum().backward()
        assert found.isfinite().all()
        assert signal.grad.isfinite().all()
