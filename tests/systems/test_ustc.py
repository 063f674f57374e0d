"""`system=ustc`: the challenge's own chain where nothing is added, an ensemble, wrong options."""

import cadenza_tree as tree
import numpy as np
import pytest
import soundfile

from haaqinet_eval.audiogram import Audiogram, Listener
from haaqinet_eval.cadenza.songs import MUSDB_STEMS, Scene, Song
from haaqinet_eval.errors import InputError
from haaqinet_eval.scorers import load_scorer
from haaqinet_eval.systems import load_system
from haaqinet_eval.systems.by_ear import separators
from haaqinet_eval.systems.run import run_enhancement
from haaqinet_eval.systems.ustc import remix
from haaqinet_eval.trials import Stimulus

RATE = 44_100
SHORT = {"name": "hpss", "bass_edge": 400.0, "short_window": 0.05}
GAINS = {"vocals": 6.0, "drums": 0.0, "bass": -3.0, "other": 0.0}


def song_of(seconds=1.0):
    noise = np.random.default_rng(1).normal(0, 0.1, (round(seconds * RATE), 2))
    return Song("song", noise, RATE, {stem: stem for stem in MUSDB_STEMS}, dict)


def test_with_one_separator_and_no_mixture_it_is_that_system_in_the_recipe(tmp_path):
    root = tree.BUILDERS["cad_icassp_2024"](tmp_path / "root")
    options = {"evaluate.limit": 1, "ustc.separators": ["hpss"], "ustc.mixture": 0.0}
    config = tree.config("cad_icassp_2024", root, tmp_path / "exp", system=["hpss", "ustc"], **options)
    assert run_enhancement("cad_icassp_2024", config) == 0
    first, second = (sorted((tmp_path / "exp" / name).rglob("*.flac")) for name in ("hpss", "ustc"))
    assert first
    assert [file.name for file in first] == [file.name for file in second]
    for pair in zip(first, second, strict=True):
        one, other = (soundfile.read(file)[0] for file in pair)
        np.testing.assert_allclose(one, other, atol=2 / 32768)


def test_an_ensemble_averages_stems_and_the_mixture_is_added_to_the_remix_alone():
    song = song_of()
    both = load_system("ustc", separators=["hpss", SHORT], weights=[3, 1], mixture=0.5)
    parts = [system.separate(song) for system in both.separators]
    assert not np.allclose(parts[0]["bass"], parts[1]["bass"])
    stems = both.separate(song)
    for stem in MUSDB_STEMS:
        np.testing.assert_allclose(stems[stem], 0.75 * parts[0][stem] + 0.25 * parts[1][stem])
    flat = Listener("L1", Audiogram.flat(0), Audiogram.flat(0))  # NAL-R only delays
    heard = both.enhance(song, Scene("scene", flat, GAINS, ("",)))[""][110:-110]
    wanted = sum(10 ** (gain / 20) * stems[stem] for stem, gain in GAINS.items()) + 0.5 * song.mixture
    np.testing.assert_allclose(heard / np.std(heard), wanted / np.std(wanted), atol=1e-9)
    assert np.std(remix(stems, song.mixture, GAINS, 1e4, RATE) - song.mixture) < 1e-3 * np.std(song.mixture)


def test_of_several_weights_a_listener_gets_that_with_the_best_prediction():
    song, ears = song_of(), (Audiogram.flat(20), Audiogram.flat(50))
    scene, weights = Scene("scene", Listener("L1", *ears), GAINS, ("",)), [0.0, 5.0]
    heard = [load_system("ustc", separators=["hpss"], mixture=w).enhance(song, scene)[""] for w in weights]
    scorer = load_scorer("haaqinet_target")

    def predicted(signal):
        scores = []
        for ear, audiogram in enumerate(ears):
            mixture = song.mixture[:, ear]
            level1 = 65 - 20 * np.log10(np.std(mixture))
            stimulus = Stimulus(signal[:, ear], RATE, audiogram, level1, mixture=mixture, gains=GAINS)
            scores.append(scorer(stimulus).value)
        return np.mean(scores)

    best = heard[np.argmax([predicted(signal) for signal in heard])]
    chosen = load_system("ustc", separators=["hpss"], mixture=weights).enhance(song, scene)[""]
    np.testing.assert_array_equal(chosen, best)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"separators": "hpss"}, "ustc.separators is 'hpss', not a list"),
        ({"separators": []}, "ustc.separators is \\[\\]"),
        ({"separators": ["joint"]}, "joint does not separate"),
        ({"separators": ["ideal"]}, "ideal hears the true stems"),
        ({"separators": [{"weights": "a.pt"}]}, "names no system"),
        ({"separators": ["nothing"]}, "nothing"),
        ({"separators": ["hpss"], "weights": [1, 2]}, "ustc.weights: 2 for 1 separators"),
        ({"separators": ["hpss"], "weights": [-1]}, "ustc.weights\\[0\\] is -1"),
        ({"separators": ["hpss"], "weights": [0]}, "all are 0"),
        ({"separators": ["hpss"], "mixture": -0.1}, "ustc.mixture is -0.1"),
        ({"separators": ["hpss"], "mixture": [0.1, "all"]}, "ustc.mixture is 'all'"),
        ({"separators": ["hpss"], "mixture": []}, "ustc.mixture is \\[\\], neither"),
    ],
)
def test_wrong_options_are_named(options, said):
    with pytest.raises(InputError, match=said):
        load_system("ustc", **options)


def test_a_challenge_that_wants_stems_is_refused():
    system = load_system("ustc", separators=["hpss"])
    listener = Listener("L1", Audiogram.flat(0), Audiogram.flat(0))
    for scene in (Scene("one", listener, {}, ("",)), Scene("two", listener, GAINS, ("", "vocals"))):
        with pytest.raises(InputError, match=f"scene {scene.name} wants"):
            system.enhance(song_of(), scene)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["hpss", "hpss"], "hpss comes twice"),
        ([{"weights": "a.pt"}], "names no system"),
        (["joint"], "joint does not separate"),
        ([{"name": "hdemucs", "weights": "nowhere.safetensors"}], "nowhere.safetensors"),
    ],
)
def test_separators_of_a_rendering_that_cannot_be_are_named(given, message):
    with pytest.raises(InputError, match=message):
        separators(given, 24_000)
