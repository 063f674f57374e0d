"""The scorer `noresqa`: clean and noisy music, clips of one's own, wrong folders and files."""

import numpy as np
import pytest
import soundfile

from haaqinet_eval import Audiogram, InputError, Stimulus, Unscorable, load_scorer
from haaqinet_eval.nalr import NalR
from haaqinet_eval.synthesis.music import make_song

RATE = 44_100
EAR = Audiogram((20, 25, 30, 40, 50, 55, 60, 65))


def song(seed):
    x = sum(make_song(seed, duration=4).values())[:, 0]
    return x * 0.1 / np.std(x)


@pytest.fixture(scope="module")
def heard():
    """A song amplified for the ear, and the same in noise of 0 dB SNR."""
    clean, nalr = song(3), NalR(220, RATE)
    noisy = clean + np.random.default_rng(1).normal(0, 0.1, len(clean))
    return [Stimulus(nalr.amplify(EAR, x), RATE, EAR, 85.0) for x in (clean, noisy)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    for seed in (11, 12, 13):
        soundfile.write(folder / f"{seed}.wav", song(seed), RATE)
    return folder


def test_clean_music_is_better_than_noisy_music_against_shipped_and_own_clips(heard, folder):
    for options in ({}, {"non_matching": folder}):
        clean, noisy = map(load_scorer("noresqa", **options), heard)
        assert clean.value > noisy.value + 0.2
        for result in (clean, noisy):
            low, high = result.interval
            assert 0 <= low <= result.value <= high <= 1


def test_the_version_tells_whose_clips_they_are(folder):
    shipped, own = load_scorer("noresqa"), load_scorer("noresqa", non_matching=folder)
    assert own.version.startswith(shipped.version + "/3 clips of clips")


def test_what_cannot_be_used_is_named(heard, folder, tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        load_scorer("noresqa", non_matching=tmp_path / "none")
    with pytest.raises(InputError, match="holds no audio"):
        load_scorer("noresqa", non_matching=tmp_path)
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    with pytest.raises(InputError, match=r"broken\.wav"):
        load_scorer("noresqa", non_matching=tmp_path)
    soundfile.write(tmp_path / "broken.wav", np.zeros(RATE), RATE)
    with pytest.raises(InputError, match="silent or shorter"):
        load_scorer("noresqa", non_matching=tmp_path)
    with pytest.raises(Unscorable, match=r"silent|inaudible"):
        load_scorer("noresqa")(Stimulus(np.zeros(RATE), RATE, EAR, 85.0))
