"""The command line as a user meets it: what it prints, its exit codes, its errors."""

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from haaqinet_eval import Audiogram, Listener, Stimulus, load_scorer
from haaqinet_eval.audio import read_audio, rms
from haaqinet_eval.audiogram import write_listeners
from haaqinet_eval.cli import main
from haaqinet_eval.scores import Score, write_scores

MILD = Audiogram((10, 10, 15, 20, 25, 30, 35, 40))
STEEP = Audiogram((10, 15, 25, 40, 55, 60, 70, 75))
MILD_TEXT = ",".join(f"{f:g}:{level:g}" for f, level in zip(MILD.frequencies, MILD.levels, strict=True))


def music(seed=0, seconds=1.5, sample_rate=24000):
    """Decaying harmonic notes, [T, 2]: enough of a tune for a score."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * sample_rate)) / sample_rate
    out = np.zeros((len(t), 2))
    for start in np.arange(0, seconds, 0.25):
        f0 = 110 * 2 ** (rng.integers(0, 24) / 12)
        note = sum(np.sin(2 * np.pi * f0 * k * t) / k for k in range(1, 12))
        envelope = np.where(t >= start, np.exp(-4 * (t - start).clip(0)), 0)
        out += 0.05 * (note * envelope)[:, None] * rng.uniform(0.5, 1, 2)
    return out


@pytest.fixture
def files(tmp_path):
    clean = music()
    noisy = clean + 0.02 * np.random.default_rng(1).standard_normal(clean.shape)
    soundfile.write(tmp_path / "clean.wav", clean, 24000)
    soundfile.write(tmp_path / "noisy.flac", noisy, 24000)
    soundfile.write(tmp_path / "mono.wav", noisy[:, 0], 24000)
    write_listeners(tmp_path / "listeners.json", [Listener("L1", MILD, STEEP)])
    return tmp_path


def run(capsys, *args):
    """Exit code, stdout, stderr of `haaqinet ARGS`."""
    sys.argv = ["haaqinet", *map(str, args)]
    try:
        main()
        code = 0
    except SystemExit as exit:
        code = exit.code or 0
    out = capsys.readouterr()
    return code, out.out, out.err


def test_both_ears_of_a_stereo_file_equal_the_library(files, capsys):
    code, out, _ = run(
        capsys, "score", files / "noisy.flac", "--listener", files / "listeners.json", "--id", "L1",
        "--scorer", "haaqi", "--reference", files / "clean.wav", "--json",
    )  # fmt: skip
    rows = json.loads(out)
    assert code == 0
    assert [r["ear"] for r in rows] == ["left", "right"]
    clean, noisy = read_audio(files / "clean.wav").samples, read_audio(files / "noisy.flac").samples
    for channel, (row, audiogram) in enumerate(zip(rows, (MILD, STEEP), strict=True)):
        level1 = 65 - 20 * np.log10(rms(clean[:, channel]))
        stimulus = Stimulus(noisy[:, channel], 24000, audiogram, level1, reference=clean[:, channel])
        expected = load_scorer("haaqi")(stimulus)
        assert row["score"] == expected.value
        assert row["parts"] == expected.parts
        assert row["level1"] == pytest.approx(level1)


def test_one_ear_of_a_mono_file_and_both_scorers(files, capsys):
    clean = files / "left.wav"
    soundfile.write(clean, read_audio(files / "clean.wav").samples[:, 0], 24000)
    code, out, _ = run(
        capsys, "score", files / "mono.wav", "--audiogram", MILD_TEXT, "--reference", clean,
        "--scorer", "haaqi", "--scorer", "haaqinet", "--level1", 90,
    )  # fmt: skip
    assert code == 0
    assert out.count("mono.wav left") == 2
    assert "bm_sync5" in out
    assert "an RMS of 1 is 90.0 dB SPL (--level1)" in out


def test_without_a_reference_the_default_level_is_said(files, capsys):
    code, out, _ = run(capsys, "score", files / "noisy.flac", "--audiogram", MILD_TEXT)
    assert code == 0
    assert "an RMS of 1 is 85.0 dB SPL (default: music at -20 dB FS RMS is played at 65 dB SPL)" in out


def test_frames_come_with_their_times(files, capsys):
    _, out, _ = run(capsys, "score", files / "mono.wav", "--audiogram", MILD_TEXT, "--json", "--frames")
    (row,) = json.loads(out)
    assert len(row["frames"]) == len(row["frame_times"]) > 1
    assert 0 < row["frame_times"][0] < row["frame_times"][-1] < 1.5


def test_how_sure_a_prediction_is_comes_with_it(files, capsys):
    _, out, _ = run(capsys, "score", files / "mono.wav", "--audiogram", MILD_TEXT, "--json")
    (row,) = json.loads(out)
    assert 0 <= row["low"] <= row["score"] <= row["high"] <= 1
    assert row["unfamiliar"] in (True, False)
    _, text, _ = run(capsys, "score", files / "mono.wav", "--audiogram", MILD_TEXT)
    assert f"(true score in {row['low']:.2f} to {row['high']:.2f}, 9 times in 10" in text


def test_no_level_of_an_audiogram_is_made_up(files, capsys):
    code, out, _ = run(capsys, "score", files / "mono.wav", "--audiogram", "250:20,500:25,1000:30", "--json")
    (row,) = json.loads(out)
    assert (code, row["score"], row["error"]) == (1, None, "bad_audiogram")
    assert "no level at 2000 Hz" in row["message"]


def test_a_bad_file_among_good_ones_is_a_row_and_exit_code_1(files, capsys):
    (files / "bad.wav").write_text("no audio")
    code, out, err = run(
        capsys, "score", files / "bad.wav", files / "gone.wav", files / "mono.wav",
        "--audiogram", MILD_TEXT, "--json",
    )  # fmt: skip
    assert code == 1
    assert [r["error"] for r in json.loads(out)] == ["corrupt_file", "missing_file", ""]
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "give either --audiogram or --listener"),
        (["--audiogram", "250:20,500:x"], "'500:x' is not Hz:dB"),
        (["--listener", "listeners.json", "--id", "L9"], "no listener 'L9'; it has L1"),
        (["--listener", "listeners.json"], "listeners.json: say which listener with --id; it has L1"),
        (["--audiogram", MILD_TEXT, "--frames"], "--frames: frame scores are printed with --json only"),
        (["--audiogram", MILD_TEXT, "--equalisation", "3"], "--equalisation 3 is neither 1 nor 2"),
        (["--listener", "gone.json", "--id", "L1"], "gone.json: no such file"),
        (["--listener", "listeners.json", "--id", "L1"], "is mono; say which ear"),
        (["--audiogram", MILD_TEXT, "--ear", "middle"], "--ear 'middle'"),
        (["--audiogram", MILD_TEXT, "--scorer", "haaqi"], "give --reference"),
        (["--audiogram", MILD_TEXT, "--scorer", "peaq"], "scorer 'peaq' is unknown; known: haaqi, haaqinet"),
        (["--audiogram", MILD_TEXT, "--scorer", "haaqi", "--reference", "clean.wav"], "has 2 channels"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(files, capsys, monkeypatch, args, message):
    monkeypatch.chdir(files)
    code, _, err = run(capsys, "score", "mono.wav", *args)
    assert code == 2
    assert message in err
    assert err.startswith("haaqinet: ")
    assert err.count("\n") == 1


def test_summary_and_report_of_a_results_file(tmp_path, capsys):
    write_listeners(tmp_path / "listeners.json", [Listener("L1", MILD, STEEP)])
    rng = np.random.default_rng(0)
    rows = [
        Score("cad", system, scene, "song <&>", "L1", ear, "", scorer, "1", value, seconds=0.1)
        for system in ("good", "worse")
        for scene in ("s1", "s2")
        for ear in ("left", "right")
        for scorer, value in (("haaqi", rng.uniform()), ("haaqinet", rng.uniform()))
    ]
    rows[0] = Score(
        "cad", "good", "s1", "song <&>", "L1", "left", "", "haaqi", "1", None, error="missing_file"
    )
    write_scores(tmp_path / "results.csv", rows)
    last = {
        "expected": 16,
        "systems": ["good", "worse"],
        "scorers": {"haaqi": "1", "haaqinet": "1"},
        "config": {"path": {"listeners_file": str(tmp_path / "listeners.json")}},
    }
    (tmp_path / "run.json").write_text(json.dumps({"runs": [{}, last]}))
    code, out, _ = run(capsys, "summary", tmp_path / "results.csv")
    assert (code, out) == run(capsys, "summary", tmp_path)[:2]
    assert code == 0
    assert "missing_file 1" in out
    assert "3/4" in out
    code, _, _ = run(capsys, "report", tmp_path / "results.csv", "--out", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert code == 0
    assert page.count("data:image/png;base64") == 2
    assert "cannot know the target gains" in page
    code, _, err = run(capsys, "report", tmp_path, "--out", tmp_path)
    assert (code, err) == (2, f"haaqinet: {tmp_path}: is a folder, not a file to write\n")


def test_summary_says_what_it_lacks(tmp_path, capsys):
    write_scores(tmp_path / "results.csv", [])
    code, _, err = run(capsys, "summary", tmp_path / "results.csv")
    assert (code, "holds no rows" in err) == (2, True)
    write_scores(tmp_path / "results.csv", [Score("c", "a", "s", "s", "L", "left", "", "haaqi", "1", 0.5)])
    code, _, err = run(capsys, "summary", tmp_path / "results.csv")
    assert (code, "give --expected" in err) == (2, True)


def test_convert_refuses_what_is_no_checkpoint(files, capsys):
    source = files / "noisy.flac"
    code, _, err = run(capsys, "convert", source, files / "x.safetensors")
    assert (code, err) == (2, f"haaqinet: {source}: is no checkpoint of torch\n")
    code, _, err = run(capsys, "convert", source, files / "x.pt")
    assert (code, err) == (2, f"haaqinet: {files / 'x.pt'}: the converted file must end in .safetensors\n")
    target = files / "none" / "x.safetensors"
    code, _, err = run(capsys, "convert", source, target)
    assert (code, err) == (2, f"haaqinet: {target}: no such folder\n")


def test_installed_command_and_version():
    text = subprocess.run(
        [sys.executable, "-m", "haaqinet_eval.cli", "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert text.startswith("haaqinet-eval 0.")
