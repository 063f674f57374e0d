"""Mini challenges: official keys and layout, exact sums, plausible ears; read by pyclarity's own code."""

import importlib
import json
import re
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from unittest.mock import Mock

import cadenza_tree as tree
import numpy as np
import pyloudnorm
import pytest
import soundfile
from clarity.enhancer.multiband_compressor import MultibandCompressor
from clarity.utils.audiogram import Listener as ClarityListener
from omegaconf import OmegaConf
from places import ROOT
from scipy.io import wavfile

from haaqinet_eval.audiogram import read_listeners
from haaqinet_eval.cadenza import CHALLENGES, load_challenge, mini_write
from haaqinet_eval.cadenza.cad1_task2 import mini as car_mini
from haaqinet_eval.cadenza.cad2_task2 import mini as cad2_mini
from haaqinet_eval.cadenza.cad_icassp_2024 import mini as icassp_mini
from haaqinet_eval.cadenza.challenge import Pair
from haaqinet_eval.cadenza.measured_head import MeasuredHead
from haaqinet_eval.cadenza.mini import (
    MANIFEST,
    cache_folder,
    is_complete,
    make_mini,
)
from haaqinet_eval.cadenza.mini_room import in_the_open
from haaqinet_eval.cadenza.spherical_head import at_ears, ear_delay
from haaqinet_eval.errors import InputError
from haaqinet_eval.io.files import sha256
from haaqinet_eval.registry import challenge_record

RATE = 44100
STEMS = ("vocals", "drums", "bass", "other")
RECIPES = {
    "cad_icassp_2024": "cad_icassp_2024",
    "cad1_task1": "cad1.task1",
    "cad1_task2": "cad1.task2",
    "cad2_task1": "cad2.task1",
    "cad2_task2": "cad2.task2",
}


@pytest.fixture(scope="session")
def minis(tmp_path_factory):
    base = tmp_path_factory.mktemp("minis")
    return {name: make_mini(name, base / name) for name in CHALLENGES}


def load(root, name):
    return json.loads((root / "metadata" / name).read_text())


def check_files(folder, suffix, stems, seconds):
    """All files 44.1 kHz, 16 bit, stereo; stems add up to the mixture, sample by sample."""
    samples = {}
    for name in (*stems, "mixture"):
        info = soundfile.info(folder / f"{name}.{suffix}")
        assert (info.samplerate, info.channels, info.subtype) == (RATE, 2, "PCM_16")
        assert info.frames == seconds * RATE
        samples[name] = soundfile.read(folder / f"{name}.{suffix}", dtype="int16")[0].astype(int)
        assert np.abs(samples[name]).max() < 32767
    np.testing.assert_array_equal(sum(samples[name] for name in stems), samples["mixture"])
    return samples["mixture"] / 32768


def test_icassp_layout(minis):
    root = minis["cad_icassp_2024"]
    gains, positions = load(root, "gains.json"), load(root, "head_loudspeaker_positions.json")
    assert len(gains) == 1105
    assert all(set(g) == set(STEMS) and 0 in g.values() for g in gains.values())
    assert load(root, "head_positions.json") == positions
    assert set(next(iter(positions.values()))) == {"subject", "left_angle", "right_angle", "mic"}
    for split in ("train", "valid"):
        scenes, heard = load(root, f"scenes.{split}.json"), load(root, f"scene_listeners.{split}.json")
        at_mic, tracks = load(root, f"at_mic_music.{split}.json"), load(root, f"musdb18.{split}.json")
        people = load(root, f"listeners.{split}.json")
        assert len(scenes) >= (6 if split == "train" else 3)
        assert set(scenes) == set(heard)
        for name, scene in scenes.items():
            assert set(scene) == {"music", "gain", "head_loudspeaker_positions"}
            assert 1 <= sum(v != 0 for v in gains[scene["gain"]].values()) <= 3
            assert len(set(heard[name])) == 4
            assert set(heard[name]) <= set(people)
            record = at_mic[f"{scene['music']}-{scene['head_loudspeaker_positions']}"]
            assert set(record) == {"Track Name", "Split", "Path", "Original Track Name", "Head Position"}
            mixture = check_files(root / "audio/at_mic_music" / record["Path"], "wav", STEMS, 10)
            assert pyloudnorm.Meter(RATE).integrated_loudness(mixture) == pytest.approx(-40, abs=0.2)
        assert all(set(t) == {"Track Name", "Genre", "Source", "License", "Split", "Path"} for t in tracks)
    scenes = load(root, "scenes.train.json").values()
    songs = [s["music"] for s in scenes]
    assert len(set(songs)) < len(songs)  # two remixes of one recording are among them
    assert len({s["gain"] for s in scenes}) == len(songs)


def test_the_guide_scores_a_file_at_the_recipes_level(minis, tmp_path):
    guide = (ROOT / "docs/scoring.md").read_text(encoding="utf-8")
    example = re.compile(r"haaqinet score demo/\S+/(scene_\d+)_(L\d+)_.* --level1 ([\d.]+)")
    ((scene, id, level1),) = example.findall(guide)
    config = tree.config("cad_icassp_2024", minis["cad_icassp_2024"], tmp_path)
    challenge = load_challenge("cad_icassp_2024", config)
    pair = Pair(scene, challenge.song(scene), id)
    levels = [challenge.reference(pair, ear, "").level1 for ear in ("left", "right")]
    assert [f"{level:.1f}" for level in levels] == [level1, level1]


def test_cad1_layout(minis):
    root = minis["cad1_task1"]
    segments = load(root, "musdb18.segments.test.json")
    assert len(load(root, "listeners.valid.json")) == 4
    for split, folder, seconds in (("valid", "train", 10), ("test", "test", 12)):
        for track in load(root, f"musdb18.{split}.json"):
            assert set(track) == {"Track Name", "Genre", "Source", "License", "Split"}
            assert track["Split"] == split
            check_files(root / "audio/musdb18hq" / folder / track["Track Name"], "wav", STEMS, seconds)
            if split == "test":
                parts = segments.pop(track["Track Name"])
                for kind, length in (("objective_evaluation", 10), ("subjective_evaluation", 5)):
                    assert set(parts[kind]) == {"start", "end", "duration"}
                    assert parts[kind]["end"] - parts[kind]["start"] == parts[kind]["duration"] == length
                    assert 0 <= parts[kind]["start"] < parts[kind]["end"] <= seconds
    assert not segments


def test_car_layout(minis):
    root = minis["cad1_task2"]
    scenes, heard = load(root, "scenes.json"), load(root, "scenes_listeners.json")
    rotations, impulses = load(root, "eBrird_BRIR.json"), root / "audio/eBrird"
    assert set(scenes) == set(heard)
    named = {f"Anechoic/audio/HR{k}_E02_CH1_{s}.wav" for k in (0, 36, 72) for s in ("Left", "Right")}
    for scene in scenes.values():
        assert set(scene) == {"scene", "song", "song_path", "hr", "snr", "split", "car_noise_parameters"}
        assert set(heard[scene["scene"]]) <= set(load(root, f"listeners.{scene['split']}.json"))
        info = soundfile.info(root / "audio/music" / scene["song_path"])
        assert (info.format, info.samplerate, info.channels) == ("MP3", RATE, 2)
        assert info.duration == pytest.approx(10, abs=0.1)
        assert 0 <= scene["snr"] <= 15
        assert load(root, f"music.{scene['split']}.json")[scene["song"]]["path"] == scene["song_path"]
        for room, speakers in rotations[scene["split"]][str(scene["hr"])].items():
            named |= {f"{room.title()}/audio/{n}.wav" for sides in speakers.values() for n in sides.values()}
    assert named == {path.relative_to(impulses).as_posix() for path in impulses.rglob("*.wav")}
    near, far = (wavfile.read(impulses / f"Anechoic/audio/HR0_E02_CH1_{s}.wav")[1] for s in ("Left", "Right"))
    assert near.dtype == np.float32
    assert np.argmax(np.abs(near)) < np.argmax(np.abs(far))  # -90 degrees is on the left
    assert np.sum(near**2) > 4 * np.sum(far**2)
    car, _ = (wavfile.read(impulses / f"Car/audio/HR31_E03_CH1_{s}.wav")[1] for s in ("Left", "Right"))
    tail = np.sum(car[300:] ** 2) / np.sum(car**2)
    assert 0.001 < tail < 0.5  # a small room with absorbing walls
    recipe = importlib.import_module("recipes.cad1.task2.baseline.baseline_utils")
    config = OmegaConf.create(
        {
            "path": {
                "scenes_file": str(root / "metadata/scenes.json"),
                "listeners_file": str(root / "metadata/listeners.valid.json"),
                "scenes_listeners_file": str(root / "metadata/scenes_listeners.json"),
                "hrtf_file": str(root / "metadata/eBrird_BRIR.json"),
            },
            "evaluate": {"split": "valid"},
        }
    )
    theirs, _, pairs = recipe.load_listeners_and_scenes(config)
    places = recipe.load_hrtf(config)
    assert all(str(scene["hr"]) in places for scene in theirs.values())
    assert len(recipe.make_scene_listener_list(pairs)) == 9


KEMAR = Path("/usr/share/libmysofa/MIT_KEMAR_normal_pinna.sofa")


@pytest.mark.skipif(
    not KEMAR.is_file(), reason="MIT_KEMAR_normal_pinna.sofa is not there: Debian's libmysofa1"
)
def test_a_measured_head_in_place_of_the_sphere(tmp_path, monkeypatch):
    with closing(MeasuredHead(KEMAR, RATE)) as head:
        front, left, right = (in_the_open(azimuth, RATE, 1024, head) for azimuth in (0, -90, 90))
        near, far = head(np.array([0.0, 1.0, 0.0])).T  # a source on the left
        car_mini.write_impulses(tmp_path / "measured", [-12.5], head)
    np.testing.assert_allclose(left, right[:, ::-1], atol=1e-6)
    assert np.sum(left[:, 0] ** 2) > 8 * np.sum(left[:, 1] ** 2)
    lag = (np.argmax(np.abs(far)) - np.argmax(np.abs(near))) / RATE
    assert 6e-4 < lag < 8e-4  # s, as between the ears of grown-ups
    np.testing.assert_allclose(front[:, 0], front[:, 1], atol=1e-6)
    car_mini.write_impulses(tmp_path / "sphere", [-12.5])
    names = {p.relative_to(tmp_path / "sphere") for p in (tmp_path / "sphere").rglob("*.wav")}
    assert len(names) == 14
    for name in names:
        (one, two) = (wavfile.read(tmp_path / head / name)[1] for head in ("sphere", "measured"))
        assert one.shape == two.shape
        assert not np.allclose(one, two)
    monkeypatch.setattr(car_mini, "write_cad1_task2", lambda root, head: (root / "x").write_text(str(head)))
    root = make_mini("cad1_task2", tmp_path / "mini", head=KEMAR)
    assert (root / "x").read_text() == str(KEMAR)
    assert json.loads((root / MANIFEST).read_text())["head"] == sha256(KEMAR)
    assert not is_complete("cad1_task2", root)  # that is the sphere's


def test_what_is_wrong_with_a_head_is_said(tmp_path, monkeypatch):
    (tmp_path / "text.sofa").write_text("no head")
    for challenge, file, said in (
        ("cad1_task2", "none.sofa", "none.sofa: no such file"),
        ("cad2_task2", "text.sofa", "only cad1_task2 hears through one"),
    ):
        with pytest.raises(InputError, match=said):
            make_mini(challenge, tmp_path / "mini", head=tmp_path / file)
    if KEMAR.is_file():
        with pytest.raises(InputError, match=r"text.sofa: libmysofa cannot read it"):
            make_mini("cad1_task2", tmp_path / "mini", head=tmp_path / "text.sofa")
    monkeypatch.setattr("ctypes.CDLL", Mock(side_effect=OSError))
    with pytest.raises(InputError, match=r"libmysofa 1\.1 or later is needed"):
        make_mini("cad1_task2", tmp_path / "mini", head=tmp_path / "text.sofa")
    assert [path.name for path in tmp_path.iterdir()] == ["text.sofa"]


def test_lyrics_layout(minis):
    root = minis["cad2_task1"]
    music, alphas = load(root, "music.valid.json"), load(root, "alpha.json")
    assert alphas == {f"alpha_{i}": i / 10 for i in range(11)}
    scenes, heard = load(root, "scene.valid.json"), load(root, "scene_listeners.valid.json")
    assert set(scenes) == set(heard)
    assert {0.0, 1.0} < {alphas[scene["alpha"]] for scene in scenes.values()}
    assert {scene["segment_id"] for scene in scenes.values()} == set(music)
    for segment in music.values():
        wanted = {"track_name", "path", "segment_id", "start_time", "end_time", "confidence", "text"}
        assert set(segment) == wanted
        folder = root / "audio" / segment["path"]
        mixture = check_files(folder, "flac", STEMS, 9)
        assert 0 <= segment["start_time"] < segment["end_time"] <= len(mixture) / RATE
        assert segment["text"] == segment["text"].lower()
        vocals = soundfile.read(folder / "vocals.flac", start=int(segment["start_time"] * RATE))[0]
        assert np.std(vocals) > 0.05 * np.std(mixture)  # somebody sings


def test_cad2_layout(minis):
    root = minis["cad2_task2"]
    music, gains = load(root, "music.valid.json"), load(root, "gains.json")
    assert load(root, "gains_meta.json") == {"2": gains}
    scenes, heard = load(root, "scenes.valid.json"), load(root, "scene_listeners.valid.json")
    assert 4 <= len(scenes) == len(heard)
    for name, scene in scenes.items():
        assert 50000 < int(name[1:]) < 59999  # what the recipes take for validation
        assert set(scene) == {"music", "gain"}
        assert set(gains[scene["gain"]]) == {"source_1", "source_2"}
        assert len(set(heard[name])) == 4
        assert scene["music"] in music
    instruments = set()
    for piece in music.values():
        assert list(piece) == ["source_1", "source_2", "mixture"]
        assert set(piece["source_1"]) == {"source_dataset", "instrument", "track", "start", "duration"}
        assert piece["mixture"]["instrument"] == "Mixture"
        names = [piece[s]["instrument"] for s in ("source_1", "source_2")]
        instruments |= set(names)
        folder = (root / "audio" / piece["mixture"]["track"]).parent
        assert [piece[s]["track"].rpartition("/")[2] for s in piece if s != "mixture"] == [
            f"{n}.flac" for n in names
        ]
        mixture = check_files(folder, "flac", names, 10)
        assert pyloudnorm.Meter(RATE).integrated_loudness(mixture) == pytest.approx(-40, abs=0.2)
    assert {"Violin_1", "Violin_2"} <= instruments


def test_compressor_params_fit_the_ears(minis):
    root = minis["cad2_task2"]
    params, people = load(root, "compressor_params.valid.json"), read_listeners(
        root / "metadata/listeners.valid.json"
    )  # fmt: skip
    assert set(params) == set(people)
    for id, p in params.items():
        assert p["frequencies"] == [250, 500, 1000, 2000, 4000, 8000]
        for side, ear in (("l", people[id].left), ("r", people[id].right)):
            assert len(p[f"cr_{side}"]) == len(p[f"gain_{side}"]) == 6
            assert all(1 <= r <= 3 for r in p[f"cr_{side}"])
            assert all(0 <= g <= 45 for g in p[f"gain_{side}"])
            if ear.at(2000) > 60:
                assert p[f"gain_{side}"][3] > 15
            if max(ear.levels) <= 20:
                assert max(p[f"gain_{side}"]) < 6
    worst = params["L9004"]
    compressor = MultibandCompressor([353.55, 707.11, 1414.21, 2828.43, 5656.85], RATE)
    compressor.set_compressors(
        attack=[11.0] * 6, release=[80.0] * 6, threshold=[-30.0] * 6,
        ratio=worst["cr_l"], makeup_gain=worst["gain_l"],
    )  # fmt: skip
    tone = 0.01 * np.sin(2 * np.pi * 2000 * np.arange(4000) / RATE)
    louder = np.std(compressor(tone)[0][2000:]) / np.std(tone[2000:])
    assert 20 * np.log10(louder) == pytest.approx(worst["gain_l"][3], abs=3)


def test_listeners_go_from_none_to_severe(minis):
    path = minis["cad_icassp_2024"] / "metadata/listeners.train.json"
    ours, theirs = read_listeners(path), ClarityListener.load_listener_dict(path)
    assert {p.severity_humes for p in ours.values()} >= {"none", "mild", "moderate", "severe"}
    both = (500, 1000, 2000, 4000)
    assert max(abs(p.left.mean_level(both) - p.right.mean_level(both)) for p in ours.values()) > 15
    for id, listener in theirs.items():
        assert listener.id == id
        np.testing.assert_array_equal(listener.audiogram_left.levels, ours[id].left.levels)
    few = read_listeners(minis["cad1_task1"] / "metadata/listeners.valid.json")
    assert {p.severity_humes for p in few.values()} >= {"none", "moderate", "severe"}


def overrides_of(challenge, root, split):
    """Options with which pyclarity's recipes read a split of a mini challenge; None: their default."""
    record = challenge_record(challenge)
    out = {"path.root": str(root.absolute())}
    if split is None:
        return out
    files, own = (record.metadata_files(each) for each in (split, record.mini_splits[0]))
    out |= {f"path.{n}": f"${{path.metadata_dir}}/{f}" for n, f in files.items() if f != own[n]}
    return out | ({"evaluate.split": split} if record.split_option else {})


@pytest.mark.parametrize(
    ("challenge", "split"),
    [("cad_icassp_2024", None), ("cad_icassp_2024", "valid"), ("cad1_task1", None), ("cad1_task1", "test"),
     ("cad1_task2", None), ("cad1_task2", "train"),
     ("cad2_task1", None), ("cad2_task2", None)],
)  # fmt: skip
def test_pyclarity_config_finds_every_file(minis, challenge, split):
    """`path.root` alone serves the defaults of pyclarity's own config.yaml; other splits a few more."""
    text = files(f"recipes.{RECIPES[challenge]}").joinpath("baseline/config.yaml").read_text()
    config = OmegaConf.create(text)
    overrides = overrides_of(challenge, minis[challenge], split)
    assert split or list(overrides) == ["path.root"]
    for key, value in overrides.items():
        assert OmegaConf.select(config, key, throw_on_missing=False) is not None or key == "path.root"
        OmegaConf.update(config, key, value)
    for key in config.path:
        if key.endswith(("_file", "_dir")):
            assert (minis[challenge] / config.path[key]).exists(), key
    if split:
        changed = [k for k in config.path if k.endswith("_file") and f".{split}." in config.path[k]]
        assert len(changed) >= (1 if challenge == "cad1_task2" else 2)


def test_pyclarity_recipes_read_it(minis):
    root = minis["cad_icassp_2024"]
    recipe = importlib.import_module("recipes.cad_icassp_2024.baseline.evaluate")
    pairs = recipe.make_scene_listener_list(load(root, "scene_listeners.train.json"))
    assert len(pairs) == 24
    record = next(iter(load(root, "at_mic_music.train.json").values()))
    stems, mixture = recipe.load_reference_stems(root / "audio/at_mic_music" / record["Path"])
    np.testing.assert_allclose(sum(stems.values()), mixture, atol=1e-9)
    gains = load(root, "gains.json")[load(root, "scenes.train.json")["scene_10001"]["gain"]]
    remix = recipe.remix_stems(recipe.apply_gains(stems, RATE, gains), mixture, RATE)
    assert remix.shape == mixture.shape
    assert np.sqrt(np.mean((remix - mixture) ** 2)) > 0.05 * np.sqrt(np.mean(mixture**2))

    root = minis["cad2_task2"]
    recipe = importlib.import_module("recipes.cad2.task2.baseline.evaluate")
    piece = load(root, "music.valid.json")["piece_001"]
    stems = recipe.load_reference_stems(root / "audio", piece)
    assert {name: x.shape for name, x in stems.items()} == dict.fromkeys(
        ("source_1", "source_2"), (441000, 2)
    )

    folder = next((minis["cad1_task1"] / "audio/musdb18hq/train").iterdir())
    rate, samples = wavfile.read(folder / "vocals.wav")  # as cad1's recipe reads it
    assert (rate, samples.dtype, samples.shape) == (RATE, np.int16, (441000, 2))


def test_same_bytes_twice(tmp_path):
    position = icassp_mini.head_positions()["hlp_0003"]
    for name in ("a", "b"):
        icassp_mini.write_at_mic(tmp_path / name / "song", "reggae", 7, position, seconds=2.0)
        cad2_mini.write_piece(tmp_path / name, "piece_001", 7, ("Flute", "Cello"))
    made = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert len(made) == 8
    for path in made:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes(), path


def changed_files(root):
    """Names of files whose digest is not the manifest's."""
    listed = json.loads((root / MANIFEST).read_text())["files"]
    return [name for name, entry in listed.items() if sha256(root / name) != entry["sha256"]]


def test_manifest_names_every_file(minis):
    for root in minis.values():
        names = set(json.loads((root / MANIFEST).read_text())["files"])
        assert names == {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()} - {MANIFEST}
        assert changed_files(root) == []


@pytest.fixture
def tiny(monkeypatch):
    """A challenge of one small file, and how often it was written."""
    made = []

    def write(root):
        made.append(root)
        mini_write.write_json(root / "metadata/gains.json", {"n": 1})

    monkeypatch.setattr(cad2_mini, "write_cad2_task2", write)
    return made


def test_made_once_and_again_when_damaged(tiny, tmp_path):
    root = make_mini("cad2_task2", tmp_path / "x")
    assert make_mini("cad2_task2", tmp_path / "x") == root
    assert len(tiny) == 1
    (root / "metadata/gains.json").unlink()
    assert not is_complete("cad2_task2", root)
    make_mini("cad2_task2", root)
    assert len(tiny) == 2
    make_mini("cad2_task2", root, force=True)
    assert len(tiny) == 3
    (root / "metadata/gains.json").write_text('{"n": 2}')
    assert changed_files(root) == ["metadata/gains.json"]
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_a_killed_run_leaves_nothing(tiny, tmp_path, monkeypatch):
    def fail(root):
        mini_write.write_json(root / "metadata/gains.json", {})
        raise KeyboardInterrupt

    monkeypatch.setattr(cad2_mini, "write_cad2_task2", fail)
    with pytest.raises(KeyboardInterrupt):
        make_mini("cad2_task2", tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_refuses_what_is_not_its_own(tiny, tmp_path):
    (tmp_path / "thesis.tex").write_text("dear")
    for force in (False, True):
        with pytest.raises(InputError, match="not a mini challenge"):
            make_mini("cad2_task2", tmp_path, force=force)
    assert (tmp_path / "thesis.tex").read_text() == "dear"
    with pytest.raises(InputError, match="more: cannot be written: Not a directory"):
        make_mini("cad2_task2", tmp_path / "thesis.tex" / "in" / "more")
    other = make_mini("cad2_task2", tmp_path / "data")
    for force in (False, True):
        with pytest.raises(
            InputError, match="data: holds the mini challenge cad2_task2; give another folder"
        ):
            make_mini("cad1_task1", other, force=force)
    assert is_complete("cad2_task2", other)
    with pytest.raises(InputError, match=r"'cad9'.*known: cad_icassp_2024"):
        make_mini("cad9", tmp_path)


def test_cache_folder(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("HAAQINET_CACHE", str(tmp_path / "own"))
    assert make_mini("cad2_task2").is_relative_to(tmp_path / "own" / "mini")
    monkeypatch.delenv("HAAQINET_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "haaqinet"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder().parts[-2:] == (".cache", "haaqinet")


@pytest.mark.parametrize("angle", [22.5, 30.0, 37.5])
def test_left_loudspeaker_is_earlier_and_louder_at_the_left_ear(angle):
    rng, radius = np.random.default_rng(0), 0.0875
    noise = rng.standard_normal(16384)
    heard = at_ears(np.stack([noise, 0 * noise], 1), RATE, -angle, angle, radius)
    spectra = np.fft.rfft(heard, axis=0)
    f = np.fft.rfftfreq(len(heard), 1 / RATE)
    cross = np.fft.irfft(spectra[:, 1] * np.conj(spectra[:, 0]), 16 * len(heard))  # 16 times finer
    lag = np.argmax(cross[:1024]) / (16 * RATE)  # how much later the right ear hears it
    theta = np.radians(angle)
    woodworth = radius / 343 * (theta + np.sin(theta))
    assert ear_delay(90 + angle, radius) - ear_delay(90 - angle, radius) == pytest.approx(woodworth)
    assert lag == pytest.approx(woodworth, abs=8e-5)  # the shadow adds a little delay of its own
    difference = 20 * np.log10(np.abs(spectra[:, 0]) / np.abs(spectra[:, 1]))
    low, high = difference[(f > 50) & (f < 150)].mean(), difference[(f > 4000) & (f < 12000)].mean()
    assert 0 < low < 1.5 < 5 < high < 25

    mirrored = at_ears(np.stack([0 * noise, noise], 1), RATE, -angle, angle, radius)
    np.testing.assert_allclose(mirrored[:, ::-1], heard, atol=1e-9)
