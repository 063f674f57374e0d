"""What each challenge expects, and that a system's own files for it are accepted, folder or zip."""

import json
import shutil
import zipfile

import numpy as np
import pytest
import soundfile
from cadenza_tree import BUILDERS, cad1, config, enhance

from haaqinet_eval import InputError
from haaqinet_eval.cadenza import CHALLENGES, load_challenge
from haaqinet_eval.submissions import Submission, expected_files, from_adapter, validate, validate_command
from haaqinet_eval.submissions.decoding import Decoder


@pytest.fixture(scope="module")
def decoder():
    with Decoder() as decoder:
        yield decoder


@pytest.fixture(scope="module", params=CHALLENGES)
def made(request, tmp_path_factory):
    """A challenge's name, its root, and a system's `enhanced_signals`."""
    folder = tmp_path_factory.mktemp(request.param)
    root = BUILDERS[request.param](folder / "root")
    for song in (root / "audio/musdb18hq").glob("*/*"):  # the tree has what is scored only
        stems = [soundfile.read(path) for path in song.iterdir()]
        soundfile.write(song / "mixture.wav", sum(samples for samples, _ in stems) / 2, stems[0][1])
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
    assert "copy_of_reference" in codes(
        validate(tmp_path / "signals", from_adapter(adapter), decoder=decoder)
    )


def test_a_submission_to_another_challenge_is_named_so(made, decoder, tmp_path):
    name, _, signals = made
    other = CHALLENGES[CHALLENGES.index(name) - 1]
    expected = expected_files(other, BUILDERS[other](tmp_path))
    assert "wrong_challenge" in codes(validate(signals, expected, decoder=decoder))


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
