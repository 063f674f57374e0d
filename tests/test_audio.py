import io

import numpy as np
import pytest
import soundfile
from raw_flac import frame, raw_flac

from haaqinet_eval import Unscorable
from haaqinet_eval.audio import read_audio, resample, rms, write_flac

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
        (lambda p: p.mkdir(), "unreadable_file"),
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


WHOLE = RNG.integers(-30000, 30000, (9000, 2))
ZEROS = bytes(16)


def ogg_pages(packets, size=4000):
    """Packets as an Ogg stream (RFC 3533) with small pages, so that packets span several."""
    sizes = [s for p in packets for s in [255] * (len(p) // 255) + [len(p) % 255]]
    data, out, number = b"".join(packets), b"", 0
    while sizes:
        table, sizes = sizes[: size // 255], sizes[size // 255 :]
        kind = 2 * (number == 0) | 4 * (not sizes)
        head = b"OggS\0" + bytes([kind]) + bytes(8) + b"\x01\0\0\0" + number.to_bytes(4, "little") + bytes(4)
        out += head + bytes([len(table), *table]) + data[: sum(table)]
        data, number = data[sum(table) :], number + 1
    return out


def ogg_flac(samples):
    """FLAC in Ogg: the stream's header, then a packet per frame."""
    stream = raw_flac(samples, block=1024)
    frames = raw_flac(samples, block=1024)[42:]
    assert stream[:4] == b"fLaC"
    length = len(frame(samples[:1024], 0, 16))
    parts = [frames[i : i + length] for i in range(0, len(frames), length)]
    return ogg_pages([b"\x7fFLAC\x01\0\0\0" + stream[:42], *parts])


@pytest.mark.parametrize(
    "content",
    [
        raw_flac(WHOLE, total=0, md5=ZEROS),  # as a program writes it that cannot go back to the header
        raw_flac(WHOLE, total=0),
        raw_flac(WHOLE[:8192], total=0, md5=ZEROS),  # ends with a whole block
        raw_flac(WHOLE, total=0, block=100),  # block sizes and frame numbers of other lengths
        raw_flac(WHOLE, total=0) + b"TAG" + bytes(125),
        b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + raw_flac(WHOLE),
        ogg_flac(WHOLE),
    ],
    ids=["no total", "no total, MD5", "whole block", "small blocks", "tagged", "ID3 in front", "Ogg"],
)
def test_flac_that_states_little_or_lies_elsewhere_is_read(tmp_path, content):
    (tmp_path / "x.flac").write_bytes(content)
    audio = read_audio(tmp_path / "x.flac")
    assert audio.sample_rate == 32000
    np.testing.assert_array_equal(audio.samples * 32768, WHOLE[: len(audio.samples)])
    assert len(audio.samples) in (8192, 9000)


def cut(share, **kind):
    """A file of which a share was copied."""

    def content():
        whole = io.BytesIO()
        soundfile.write(whole, WHOLE / 32768, 32000, **kind)
        return whole.getvalue()[: int(share * len(whole.getvalue()))]

    return content


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (cut(0.5, format="WAV"), "corrupt_file", "its header states 36036 bytes, it holds 18014: it was cut"),
        (cut(0.5, format="RF64"), "corrupt_file", "it was cut short"),
        (cut(0.5, format="AIFF"), "corrupt_file", "it was cut short"),
        (cut(0.5, format="AU"), "corrupt_file", "it was cut short"),
        (cut(0.5, format="W64"), "corrupt_file", "it was cut short"),
        (cut(0.9, format="OGG"), "corrupt_file", "ends within a page of Ogg: it was cut short"),
        (cut(0.5, format="FLAC"), "corrupt_file", "cannot be decoded"),
        (lambda: raw_flac(WHOLE, total=5000), "corrupt_file", "states 5000 samples, its frames hold 9000"),
        (lambda: raw_flac(WHOLE, total=5000, md5=ZEROS), "corrupt_file", "states 5000 samples"),
        (lambda: raw_flac(WHOLE, total=9999, md5=ZEROS), "corrupt_file", "states 9999 samples"),
        (lambda: raw_flac(WHOLE, total=0)[:-9], "corrupt_file", "states no number of samples"),
        (lambda: 2 * raw_flac(WHOLE), "corrupt_file", "a second FLAC stream begins at byte"),
        (lambda: raw_flac(WHOLE, md5=b"0123456789abcdef"), "bad_md5", "not those that were encoded"),
    ],
)
def test_what_a_file_states_is_compared_with_what_it_holds(tmp_path, content, code, said):
    (tmp_path / "x").write_bytes(content())
    with pytest.raises(Unscorable, match=said) as error:
        read_audio(tmp_path / "x")
    assert error.value.code == code


def test_a_wav_from_a_pipe_states_no_size_and_is_read(tmp_path):
    soundfile.write(tmp_path / "x.wav", WHOLE / 32768, 32000)
    data = bytearray((tmp_path / "x.wav").read_bytes())
    for at in (4, data.index(b"data") + 4):  # as ffmpeg leaves it
        data[at : at + 4] = b"\xff" * 4
    (tmp_path / "x.wav").write_bytes(data)
    np.testing.assert_array_equal(read_audio(tmp_path / "x.wav").samples * 32768, WHOLE)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (bytes(4) + b"ftypM4A ", r"MP4 file \(AAC or ALAC\); convert it to WAV or FLAC first"),
        (b"\xff\xf1\x50\x80", "an AAC stream; convert it"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a WMA file; convert it"),
        (b"wvpk", "a WavPack file; convert it"),
        (b"<!DOCTYPE html><html>", "a page of HTML or XML"),
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        (b"words, words", r"x: cannot be decoded: Format not recognised$"),
    ],
)
def test_what_is_not_decoded_is_named_with_advice(tmp_path, head, said):
    (tmp_path / "x").write_bytes(head + bytes(range(100, 200)) * 9)
    with pytest.raises(Unscorable, match=said) as error:
        read_audio(tmp_path / "x")
    assert "_io." not in error.value.message


def test_resampling_keeps_a_tone_and_removes_what_would_alias():
    t = np.arange(44100) / 44100
    kept = resample(np.sin(2 * np.pi * 1000 * t), 44100, 24000)
    killed = resample(np.sin(2 * np.pi * 15000 * t), 44100, 24000)
    assert len(kept) == 24000
    expected = np.sin(2 * np.pi * 1000 * np.arange(24000) / 24000)
    assert np.abs(kept - expected)[2000:-2000].max() < 1e-3
    assert np.abs(killed)[2000:-2000].max() < 1e-3


def test_full_scale_does_not_wrap(tmp_path):
    """pyclarity's car task writes +1.0 as -32768."""
    write_flac(tmp_path / "x.flac", np.array([0.5, 1.0, 1.7, -1.0, -1.7]), 32000)
    whole = read_audio(tmp_path / "x.flac").samples[:, 0] * 32768
    np.testing.assert_array_equal(whole, [16384, 32767, 32767, -32768, -32768])


def test_rms_of_nothing_is_zero():
    assert rms(np.zeros(0)) == 0.0
    assert rms(np.ones((10, 2))) == 1.0
