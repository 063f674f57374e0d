"""`system=joint` with its shipped weights: in two recipes, on a file, and on sounds whose answer is known."""

import json

import cadenza_tree as tree
import numpy as np
import pytest
import soundfile
from commands import run as command

from haaqinet_eval.audiogram import Audiogram, Listener
from haaqinet_eval.cadenza import load_challenge
from haaqinet_eval.cadenza.songs import Scene, Song
from haaqinet_eval.errors import InputError
from haaqinet_eval.systems import Enhancer, load_system
from haaqinet_eval.systems.run import run_enhancement

RATE = 44_100
TWO = Listener("L1", Audiogram.flat(0), Audiogram.flat(50))


def level(signal):
    return 10 * np.log10(np.mean(np.square(signal), axis=0))


@pytest.fixture(scope="module")
def music():
    """Two seconds of struck tones, [T, 2]: the same in both channels."""
    t = np.arange(2 * RATE) / RATE
    tones = sum(np.sin(2 * np.pi * f * t) for f in (220, 440, 880, 1320, 2640)) * np.exp(-4 * np.mod(t, 0.5))
    return np.stack([tones, tones], 1) * 0.1 / np.std(tones)


def test_each_ear_is_amplified_for_its_own_loss(music):
    system = load_system("joint", noise_reduction=0.0, fitting="network")
    assert isinstance(system, Enhancer)
    song = Song("song", music, RATE, {}, dict)
    signals = system.enhance(song, Scene("scene", TWO, {}, ("", "vocals")))
    assert set(signals) == {"", "vocals"}
    heard = signals[""]
    assert heard.shape == music.shape
    gain = level(heard) - level(music)
    assert gain[1] > gain[0] + 5
    nalr = load_system("joint", noise_reduction=0.0).process(music, RATE, TWO)
    np.testing.assert_allclose(nalr[:, 0], music[:, 0], atol=1e-5)  # no loss, no gain
    assert level(nalr)[1] > level(music)[1] + 5
    off = load_system("joint", noise_reduction=0.0, compensation=0.0).process(music, RATE, TWO)
    np.testing.assert_allclose(off, music, atol=1e-5)


def test_noise_is_turned_down_and_more_so_with_the_exponent(music):
    noise = np.random.default_rng(4).normal(0, 0.1, music.shape)

    def left(alpha):
        system = load_system("joint", noise_reduction=alpha, compensation=0.0)
        return level(system.process(noise, RATE, TWO))[0] - level(noise)[0]

    assert left(1.0) < left(0.5) < -0.5


@pytest.mark.parametrize("name", ["cad_icassp_2024", "cad1_task2"])
def test_it_runs_in_recipes_with_their_options(tmp_path, name):
    root = tree.BUILDERS[name](tmp_path / "root")
    folder = tmp_path / "exp"
    small = {"evaluate.limit": 1, "joint.noise_reduction": 0.5}
    config = tree.config(name, root, folder, system="joint", **small)
    assert run_enhancement(name, config) == 0
    files = sorted((folder / "joint").rglob("*.flac"))
    assert files
    for file in files:
        samples = soundfile.read(file)[0]
        assert np.std(samples) > 1e-3
    assert (
        json.loads((folder / "joint/enhance.json").read_text())["settings"]["option noise_reduction"] == 0.5
    )
    assert load_challenge(name, config).pairs()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"noise_reduction": -1}, "joint.noise_reduction is -1"),
        ({"compensation": "much"}, "joint.compensation is 'much'"),
        ({"fitting": "dsl"}, "joint.fitting is 'dsl', not one of nalr, network"),
        ({"weights": "none.safetensors"}, "none.safetensors: no such file"),
        ({"alpha": 1}, "has no option 'alpha'"),
    ],
)
def test_what_is_wrong_with_an_option_is_told(options, said):
    with pytest.raises(InputError, match=said):
        load_system("joint", **options)


@pytest.fixture
def files(tmp_path, music):
    """A mono file, one of three channels, and two listeners."""
    soundfile.write(tmp_path / "mono.wav", music[:RATE, 0], RATE)
    soundfile.write(tmp_path / "three.wav", np.repeat(music[:100, :1], 3, 1), RATE)
    soundfile.write(tmp_path / "slow.wav", music[:4000], 4000)
    soundfile.write(tmp_path / "short.wav", np.ones(3), RATE)
    (tmp_path / "text.wav").write_text("no audio")
    tree.write_listeners(tmp_path / "listeners.json")
    return tmp_path


def test_a_file_is_enhanced(files, capsys):
    out = files / "out.flac"
    given = ("enhance", files / "mono.wav", "--listener", files / "listeners.json", "--out", out)
    names = list(json.loads((files / "listeners.json").read_text()))
    code, said, told = command(capsys, *given, "--id", names[0], "--noise-reduction", 0.7)
    assert code == 0, told
    assert said.startswith(f"Wrote {out}: 1.0 s at 44100 Hz")
    info = soundfile.info(out)
    assert (info.frames, info.channels, info.samplerate, info.subtype) == (RATE, 2, RATE, "PCM_24")
    loud = (
        "enhance",
        files / "mono.wav",
        "--audiogram",
        LOSS,
        "--out",
        files / "loud.wav",
    )
    code, said, told = command(capsys, *loud, "--compensation", 2)
    assert "turned down by" in said
    assert np.abs(soundfile.read(files / "loud.wav")[0]).max() == pytest.approx(1, abs=1e-4)


LOSS = "250:60,500:60,1000:60,2000:60,4000:60,6000:60"


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("none.wav", (), "none.wav: no such file"),
        ("text.wav", (), "text.wav: cannot be decoded"),
        ("three.wav", (), "three.wav: has 3 channels, not one or two"),
        ("short.wav", (), "short.wav: has 3 samples; 0.01 s are needed"),
        ("slow.wav", (), "slow.wav: sample rate 4000 Hz is no whole number from 8000 to 192,000"),
        ("mono.wav", ("--noise-reduction", 3), "joint.noise_reduction is 3.0, not a number from 0 to 2"),
        ("mono.wav", ("--out", "out.mp3"), "--out out.mp3: is neither .wav nor .flac"),
        ("mono.wav", ("--out", "mono.wav"), "is the file that is read"),
        ("mono.wav", ("--audiogram", "250:60"), "no level at 500 Hz"),
        ("mono.wav", ("--weights", "none.safetensors"), "none.safetensors: no such file"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_in_a_line(files, monkeypatch, capsys, name, options, said):
    monkeypatch.chdir(files)
    defaults = {
        "--audiogram": LOSS,
        "--out": "out.wav",
        **dict(zip(options[::2], options[1::2], strict=True)),
    }
    code, _, told = command(capsys, "enhance", name, *(x for pair in defaults.items() for x in pair))
    assert code == 2
    assert said in told
    assert len(told.splitlines()) == 1
