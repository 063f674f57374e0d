import numpy as np
import pytest
import soundfile

from haaqinet_eval import Unscorable
from haaqinet_eval.audio import read_audio, resample, rms

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("suffix", "subtype"), [("wav", "PCM_16"), ("flac", "PCM_16"), ("wav", "FLOAT")])
def test_samples_come_back(tmp_path, suffix, subtype):
    samples = RNG.integers(-30000, 30000, (1000, 2)) / 32768
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, samples, 32000, subtype=subtype)
    audio = read_audio(path)
    np.testing.assert_array_equal(audio.samples, samples)
    assert (audio.sample_rate, audio.channels, audio.seconds) == (32000, 2, 1000 / 32000)


def test_ogg_and_mono(tmp_path):
    t = np.arange(32000) / 32000
    soundfile.write(tmp_path / "a.ogg", 0.5 * np.sin(2 * np.pi * 440 * t), 32000)
    audio = read_audio(tmp_path / "a.ogg")
    assert audio.samples.shape == (32000, 1)
    assert rms(audio.samples) == pytest.approx(0.5 / 2**0.5, rel=0.02)


def write_nan(path):
    soundfile.write(path, np.array([0.0, np.nan]), 8000, subtype="FLOAT", format="WAV")


def write_truncated(path):
    soundfile.write(path, RNG.uniform(-1, 1, 48000), 32000, format="FLAC")
    path.write_bytes(path.read_bytes()[:20000])


@pytest.mark.parametrize(
    ("write", "code"),
    [
        (lambda p: None, "missing_file"),
        (lambda p: p.mkdir(), "missing_file"),
        (lambda p: p.write_bytes(b""), "corrupt_file"),
        (lambda p: p.write_text("no audio"), "corrupt_file"),
        (lambda p: soundfile.write(p, np.zeros((0, 2)), 32000, format="WAV"), "corrupt_file"),
        (write_truncated, "corrupt_file"),
        (write_nan, "not_finite"),
    ],
)
def test_bad_files_have_a_code_and_their_name(tmp_path, write, code):
    path = tmp_path / "x.flac"
    write(path)
    with pytest.raises(Unscorable) as error:
        read_audio(path)
    assert error.value.code == code
    assert str(path) in error.value.message


def test_resampling_keeps_a_tone_and_removes_what_would_alias():
    t = np.arange(44100) / 44100
    kept = resample(np.sin(2 * np.pi * 1000 * t), 44100, 24000)
    killed = resample(np.sin(2 * np.pi * 15000 * t), 44100, 24000)
    assert len(kept) == 24000
    expected = np.sin(2 * np.pi * 1000 * np.arange(24000) / 24000)
    assert np.abs(kept - expected)[2000:-2000].max() < 1e-3
    assert np.abs(killed)[2000:-2000].max() < 1e-3


def test_rms_of_nothing_is_zero():
    assert rms(np.zeros(0)) == 0.0
    assert rms(np.ones((10, 2))) == 1.0
