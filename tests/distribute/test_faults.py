"""Whatever dies, hangs or fills up on the way: the same command ends with the undisturbed table."""

import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from places import TESTS
from stub_work import run, tasks

from haaqinet_eval.distribute import Executor
from haaqinet_eval.distribute.status import read_status
from haaqinet_eval.scores import read_scores

HERE = str(TESTS)
SCRIPT = f"import sys; sys.path.insert(0, {HERE!r}); import stub_work; stub_work.main()"
PATIENCE = 120  # s; nothing here takes as long


def undisturbed(folder: Path, scenes: list[str], systems: str = "ab") -> bytes:
    """The table of a plain loop, in which each fault of a scene has happened already."""
    folder.mkdir()
    work = tasks(scenes, systems)
    for trial in (trial for task in work for trial in task.trials):
        (folder / f"{trial.scene}-{trial.system}-{trial.ear}").touch()
    return run(folder, work, Executor("inline"))


def events(folder: Path, event: str) -> list[dict]:
    lines = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    return [line for line in lines if line["event"] == event]


@pytest.mark.parametrize("fault", ["killed", "ended"])
def test_a_worker_that_is_killed_once_costs_nothing(fault, tmp_path):
    scenes = ["s1", f"{fault}-2", "s3"]
    table = run(tmp_path / "run", tasks(scenes), Executor("local", workers=2))
    assert table == undisturbed(tmp_path / "other", scenes)
    faults = [line["message"] for line in events(tmp_path / "run", "done") if "fault" in line]
    name = "SIGKILL" if fault == "killed" else "SIGTERM"
    assert len(faults) == 4  # each ear of each system's first listener
    assert set(faults) == {f"the worker ended by signal {name}"}


def test_what_a_worker_had_finished_before_it_was_killed_is_not_scored_again(tmp_path):
    work = tasks(["s1"]) + [t for t in tasks(["killed-1"]) if t.trials[0].system == "b"]
    scored = run(tmp_path, work, Executor("local", workers=1)).count(b"\n") - 1
    noted = (tmp_path / "scored").read_text().splitlines()
    assert scored == 12
    left = [line for line in noted if line.startswith("killed-1 b left")]
    assert len(noted) == 12 + 1  # only the left ear beside the right one that was killed
    assert len(left) == 3


@pytest.mark.parametrize(
    ("fault", "options", "code", "message", "times"),
    [
        ("killed!", {}, "worker_lost", "the worker ended by signal SIGKILL, 4 times in a row", 4),
        ("hung!", {"timeout": 3}, "timeout", "not scored within 3 s, 2 times in a row", 2),
        ("huge!", {"memory": 4}, "out_of_memory", "memory of 4 GB was not enough, 2 times", 2),
    ],
)
def test_what_always_fails_gets_a_row_with_the_reason(fault, options, code, message, times, tmp_path):
    bad = [t for t in tasks([f"{fault}-1"]) if t.trials[0].listener == "L1" and t.trials[0].system == "b"]
    work = tasks(["s1", "s2"]) + bad
    run(tmp_path, work, Executor("local", workers=2, **options))
    rows = read_scores(tmp_path / "results.csv")
    assert [row.failed for row in rows] == [False] * 16 + [True] * 2
    assert {row.error for row in rows[16:]} == {code}
    assert all(message in row.message for row in rows[16:])
    assert len([line for line in events(tmp_path, "done") if line.get("fault") == code]) == times


def test_a_worker_that_hangs_once_costs_nothing(tmp_path):
    scenes = ["s1", "hung-2"]
    work = [t for t in tasks(scenes) if t.trials[0].system == "a"]
    table = run(tmp_path / "run", work, Executor("local", workers=2, timeout=2, signals=1))
    rows = table.splitlines()[1:]
    assert len(rows) == 8
    assert not any(b"timeout" in row for row in rows[:4])


def start(folder: Path, scenes: list[str], seconds: float, workers: int = 2, **options) -> subprocess.Popen:
    executor = json.dumps({"name": "local", "workers": workers, "signals": 2})
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-c", SCRIPT, str(folder), ",".join(scenes), executor, str(seconds)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, **options
    )


def wait_for_rows(folder: Path, process: subprocess.Popen, rows: int) -> None:
    deadline = time.monotonic() + PATIENCE
    path = folder / "results.csv"
    while not (path.exists() and path.read_bytes().count(b"\n") > rows):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def finish(folder: Path, scenes: list[str]) -> bytes:
    """Run the same command again, to its end."""
    process = start(folder, scenes, 0.0)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    return (folder / "results.csv").read_bytes()


def children(folder: Path) -> list[int]:
    """Processes of workers that the log names and that still run."""
    pids = {int(line["worker"].rpartition(":")[2]) for line in events(folder, "done")}
    return [pid for pid in pids if Path(f"/proc/{pid}/cmdline").exists() and _runs(pid)]


def _runs(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


SCENES = [f"s{n}" for n in range(6)]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_a_run_that_is_ended_goes_on_where_it_was(number, code, tmp_path):
    folder = tmp_path / "run"
    process = start(folder, SCENES, 0.1)
    wait_for_rows(folder, process, 4)
    assert read_status(folder)[0].state == "running"
    process.send_signal(number)
    printed, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, errors
    assert "Traceback" not in errors
    kept = read_scores(folder / "results.csv")
    assert 4 <= len(kept) < 48
    if number == signal.SIGINT:
        assert "stopping: what is being scored is finished first" in printed
        sent, done = events(folder, "sent"), events(folder, "done")
        assert len(sent) == len(done)
    (status,) = read_status(folder)
    assert status.state == ("dead" if number == signal.SIGKILL else "stopped")
    assert status.scored <= len(kept)
    deadline = time.monotonic() + PATIENCE
    while children(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children(folder) == []
    assert finish(folder, SCENES) == undisturbed(tmp_path / "other", SCENES)
    noted = (folder / "scored").read_text().splitlines()
    assert len(noted) <= 48 + 2 * 4  # at most the batches that were running are scored again


def test_ctrl_c_twice_stops_at_once(tmp_path):
    folder = tmp_path / "run"
    process = start(folder, ["s1", "hung!-2", "s3"], 0.0)
    wait_for_rows(folder, process, 4)
    process.send_signal(signal.SIGINT)
    assert "stopping" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert len(read_scores(folder / "results.csv")) >= 4


def test_a_full_disk_ends_the_run_and_loses_nothing(tmp_path):
    folder = tmp_path / "run"

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))  # the kernel refuses to write beyond

    process = start(folder, SCENES, 0.0, preexec_fn=fill)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3, errors
    assert "File too large" in errors
    assert len(errors.splitlines()) == 1
    assert finish(folder, SCENES) == undisturbed(tmp_path / "other", SCENES)


def test_a_reader_of_stdout_that_goes_away_does_not_end_the_run(tmp_path):
    folder = tmp_path / "run"
    process = start(folder, SCENES, 0.05)
    process.stdout.close()
    wait_for_rows(folder, process, 4)
    process.send_signal(signal.SIGINT)  # makes it print
    process.wait(PATIENCE)
    assert process.returncode == 130
    assert "BrokenPipe" not in process.stderr.read()
    assert finish(folder, SCENES) == undisturbed(tmp_path / "other", SCENES)


def test_many_deaths_and_any_number_of_workers_give_one_table(tmp_path):
    scenes = ["killed-1", "s2", "ended-3", "missing-4"]
    work = tasks(scenes, systems="a")
    tables = {run(tmp_path / str(n), work, Executor("local", workers=n, signals=n)) for n in (1, 2, 4)}
    assert tables == {undisturbed(tmp_path / "other", scenes, "a")}
    assert b"worker_lost" not in tables.pop()
