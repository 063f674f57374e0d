"""What each challenge expects, and that a system's own files for it are accepted, folder or zip."""

import json
import shutil
import zipfile

import numpy as np
import pytest
import soundfile
from cadenza_tree import BUILDERS, RATE, cad1, config, enhance, write_audio

from haaqinet_eval import InputError
from haaqinet_eval.audio import resample
from haaqinet_eval.cadenza import CHALLENGES, load_challenge
from haaqinet_eval.nalr import NalR
from haaqinet_eval.submissions import (
    Submission,
    checks,
    expected_files,
    from_adapter,
    validate,
    validate_command,
)
from haaqinet_eval.submissions.decoding import Decoder


@pytest.fixture(scope="module")
def decoder():
    with Decoder() as decoder:
        yield decoder


def with_mixture(root, same_ears=False):
    """CAD1's tree has what is scored only: adds the mixture."""
    for song in (root / "audio/musdb18hq").glob("*/*"):
        stems = {path: soundfile.read(path)[0] for path in song.iterdir()}
        if same_ears:
            stems = {path: samples[:, [0, 0]] for path, samples in stems.items()}
            for path, samples in stems.items():
                soundfile.write(path, samples, RATE)
        soundfile.write(song / "mixture.wav", sum(stems.values()) / 2, RATE)
    return root


@pytest.fixture(scope="module", params=CHALLENGES)
def made(request, tmp_path_factory):
    """A challenge's name, its root, and a system's `enhanced_signals`."""
    folder = tmp_path_factory.mktemp(request.param)
    root = BUILDERS[request.param](folder / "root")
    with_mixture(root)
    adapter = load_challenge(request.param, config(request.param, root, folder))
    enhance(adapter, folder / "enhanced_signals", noise=0.3)
    return request.param, root, folder / "enhanced_signals"


def zipped(folder, path, top: str = ""):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, top + file.relative_to(folder).as_posix())
    return path


def codes(findings) -> set[str]:
    return {item.code for item in findings}


def test_expected_files_are_those_of_the_recipes_own_config(made, tmp_path):
    name, root, signals = made
    expected = expected_files(name, root)
    same = from_adapter(load_challenge(name, config(name, root, tmp_path)))
    assert (expected.files, expected.listeners) == (same.files, same.listeners)
    there = {path.relative_to(signals).as_posix() for path in signals.rglob("*.flac")}
    assert {file for file, item in expected.files.items() if item.required} == there


def test_a_systems_own_files_are_accepted(made, decoder, tmp_path):
    name, root, signals = made
    expected = expected_files(name, root)
    allowed = {"remix_missing", "top_directory"}
    assert codes(validate(signals, expected, decoder=decoder)) <= allowed
    path = zipped(signals, tmp_path / "a.zip", "submission_T001/enhanced_signals/")
    assert codes(validate(path, expected, decoder=decoder)) == codes(validate(signals, expected)) | {
        "top_directory"
    }


def test_what_is_accepted_can_be_read_for_scoring(made, tmp_path):
    name, root, signals = made
    adapter = load_challenge(name, config(name, root, tmp_path))
    pair = adapter.pairs()[0]
    file = adapter.enhanced_file(pair, "left", adapter.stems[0])
    reference = adapter.reference(pair, "left", adapter.stems[0])
    with Submission(zipped(signals, tmp_path / "a.zip", "top/"), from_adapter(adapter)) as submission:
        samples = submission.read_enhanced(file, adapter.enhanced, reference.seconds)
    np.testing.assert_array_equal(samples, soundfile.read(signals / file, dtype="float32", always_2d=True)[0])


def test_copies_of_the_challenges_own_audio_are_suspicious(made, decoder, tmp_path):
    name, root, _ = made
    adapter = load_challenge(name, config(name, root, tmp_path))
    enhance(adapter, tmp_path / "signals", noise=0.0)
    found = codes(validate(tmp_path / "signals", from_adapter(adapter), decoder=decoder))
    assert ("copy_of_reference" in found) == (name != "cad1_task2")  # where the song itself may be handed in


@pytest.fixture
def one_compared(monkeypatch):
    """Only one file is compared with all that the challenge has."""
    monkeypatch.setattr(checks, "COMPARED_FILES", 1)


def test_every_file_is_compared_with_the_mixture(made, decoder, tmp_path, one_compared):
    name, root, signals = made
    adapter = load_challenge(name, config(name, root, tmp_path))
    expected = from_adapter(adapter)
    rate = adapter.enhanced.sample_rate
    for given in sorted(signals.rglob("*.flac")):
        file = given.relative_to(signals).as_posix()
        folder = tmp_path / file.replace("/", "_")
        shutil.copytree(signals, folder)
        pair = next(p for p in adapter.pairs() if p.listener in file and p.scene in file)
        mixture = resample(adapter.mixture(pair.song), RATE, rate)
        side = [int("_right_" in file)] if adapter.enhanced.channels == 1 else [0, 1]
        write_audio(folder / file, 0.5 * mixture[:, side], rate)
        found = validate(folder, expected, decoder=decoder)
        assert [item.file for item in found if item.code == "copy_of_mixture"] == [file]


def test_further_copies_of_the_mixture_are_counted(made, decoder, tmp_path, one_compared):
    name, root, _ = made
    adapter = load_challenge(name, config(name, root, tmp_path))
    rate = adapter.enhanced.sample_rate
    monophonic = adapter.enhanced.channels == 1
    files = enhance(adapter, tmp_path / "signals")
    for path in files:
        song = next(p.song for p in adapter.pairs() if p.listener in path.name and p.scene in path.name)
        mixture = resample(adapter.mixture(song), RATE, rate)
        write_audio(path, mixture[:, [int("_right_" in path.name)]] if monophonic else mixture, rate)
    found = validate(tmp_path / "signals", from_adapter(adapter), decoder=decoder)
    copies = [item for item in found if item.code == "copy_of_mixture"]
    counted = [int(item.message.split()[0]) for item in copies if not item.file]
    assert len(counted) == 1
    assert sum(counted) + sum(bool(item.file) for item in copies) == len(files)


def swap_ears(signals):
    """Give each ear's file the other's name."""
    for left in signals.rglob("*_left_*.flac"):
        right = left.with_name(left.name.replace("_left_", "_right_"))
        spare = left.with_suffix(".spare")
        left.rename(spare), right.rename(left), spare.rename(right)


def test_files_for_one_ear_under_the_others_name_are_suspicious(decoder, tmp_path):
    root = with_mixture(cad1(tmp_path / "root"))
    adapter = load_challenge("cad1_task1", config("cad1_task1", root, tmp_path))
    enhance(adapter, tmp_path / "signals", noise=0.3)
    swap_ears(tmp_path / "signals")
    found = validate(tmp_path / "signals", from_adapter(adapter), decoder=decoder)
    swapped = [item.file for item in found if item.code == "swapped_ears"]
    assert len(swapped) == 8
    assert all("_left_" in file for file in swapped)


def test_ears_are_told_apart_by_their_loss_alone_and_not_at_all_without(decoder, tmp_path):
    root = with_mixture(cad1(tmp_path / "root"), same_ears=True)
    adapter = load_challenge("cad1_task1", config("cad1_task1", root, tmp_path))
    listener = tmp_path / "root/metadata/listeners.valid.json"
    people = json.loads(listener.read_text())
    people["L1"]["audiogram_levels_r"] = people["L1"]["audiogram_levels_l"]
    listener.write_text(json.dumps(people))
    adapter = load_challenge("cad1_task1", config("cad1_task1", root, tmp_path))
    nalr = NalR(220, RATE)
    for pair in adapter.pairs():
        for stem in adapter.stems:
            for ear, channel in (("left", 0), ("right", 1)):
                true = adapter.true_stem(pair.song, stem)[:, channel].astype(float)
                fitted = nalr.amplify(adapter.listeners[pair.listener].ear(ear), true)
                path = tmp_path / "signals" / adapter.enhanced_file(pair, ear, stem)
                out = resample(fitted, RATE, adapter.enhanced.sample_rate)
                write_audio(path, 0.3 * out, adapter.enhanced.sample_rate)
    expected = from_adapter(adapter)
    assert "swapped_ears" not in codes(validate(tmp_path / "signals", expected, decoder=decoder))
    swap_ears(tmp_path / "signals")
    found = validate(tmp_path / "signals", expected, decoder=decoder)
    assert {item.file.split("/")[0] for item in found if item.code == "swapped_ears"} == {"L2"}


def test_a_submission_to_another_challenge_is_named_so(made, decoder, tmp_path):
    name, _, signals = made
    other = CHALLENGES[CHALLENGES.index(name) - 1]
    expected = expected_files(other, BUILDERS[other](tmp_path))
    (told,) = [
        item for item in validate(signals, expected, decoder=decoder) if item.code == "wrong_challenge"
    ]
    assert f"such as {next(iter(expected.files))}" in told.message
    assert told.message.endswith(f"; this looks like a submission to {name}")
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/predictions.csv").write_text("signal,prediction\na,50\n")
    found = validate(tmp_path / "tables", expected, decoder=decoder)
    (told,) = [item for item in found if item.code == "wrong_challenge"]
    assert told.message.endswith("looks like a submission to one of tables of predictions (clip1, clip2)")


def test_the_command_prints_findings_and_returns_an_exit_code(made, tmp_path, capsys):
    name, root, signals = made
    path = zipped(signals, tmp_path / "a.zip")
    assert validate_command(path, name, root, as_json=True, deep=False) == 0
    assert {"error"}.isdisjoint(item["severity"] for item in json.loads(capsys.readouterr().out))
    (tmp_path / "bad").mkdir()
    some = next(iter(sorted(signals.rglob("*.flac"))))
    shutil.copy(some, tmp_path / "bad")
    assert validate_command(tmp_path / "bad", name, root, as_json=True, deep=False) == 1
    found = json.loads(capsys.readouterr().out)
    assert all(list(item) == ["code", "severity", "file", "message"] for item in found)
    assert validate_command(tmp_path / "bad", name, root, as_json=False, deep=False) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("refused: ")


def test_the_test_set_of_cad1_has_segments(tmp_path):
    root = cad1(tmp_path, 1.5, "test")
    expected = expected_files("cad1_task1", root)
    stems = [item for item in expected.files.values() if item.kind == "stem"]
    assert len(stems) == 16
    assert {item.seconds for item in stems} == {0.75}


@pytest.mark.parametrize(
    ("name", "split", "message"),
    [
        ("cad9", None, "is unknown"),
        ("cad2_task2", None, "no root of cad2_task2"),
        ("cad1_task1", "x", "no such file"),
    ],
)
def test_mistakes_of_the_call_are_named(name, split, message, tmp_path):
    with pytest.raises(InputError, match=message):
        expected_files(name, cad1(tmp_path), split)
