"""Systems: what they separate, and that nothing is fetched or guessed."""

import numpy as np
import pytest

from haaqinet_eval.errors import InputError
from haaqinet_eval.systems import MUSDB_STEMS, Song, System, load_system, system_name, system_names

RATE = 44100


def make_song(seconds=2.0, name="Artist - Title", stems=MUSDB_STEMS):
    """A held chord, a gliding voice, clicks and a low tone: easy for the ear, hard for nobody."""
    rng = np.random.default_rng(3)
    t = np.arange(int(seconds * RATE)) / RATE
    sweep = 2 * np.pi * (440 * t + 3 * np.sin(2 * np.pi * 5 * t))
    clicks = rng.standard_normal(t.size) * (np.mod(t, 0.25) < 0.005)
    mono = {
        "vocals": sum(np.sin(k * sweep) / k for k in range(1, 8)) * 0.1,
        "drums": clicks * 0.5,
        "bass": 0.2 * np.sin(2 * np.pi * 60 * t),
        "other": sum(np.sin(2 * np.pi * f * t) for f in (1046.5, 1318.5, 1568.0)) * 0.05,
    }
    pan = {"vocals": (1, 1), "drums": (1, 0.8), "bass": (1, 1), "other": (0.5, 1)}
    true = {stem: np.outer(mono[v], pan[v]) for stem, v in zip(stems, MUSDB_STEMS, strict=True)}
    mixture = sum(true.values())
    return Song(name, mixture, RATE, {stem: stem for stem in stems}, lambda: dict(true)), true


def sdr(true, estimate):
    """Signal-to-distortion ratio (dB)."""
    return 10 * np.log10(np.sum(true**2) / np.sum((true - estimate) ** 2))


@pytest.mark.parametrize("name", ["passthrough", "ideal", "no_amplification", "oracle_mask", "hpss"])
def test_contract(name):
    song, _ = make_song()
    system = load_system(name)
    assert isinstance(system, System)
    assert system.name == name
    stems = system.separate(song)
    again = load_system(name).separate(song)
    assert set(stems) == set(MUSDB_STEMS)
    for stem, signal in stems.items():
        assert signal.shape == song.mixture.shape
        assert np.isfinite(signal).all()
        np.testing.assert_array_equal(signal, again[stem])


def test_flags():
    flags = {n: (load_system(n).amplifies, load_system(n).rebalances) for n in system_names()[:5]}
    assert flags == {
        "passthrough": (True, False),
        "ideal": (True, True),
        "no_amplification": (False, True),
        "oracle_mask": (True, True),
        "hpss": (True, True),
    }


@pytest.mark.parametrize("name", ["oracle_mask", "hpss"])
def test_estimates_add_up_to_the_mixture(name):
    song, _ = make_song()
    total = sum(load_system(name).separate(song).values())
    np.testing.assert_allclose(total, song.mixture, atol=1e-6)


def test_oracle_mask_gets_worse_with_leakage_and_error():
    song, true = make_song()

    def mean_sdr(**options):
        estimate = load_system("oracle_mask", **options).separate(song)
        return np.mean([sdr(true[stem], estimate[stem]) for stem in MUSDB_STEMS])

    best = mean_sdr(leakage=0, error=0)
    assert best > 15
    assert best > mean_sdr(leakage=0.1, error=0) + 1 > mean_sdr(leakage=0.3, error=0) + 2
    assert best > mean_sdr(leakage=0, error=8) + 1 > mean_sdr(leakage=0, error=16) + 2


def test_oracle_mask_errors_depend_on_seed_and_song_only():
    first, _ = make_song()
    other, _ = make_song(name="Artist - Other")
    estimate = load_system("oracle_mask").separate(first)["vocals"]
    assert not np.allclose(estimate, load_system("oracle_mask", seed=1).separate(first)["vocals"])
    assert not np.allclose(estimate, load_system("oracle_mask").separate(other)["vocals"])


@pytest.mark.parametrize(
    "options", [{"leakage": 1.5}, {"leakage": -0.1}, {"error": -1}, {"error": np.nan}, {"seed": "x"}]
)
def test_oracle_mask_refuses_options(options):
    with pytest.raises(InputError, match=r"oracle_mask\."):
        load_system("oracle_mask", **options)


def test_unknown_options():
    with pytest.raises(InputError, match="hpss has no option 'bass'; known: bass_edge, long_window"):
        load_system("hpss", bass=100)
    with pytest.raises(InputError, match="ideal has no option 'x'; known: none"):
        load_system("ideal", x=1)
    with pytest.raises(InputError, match=r"option hpss\.bass_edge is 'low', not a number from 20 to 2000"):
        load_system("hpss", bass_edge="low")


def test_hpss_finds_each_stem_better_than_the_mixture_does():
    song, true = make_song()
    estimate = load_system("hpss").separate(song)
    for stem in MUSDB_STEMS:
        assert sdr(true[stem], estimate[stem]) > sdr(true[stem], song.mixture) + 3, stem


def chamber(*instruments):
    song, _ = make_song(1.0)
    stems = {f"source_{i}": name for i, name in enumerate(instruments, 1)}
    return Song("piece", song.mixture, RATE, stems, dict)


def test_hpss_splits_chamber_music_by_register():
    song = chamber("Flute", "Cello", "Violin_1", "Violin_2")
    stems = load_system("hpss").separate(song)
    np.testing.assert_allclose(sum(stems.values()), song.mixture, atol=1e-9)
    np.testing.assert_array_equal(stems["source_3"], stems["source_4"])
    spectrum = {k: np.abs(np.fft.rfft(v[:, 0])) for k, v in stems.items()}
    assert spectrum["source_2"][60] > 100 * spectrum["source_1"][60]  # 60 Hz is the cello's


def test_hpss_refuses_an_unknown_instrument():
    with pytest.raises(InputError, match="Kazoo"):
        load_system("hpss").separate(chamber("Kazoo", "Violin"))


def test_names():
    assert system_name("demucs") == "hdemucs"
    with pytest.raises(InputError, match="known: passthrough, ideal"):
        load_system("perfect")


class _Part:
    """A separator that is not whole."""

    name, blind = "part", True

    def separate(self, song):
        raise AssertionError


@pytest.mark.parametrize(
    ("made", "lacks"), [(_Part, "amplifies, rebalances"), (object, "separate and enhance")]
)
def test_what_a_system_lacks_is_named(monkeypatch, made, lacks):
    monkeypatch.setattr("haaqinet_eval.registry.systems.SystemRecord.find_factory", lambda record: made)
    with pytest.raises(InputError, match=f"system ideal: lacks {lacks}; see Separator and Enhancer"):
        load_system("ideal")
