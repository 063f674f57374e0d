"""enhance.py: the files of the challenges' own enhance.py, once per song, and safe to kill."""

import json
import os
import sys
import types
from importlib import import_module
from pathlib import Path

import cadenza_tree as tree
import numpy as np
import pytest
import soundfile
from places import ROOT
from scripts import run_script

from haaqinet_eval.audiogram import EARS
from haaqinet_eval.cadenza import load_challenge
from haaqinet_eval.cadenza.cad2_task2.render import share_gains
from haaqinet_eval.cadenza.challenge import select_pairs
from haaqinet_eval.cadenza.flac import Output
from haaqinet_eval.errors import InputError
from haaqinet_eval.nalr import NalR
from haaqinet_eval.registry import challenge_record
from haaqinet_eval.systems import Song, load_system
from haaqinet_eval.systems.enhance import enhance
from haaqinet_eval.systems.run import run_enhancement, wanted_systems

LSB = 1  # of 16 bits: two ways to convolve differ by rounding, which truncation can show


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    """A tiny tree per challenge, with what a system needs besides."""
    made = {name: build(tmp_path_factory.mktemp(name)) for name, build in tree.BUILDERS.items()}
    folder = made["cad1_task1"] / "audio/musdb18hq/train/Band - Song"
    stems = [soundfile.read(folder / f"{stem}.wav")[0] for stem in tree.STEMS]
    tree.write_audio(folder / "mixture.wav", sum(stems))
    segments = made["cad1_task1"] / "metadata/musdb18.segments.test.json"
    record = json.loads(segments.read_text())
    record["Band - Song"]["subjective_evaluation"] = {"start": 0.5, "end": 1.0, "duration": 0.5}
    tree.write_json(segments, record)
    music = made["cad2_task2"] / "metadata/music.valid.json"
    record = json.loads(music.read_text())
    for source, name in (("source_1", "Violin_1"), ("source_2", "Violin_2"), ("mixture", "Mixture")):
        record["piece"][source]["instrument"] = name
    tree.write_json(music, record)
    return made


class Rough:
    """A system whose stems are the true ones with a little of the mixture; counts its calls."""

    name = "rough"
    blind = True
    amplifies = True
    rebalances = True

    def __init__(self):
        self.songs = []

    def separate(self, song: Song):
        self.songs.append(song.name)
        true = song.load_true_stems()
        return {name: 0.9 * stem + 0.1 * song.mixture / len(true) for name, stem in true.items()}


def prepare(name, roots, tmp_path, **overrides):
    config = tree.config(name, roots[name], tmp_path, **overrides)
    challenge = load_challenge(name, config, {"rough": tmp_path / "signals"})
    return challenge_record(name).find("renderer")(challenge, config), challenge, config


def read16(path):
    return soundfile.read(path, dtype="int16")


def assert_same_file(path, expected):
    (got, rate), (want, wanted_rate) = read16(path), read16(expected)
    assert rate == wanted_rate
    assert got.shape == want.shape
    difference = np.abs(got.astype(int) - want)
    assert difference.max() <= LSB
    assert np.mean(difference > 0) < 1e-3


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    "options",
    [{"do_clip_signal": True}, {"do_clip_signal": True, "do_soft_clip": True}, {"do_scale_signal": True}],
)
def test_flac_decodes_to_what_pyclarity_writes(tmp_path, options, channels):
    from clarity.utils.flac_encoder import read_flac_signal, save_flac_signal

    signal = np.random.default_rng(0).standard_normal((30000, channels)).squeeze() * 0.6
    save_flac_signal(signal, tmp_path / "theirs.flac", 44100, 32000, **options)
    scale, soft = options.get("do_scale_signal", False), options.get("do_soft_clip", False)
    Output(tmp_path / "ours.flac", signal, 44100, 32000, scale, soft).write()
    ours, theirs = (read16(tmp_path / f"{name}.flac") for name in ("ours", "theirs"))
    np.testing.assert_array_equal(ours[0], theirs[0])
    assert ours[1] == theirs[1] == 32000
    read = [read_flac_signal(tmp_path / f"{name}.flac")[0] for name in ("ours", "theirs")]
    np.testing.assert_array_equal(*read)
    assert len(list(tmp_path.glob("*.txt"))) == 2 * scale


def test_a_silent_stem_is_written_as_silence(tmp_path):
    assert Output(tmp_path / "a.flac", np.zeros(5000), 24000, 24000, scale=True).write() == 0
    assert not read16(tmp_path / "a.flac")[0].any()
    assert float((tmp_path / "a.txt").read_text()) == 1.0


def test_write_counts_clipped_samples(tmp_path):
    assert Output(tmp_path / "a.flac", np.array([0.5, 1.5, -2.0, 1.0]), 32000, 32000).write() == 2


@pytest.mark.parametrize("options", [{}, {"soft_clip": True}, {"apply_compressor": True}])
def test_icassp_files_are_those_of_pyclarity(roots, tmp_path, options):
    theirs = import_module("recipes.cad_icassp_2024.baseline.enhance")
    from clarity.enhancer.compressor import Compressor
    from clarity.enhancer.nalr import NALR
    from clarity.utils.audiogram import Listener

    renderer, challenge, config = prepare("cad_icassp_2024", roots, tmp_path, **options)
    pairs = select_pairs(challenge, config)[:1] if options else select_pairs(challenge, config)
    enhance(renderer, Rough(), pairs, tmp_path / "signals")
    listeners = Listener.load_listener_dict(config["path"]["listeners_file"])
    for pair in pairs:
        stems = Rough().separate(renderer.song(pair.song))
        stems = theirs.apply_gains(stems, 44100, challenge.gains(pair.scene))
        remix = theirs.remix_stems(stems, challenge.mixture(pair.song), 44100)
        compressor = Compressor(**config["compressor"])
        remix = theirs.process_remix_for_listener(
            remix, NALR(**config["nalr"]), compressor, listeners[pair.listener], config["apply_compressor"]
        )
        name = f"{pair.scene}_{pair.listener}_remix.flac"
        theirs.save_flac_signal(
            remix, tmp_path / name, 44100, 32000, do_clip_signal=True, do_soft_clip=config["soft_clip"]
        )
        assert_same_file(tmp_path / "signals" / name, tmp_path / name)


@pytest.mark.parametrize("segments", [False, True])
def test_cad1_files_are_those_of_pyclarity(roots, tmp_path, segments):
    theirs = import_module("recipes.cad1.task1.baseline.enhance")
    from clarity.enhancer.nalr import NALR
    from clarity.utils.audiogram import Listener

    folder = tmp_path / "signals"
    if segments:
        (folder / "evaluation").mkdir(parents=True)
    renderer, challenge, config = prepare("cad1_task1", roots, tmp_path, **{"evaluate.segments": segments})
    pair = challenge.pairs()[0]
    enhance(renderer, Rough(), [pair], folder)
    song = renderer.song(pair.song)
    true = {stem: signal.T for stem, signal in Rough().separate(song).items()}
    stems = theirs.map_to_dict(list(true.values()), list(true))
    listener = Listener.load_listener_dict(config["path"]["listeners_file"])[pair.listener]
    stems = theirs.process_stems_for_listener(stems, NALR(**config["nalr"]), None, listener)
    remix = theirs.remix_signal(stems)
    start, end, start15, end15 = (0.25, 1.0, 0.5, 1.0) if segments else (0, 9, 0, 9)
    out = tmp_path / "theirs"
    out.mkdir()
    for name, signal in stems.items():
        part = signal[int(start * 44100) : int(end * 44100)]
        path = out / f"{pair.listener}_{pair.song}_{name}.flac"
        theirs.save_flac_signal(part, path, 44100, 24000, do_scale_signal=True)
    part = remix[int(start15 * 44100) : int(end15 * 44100)]
    path = out / f"{pair.listener}_{pair.song}_remix.flac"
    theirs.save_flac_signal(part, path, 44100, 32000, do_clip_signal=True, do_soft_clip=True)
    ours = folder / ("evaluation" if segments else ".") / pair.listener / pair.song
    assert {p.name for p in ours.iterdir()} == {p.name for p in out.iterdir()}
    for path in out.glob("*.flac"):
        assert_same_file(ours / path.name, path)
    for path in out.glob("*.txt"):
        assert float((ours / path.name).read_text()) == pytest.approx(float(path.read_text()), rel=1e-9)


def test_cad1_refuses_a_segment_beyond_the_song(roots, tmp_path):
    (tmp_path / "signals/evaluation").mkdir(parents=True)
    file = tmp_path / "segments.json"
    segment = {"start": 0.2, "end": 5.0, "duration": 4.8}
    tree.write_json(
        file, {"Band - Song": dict.fromkeys(("objective_evaluation", "subjective_evaluation"), segment)}
    )
    overrides = {"evaluate.segments": True, "path.music_segments_test_file": str(file)}
    renderer, challenge, _ = prepare("cad1_task1", roots, tmp_path, **overrides)
    with pytest.raises(InputError, match=r"segments\.json: Band - Song: objective_evaluation.*1\.50"):
        enhance(renderer, Rough(), challenge.pairs()[:1], tmp_path / "signals")


def test_cad2_files_are_those_of_pyclarity(roots, tmp_path, monkeypatch):
    network = types.ModuleType("tasnet")  # needs huggingface_hub; no part of what is compared
    network.ConvTasNetStereo = network.overlap_and_add = None
    monkeypatch.setitem(sys.modules, "recipes.cad2.task2.ConvTasNet.local.tasnet", network)
    evaluation = import_module("recipes.cad2.task2.baseline.evaluate")
    theirs = import_module("recipes.cad2.task2.baseline.enhance")
    from clarity.utils.flac_encoder import save_flac_signal

    renderer, challenge, config = prepare("cad2_task2", roots, tmp_path)
    pair = challenge.pairs()[0]
    enhance(renderer, Rough(), [pair], tmp_path / "signals")
    song = renderer.song(pair.song)
    gains = challenge.gains(pair.scene)
    instruments = {source: name.split("_")[0] for source, name in song.stems.items()}
    shared = theirs.check_repeated_source(gains, instruments)
    assert share_gains(gains, song.stems) == shared == {"source_1": -5.0, "source_2": -5.0}
    remix = evaluation.remix_stems(evaluation.apply_gains(Rough().separate(song), 44100, shared))
    remix = evaluation.adjust_level(remix, gains)
    params = json.loads(Path(config["path"]["enhancer_params_file"]).read_text())[pair.listener]
    common = {name: config["enhancer"][name] for name in ("attack", "release", "threshold")}
    ears = {
        ear: {**common, "ratio": params[f"cr_{ear[0]}"], "makeup_gain": params[f"gain_{ear[0]}"]}
        for ear in ("left", "right")
    }
    compressor = theirs.MultibandCompressor(config["enhancer"]["crossover_frequencies"], 44100)
    remix = theirs.process_remix_for_listener(remix, compressor, ears, None)
    save_flac_signal(remix, tmp_path / "theirs.flac", 44100, 32000, do_clip_signal=True)
    ours = tmp_path / "signals/valid" / f"{pair.scene}_{pair.listener}_remix.flac"
    assert_same_file(ours, tmp_path / "theirs.flac")


def amplified_remix(challenge, pair):
    """The challenge's reference before HAAQI's rate: [T, 2] at 44.1 kHz."""
    remix, ears = challenge.remix(pair.scene), []
    for i, ear in enumerate(("left", "right")):
        if challenge.name == "cad2_task2":
            ears.append(challenge.compressor(pair.listener, ear)(remix[:, i]))
        else:
            fir, _ = challenge.nalr.build(challenge.listeners[pair.listener].ear(ear))
            ears.append(challenge.nalr.apply(fir, remix[:, i]))
    return np.stack(ears, axis=1)


@pytest.mark.parametrize("name", ["cad_icassp_2024", "cad2_task2"])
def test_ideal_is_the_reference_in_16_bits(roots, tmp_path, name):
    renderer, challenge, _ = prepare(name, roots, tmp_path)
    pairs = challenge.pairs()
    enhance(renderer, load_system("ideal"), pairs, tmp_path / "signals")
    for pair in pairs:
        signal, rate = soundfile.read(tmp_path / "signals" / challenge.enhanced_file(pair, "left", ""))
        reference = tree.resample(amplified_remix(challenge, pair), 44100, rate).clip(-1, 1)
        assert signal.shape == reference.shape
        assert np.abs(signal - reference).max() < 1.001 / 32768  # truncated, so less than one step
        ear = tree.resample(amplified_remix(challenge, pair)[:, 0], 44100, 24000)
        np.testing.assert_allclose(challenge.reference(pair, "left", "").samples, ear, atol=1e-6)


def test_passthrough_and_no_amplification(roots, tmp_path):
    renderer, challenge, _ = prepare("cad_icassp_2024", roots, tmp_path)
    pair = challenge.pairs()[1]
    song = renderer.song(pair.song)
    nalr = renderer.amplify
    outputs = {}
    for name in ("passthrough", "ideal", "no_amplification"):
        system = load_system(name)
        shared = renderer.rebalance(pair.scene, song, system.separate(song), system)
        [outputs[name]] = renderer.outputs(pair, renderer.signals(pair, shared, system), tmp_path)
    left = nalr(song.mixture[:, 0], pair.listener, "left")
    np.testing.assert_array_equal(outputs["passthrough"].signal[:, 0], left)
    plain = outputs["no_amplification"].signal
    np.testing.assert_allclose(plain, challenge.remix(pair.scene), atol=1e-12)
    np.testing.assert_allclose(outputs["ideal"].signal[:, 1], nalr(plain[:, 1], pair.listener, "right"))


def test_cad1_passthrough_remix_is_the_mixture_once(roots, tmp_path):
    renderer, challenge, _ = prepare("cad1_task1", roots, tmp_path)
    pair, system = challenge.pairs()[0], load_system("passthrough")
    song = renderer.song(pair.song)
    signals = renderer.signals(pair, system.separate(song), system)
    outputs = list(renderer.outputs(pair, signals, tmp_path))
    assert [output.path.name for output in outputs] == [file.name for file in renderer.files(pair)]
    np.testing.assert_array_equal(outputs[-1].signal[:, 0], outputs[0].signal)


def test_each_song_is_separated_once_for_all_listeners_and_gains(roots, tmp_path):
    renderer, challenge, _ = prepare("cad_icassp_2024", roots, tmp_path)
    pairs = challenge.pairs()
    mixed = [pairs[0], pairs[2], pairs[1]]  # the first song again after the second
    system = Rough()
    count = enhance(renderer, system, mixed, tmp_path / "signals")
    assert system.songs == [pairs[0].song, pairs[2].song]
    assert (count.pairs, count.songs, count.kept) == (3, 2, 0)


def test_what_is_there_is_kept_unless_overwrite(roots, tmp_path):
    renderer, challenge, _ = prepare("cad_icassp_2024", roots, tmp_path)
    pairs, folder = challenge.pairs(), tmp_path / "signals"
    enhance(renderer, Rough(), pairs[:2], folder)
    files = [folder / renderer.files(pair)[0] for pair in pairs]
    files[0].write_bytes(b"mine")
    system, seen = Rough(), []
    count = enhance(renderer, system, pairs, folder, report=seen.append)
    assert (count.pairs, count.kept, system.songs) == (1, 2, [pairs[2].song])
    assert set(seen) == set(pairs)
    assert files[0].read_bytes() == b"mine"
    assert enhance(renderer, Rough(), pairs, folder, overwrite=True).pairs == 3
    assert files[0].read_bytes() != b"mine"


@pytest.mark.parametrize("name", list(tree.BUILDERS))
def test_what_is_older_than_its_music_is_made_anew(roots, tmp_path, name):
    renderer, challenge, _ = prepare(name, roots, tmp_path)
    pairs, folder = challenge.pairs()[:1], tmp_path / "signals"
    enhance(renderer, Rough(), pairs, folder)
    music = renderer.music(pairs[0].song)
    assert {path.stem for path in music} & {"mixture", "1"}
    assert all(path.is_file() for path in music)
    oldest = folder / renderer.files(pairs[0])[0]
    before = min(path.stat().st_mtime_ns for path in music) - 10**9
    os.utime(oldest, ns=(before, before))
    assert enhance(renderer, Rough(), pairs, folder).pairs == 1
    assert enhance(renderer, Rough(), pairs, folder).kept == 1


def test_a_killed_run_leaves_whole_files_and_goes_on(roots, tmp_path, monkeypatch):
    renderer, challenge, _ = prepare("cad1_task1", roots, tmp_path)
    pairs, folder = challenge.pairs(), tmp_path / "signals"
    write, calls = soundfile.write, []

    def killed(path, samples, *args, **kwargs):
        calls.append(path)
        if len(calls) == 12:  # in the second pair, half a file
            Path(path).write_bytes(b"fLaC half")
            raise KeyboardInterrupt
        write(path, samples, *args, **kwargs)

    monkeypatch.setattr(soundfile, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        enhance(renderer, Rough(), pairs, folder)
    monkeypatch.undo()
    for path in folder.rglob("*.flac"):
        assert len(soundfile.read(path)[0])
    count = enhance(renderer, Rough(), pairs, folder)
    assert (count.kept, count.pairs) == (1, 1)
    assert all((folder / file).is_file() for pair in pairs for file in renderer.files(pair))


def test_music_that_cannot_be_read_is_named(roots, tmp_path):
    renderer, challenge, _ = prepare("cad_icassp_2024", roots, tmp_path)
    renderer.challenge.music_dir = tmp_path
    with pytest.raises(InputError, match=r"Artist - One-hlp_0001/mixture\.wav: no such file"):
        enhance(renderer, Rough(), challenge.pairs()[:1], tmp_path / "signals")


def test_batches_together_are_the_whole(roots, tmp_path):
    def files(folder, **overrides):
        config = tree.config(
            "cad_icassp_2024", roots["cad_icassp_2024"], folder, system="passthrough", **overrides
        )
        assert run_enhancement("cad_icassp_2024", config) == 0
        return {path.name for path in folder.rglob("*.flac")}

    whole = files(tmp_path / "whole")
    first = files(tmp_path / "parts", **{"evaluate.batch_size": 2})
    assert len(first) == 2
    assert files(tmp_path / "parts", **{"evaluate.batch_size": 2, "evaluate.batch": 1}) == whole
    assert len(files(tmp_path / "small", **{"evaluate.small_test": True})) == 1


def test_the_log_says_what_was_kept(roots, tmp_path, capsys):
    config = tree.config("cad_icassp_2024", roots["cad_icassp_2024"], tmp_path, system="passthrough")
    run_enhancement("cad_icassp_2024", config)
    assert "passthrough/enhanced_signals: 3 rendered from 2 songs" in capsys.readouterr().out
    run_enhancement("cad_icassp_2024", config)
    assert "3 were there and were kept; overwrite=true renders them again" in capsys.readouterr().out


def render(roots, folder, **overrides):
    config = tree.config(
        "cad_icassp_2024", roots["cad_icassp_2024"], folder, system="oracle_mask", **overrides
    )
    return run_enhancement("cad_icassp_2024", config)


def test_two_renderings_never_mix(roots, tmp_path):
    small = {"evaluate.small_test": True}
    render(roots, tmp_path, **small)
    signals = tmp_path / "oracle_mask/enhanced_signals"
    [file] = signals.iterdir()
    first = file.read_bytes()
    with pytest.raises(
        InputError, match=r"enhance\.json: .*option error 8\.0, now it is 9\.0; set overwrite=true"
    ):
        render(roots, tmp_path, **{"oracle_mask.error": 9.0})
    with pytest.raises(InputError, match=r"soft_clip False, now it is True"):
        render(roots, tmp_path, soft_clip=True)
    render(roots, tmp_path)
    assert len(list(signals.iterdir())) == 3
    assert file.read_bytes() == first
    render(roots, tmp_path, overwrite=True, **small, **{"oracle_mask.error": 9.0})
    assert list(signals.iterdir()) == [file]  # those of the other rendering are gone
    assert file.read_bytes() != first
    render(roots, tmp_path, **{"oracle_mask.error": 9.0, "separator.device": "cpu"})


def test_foreign_signals_are_not_touched(roots, tmp_path):
    foreign = tmp_path / "oracle_mask/enhanced_signals/mine.flac"
    tree.write_audio(foreign, np.zeros(100))
    with pytest.raises(InputError, match=r"holds signals that enhance\.py did not write"):
        render(roots, tmp_path)
    render(roots, tmp_path, overwrite=True)
    assert foreign.exists()


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"system": "ideal"}, ["ideal"]),
        ({"system": ["hpss", "ideal"]}, ["hpss", "ideal"]),
        ({"system": None, "separator": {"model": "demucs"}}, ["hdemucs"]),
        ({"system": None, "separator": {"model": "openunmix"}}, ["openunmix"]),
    ],
)
def test_wanted_systems(config, expected):
    assert wanted_systems(config) == expected


@pytest.mark.parametrize(
    "config", [{"system": None}, {"system": "nix"}, {"system": ["ideal", "ideal"]}, {"system": [1]}]
)
def test_wanted_systems_refuses(config):
    with pytest.raises(InputError, match="system"):
        wanted_systems(config)


def run_enhance(name, folder, *overrides):
    script = ROOT / "recipes" / name / "enhance.py"
    return run_script(script, *overrides, cwd=folder, env={"OMP_NUM_THREADS": "1", "COLUMNS": "200"})


def test_script_writes_below_the_folder_you_stand_in(roots, tmp_path):
    (tmp_path / "data").symlink_to(roots["cad_icassp_2024"])
    overrides = ("path.root=data", "system=[passthrough,oracle_mask]", "oracle_mask.error=1")
    done = run_enhance("cad_icassp_2024", tmp_path, *overrides)
    assert (done.returncode, done.stderr) == (0, "")
    folder = tmp_path / "exp/cad_icassp_2024"
    assert sorted(path.name for path in folder.iterdir()) == ["oracle_mask", "passthrough"]
    assert len(list((folder / "oracle_mask/enhanced_signals").glob("scene_?_L?_remix.flac"))) == 3


@pytest.mark.parametrize("name", list(tree.BUILDERS))
def test_script_tells_a_mistake_in_one_line(roots, tmp_path, name):
    done = run_enhance(name, tmp_path, f"path.root={roots[name]}", "system=perfect")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "error: system 'perfect' is unknown" in done.stderr


class Amplified:
    """An end-to-end enhancer: the mixture, with NAL-R, for every part."""

    name, blind = "amplified", True

    def __init__(self, change=lambda signals: signals):
        self.change = change

    def enhance(self, song, scene):
        nalr = NalR(220, song.sample_rate)
        firs = [nalr.build(scene.listener.ear(ear))[0] for ear in EARS]
        ears = [nalr.apply(fir, song.mixture[:, i]) for i, fir in enumerate(firs)]
        return self.change(dict.fromkeys(scene.parts, np.stack(ears, axis=1)))


@pytest.mark.parametrize("name", ["cad_icassp_2024", "cad1_task1"])
def test_an_enhancer_hands_in_what_a_separator_would(name, roots, tmp_path):
    renderer, challenge, config = prepare(name, roots, tmp_path)
    [pair, *_] = select_pairs(challenge, config)
    enhance(renderer, Amplified(), [pair], tmp_path / "one")
    enhance(renderer, load_system("passthrough"), [pair], tmp_path / "other")
    for file in renderer.files(pair):
        assert_same_file(tmp_path / "one" / file, tmp_path / "other" / file)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda signals: {"vocals": signals[""]}, "it made the parts"),
        (lambda s: {"": s[""][:, 0]}, "no finite"),
    ],
)
def test_an_enhancers_fault_names_scene_and_listener(change, said, roots, tmp_path):
    renderer, challenge, config = prepare("cad_icassp_2024", roots, tmp_path)
    [pair, *_] = select_pairs(challenge, config)
    with pytest.raises(
        InputError, match=rf"amplified: scene {pair.scene}, listener {pair.listener}: .*{said}"
    ):
        enhance(renderer, Amplified(change), [pair], tmp_path / "one")
