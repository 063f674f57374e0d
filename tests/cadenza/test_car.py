"""CAD1 task 2, music in a car: the numbers of pyclarity's two evaluators, and what its inputs can trigger."""

import json

import cadenza_tree as tree
import car_cases
import numpy as np
import pytest
import soundfile
from omegaconf import OmegaConf
from places import GOLDEN_FOLDER

from haaqinet_eval.audiogram import EARS
from haaqinet_eval.cadenza import load_challenge
from haaqinet_eval.cadenza.cad1_task2.noise import CarNoise, draw_parameters
from haaqinet_eval.cadenza.challenge import pair_trials
from haaqinet_eval.cadenza.enhanced import SignalFolder
from haaqinet_eval.cadenza.limiter import Limiter
from haaqinet_eval.cadenza.loaders import pair_loaders
from haaqinet_eval.errors import InputError, Unscorable
from haaqinet_eval.registry.ranking import caution, is_ranked
from haaqinet_eval.scorers import load_scorer
from haaqinet_eval.submissions import from_adapter, validate
from haaqinet_eval.systems import Scene, Song, load_system

NAME = "cad1_task2"
GOLDEN = json.loads((GOLDEN_FOLDER / "car.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("car")
    car_cases.write(folder / "root", folder / "exp")
    return folder / "root", folder / "exp"


def read(exp, challenge, pair):
    path = exp / car_cases.SYSTEM / "enhanced_signals" / challenge.enhanced_file(pair, "left", "")
    return soundfile.read(path, dtype="float32")[0]


@pytest.mark.parametrize("acoustics", car_cases.VERSIONS)
def test_each_version_gives_its_originals_numbers(made, acoustics):
    root, exp = made
    golden = GOLDEN[acoustics]
    assert golden["pyclarity"] == car_cases.VERSIONS[acoustics]
    challenge = load_challenge(NAME, tree.config(NAME, root, exp, acoustics=acoustics))
    systems, haaqi = {"made": exp / car_cases.SYSTEM / "enhanced_signals"}, load_scorer("haaqi")
    ears, pairs = iter(golden["ears"]), challenge.pairs()
    for pair, following in zip(pairs, golden["next"], strict=True):
        (load,) = pair_loaders(challenge, pair, systems, True)
        assert challenge.generator(pair).rand() == following
        for trial in pair_trials(challenge, pair, "sys"):
            wanted, stimulus, index = next(ears), load(trial), EARS.index(trial.ear)
            assert stimulus.level1 == pytest.approx(wanted["level1"], abs=1e-6)
            heard = challenge.hear(pair, read(exp, challenge, pair))
            for signal, figures in zip((heard.processed, heard.reference), wanted["signals"], strict=True):
                np.testing.assert_allclose(car_cases.figures(signal[:, index]), figures, rtol=0, atol=1e-6)
            assert haaqi(stimulus).value == pytest.approx(wanted["score"], rel=0, abs=1e-6)


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr("haaqinet_eval.cadenza.cad1_task2.noise.SECONDS", 1)  # 36 take time
    return tree.car(tmp_path / "root", 0.6)


def load(root, **overrides):
    return load_challenge(NAME, tree.config(NAME, root, root / "exp", **overrides))


def edit(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_pairs_of_the_split_and_where_their_files_lie(root):
    challenge = load(root)
    first, *_, last = challenge.pairs()
    assert [(p.scene, p.listener) for p in challenge.pairs()] == [
        ("S500001", "L2"), ("S500001", "L1"), ("S500002", "L1"),
    ]  # fmt: skip
    assert str(challenge.enhanced_file(first, "left", "")) == "valid/L2/S500001_L2_fma_1.flac"
    assert challenge.genre(last.song) == "Classical"
    np.testing.assert_array_equal(*challenge.mixture(last.song).T)  # a mono file is heard on both sides


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("scenes", lambda c: c["S500001"].update(hr=7), "'hr' is 7; .*valid has -12.5, 25 degrees"),
        ("scenes", lambda c: c["S500001"].update(snr=900), "'snr' is 900 dB, outside"),
        (
            "scenes",
            lambda c: c["S500001"].update(song_path="../../x/y.mp3"),
            "'song_path' is '../../x/y.mp3'",
        ),
        ("scenes", lambda c: c["S500001"].update(song_path="y.mp3"), "'y.mp3', not <genre>/<file>"),
        ("scenes", lambda c: c["S500002"].update(song="fma_1"), "song 'fma_1' is 'validation/Classical"),
        ("scenes", lambda c: c["S500001"].pop("split"), "S500001: field 'split' is missing"),
        ("scenes", lambda c: c["S500001"].pop("car_noise_parameters"), "car_noise_parameters is None"),
        (
            "scenes",
            lambda c: c["S500001"]["car_noise_parameters"]["bump"].update(cutoff_hz=[71, 48]),
            r"bump: field 'cutoff_hz' is \[71, 48\]",
        ),
        (
            "scenes",
            lambda c: c["S500001"]["car_noise_parameters"]["dip_low"].update(btype="highpass"),
            "dip_low: field 'btype' is 'highpass', not 'lowpass'",
        ),
        ("eBrird_BRIR", lambda c: c.update(train=c.pop("valid")), "there is no 'valid'"),
        ("eBrird_BRIR", lambda c: c["valid"]["25.0"].pop("car"), "valid: 25.0: car is None"),
        ("scenes_listeners", lambda c: c.update(S500001=["L9"]), "listener 'L9' is not in"),
    ],
)
def test_faults_in_the_metadata_are_named(root, file, change, said):
    edit(root / f"metadata/{file}.json", change)
    with pytest.raises(InputError, match=said):
        load(root).pairs()


def test_whole_angles_are_found(root):
    edit(root / "metadata/scenes.json", lambda c: c["S500002"].update(hr=25))
    edit(root / "metadata/scenes.json", lambda c: c.pop("S500001"))
    edit(root / "metadata/scenes_listeners.json", lambda c: c.pop("S500001"))
    assert load(root).places("S500002")["car"].names[0][0] == "HR18_E03_CH1_Left"


def rewrite(path, change, **options):
    samples, rate = soundfile.read(path)
    samples, rate = change(samples, rate)
    soundfile.write(path, samples, rate, **{"subtype": "FLOAT", **options})


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (lambda x, r: (x, r), {"subtype": "PCM_16"}, "PCM_16 samples; pyclarity takes the numbers"),
        (lambda x, r: (x, 48000), {}, "48000 Hz, but HR.* has 44100 Hz"),
        (lambda x, r: (np.stack([x, x], 1), r), {}, "2 channels, not 1"),
        (lambda x, r: (0 * x, r), {}, "is silent"),
        (lambda x, r: (x * np.nan, r), {}, "is nan"),
    ],
)
def test_impulse_responses_are_checked(root, change, options, said):
    challenge = load(root)
    rewrite(root / "audio/eBrird/Anechoic/audio/HR0_E02_CH1_Right.wav", change, **options)
    with pytest.raises(InputError, match=f"impulse response .*HR0_E02_CH1_Right.wav: .*{said}"):
        challenge.surroundings("S500001", "fma_1")


def test_a_missing_impulse_response_is_named(root):
    challenge = load(root)
    (root / "audio/eBrird/Car/audio/HR9_E04_CH1_Left.wav").unlink()
    with pytest.raises(InputError, match=r"HR9_E04_CH1_Left\.wav: no such file"):
        challenge.hear(challenge.pairs()[0], tree.sound(1, 0.6, rate=32000).astype(np.float32))


def test_the_noise_of_a_scene_is_made_once_and_levels_are_relative(root, monkeypatch):
    challenge, calls = load(root), []
    play = CarNoise.play
    monkeypatch.setattr(CarNoise, "play", lambda *args: calls.append(args) or play(*args))
    loud, soft = (tree.sound(91, 0.6, level, rate=32000) for level in (-44.0, -54.0))
    first, second, _ = challenge.pairs()
    heard, softer = (challenge.hear(first, samples) for samples in (loud, soft))
    challenge.hear(second, loud)
    assert len(calls) == 1
    assert np.abs(heard.processed).max() < 1
    gain = 10**0.5
    np.testing.assert_allclose(gain * softer.processed, heard.processed, atol=2e-6)  # noise follows music
    np.testing.assert_allclose(gain * softer.reference, heard.reference, atol=2e-6)
    assert softer.level1[0] == pytest.approx(heard.level1[0] + 10)


@pytest.mark.parametrize(
    ("seconds", "gain", "code"), [(0.6, 0, "silent"), (0.3, 1, "too_short"), (0.6, 1e-9, "silent")]
)
def test_what_has_no_level_has_no_score(root, seconds, gain, code):
    challenge = load(root)
    with pytest.raises(Unscorable) as error:
        challenge.hear(challenge.pairs()[0], gain * tree.sound(1, seconds, rate=32000))
    assert error.value.code == code


def test_a_stray_side_car_changes_nothing_and_is_refused_in_a_submission(root, tmp_path):
    challenge = load(root)
    tree.enhance(challenge, tmp_path / "signals")
    pair = challenge.pairs()[0]
    path = tmp_path / "signals" / challenge.enhanced_file(pair, "left", "")
    before = SignalFolder(tmp_path / "signals").read_enhanced(path, challenge.enhanced, 0.6)
    path.with_suffix(".txt").write_text("10")
    after = SignalFolder(tmp_path / "signals").read_enhanced(path, challenge.enhanced, 0.6)
    np.testing.assert_array_equal(before, after)
    found = validate(tmp_path / "signals", from_adapter(challenge), deep=False)
    assert "side_car_not_allowed" in {item.code for item in found}


def test_unknown_acoustics_and_options_are_refused(root):
    with pytest.raises(InputError, match=r"acoustics is 'new'; known: official, pyclarity"):
        load(root, acoustics="new")
    with pytest.raises(InputError, match=r"compressor\.treshold is unknown; known: threshold"):
        load(root, **{"compressor.treshold": 1})
    with pytest.raises(InputError, match="sample_rate is 48000; with acoustics=pyclarity it is 44100"):
        load(root, acoustics="pyclarity", sample_rate=48000)


def test_mp3_is_read_as_pyclarity_reads_it(root):
    utils = pytest.importorskip("recipes.cad1.task2.baseline.baseline_utils")
    challenge = load(root)
    for song in ("fma_1", "mtg_2"):
        theirs, _ = utils.read_mp3(challenge.path(song), 44100)
        np.testing.assert_array_equal(challenge.mixture(song), theirs.T)


def test_the_compressor_is_pyclaritys():
    from clarity.enhancer.compressor import Compressor

    options = {"threshold": 0.3, "attenuation": 0.1, "attack": 5, "release": 20, "rms_buffer_size": 0.064}
    signal = tree.sound(3, 0.5, -6.0)[:, 0]
    np.testing.assert_allclose(
        Limiter.from_options(options, "x")(signal),
        Compressor(**options).process(signal)[0],
        rtol=0,
        atol=1e-10,
    )


def test_noise_parameters_are_drawn_as_pyclarity_draws_them():
    from clarity.utils.car_noise_simulator.carnoise_parameters_generator import CarNoiseParametersGenerator

    for speed in (50, 77, 99.5, 105, 120):
        np.random.seed(int(speed))
        theirs = CarNoiseParametersGenerator().gen_parameters(speed)
        rng = np.random.RandomState(int(speed))
        assert draw_parameters(speed, rng) == theirs
        assert rng.rand() == np.random.rand()
        CarNoise.read(theirs, "parameters")


def test_the_baseline_is_the_official_one(root):
    theirs = pytest.importorskip("recipes.cad1.task2.baseline.enhance")
    from clarity.utils.audiogram import Listener

    challenge = load(root)
    listeners = Listener.load_listener_dict(root / "metadata/listeners.valid.json")
    config = OmegaConf.create({"sample_rate": 44100, "enhance": {"average_level": -30, "min_level": -35}})
    baseline = load_system("car_baseline", average_level=-30, min_level=-35)
    for pair in challenge.pairs():
        music = challenge.mixture(pair.song)
        song = Song(pair.song, music, 44100, {}, dict)
        made = baseline.enhance(song, Scene(pair.scene, challenge.listeners[pair.listener], {}, ("",)))
        wanted = theirs.enhance_song(music.T, listeners[pair.listener], config)
        np.testing.assert_allclose(made[""].T, np.stack(wanted), atol=1e-7)


def test_a_scorer_of_the_output_alone_takes_no_rank():
    assert "Not ranked: HAAQI-Net" in caution("haaqinet", NAME)
    assert "without the noise of the car. To rank, score with haaqi" in caution("haaqinet", NAME)
    assert [is_ranked(scorer, NAME) for scorer in ("haaqinet", "haaqi")] == [False, True]
