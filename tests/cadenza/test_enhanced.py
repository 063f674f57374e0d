"""A system's files are checked; each fault becomes a row with its reason, and the run goes on."""

import cadenza_tree as tree
import numpy as np
import pytest
import soundfile
from raw_flac import raw_flac

from haaqinet_eval import Unscorable
from haaqinet_eval.audio import resample
from haaqinet_eval.cadenza import load_challenge, run
from haaqinet_eval.cadenza.challenge import EnhancedFormat
from haaqinet_eval.cadenza.enhanced import read_enhanced
from haaqinet_eval.scores import read_scores

NAME = "cad_icassp_2024"
STEREO = EnhancedFormat(32000, 2)
MONO = EnhancedFormat(24000, 1, side_car=True)


def write(path, seconds=1.0, rate=32000, channels=2, **kind):
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (int(seconds * rate), channels))
    soundfile.write(path, samples, rate, **({"format": "FLAC", "subtype": "PCM_16"} | kind))
    return path


def write_nan(path):
    samples = np.zeros((32000, 2))
    samples[7, 1] = np.nan
    soundfile.write(path, samples, 32000, format="WAV", subtype="FLOAT")


def write_torn(path):
    whole = write(path).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


FAULTS = {  # code -> (how to make the file, a value that the message names)
    "missing_file": (lambda path: None, "no such file"),
    "corrupt_file": (write_torn, "cannot be decoded"),
    "not_finite": (write_nan, "sample 7, channel 1 is nan"),
    "wrong_channels": (lambda path: write(path, channels=1), "1 channel, not 2"),
    "wrong_sample_rate": (lambda path: write(path, rate=44100), "44100 Hz, not 32000 Hz"),
    "wrong_length": (lambda path: write(path, seconds=0.85), "0.850 s, but the reference has 1.000 s"),
}


@pytest.mark.parametrize("code", FAULTS)
def test_faults_have_a_code_and_name_file_and_value(tmp_path, code):
    make, said = FAULTS[code]
    path = tmp_path / "S1_L1_remix.flac"
    make(path)
    with pytest.raises(Unscorable) as error:
        read_enhanced(path, STEREO, reference_seconds=1.0)
    assert error.value.code == code
    assert str(path) in error.value.message
    assert said in error.value.message


@pytest.mark.parametrize("content", [b"", b"fLaC", b"no audio at all" * 99])
def test_garbage_is_corrupt(tmp_path, content):
    path = tmp_path / "x.flac"
    path.write_bytes(content)
    with pytest.raises(Unscorable) as error:
        read_enhanced(path, STEREO, 1.0)
    assert error.value.code == "corrupt_file"


def test_a_message_names_the_file_and_what_lies_there_instead(tmp_path):
    (tmp_path / "x.flac").write_text("no audio at all")
    write(tmp_path / "y.wav", format="WAV")
    said = {
        "x": "x.flac: cannot be decoded: Format not recognised",
        "y": "there is y.wav, but the challenge asks",
    }
    for name, message in said.items():
        with pytest.raises(Unscorable, match=message) as error:
            read_enhanced(tmp_path / f"{name}.flac", STEREO, 1.0)
        assert "_io." not in error.value.message


def test_a_flac_without_a_number_of_samples_is_measured(tmp_path):
    samples = np.random.default_rng(0).integers(-9000, 9000, (32000, 2))
    (tmp_path / "x.flac").write_bytes(raw_flac(samples, total=0))
    assert read_enhanced(tmp_path / "x.flac", STEREO, 1.0).shape == (32000, 2)
    with pytest.raises(Unscorable, match=r"1\.000 s, but the reference has 1\.500 s"):
        read_enhanced(tmp_path / "x.flac", STEREO, 1.5)


@pytest.mark.parametrize("seconds", [0.91, 1.0, 1.005, 1.09])
def test_length_within_a_tenth_is_accepted(tmp_path, seconds):
    samples = read_enhanced(write(tmp_path / "x.flac", seconds), STEREO, 1.0)
    assert samples.shape == (int(seconds * 32000), 2)


def test_reads_what_pyclarity_reads(tmp_path):
    from clarity.utils.flac_encoder import read_flac_signal

    path = write(tmp_path / "x.flac", rate=24000, channels=1)
    (tmp_path / "x.txt").write_text("1.7320508")
    theirs, rate = read_flac_signal(path)
    ours = read_enhanced(path, MONO, 1.0)
    assert rate == 24000
    np.testing.assert_array_equal(ours[:, 0], theirs)


def test_a_side_car_counts_only_where_the_challenge_has_one(tmp_path):
    path = write(tmp_path / "x.flac")
    (tmp_path / "x.txt").write_text("10")
    assert np.abs(read_enhanced(path, STEREO, 1.0)).max() <= 0.5


@pytest.mark.parametrize("text", ["", "nan", "inf", "0", "-1", "1e9", "0.0", "ten", "1 2", "\x00\xff"])
def test_a_bad_side_car_is_refused(tmp_path, text):
    path = write(tmp_path / "x.flac", rate=24000, channels=1)
    (tmp_path / "x.txt").write_text(text)
    with pytest.raises(Unscorable, match=r"x\.txt") as error:
        read_enhanced(path, MONO, 1.0)
    assert error.value.code == "bad_side_car"


@pytest.fixture
def scored(tmp_path, monkeypatch):
    """Six listeners' worth of faults: one file per fault, one good file; and what a run makes of them."""
    root, exp = tree.icassp(tmp_path / "root", 1.0), tmp_path / "exp"
    listeners = {f"L{i}": tree.LISTENERS["L1"] for i in range(1, 8)}
    monkeypatch.setattr(tree, "LISTENERS", listeners)
    tree.write_listeners(root / "metadata/listeners.train.json")
    tree.write_json(root / "metadata/scene_listeners.train.json", {"scene_1": list(listeners)})
    config = tree.config(NAME, root, exp)
    paths = tree.enhance(load_challenge(NAME, config), exp / "sys/enhanced_signals")
    for path, (make, _) in zip(paths, FAULTS.values(), strict=False):
        path.unlink()
        make(path)
    monkeypatch.setattr(run, "load_scorer", lambda name: tree.FakeScorer(name))
    return config, exp, paths


def test_every_fault_is_a_row_and_the_run_goes_on(scored, capsys):
    config, exp, paths = scored
    assert run.run_evaluation(NAME, config) == 1
    rows = read_scores(exp / "results.csv")
    assert len(rows) == 14
    assert [row.error for row in rows[::2]] == [*FAULTS, ""]
    assert [row.error for row in rows[1::2]] == [*FAULTS, ""]
    assert all(str(path) in row.message for path, row in zip(paths[:6], rows[::2], strict=False))
    said = capsys.readouterr().out
    assert "12 of 14 rows could not be scored" in said
    assert "missing_file 2" in said
    assert "6 of 7 pairs left out" in said
    table = (exp / "sys/scores.csv").read_text().splitlines()
    assert len(table) == 2
    assert table[1].startswith("scene_1,Artist - One-hlp_0001,L7,")


def test_a_mended_file_is_scored_by_the_same_command(scored):
    config, exp, paths = scored
    run.run_evaluation(NAME, config)
    good = paths[-1].read_bytes()
    for path in paths:
        path.write_bytes(good)
    assert run.run_evaluation(NAME, config) == 0
    rows = read_scores(exp / "results.csv")
    assert len({row.key for row in rows}) == len(rows) == 14
    assert not any(row.failed for row in rows)


def test_bad_references_are_told_from_bad_files(tmp_path, monkeypatch):
    root, exp = tree.icassp(tmp_path / "root", 1.0), tmp_path / "exp"
    config = tree.config(NAME, root, exp)
    tree.enhance(load_challenge(NAME, config), exp / "sys/enhanced_signals")
    music = root / "audio/at_mic_music/train"
    (music / "Artist - One-hlp_0001/bass.wav").unlink()
    for stem in ("drums", "bass", "other", "vocals"):
        path = music / f"Artist - Two-hlp_0001/{stem}.wav"
        samples, rate = soundfile.read(path)
        samples[:, 0] = 0  # silent at the left ear
        soundfile.write(path, samples, rate, subtype="PCM_16")
    monkeypatch.setattr(run, "load_scorer", lambda name: tree.FakeScorer(name))
    assert run.run_evaluation(NAME, config) == 1
    rows = read_scores(exp / "results.csv")
    assert [row.error for row in rows] == ["reference_missing_file"] * 4 + ["silent_reference", ""]
    assert "bass.wav" in rows[0].message


def test_mono_stems_are_resampled_by_nobody(tmp_path):
    """CAD1's stems are at HAAQI's rate already."""
    root, exp = tree.cad1(tmp_path / "root"), tmp_path / "exp/sys/enhanced_signals"
    challenge = load_challenge("cad1_task1", tree.config("cad1_task1", root, tmp_path / "exp"), {"sys": exp})
    assert challenge.enhanced.sample_rate == challenge.sample_rate == 24000
    signal = np.zeros(5)
    assert resample(signal, 24000, 24000) is signal
