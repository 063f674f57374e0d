"""`haaqinet compare` of two audio files for a listener."""

import json

import numpy as np
import pytest
import soundfile
from commands import run

from haaqinet_eval.synthesis.music import make_song

EAR = ("--audiogram", "250:20,500:25,1000:30,2000:40,4000:50,6000:55")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    clean = sum(make_song(5, duration=3).values())
    clean *= 0.1 / np.std(clean)
    other = sum(make_song(6, duration=3).values())
    noisy = other * 0.1 / np.std(other) + np.random.default_rng(1).normal(0, 0.1, other.shape)
    for name, x in (("clean", clean), ("noisy", noisy), ("mono", clean[:, 0])):
        soundfile.write(folder / f"{name}.wav", x, 44_100)
    return folder


def test_clean_music_is_preferred_to_other_music_in_noise(folder, capsys):
    for names in (("clean", "noisy"), ("noisy", "clean")):
        paths = [str(folder / f"{name}.wav") for name in names]
        code, out, err = run(capsys, "compare", *paths, *EAR)
        assert code == 0, err
        assert out.count("clean.wav is better, with probability") == 2
        ears = json.loads(run(capsys, "compare", *paths, *EAR, "--json")[1])
        assert [ear["ear"] for ear in ears] == ["left", "right"]
        assert all((ear["probability"] > 0.5) == (names[0] == "clean") for ear in ears)


def test_what_cannot_be_compared_is_named(folder, capsys):
    clean, mono = (str(folder / f"{name}.wav") for name in ("clean", "mono"))
    for second, given, said in (
        (str(folder / "none.wav"), EAR, "none.wav: no audio file"),
        (mono, EAR, "not for the same ears"),
        (clean, (), "give either --audiogram or --listener"),
    ):
        code, _, err = run(capsys, "compare", clean, second, *given)
        assert code == 2
        assert said in err
