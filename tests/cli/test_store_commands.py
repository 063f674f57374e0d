"""A round at the command line: what is printed, exit codes, and the store's own commands."""

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from zipfile import ZipFile

import numpy as np
import pytest
import soundfile
import sqlalchemy as sa
from cadenza_tree import config
from commands import run as run_command
from noisy_round import Noisy, make, zipped
from rich.console import Console

from haaqinet_eval.cadenza.run import run_evaluation
from haaqinet_eval.registry import scorer_records
from haaqinet_eval.store import open_store, submissions
from haaqinet_eval.worker import open_split

CHALLENGE = "cad_icassp_2024"


@pytest.fixture(autouse=True)
def noisy(monkeypatch):
    monkeypatch.setattr("haaqinet_eval.scorers.haaqi.HaaqiScorer", Noisy)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Root, zip, experiment folder."""
    folder = tmp_path_factory.mktemp("made")
    root, signals = make(CHALLENGE, folder)
    return root, zipped(signals, folder / "e1.zip"), folder / "exp"


@pytest.fixture
def run(capsys, tmp_path):
    """Runs `haaqinet ARGS --store …`; gives the exit code, stdout, stderr."""
    return lambda *args: run_command(capsys, *args, "--store", tmp_path / "s.sqlite")


def submit(made, *more, team="T1", system="E1", path=None):
    where = ("--challenge", CHALLENGE, "--root", made[0], "--team", team, "--system", system)
    return ("submit", path or made[1], *where, "--scorer", "haaqi", *more)


def test_validate_prints_findings_and_its_exit_code_tells_errors(made, tmp_path, capsys):
    where = ("--challenge", CHALLENGE, "--root", made[0])
    code, out, _ = run_command(capsys, "validate", made[1], *where, "--json")
    assert code == 0
    assert all(item["severity"] != "error" for item in json.loads(out))
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"no zip")
    code, out, _ = run_command(capsys, "validate", bad, *where, "--json")
    [item] = json.loads(out)
    assert (code, list(item)) == (1, ["code", "severity", "file", "message"])
    assert run_command(capsys, "validate", bad, *where, "--fast")[0] == 1
    assert "bad.zip: the file is no zip" in run_command(capsys, "validate", bad, *where)[1]
    with ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("thesis.tex", "dear")
    with ZipFile(made[1]) as whole:
        whole.extractall(tmp_path / "wrong/top")
        names = whole.namelist()
    for path in (tmp_path / "wrong/top").iterdir():
        soundfile.write(path, soundfile.read(path)[0], 44100, subtype="PCM_16")
    out = run_command(capsys, "validate", tmp_path / "wrong", *where, "--fast")[1]
    assert [line for line in out.splitlines() if "wrong_sample_rate" in line] == [
        f"error    wrong_sample_rate      3 of 3 files: 44100 Hz, not 32000 Hz; first top/{sorted(names)[0]}"
    ]
    assert "not_decoded" in out
    first, *rest = run_command(capsys, "validate", tmp_path / "other.zip", *where)[1].splitlines()
    assert "other.zip: none of the 3 expected files of cad_icassp_2024 is there" in first
    assert not any("missing" in line for line in rest)
    code, out, error = run_command(capsys, "validate", tmp_path / "none.zip", *where)
    assert (code, out) == (2, "")
    assert "none.zip" in error


def test_a_round_from_submit_to_standings(made, run):
    told = ("--causal", "--augmented", "--model-size", 5000, "--note", "a <b>note</b>")
    code, out, _ = run(*submit(made, *told, "--now", "--json"))
    given = json.loads(out)
    assert (code, given["id"], given["state"], given["new"]) == (0, 1, "scored", True)
    [progress] = given["progress"]
    assert progress == {"scorer": "haaqi", "version": "noisy", "scored": 6, "failed": 0, "expected": 6}
    code, out, _ = run(*submit(made, "--now", system="E2"))
    assert code == 0
    assert "handed in before, as E1 of T1" in out
    code, out, error = run(*submit(made, "--now", team="T2"))
    assert (code, error) == (1, "")
    assert out.splitlines()[-1] == "refused: 1 error, 0 warnings, 0 notes"
    assert "other_team" in out
    assert "T1" not in out
    code, out, _ = run(*submit(made, "--json", team="T2"))
    record = json.loads(out)
    assert (code, record["id"], record["state"], record["system"]["team"]) == (1, None, "invalid", "T2")
    assert "T1" not in out
    code, out, _ = run("standings", "--challenge", CHALLENGE, "--json")
    [entry] = json.loads(out)
    assert code == 0
    expected = {"team": "T1", "system": "E1", "rank": 1, "scored": 6, "expected": 6, "coverage": 1.0}
    expected |= {"causal": True, "augmented": True, "model_size": 5000, "note": "a <b>note</b>"}
    assert {name: entry[name] for name in expected} == expected
    assert 0 < entry["mean"] < 1
    _, out, _ = run("standings", "--challenge", CHALLENGE)
    assert f"{entry['mean']:.4f}" in out
    code, _, error = run("standings", "--challenge", "cad2_task2", "--json")
    assert code == 2
    assert "the store has cad_icassp_2024 (train)" in error


def test_what_is_refused_is_listed_kept_and_not_scored(made, run, tmp_path):
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"no zip")
    code, out, _ = run(*submit(made, "--now", path=bad))
    assert code == 1
    assert "not_a_zip" in out
    assert "submission 1: invalid: not_a_zip 1" in out
    assert run(*submit(made, path=bad))[0] == 1
    _, out, _ = run("status")
    assert out.count("not_a_zip 1") == 1  # once, with its codes
    assert "not_a_zip" in run("status", 1)[1]
    assert run("standings", "--challenge", CHALLENGE)[1] == "no submissions yet\n"
    _, out, _ = run("status", 1, "--json")
    kept = json.loads(out)
    assert [item["code"] for item in kept["findings"]] == ["not_a_zip"]
    assert [event["state"] for event in kept["events"]] == ["invalid"]
    code, _, error = run("worker", "--once")
    assert (code, error.endswith("s.sqlite: 0 queued; ends when none is left\n")) == (0, True)
    code, _, error = run("worker", "--once", "--executor", "dsk")
    assert (code, "'dsk' is unknown; known: inline, local, dask, slurm" in error) == (2, True)


HARD = "a\x1b[2J\n9  scored\x9b1m\u202e"


def test_no_text_of_a_stranger_acts_on_the_terminal(made, run, tmp_path):
    run(*submit(made))
    store = open_store(str(tmp_path / "s.sqlite"))
    with store.writing() as session:
        for table, column in (("teams", "name"), ("submissions", "reason"), ("events", "message")):
            session.execute(sa.text(f"UPDATE {table} SET {column} = :hard"), {"hard": HARD})
        session.execute(sa.text("UPDATE scorers SET version = :hard"), {"hard": HARD})
    store.close()
    asked = (("status",), ("status", "1"), ("standings", "--challenge", CHALLENGE))
    for arguments in (*asked, *((*words, "--json") for words in asked)):
        _, out, err = run(*arguments)
        shown = out + err
        assert all(char.isprintable() or char == "\n" for char in shown), arguments
        assert "\n9  scored" not in shown
    _, _, err = run("status", "--challenge", HARD, "nonsense\x1b[2J")
    assert "\x1b" not in err


def test_a_store_and_what_is_kept_beside_it_are_their_owners(made, run, tmp_path):
    run(*submit(made, "--keep"))
    run("store", "backup", tmp_path / "backup.sqlite")
    files = [tmp_path / "s.sqlite", tmp_path / "backup.sqlite", *(tmp_path / "submissions").iterdir()]
    assert [oct(path.stat().st_mode & 0o077) for path in (*files, tmp_path / "submissions")] == ["0o0"] * 4


def test_withdraw_and_rescore(made, run):
    assert run(*submit(made))[0] == 0
    code, out, _ = run("worker", "--once")
    assert code == 0
    assert "submission 1: scored" in out
    assert "withdrawn" in run("withdraw", 1, "--reason", "a mistake")[1]
    assert json.loads(run("standings", "--challenge", CHALLENGE, "--json")[1]) == []
    code, out, error = run("rescore", 1, "--now")
    assert (code, error) == (0, "submission 1 was withdrawn; it is queued again\n")
    assert "submission 1: scored" in out
    _, out, _ = run("status")
    assert "T1" in out
    assert "scored" in out
    _, out, _ = run("status", 1)
    assert "a mistake" in out
    assert run("rescore", 1, "--scorer", "nothing")[0] == 2
    assert run("rescore", "--all", "--challenge", CHALLENGE)[1].startswith("submission 1: queued")
    code, out, error = run("rescore", "--all", "--now")  # it is queued already
    assert (code, out, "nothing to score again" in error) == (0, "", True)
    assert run("rescore")[0] == run("rescore", 1, "--all")[0] == 2
    assert run("status", 7)[0] == 2


def test_a_worker_that_is_told_to_end_gives_back_what_it_has(made, run, tmp_path):
    """With the real HAAQI, whose first pair is enough to be stopped in."""
    assert run(*submit(made))[0] == 0
    url = str(tmp_path / "s.sqlite")
    command = [sys.executable, "-m", "haaqinet_eval.cli", "worker", "--store", url]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    store = open_store(url)
    while submissions(store)[0].state == "queued":
        time.sleep(0.05)
    child.send_signal(signal.SIGTERM)
    assert child.wait() == 128 + signal.SIGTERM, child.stderr.read()
    child.communicate()
    assert submissions(store)[0].state in ("queued", "scored")
    store.close()


def test_a_finished_run_and_a_table_from_elsewhere(made, run, capsys):
    run_evaluation(CHALLENGE, config(CHALLENGE, made[0], made[2]), Console(quiet=True))
    capsys.readouterr()
    results = made[2] / "results.csv"
    code, out, _ = run("import-results", results, "--team", "T1", "--reference", "E1=baseline", "--json")
    assert code == 0
    [taken] = json.loads(out)
    assert (taken["state"], taken["origin"], taken["system"]["reference"]) == (
        "scored",
        "imported",
        "baseline",
    )
    assert run(*submit(made))[0] == 0
    [both] = {(e["challenge"], e["split"]) for e in json.loads(run("status", "--json")[1])}
    assert both == (CHALLENGE, "train")  # what was imported and what is handed in are on one board
    table = made[2] / "E1/scores.csv"
    where = ("--challenge", CHALLENGE, "--team", "T2", "--system", "E1")
    code, out, _ = run("import-scores", table, *where, "--scorer", "haaqi", "--version", "pyclarity 0.9")
    assert code == 0, out
    entries = json.loads(run("standings", "--challenge", CHALLENGE, "--json")[1])
    assert {(e["team"], e["origin"], e["rank"]) for e in entries} == {
        ("T1", "here", None),
        ("T2", "external", 1),
    }
    here, elsewhere = sorted(entries, key=lambda e: e["team"])
    assert here["mean"] == pytest.approx(elsewhere["mean"], abs=1e-9)
    with table.open() as file:
        assert here["mean"] == pytest.approx(np.mean([float(row["score"]) for row in csv.DictReader(file)]))
    assert run("import-scores", table, table, *where, "--scorer", "haaqi")[0] == 2
    assert run("import-results", results, "--team", "T1", "--reference", "E1")[0] == 2


def test_scores_from_elsewhere_for_a_challenge_that_is_new_to_the_store(made, run, tmp_path):
    pairs = open_split(CHALLENGE, made[0]).challenge.pairs()
    table = tmp_path / "scores.csv"
    lines = [f"{p.scene},{p.song},{p.listener},0.4,0.6,0.5\n" for p in pairs]
    table.write_text("scene,song,listener,left_score,right_score,score\n" + "".join(lines))
    where = ("--challenge", CHALLENGE, "--team", "T2", "--system", "E1")
    code, _, error = run("import-scores", table, *where)
    assert code == 2
    assert "the store has none" in error
    code, out, _ = run("import-scores", table, *where, "--root", made[0])
    assert code == 0
    assert "submission 1, scores of haaqi: scored" in out
    predicted = shutil.copy(table, tmp_path / "scores_haaqinet.csv")
    code, out, _ = run("import-scores", predicted, *where, "--scorer", "haaqi")
    assert code == 2
    code, out, _ = run("import-scores", predicted, *where)  # a file's name says whose scores it has
    assert "submission 2, scores of haaqinet: scored" in out
    entries = json.loads(run("standings", "--challenge", CHALLENGE, "--json")[1])
    assert sorted(entry["scorer"] for entry in entries) == ["haaqi", "haaqinet"]


def test_published_averages_stand_apart(run):
    code, _, _ = run("load-published", "--challenge", CHALLENGE)
    assert code == 0
    records = json.loads(run("standings", "--challenge", CHALLENGE, "--published", "--json")[1])
    assert len(records) > 3
    assert "not scored here" in run("standings", "--challenge", CHALLENGE, "--published")[1]
    assert run("standings", "--challenge", CHALLENGE)[0] == 2
    assert run("load-published", "--challenge", "cad9")[0] == 2


def test_what_only_reads_makes_no_store(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    where = ("--challenge", CHALLENGE)
    for command in (
        ("status",), ("standings", *where), ("withdraw", 1), ("rescore", 1), ("store", "check"),
        ("worker", "--once"), ("leaderboard",), ("store", "quota", 1, *where), ("store", "refresh"),
        ("store", "backup", tmp_path / "b.sqlite"), ("store", "export", tmp_path / "e"),
        ("export-site", "--out", tmp_path / "site"),
        ("store", "token", "list"), ("store", "token", "revoke", "ann"),
    ):  # fmt: skip
        code, _, error = run_command(capsys, *command, "--store", tmp_path / "rond2.sqlite")
        assert (code, error) == (2, f"haaqinet: {tmp_path / 'rond2.sqlite'}: no such store\n")
        assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("HAAQINET_STORE", str(tmp_path / "env.sqlite"))
    assert "env.sqlite: no such store" in run_command(capsys, "status")[2]
    monkeypatch.delenv("HAAQINET_STORE")
    code, out, _ = run_command(capsys, "status")  # one's own may be empty
    assert code == 0
    assert str(tmp_path / "home") in out


def test_standings_of_one_scorer(made, run):
    assert run(*submit(made, "--now"))[0] == 0
    where = ("--challenge", CHALLENGE, "--scorer")
    assert "E1" in run("standings", *where, "haaqi")[1]
    code, _, error = run("standings", *where, "haqi")
    assert (code, error) == (
        2,
        f"haaqinet: scorer 'haqi' is unknown; known: {', '.join(sorted(scorer_records()))}\n",
    )
    assert run("standings", *where, "haaqinet")[:2] == (0, "no scores of haaqinet yet\n")


def test_the_stores_own_commands(made, run, tmp_path, capsys):
    run(*submit(made, "--now"))
    assert "sound" in run("store", "check")[1]
    assert run("store", "refresh")[0] == 0
    expected = run("standings", "--challenge", CHALLENGE, "--json")[1]
    assert run("store", "backup", tmp_path / "backup.sqlite")[0] == 0
    assert run("store", "export", tmp_path / "out", "--format", "csv")[0] == 0
    assert run("store", "copy", tmp_path / "copy.sqlite")[0] == 0
    run_command(capsys, "store", "import", tmp_path / "out", "--store", tmp_path / "imported.sqlite")
    for name in ("backup", "copy", "imported"):
        where = ("--challenge", CHALLENGE, "--store", tmp_path / f"{name}.sqlite", "--json")
        assert run_command(capsys, "standings", *where)[1] == expected
    assert run("store", "export", tmp_path / "out")[0] == 2
    code, _, _ = run("store", "quota", 1, "--challenge", CHALLENGE)
    assert code == 0
    again = shutil.copy(made[1], tmp_path / "again.zip")
    with ZipFile(again, "a") as archive:
        archive.comment = b"other bytes, the same files"
    code, _, error = run(*submit(made, path=again, system="E2"))
    assert code == 2
    assert "allows 1 per day" in error
