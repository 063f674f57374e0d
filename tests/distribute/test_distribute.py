"""Whoever scores, in whatever order: the same rows. And what travels, what is refused, what is shared."""

import ast
import csv
import json
import os
import pickle
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from stub_work import Level, job, load_other_version, run, tasks

from haaqinet_eval import InputError
from haaqinet_eval.distribute import Executor, make_batches
from haaqinet_eval.distribute.versions import PARTS
from haaqinet_eval.distribute.worker_process import WorkerBug
from haaqinet_eval.scores import read_scores

SCENES = ("s1", "s2", "missing-s3", "s4", "s5")


class Slow(Level):
    def __call__(self, stimulus):
        time.sleep(0.001)
        return super().__call__(stimulus)


@pytest.mark.parametrize(
    "executor",
    [
        Executor("local", workers=1, signals=3),
        Executor("local", workers=2),
        Executor("local", workers=4, signals=1),
        Executor("dask", workers=2, signals=2),
    ],
    ids=["1 worker", "2 workers", "4 workers", "dask"],
)
def test_the_table_is_the_same_bytes_wherever_it_is_scored(executor, tmp_path):
    work = tasks(SCENES)
    here = run(tmp_path / "here", work, Executor("inline"))
    there = run(tmp_path / "there", list(reversed(work)), executor)
    assert here.count(b"\n") == 1 + len(SCENES) * 8
    assert sorted(there.splitlines()) == sorted(here.splitlines())
    assert (
        run(tmp_path / "there", work, executor) == here
    )  # nothing is left to score; the order is the plan's


class Together(Level):
    """Scores all signals of a batch in one call."""

    at_once, calls = True, 0

    def __call__(self, stimulus):
        raise AssertionError("was asked for one signal")

    def score_batch(self, stimuli):
        type(self).calls += 1
        return [Level.__call__(self, stimulus) for stimulus in stimuli]


def test_a_scorer_that_takes_many_at_once_gets_a_batch_in_one_call(tmp_path):
    work = tasks(SCENES)  # one signal is missing
    together = replace(job(tmp_path / "b"), load=Together)
    rows = run(tmp_path / "b", work, Executor("inline"), together)
    assert rows == run(tmp_path / "a", work, Executor("inline"))
    assert Together.calls == sum(1 for _ in make_batches("", work, Executor("inline").signals)) < len(work)


def test_every_row_keeps_the_seconds_it_took_beside_the_table(tmp_path):
    run(tmp_path, tasks(["s1"]), Executor("inline"), replace(job(tmp_path), load=Slow))
    assert all(row.seconds > 0 for row in read_scores(tmp_path / "results.csv"))
    with (tmp_path / "results.csv").open(newline="") as file:
        assert {row["seconds"] for row in csv.DictReader(file)} == {""}


def test_batches_keep_a_scene_and_listener_together():
    found = list(make_batches("job", tasks(["s1", "s2"], systems="abc"), 4))
    assert [(b.scene, b.listeners, len(b.groups)) for b in found] == [
        ("s1", ["L1"], 3), ("s1", ["L2"], 3), ("s2", ["L1"], 3), ("s2", ["L2"], 3),
    ]  # fmt: skip
    assert [len(b.groups) for b in make_batches("job", tasks(["s1", "s2"], systems="abc"), 6)] == [6, 6]


def test_an_id_is_the_content(tmp_path):
    first, again, other = (
        next(make_batches(job(tmp_path, settings=s).id, tasks(["s1"]))).id for s in ("x", "x", "y")
    )
    assert first == again != other
    newer = replace(job(tmp_path, settings="x"), scorers={"haaqi": "2"})
    assert next(make_batches(newer.id, tasks(["s1"]))).id != first


def test_what_travels_is_small():
    batch = next(make_batches("job", tasks(["s1"], systems=[f"system {n}" for n in range(16)])))
    assert len(pickle.dumps(batch)) < 4000


@pytest.mark.parametrize("name", ["local", "dask"])
def test_a_worker_with_other_weights_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.setenv("STUB_HERE", str(os.getpid()))
    other = replace(job(tmp_path), load=load_other_version)
    with pytest.raises(InputError, match="scorer haaqi is 2 on the worker and 1 where the run was started"):
        run(tmp_path, tasks(["s1"]), Executor(name, workers=1), other)
    assert read_scores(tmp_path / "results.csv") == []


@pytest.mark.parametrize("package", ["numpy", "haaqinet-eval code"])
def test_a_worker_with_other_packages_is_refused(package, tmp_path):
    mine = job(tmp_path)
    other = replace(mine, versions={**mine.versions, package: "0"})
    with pytest.raises(InputError, match=f"package {package} is .* on the worker and 0 where the run was"):
        run(tmp_path, tasks(["s1"]), Executor("local", workers=1), other)


def test_all_code_that_scores_is_in_the_digest_that_workers_compare():
    scores = (
        "import sys; import haaqinet_eval.cadenza\n"
        "from haaqinet_eval.scorers import load_scorer, scorer_names\n"
        "from haaqinet_eval.registry import scorer_record\n"
        "[load_scorer(name) for name in scorer_names() if 'neighbour' != scorer_record(name).kind]\n"
        "print({name.split('.')[1] for name in sys.modules if name.startswith('haaqinet_eval.')})"
    )
    done = subprocess.run([sys.executable, "-c", scores], capture_output=True, text=True, check=True)
    loaded = ast.literal_eval(done.stdout)
    assert {"haaqi", "model", "mixture_aware"} <= loaded
    assert loaded - {"deprecated", "errors"} <= set(PARTS)  # these tell faults and earlier names


def test_work_that_cannot_travel_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be sent to another process"):
        run(tmp_path, tasks(["s1"]), Executor("local"), replace(job(tmp_path), load=lambda name: Level(name)))


@pytest.mark.parametrize("name", ["inline", "local"])
def test_a_bug_stops_the_run_with_its_traceback(name, tmp_path):
    with pytest.raises((ZeroDivisionError, WorkerBug), match="division by zero"):
        run(tmp_path, tasks(["s1", "bug-1"]), Executor(name, workers=1, signals=1))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "cloud"}, "executor.name is 'cloud'; known: inline, local, dask, batch_system"),
        ({"name": "local", "cores": 2}, "executor.cores is unknown; known: name, workers"),
        ({"name": "local", "workers": -1}, "executor.workers is -1, not a number of 0 or more"),
        ({"name": "local", "timeout": "long"}, "executor.timeout is 'long'"),
        ({"name": "batch_system", "kind": "cron"}, "executor.kind is 'cron'; known: slurm, pbs, lsf, sge"),
        ({"name": "jobs", "options": {"colour": 1}}, "executor.options: .*colour"),
        ({"name": "dask", "address": "nowhere"}, "executor.address: nowhere"),
    ],
)
def test_mistakes_in_the_options(options, said, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda command: command)  # as where jobs are submitted
    with pytest.raises(InputError, match=said):
        Executor.from_options(options).pool(job(tmp_path))


def test_the_log_tells_run_batch_scene_and_listener(tmp_path):
    run(tmp_path, tasks(["s1", "missing-s2"]), Executor("inline"))
    start, *lines, end = map(json.loads, (tmp_path / "log.jsonl").read_text().splitlines())
    assert (start["event"], start["expected"], end["event"], end["state"]) == ("start", 16, "end", "complete")
    assert [(x["event"], x["scene"], x["listener"]) for x in lines] == [
        ("sent", "s1", ["L1", "L2"]), ("done", "s1", ["L1", "L2"]),
        ("sent", "missing-s2", ["L1", "L2"]), ("done", "missing-s2", ["L1", "L2"]),
    ]  # fmt: skip
    assert len({x["run"] for x in (start, *lines, end)}) == 1
    assert len({x["batch"] for x in lines}) == 2
    assert (lines[1]["scored"], lines[3]["failed"]) == (8, {"missing_file": 8})


JOBS = {"cores": 1, "memory": "1GB", "interface": "lo"}


@pytest.mark.parametrize(
    ("kind", "command"), [("slurm", "sbatch"), ("pbs", "qsub"), ("lsf", "bsub"), ("sge", "qsub")]
)
def test_a_batch_system_that_is_not_here_is_refused_at_once(kind, command, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=f"executor.kind={kind}: {command}: not found"):
        Executor("batch_system", kind=kind, options=JOBS).pool(job(tmp_path))


def stub_command(folder, name, text):
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def test_a_job_that_the_batch_system_does_not_take_is_told(tmp_path, monkeypatch):
    stub_command(tmp_path, "sbatch", "echo 'sbatch: error: bad partition' >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.chdir(tmp_path)  # where the keys' files go
    with pytest.raises(InputError, match=r"sbatch does not take the job: sbatch: error: bad partition$"):
        Executor("batch_system", options=JOBS).pool(job(tmp_path))


def test_jobs_are_submitted_and_cancelled_at_the_end(tmp_path, monkeypatch):
    stub_command(tmp_path, "sbatch", f"echo $$ >>{tmp_path}/begun; echo Submitted batch job $$")
    stub_command(tmp_path, "scancel", f"echo $1 >>{tmp_path}/ended")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.chdir(tmp_path)  # where the keys' files go
    with Executor("jobs", jobs=3, options=JOBS).pool(job(tmp_path)) as pool:
        assert (pool.workers, pool.free) == (0, 1)
    begun, ended = (sorted((tmp_path / name).read_text().split()) for name in ("begun", "ended"))
    assert len(begun) == 3
    assert begun == ended
