"""The command line as a user meets it: what it prints, its exit codes, its errors."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from commands import run

from haaqinet_eval import Audiogram, Listener, Stimulus, load_scorer
from haaqinet_eval.audio import read_audio, resample, rms
from haaqinet_eval.audiogram import write_listeners
from haaqinet_eval.cli import main
from haaqinet_eval.model import Dimensions, HaaqiNet, save_model, sha256
from haaqinet_eval.scores import Score, write_scores
from haaqinet_eval.trials import Trial

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
    levels = [85 + 20 * np.log10(rms(ear)) for ear in read_audio(files / "noisy.flac").samples.T]
    assert re.findall(r"plays at (\d+) dB SPL", out) == [f"{level:.0f}" for level in levels]
    assert "warning" not in out


@pytest.mark.parametrize(
    ("level1", "clean", "warning"),
    [
        (60, [], "the file plays at {:.0f} dB SPL, below 50: music is rarely that quiet; see --level1"),
        (125, [], "above 80: rarely that loud, unless a hearing aid amplified it so much; see --level1"),
        (60, ["--reference", "clean.wav"], "the reference plays at {:.0f} dB SPL, below 50"),
    ],
)
def test_an_odd_level_is_said(files, capsys, monkeypatch, level1, clean, warning):
    monkeypatch.chdir(files)
    level = rms(read_audio("clean.wav" if clean else "noisy.flac").samples[:, 0])
    warning = warning.format(level1 + 20 * np.log10(level))
    args = ["score", "noisy.flac", "--audiogram", MILD_TEXT, "--level1", level1, *clean]
    code, out, _ = run(capsys, *args)
    assert code == 0
    assert "    warning: the " in out
    assert warning in out
    _, out, _ = run(capsys, *args, "--json")
    assert warning in json.loads(out)[0]["warnings"][0]


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


def test_a_fault_of_a_file_is_a_row_of_each_scorer_and_a_mono_output_has_its_ear_of_the_reference(
    files, capsys, monkeypatch
):
    monkeypatch.chdir(files)
    asked = ["--audiogram", MILD_TEXT, "--reference", "clean.wav", "--scorer", "haaqi"]
    code, _, _ = run(capsys, "score", "gone.wav", *asked, "--scorer", "haaqinet", "--csv", "out.csv")
    with open("out.csv", newline="") as file:
        rows = [(row["scorer"], row["sample_rate"], row["error"]) for row in csv.DictReader(file)]
    assert (code, rows) == (1, [("haaqi", "", "missing_file"), ("haaqinet", "", "missing_file")])
    code, out, _ = run(capsys, "score", "mono.wav", *asked)
    assert code == 1
    assert out.endswith("say which ear the output is for with --ear left or --ear right\n")
    code, out, _ = run(capsys, "score", "mono.wav", *asked, "--ear", "right", "--json")
    clean, noisy = read_audio("clean.wav").samples[:, 1], read_audio("mono.wav").samples[:, 0]
    stimulus = Stimulus(noisy, 24000, MILD, 65 - 20 * np.log10(rms(clean)), reference=clean)
    (row,) = json.loads(out)
    assert (row["ear"], row["score"]) == ("right", load_scorer("haaqi")(stimulus).value)
    both = [*asked[:2], "--reference", "mono.wav", "--scorer", "haaqi", "--json"]
    _, out, _ = run(capsys, "score", "noisy.flac", *both)
    heard, level1 = read_audio("noisy.flac").samples, 65 - 20 * np.log10(rms(noisy))
    for channel, row in zip(heard.T, json.loads(out), strict=True):  # of a mono file both ears hear the same
        stimulus = Stimulus(channel, 24000, MILD, level1, reference=noisy)
        assert row["score"] == load_scorer("haaqi")(stimulus).value
    for level1 in ("1000", "-5"):
        code, _, error = run(capsys, "score", "noisy.flac", *asked[:2], "--level1", level1)
        assert code == 2
        assert f"--level1 {level1}: an RMS of 1 is 0 to 200 dB SPL" in error


def test_a_misspelt_option_names_the_nearest_one(capsys):
    for args, nearest in {
        ("score", "--scoerr", "haaqi"): "--scorer",
        ("store", "backup", "--stor", "x"): "--store",
        ("--versoin",): "--version",
    }.items():
        code, _, err = run(capsys, *args)
        assert code == 2
        assert f"No such option: {args[-2 if len(args) > 1 else 0]}. Did you mean {nearest}?" in err


def test_ctrl_c_while_modules_are_imported_leaves_no_traceback():
    code = """if True:
        import sys
        class CtrlC:
            def find_spec(self, name, *rest):
                if name == "typer":
                    raise KeyboardInterrupt
        sys.meta_path.insert(0, CtrlC())
        from haaqinet_eval.cli import main
        main()
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


def test_odd_files_among_good_ones_are_rows_and_exit_code_1(files, capsys):
    (files / "bad.wav").write_text("no audio")
    soundfile.write(files / "four.wav", np.zeros((24000, 4)), 24000)
    odd = {"bad.wav": "corrupt_file", "gone.wav": "missing_file", "four.wav": "wrong_channels"}
    odd |= {"mono.wav": "which_ear", "nowhere://a.wav": "unreadable_file", "noisy.flac": ""}
    named = [name if "://" in name else files / name for name in odd]
    args = ["--listener", files / "listeners.json", "--id", "L1"]
    code, out, err = run(capsys, "score", *named, *args, "--json", "--csv", files / "scores.csv")
    assert code == 1
    rows = json.loads(out)
    assert [row["error"] for row in rows] == [*odd.values(), ""]
    assert all(row["message"] for row in rows[:-2])
    assert "Traceback" not in err
    with (files / "scores.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["error"] for row in table] == [row["error"] for row in rows]
    assert [float(row["score"]) for row in table[-2:]] == [row["score"] for row in rows[-2:]]
    assert json.loads(table[-1]["parts"]) == rows[-1]["parts"]


def test_rows_come_as_they_are_made(files, capsys, monkeypatch):
    """Ctrl-C at the third file: two rows are there, whole, on stdout and in the table."""
    from haaqinet_eval import filescore

    called = []

    def score(self, place):
        if len(called) == 2:
            raise KeyboardInterrupt
        called.append(place)
        yield filescore.Row(place.path, error="missing_file", message="gone")

    monkeypatch.setattr(filescore.FileScorer, "__call__", score)
    args = ["--audiogram", MILD_TEXT, "--scorer", "haaqi", "--reference", "x"]
    code, out, _ = run(capsys, "score", "a", "b", "c", *args, "--json", "--csv", files / "rows.csv")
    assert code == 130
    assert [row["file"] for row in json.loads(out)] == ["a", "b"]
    assert (files / "rows.csv").read_text().count("\n") == 3
    code, out, _ = run(capsys, "score", "--list", files / "rows.csv", *args, "--json")
    assert (code, json.loads(out)) == (130, [])


def test_a_folder_with_a_reference_per_file_by_name(files, capsys, monkeypatch):
    """Scorers are loaded once, a reference is read once, and scores are those of one file at a time."""
    from haaqinet_eval.filescore import scoring

    clean, noisy = (read_audio(files / name).samples for name in ("clean.wav", "noisy.flac"))
    for folder in ("out/b", "clean"):
        (files / folder).mkdir(parents=True)
    soundfile.write(files / "out" / "one.flac", noisy, 24000)
    soundfile.write(files / "out" / "b" / "two.flac", noisy[::-1], 24000)
    soundfile.write(files / "out" / "b" / "three.flac", noisy, 24000)
    (files / "out" / "notes.txt").write_text("no audio")
    soundfile.write(files / "clean" / "one.wav", clean, 24000)
    soundfile.write(files / "clean" / "two.wav", clean[::-1], 24000)
    args = ["--audiogram", MILD_TEXT, "--scorer", "haaqi", "--json"]
    code, out, _ = run(capsys, "score", files / "out", "--reference", files / "clean", *args)
    rows = json.loads(out)
    assert code == 1
    assert [(Path(row["file"]).stem, row["error"]) for row in rows] == [
        *(("three", "missing_file"), ("two", ""), ("two", "")),
        *(("one", ""), ("one", "")),
    ]
    assert "no reference named three.*" in rows[0]["message"]
    read, loaded = [], []
    monkeypatch.setattr(scoring, "read_audio", lambda path: read.append(path) or read_audio(path))
    monkeypatch.setattr(scoring, "load_scorer", lambda name: loaded.append(name) or load_scorer(name))
    both = [files / "out" / "one.flac", files / "out" / "b" / "two.flac"]
    code, out, _ = run(capsys, "score", *both, "--reference", files / "clean" / "one.wav", *args)
    assert json.loads(out)[:2] == rows[3:]
    assert read.count(str(files / "clean" / "one.wav")) == 1
    assert loaded == ["haaqi"]
    (files / "empty").mkdir()
    code, _, err = run(capsys, "score", files / "empty", *args, "--reference", files / "clean")
    assert (code, "a folder without audio files" in err) == (2, True)


def test_another_rate_than_the_references_costs_nothing(files, capsys):
    """Cadenza's ordinary pair: music at 44.1 kHz, output at 32 kHz."""
    tune = music(seconds=2.0, sample_rate=96000)
    for name, rate in (("clean.wav", 44100), ("same.wav", 44100), ("output.wav", 32000)):
        soundfile.write(files / name, resample(tune, 96000, rate), rate, subtype="FLOAT")
    amplified = ["--equalisation", 2, "--level1", 90, "--json"]
    args = ["--audiogram", MILD_TEXT, "--scorer", "haaqi", "--reference", files / "clean.wav", *amplified]
    code, out, _ = run(capsys, "score", files / "same.wav", files / "output.wav", *args)
    same, other = (np.array([r["score"] for r in json.loads(out)])[i : i + 2] for i in (0, 2))
    assert code == 0
    np.testing.assert_allclose(same, 1, atol=0.004)
    np.testing.assert_allclose(other, same, atol=0.004)


def test_a_reference_that_the_ear_does_not_hear_is_said(files, capsys):
    args = ["--audiogram", MILD_TEXT, "--scorer", "haaqi", "--reference", files / "clean.wav", "--level1", 0]
    code, out, _ = run(capsys, "score", files / "noisy.flac", *args)
    assert code == 0
    assert "warning: this ear hears nothing of the reference" in out


def test_a_terminal_that_lacks_a_letter_shows_its_number(files, monkeypatch):
    """What was scored is not lost to a name, and help can be read, in ASCII and in Latin 1."""
    (files / "noisy.flac").rename(files / "Ω é.flac")
    results = files / "results.csv"
    write_scores(results, [Score(Trial("cad", "système Ω", "s", "s", "L", "left"), "haaqi", "1", 0.5)])
    monkeypatch.chdir(files)
    for encoding, name in (("ascii", r"\u03a9 \xe9.flac left"), ("latin-1", "\\u03a9 é.flac left")):
        said = ""
        for args in (
            ["score", "Ω é.flac", "--audiogram", MILD_TEXT, "--scorer", "haaqi", "--reference", "clean.wav"],
            ["score", "--help"],
            ["summary", "results.csv", "--expected", "1"],
        ):
            buffer = io.BytesIO()
            monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding=encoding))
            monkeypatch.setattr(sys, "argv", ["haaqinet", *args])
            with suppress(SystemExit):
                main()
            sys.stdout.flush()
            said += buffer.getvalue().decode(encoding)
        assert name in said
        assert "--equalisation" in said
        assert r"me \u03a9" in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_exit_code_3(files, capsys, monkeypatch):
    args = ["score", files / "gone.wav", "--audiogram", MILD_TEXT]
    code, _, err = run(capsys, *args, "--csv", "/dev/full")
    assert (code, err) == (3, "haaqinet: --csv /dev/full: No space left on device\n")
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        monkeypatch.setattr(sys, "argv", ["haaqinet", *map(str, args), "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 3
        assert capsys.readouterr().err == "haaqinet: No space left on device\n"
        with suppress(OSError):
            full.close()


def test_too_little_memory_is_a_row_or_exit_code_3(files, capsys, monkeypatch):
    from haaqinet_eval import filescore
    from haaqinet_eval.filescore import scoring

    def too_much(*_):
        raise MemoryError("Unable to allocate 9.00 TiB")

    args = ["score", files / "noisy.flac", "--audiogram", MILD_TEXT]
    monkeypatch.setattr(scoring, "read_audio", too_much)
    code, out, _ = run(capsys, *args, "--json")
    assert (code, json.loads(out)[0]["error"]) == (1, "out_of_memory")
    monkeypatch.setattr(filescore, "audio_files", too_much)
    code, _, err = run(capsys, *args)
    assert code == 3
    assert err.startswith("haaqinet: memory is not enough: Unable to allocate 9.00 TiB; score shorter")


def test_a_pipe_is_read(files, capsys):
    os.mkfifo(files / "pipe")
    data = (files / "mono.wav").read_bytes()
    writer = threading.Thread(target=(files / "pipe").write_bytes, args=(data,))
    writer.start()
    code, out, _ = run(capsys, "score", files / "pipe", "--audiogram", MILD_TEXT, "--json")
    writer.join()
    expected = json.loads(run(capsys, "score", files / "mono.wav", "--audiogram", MILD_TEXT, "--json")[1])
    assert code == 0
    assert json.loads(out)[0]["score"] == expected[0]["score"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "give either --audiogram or --listener"),
        (["--audiogram", "250:20,500:x"], "--audiogram '250:20,500:x': '500:x' is not Hz:dB"),
        (["--audiogram", "250:20;500:25"], "put commas between the pairs: 250:20,500:25"),
        (
            ["--audiogram", "250:20,500:25,1000:30"],
            "--audiogram '250:20,500:25,1000:30': no level at 2000 Hz",
        ),
        (["--audiogram", "250:20,500:130"], "--audiogram levels: 130 dB HL at 500 Hz is outside [-20, 120]"),
        (["--listener", "few.json", "--id", "L2"], "few.json: listener L2, left ear: no level at 250 Hz"),
        (["--listener", "listeners.json", "--id", "L9"], "no listener 'L9'; it has L1"),
        (["--listener", "listeners.json"], "listeners.json: say which listener with --id; it has L1"),
        (["--audiogram", MILD_TEXT, "--frames"], "--frames: frame scores are printed with --json only"),
        (["--audiogram", MILD_TEXT, "--equalisation", "3"], "--equalisation 3 is neither 1 nor 2"),
        (["--listener", "gone.json", "--id", "L1"], "gone.json: no such file"),
        (["--audiogram", MILD_TEXT, "--level1", "inf"], "--level1 inf is not a finite number"),
        (["--audiogram", MILD_TEXT, "--csv", "."], "--csv .: Is a directory"),
        (["--audiogram", MILD_TEXT, "--list", "gone.txt"], "--list gone.txt: No such file"),
        (
            ["--audiogram", MILD_TEXT, "--reference", "clean.wav", "--equalisation", "2"],
            "--equalisation 2: an amplified reference does not tell the level",
        ),
        (["--audiogram", MILD_TEXT, "--ear", "middle"], "--ear 'middle'"),
        (["--audiogram", MILD_TEXT, "--scorer", "haaqi"], "give --reference"),
        (["--audiogram", MILD_TEXT, "--scorer", "peaq"], "scorer 'peaq' is unknown; known: haaqi, haaqinet"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(files, capsys, monkeypatch, args, message):
    monkeypatch.chdir(files)
    few = Audiogram((10, 20, 30), (1, 2, 3))
    write_listeners("few.json", [Listener("L2", few, few)])
    code, _, err = run(capsys, "score", "mono.wav", *args)
    assert code == 2
    assert message in err
    assert err.startswith("haaqinet: ")
    assert err.count("\n") == 1


def test_a_network_of_ones_own_is_scored_with_and_named(files, capsys):
    own = files / "mine=1.safetensors"
    save_model(HaaqiNet(Dimensions(members=0, clips=1, clip_channels=8)), own, "mine")
    args = ["score", files / "mono.wav", "--audiogram", MILD_TEXT, "--json"]
    for given in (own, f"haaqinet={own}"):
        code, out, _ = run(capsys, *args, "--weights", given)
        assert (code, json.loads(out)[0]["version"]) == (0, f"mine-{sha256(own)[:12]}")
    for given, said in {
        files / "none.safetensors": "--weights: .*none.safetensors: no such file",
        f"haaqi={own}": "--weights: 'haaqi' is no scorer that takes weights; known: haaqinet",
        files / "mono.wav": "weights .*mono.wav: is no checkpoint of torch .*neither a zip nor a pickle",
    }.items():
        code, _, err = run(capsys, *args, "--weights", given)
        assert code == 2
        assert re.search(said, err)
        assert err.count("\n") == 1


def test_names_of_strangers_stay_text_in_tables_and_plots(tmp_path, capsys):
    rows = [
        Score(Trial("cad", system, "s1", "song", f"L$\\x_{{${ear}", ear), scorer, "1", 0.5)
        for system in ("$\\frac{$", "_hidden", "a\x1b[2J\nb [/red]")
        for ear in ("left", "right")
        for scorer in ("haaqi", "haaqinet")
    ]
    write_scores(tmp_path / "results.csv", rows)
    run_file = {"expected": 12, "systems": [1, 2, 3], "scorers": {"haaqi": "1", "haaqinet": "1"}}
    (tmp_path / "run.json").write_text(json.dumps({"runs": [run_file]}))
    code, out, _ = run(capsys, "summary", tmp_path)
    assert code == 0
    assert "\x1b[2J" not in out
    assert "[/red]" in out
    code, _, err = run(capsys, "report", tmp_path, "--out", tmp_path / "report.html")
    assert (code, err) == (0, "")


@pytest.mark.parametrize(
    "command", [("score", "x.wav"), ("store", "check"), ("calibrate", "fit", "map.json")]
)
def test_an_option_given_twice_is_refused(capsys, command):
    option = "--reference" if command[0] == "score" else "--store"
    code, _, err = run(capsys, *command, option, "a", option, "b")
    assert (code, err) == (2, f"haaqinet: {option} is given twice; it takes one value\n")


@pytest.mark.parametrize(("trials", "shown"), [(9, False), (10, True)])
def test_correlations_of_few_trials_are_not_shown(tmp_path, capsys, trials, shown):
    values = np.random.default_rng(0).uniform(size=(trials, 2))
    keys = [Trial("cad", "one", f"s{n}", "song", f"L{n}", "left") for n in range(trials)]
    rows = [
        Score(key, scorer, "1", value)
        for key, pair in zip(keys, values.tolist(), strict=True)
        for scorer, value in zip(("haaqi", "haaqinet"), pair, strict=True)
    ]
    write_scores(tmp_path / "results.csv", rows)
    _, out, _ = run(capsys, "summary", tmp_path, "--expected", trials)
    line = next(line for line in out.splitlines() if "│ all " in line)
    assert (f"{np.corrcoef(values.T)[0, 1]:.3f}" in line, "too few" in line) == (shown, not shown)


def test_summary_and_report_of_a_results_file(tmp_path, capsys):
    write_listeners(tmp_path / "listeners.json", [Listener("L1", MILD, STEEP)])
    rng = np.random.default_rng(0)
    rows = [
        Score(Trial("cad", system, scene, "song <&>", "L1", ear), scorer, "1", value, seconds=0.1)
        for system in ("good", "worse")
        for scene in ("s1", "s2")
        for ear in ("left", "right")
        for scorer, value in (("haaqi", rng.uniform()), ("haaqinet", rng.uniform()))
    ]
    rows[0] = Score(rows[0].trial, "haaqi", "1", None, error="missing_file")
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
    lowest = page.partition("Scenes with the lowest means")[2].partition("Worst trials")
    scored = [r for r in rows if r.scorer == "haaqi" and not r.failed]
    means = {scene: np.mean([r.score for r in scored if r.trial.scene == scene]) for scene in ("s1", "s2")}
    first, second = sorted(means, key=means.get)
    assert lowest[0].index(first) < lowest[0].index(second)
    assert lowest[2].count("song &lt;&amp;&gt;") == 7  # of all eight rows of HAAQI, one has no score
    code, _, err = run(capsys, "report", tmp_path, "--out", tmp_path)
    assert (code, err) == (2, f"haaqinet: {tmp_path}: is a folder, not a file to write\n")


def test_predicted_scores_of_rebalanced_music_are_not_ranked(tmp_path, capsys):
    means = {"passthrough": (0.927, 0.156), "ideal": (0.824, 0.990), "hpss": (0.605, 0.160)}
    rows = []
    for system, values in means.items():
        for scorer, value in zip(("haaqinet", "haaqi"), values, strict=True):
            trial = Trial("cad1_task1", system, "s", "s", "L1", "left")
            names = [scorer, f"{scorer}_calibrated", f"{scorer}_target"][: 3 if scorer == "haaqinet" else 1]
            rows += [Score(trial, name, "1", value) for name in names]
    write_scores(tmp_path / "results.csv", rows)
    elsewhere = {"config": {"path": {"listeners_file": "/home/ann/listeners.json"}}}
    (tmp_path / "run.json").write_text(json.dumps({"runs": [elsewhere]}))
    code, out, err = run(capsys, "summary", tmp_path, "--expected", 1)
    assert code == 0
    assert err == (
        "/home/ann/listeners.json: not on this machine, so severities are unknown; give --listeners\n"
    )
    heads = [table for table in out.split("Mean per ") if table.startswith("system")]
    ranked = [" rank " in table for table in heads]
    assert ranked == [True, False, False, True]  # haaqi, haaqinet, calibrated, target
    said = " ".join(heads[1].split())
    assert (
        said.index("hpss")
        < said.index("ideal")
        < said.index("passthrough")
        < said.index("Not ranked: HAAQI-Net")
    )
    assert "score with haaqinet_target" in said
    assert "with haaqi, which" in said
    assert "haaqi tells the true order" in " ".join(heads[3].split())
    assert run(capsys, "report", tmp_path, "--expected", 1, "--out", tmp_path / "r.html")[0] == 0
    page = (tmp_path / "r.html").read_text()
    assert page.count("Not ranked: HAAQI-Net") == 2
    assert page.count(">rank</th>") == 2
    code, _, err = run(capsys, "report", tmp_path, "--expected", 1, "--out", tmp_path / "r.html/x")
    assert (code, err.splitlines()[-1]) == (
        2,
        f"haaqinet: {tmp_path}/r.html/x: cannot be written: Not a directory",
    )


def test_summary_says_what_it_lacks(tmp_path, capsys):
    write_scores(tmp_path / "results.csv", [])
    code, _, err = run(capsys, "summary", tmp_path / "results.csv")
    assert (code, "holds no rows" in err) == (2, True)
    write_scores(tmp_path / "results.csv", [Score(Trial("c", "a", "s", "s", "L", "left"), "haaqi", "1", 0.5)])
    code, _, err = run(capsys, "summary", tmp_path / "results.csv")
    assert (code, "give --expected" in err) == (2, True)


def test_convert_refuses_what_is_no_checkpoint(files, capsys):
    source = files / "noisy.flac"
    code, _, err = run(capsys, "convert", source, files / "x.safetensors")
    assert code == 2
    assert err.startswith(f"haaqinet: weights {source}: is no checkpoint of torch with plain tensors: ")
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
