"""Recipes on clusters and behind URLs: the table of the plain loop, whoever is killed on the way."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cadenza_tree as tree
import distributed
import fsspec
import numpy as np
import pytest
from rich.console import Console

from haaqinet_eval import InputError, Result
from haaqinet_eval.audio import FileNote
from haaqinet_eval.cadenza import load_challenge, run
from haaqinet_eval.cadenza.fingerprints import Fingerprints
from haaqinet_eval.cadenza.run_missing import ResultsWriter
from haaqinet_eval.distribute import Outcome
from haaqinet_eval.errors import Stopped

NAME = "cad_icassp_2024"
QUIET = Console(quiet=True)


class Noisy:
    """Level and a random number: as HAAQI, it moves with audio, order and seed. It may kill, once."""

    version, sample_rate, needs, limits = "noisy", 24000, frozenset({"reference"}), (0.0, 1.0)

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, stimulus) -> Result:
        victim, mark = os.environ.get("STUB_VICTIM"), Path(os.environ.get("STUB_MARK", "."))
        if victim and not mark.exists():
            mark.touch()
            os.kill(os.getppid() if victim == "parent" else int(victim), signal.SIGKILL)
        rms = float(np.sqrt(np.mean(np.square(stimulus.processed, dtype=np.float64))))
        return Result(min(rms, 0.5) + 0.5 * stimulus.rng.uniform())


@pytest.fixture(scope="module")
def round_of_five(tmp_path_factory):
    """A challenge, five systems' signals, and the bytes of the plain loop's table."""
    folder = tmp_path_factory.mktemp("round")
    root, exp = tree.icassp(folder / "root", 0.5), folder / "exp"
    challenge = load_challenge(NAME, tree.config(NAME, root, exp), {})
    for n in range(5):
        tree.enhance(challenge, exp / f"system_{n}/enhanced_signals", 0.05 * (n + 1))
    return folder


@pytest.fixture
def evaluate(round_of_five, tmp_path, monkeypatch):
    """Runs the recipe, each time in a folder of its own; gives the table's bytes."""
    monkeypatch.setattr(run, "load_scorer", Noisy)

    def evaluated(executor: dict, name: str = "run", **places: str) -> bytes:
        exp = tmp_path / name
        exp.mkdir(exist_ok=True)
        config = tree.config(NAME, round_of_five / "root", exp)
        config["path"] |= {"signals_folder": str(round_of_five / "exp"), **places}
        assert run.run_evaluation(NAME, {**config, "executor": executor}, QUIET) == 0
        return (exp / "results.csv").read_bytes()

    return evaluated


@pytest.mark.slow
def test_a_round_of_five_systems_survives_the_death_of_a_dask_worker(evaluate, tmp_path, monkeypatch):
    undisturbed = evaluate({"name": "inline"}, "undisturbed")
    assert undisturbed.count(b"\n") == 1 + 3 * 5 * 2
    monkeypatch.setenv("STUB_VICTIM", "parent")  # of the process that scores: the Dask worker
    monkeypatch.setenv("STUB_MARK", str(tmp_path / "killed"))
    assert evaluate({"name": "dask", "workers": 2}) == undisturbed
    assert (tmp_path / "killed").exists()


def serve(*command: str) -> subprocess.Popen:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen([sys.executable, "-m", *command], stderr=subprocess.DEVNULL, env=env)


@pytest.mark.slow
def test_after_the_death_of_the_scheduler_the_same_command_goes_on(evaluate, tmp_path, monkeypatch):
    undisturbed = evaluate({"name": "inline"}, "undisturbed")
    where = str(tmp_path / "scheduler.json")
    options = ("--port", "0", "--scheduler-file", where, "--no-dashboard", "--interface", "lo")
    scheduler = serve("distributed.cli.dask_scheduler", *options)
    monkeypatch.setenv("STUB_VICTIM", str(scheduler.pid))
    monkeypatch.setenv("STUB_MARK", str(tmp_path / "killed"))
    worker = serve("distributed.cli.dask_worker", "--scheduler-file", where, "--no-dashboard", "--no-nanny")
    try:
        import distributed

        with distributed.Client(scheduler_file=where, timeout="60s") as client:
            address = client.scheduler.address
        with pytest.raises(Stopped, match="the scheduler is gone; the same command goes on from here"):
            evaluate({"name": "dask", "address": address})
    finally:
        for process in (scheduler, worker):
            process.kill()
            process.wait()
    assert evaluate({"name": "local", "workers": 1}) == undisturbed


def test_music_and_signals_behind_a_url(evaluate, round_of_five):
    undisturbed = evaluate({"name": "inline"}, "undisturbed")
    memory = fsspec.filesystem("memory")
    memory.put(str(round_of_five / "root/audio/at_mic_music"), "/round/music", recursive=True)
    memory.put(str(round_of_five / "exp"), "/round/exp", recursive=True)
    places = {"music_dir": "memory://round/music", "signals_folder": "memory://round/exp"}
    assert evaluate({"name": "inline"}, **places) == undisturbed


def test_workers_read_from_a_server(evaluate, round_of_five):
    undisturbed = evaluate({"name": "inline"}, "undisturbed")
    handler = partial(Quiet, directory=round_of_five)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        places = {"music_dir": f"{base}/root/audio/at_mic_music", "signals_folder": f"{base}/exp"}
        table = evaluate({"name": "local", "workers": 1}, **places)
        server.shutdown()
    assert table == undisturbed


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args) -> None:
        pass


def test_a_reference_that_changes_between_runs_is_refused(evaluate, round_of_five, tmp_path):
    music = tmp_path / "music"
    subprocess.run(["cp", "-r", str(round_of_five / "root/audio/at_mic_music"), str(music)], check=True)
    evaluate({"name": "inline"}, music_dir=str(music))
    changed = next(music.rglob("mixture.wav"))
    tree.write_audio(changed, tree.sound(99, 0.5))
    with pytest.raises(
        InputError, match=r"mixture\.wav: has changed since the earlier run; the scores would"
    ):
        evaluate({"name": "inline"}, music_dir=str(music))


def test_a_reference_that_changes_on_the_way_is_refused_and_nothing_is_written(tmp_path):
    written = []

    class File:
        append = staticmethod(written.append)

    notes = [Fingerprints(tmp_path / name, tmp_path) for name in ("enhanced.csv", "references.csv")]
    keep = ResultsWriter(File, *notes, [tmp_path / "exp"], lambda rows: None)
    files = {"/music/mixture.wav": FileNote(1, 1, "a"), f"{tmp_path}/exp/x": FileNote(1, 1, "b")}
    keep(Outcome(None, [["row"]], files))
    assert written == [["row"]]
    assert (tmp_path / "enhanced.csv").read_text().splitlines()[1] == "exp/x,1,1,b"
    with pytest.raises(InputError, match=r"/music/mixture\.wav: has changed since it was first read"):
        keep(Outcome(None, [["other"]], {"/music/mixture.wav": FileNote(1, 2, "c")}))
    assert written == [["row"]]


def test_an_unknown_protocol_is_a_mistake_of_the_call(evaluate):
    with pytest.raises(InputError, match="nowhere://music"):
        evaluate({"name": "inline"}, music_dir="nowhere://music")


SBATCH = """#!/bin/sh
cp "$1" "$JOBS.$$"
nohup sh "$JOBS.$$" > "$JOBS.log" 2>&1 &
echo $! >> "$JOBS"
echo "Submitted batch job $!"
"""


def is_refused(address: str) -> bool:
    with pytest.raises(OSError):
        distributed.Client(address.replace("tls://", "tcp://"), timeout="2s")
    return True


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A batch system whose jobs run here at once."""
    jobs = tmp_path / "jobs"
    jobs.touch()
    for name, script in (("sbatch", SBATCH), ("scancel", "#!/bin/sh\n")):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("JOBS", str(jobs))
    monkeypatch.chdir(tmp_path)
    yield
    for job in map(int, jobs.read_text().split()):
        with suppress(ProcessLookupError):
            os.kill(job, signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["local", "slurm"])
def test_only_the_owner_of_a_cluster_can_use_it(name, slurm, tmp_path):
    from haaqinet_eval.distribute import cluster

    def about_a_worker() -> tuple:  # within, so that it travels whole
        worker = distributed.get_worker()
        return worker.address, worker.http_server.address, os.environ.get("PYTHONSAFEPATH")

    if name == "slurm":
        client = cluster.job_cluster(name, 1, {"cores": 1, "memory": "1GB", "death_timeout": 60})
    else:
        client = cluster.local_cluster(1, {})
    with client, client.cluster as ours:
        scheduler = ours.scheduler
        worker, page, safe = client.submit(about_a_worker).result(timeout=120)
        assert scheduler.address.startswith("tls://")
        assert worker.startswith("tls://")
        assert safe == "1"
        assert is_refused(scheduler.address)
        assert is_refused(worker)
        listening = [listener.bound_address[0] for listener in scheduler.listeners]
        assert not {"0.0.0.0", "::", ""} & {*listening, page, scheduler.http_server.address}
        assert not scheduler.http_application.applications  # no dashboard
        assert cluster.DaskPool(b"", client, 1, 0).dashboard == ""


def test_a_cluster_of_jobs_takes_the_users_options_and_keeps_its_own(monkeypatch):
    from haaqinet_eval.distribute.guarded import job_options

    monkeypatch.setenv("PYTHONPATH", "")
    told = {
        "interface": "ib0",
        "job_script_prologue": ["module load python"],
        "worker_extra_args": ["--lifetime", "1h"],
    }
    options = job_options("slurm", told)
    assert options["scheduler_options"] == {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
    assert options["job_script_prologue"][0] == "export PYTHONSAFEPATH=1"
    assert options["job_script_prologue"][-1] == "module load python"
    assert options["worker_extra_args"][-2:] == ["--lifetime", "1h"]
    assert options["security"].require_encryption
    assert job_options("slurm", {"security": False})["protocol"] == "tcp://"
