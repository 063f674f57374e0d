"""The script `recipes/<challenge>/evaluate.py`, run as a participant runs it."""

import json
import os
import resource
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import cadenza_tree as tree
import pytest
import soundfile
from commands import run as command
from omegaconf import OmegaConf
from places import ROOT
from scripts import run_script

from haaqinet_eval.cadenza import CHALLENGES, load_challenge
from haaqinet_eval.recipe import run_main
from haaqinet_eval.scores import read_scores

RECIPES = ROOT / "recipes"
BASELINES = {
    "cad_icassp_2024": "cad_icassp_2024/baseline",
    "cad1_task1": "cad1/task1/baseline",
    "cad1_task2": "cad1/task2/baseline",
    "cad2_task1": "cad2/task1/baseline",
    "cad2_task2": "cad2/task2/baseline",
}


def recipe(name: str, script: str, *overrides: str, cwd: Path) -> subprocess.CompletedProcess:
    return run_script(RECIPES / name / f"{script}.py", *overrides, cwd=cwd)


def leaves(config, prefix: str = "") -> dict:
    """Values by dotted name."""
    found = {}
    for key, value in config.items():
        inner = isinstance(value, dict)
        found |= leaves(value, f"{prefix}{key}.") if inner else {f"{prefix}{key}": value}
    return found


@pytest.mark.parametrize("name", CHALLENGES)
def test_config_has_pyclaritys_keys_and_defaults(name):
    theirs, common, own = (
        OmegaConf.load(path)
        for path in (
            Path(str(files("recipes"))) / BASELINES[name] / "config.yaml",
            ROOT / "haaqinet_eval/conf/challenge.yaml",
            RECIPES / name / "config.yaml",
        )
    )
    theirs, ours = (leaves(OmegaConf.to_container(c)) for c in (theirs, OmegaConf.merge(common, own)))
    different = {key for key in theirs if ours.get(key, "missing") != theirs[key]}
    allowed = {"path.exp_folder", "hydra.job.chdir", *(["path.root"] if name.startswith("cad1") else [])}
    assert different <= allowed


@pytest.fixture(scope="module")
def challenge(tmp_path_factory):
    """The ICASSP challenge with one pair, enhanced by one system."""
    folder = tmp_path_factory.mktemp("challenge")
    root = tree.icassp(folder / "root", 0.6)
    tree.write_json(root / "metadata/scene_listeners.train.json", {"scene_1": ["L1"]})
    config = tree.config("cad_icassp_2024", root, folder / "exp")
    tree.enhance(load_challenge("cad_icassp_2024", config), folder / "stand/exp/icassp/ours/enhanced_signals")
    return folder


def test_relative_paths_count_from_where_the_user_stands(challenge):
    done = recipe(
        "cad_icassp_2024",
        "evaluate",
        "path.root=../root",
        "path.exp_folder=exp/icassp",
        cwd=challenge / "stand",
    )
    assert done.returncode == 0, done.stderr
    exp = challenge / "stand/exp/icassp"
    assert len(read_scores(exp / "results.csv")) == 2
    assert sorted(path.name for path in exp.iterdir()) == [
        *("enhanced.csv", "log.jsonl", "ours", "references.csv"),
        *("results.csv", "results_seconds.csv", "run.json"),
    ]
    assert sorted(path.name for path in (exp / "ours").iterdir()) == ["enhanced_signals", "scores.csv"]
    record = json.loads((exp / "run.json").read_text())
    assert record["runs"][0]["config"]["path"]["root"] == str(challenge / "root")
    assert "pyclarity" in record["runs"][0]["versions"]


def test_a_failed_trial_makes_exit_code_1(challenge, tmp_path):
    exp = tmp_path / "exp"
    (exp / "empty/enhanced_signals").mkdir(parents=True)
    done = recipe(
        "cad_icassp_2024",
        "evaluate",
        f"path.root={challenge / 'root'}",
        f"path.exp_folder={exp}",
        cwd=tmp_path,
    )
    assert done.returncode == 1, done.stderr
    assert "2 of 2 rows could not be scored: missing_file 2" in done.stdout
    assert "scene_1_L1_remix.flac: no such file" in done.stdout


def test_results_go_to_a_folder_that_hydra_did_not_make(challenge, tmp_path, capsys):
    exp = tmp_path / "new/exp"
    signals = f"path.signals_folder={challenge / 'stand/exp/icassp'}"
    given = [f"path.root={challenge / 'root'}", f"path.exp_folder={exp}", signals, "executor=inline"]
    done = recipe("cad_icassp_2024", "evaluate", *given, f"hydra.run.dir={tmp_path / 'hydra'}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(read_scores(exp / "results.csv")) == 2
    assert (exp / "ours/scores.csv").is_file()
    told = command(capsys, "worst", exp, "--diagnose", "--json")
    trials = json.loads(told[1])["trials"]
    assert sorted(trial["ear"] for trial in trials) == ["left", "right"]
    for trial in trials:
        worst_of = max(trial["diagnosis"], key=lambda finding: finding["size"])
        assert trial["diagnosis"][0] == worst_of
        assert "loudness_lu" in trial["measures"]
    (signals_file,) = (challenge / "stand/exp/icassp/ours/enhanced_signals").iterdir()
    sound, rate = soundfile.read(signals_file)
    soundfile.write(signals_file, sound / 2, rate)
    assert "is not what was scored; evaluate again" in command(capsys, "worst", exp, "--diagnose")[1]
    kept = signals_file.rename(tmp_path / "away.flac")
    code, out, _ = command(capsys, "worst", exp, "--diagnose")
    kept.rename(signals_file)
    assert code == 0
    assert "scene_1 L1 left: missing_file: " in out
    (exp / "run.json").unlink()
    assert "no run.json beside it says where the audio is" in command(capsys, "worst", exp, "--diagnose")[2]
    of_store = command(capsys, "worst", "1", "--diagnose", "--store", f"sqlite:///{tmp_path}/s.sqlite")
    assert of_store[0] == 2


def test_a_full_disk_is_exit_code_3(challenge, tmp_path):
    signals = f"path.signals_folder={challenge / 'stand/exp/icassp'}"
    script = str(RECIPES / "cad_icassp_2024/evaluate.py")
    done = subprocess.run(
        [sys.executable, "-B", script, f"path.root={challenge / 'root'}", "path.exp_folder=exp", signals],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),  # no file may be longer
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},  # whose cache would be
    )
    assert done.returncode == 3, done.stderr
    assert "File too large" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_help_lists_the_values_of_the_recipes_own_options(tmp_path):
    done = recipe("cad1_task1", "evaluate", "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Evaluate systems on ")
    values = {line.split()[0]: line for line in reversed(done.stdout.splitlines()) if line.strip()}
    for option, names in (
        ("evaluator", ["haaqi,", "haaqinet,", "haaqinet_target,", "both (haaqi, haaqinet),", "all ("]),
        ("executor", ["dask, inline, local, slurm"]),
        ("system", ["passthrough,", "ideal,", "hdemucs,", "openunmix,"]),
    ):
        assert all(name in values[option] for name in names), values[option]
    assert "  limit: null" in done.stdout


def test_a_sweep_goes_on_after_a_job_that_failed(challenge, tmp_path):
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        (folder / "empty/enhanced_signals").mkdir(parents=True)
    sweep = f"path.exp_folder={folders[0]},{folders[1]}"
    done = recipe("cad_icassp_2024", "evaluate", "-m", f"path.root={challenge / 'root'}", sweep, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert all(len(read_scores(folder / "results.csv")) == 2 for folder in folders)


@pytest.mark.parametrize(
    ("script", "overrides", "said"),
    [
        ("evaluate", [], "option path.root: Missing mandatory value"),
        ("evaluate", ["path.root=nowhere"], "has no enhanced_signals; run enhance.py first"),
        ("evaluate", ["path.root=x", "path.exp_folder=file/exp"], "file/exp: Not a directory"),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_code_2(tmp_path, script, overrides, said):
    (tmp_path / "file").touch()
    done = recipe("cad_icassp_2024", script, *overrides, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1


def test_an_unknown_evaluator_lists_the_known_ones(tmp_path):
    done = recipe("cad2_task2", "evaluate", "evaluator=peaq", cwd=tmp_path)
    assert done.returncode == 2
    assert all(name in done.stderr for name in ("both", "haaqi", "haaqinet"))


@pytest.mark.parametrize("mistake", ["path.rot=x", "executor=slrm", "evaluator=haaqi,haqi"])
def test_what_hydra_refuses_is_a_mistake_in_the_call(tmp_path, mistake):
    sweep = ["-m"] if "," in mistake else []
    assert recipe("cad_icassp_2024", "evaluate", *sweep, mistake, cwd=tmp_path).returncode == 2


@pytest.mark.parametrize("name", CHALLENGES)
@pytest.mark.parametrize("script", ["enhance", "evaluate"])
def test_scripts_are_short(name, script):
    assert len((RECIPES / name / f"{script}.py").read_text().splitlines()) <= 60


def test_the_launcher_for_slurm_is_refused_at_once_where_there_is_no_slurm(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["evaluate.py", "-m", "hydra/launcher=submitit_slurm", "path.root=x"])
    with pytest.raises(SystemExit) as stop:
        run_main(lambda: pytest.fail("was launched"))
    assert stop.value.code == 2
    assert "submitit_slurm: sbatch, srun: not found" in capsys.readouterr().err


def test_hydra_keeps_no_secret_of_the_options(tmp_path):
    place = "https://round:geheim7@host.example"
    script = str(RECIPES / "cad_icassp_2024/evaluate.py")
    options = (
        "path.root=x",
        "hydra.output_subdir=.hydra",
        f"path.exp_folder={place}/a,{place}/b",
        "+api.token=geheim7",
    )
    command = [sys.executable, script, "-m", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    kept = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert {path.name for path in kept} >= {"overrides.yaml", "config.yaml", "hydra.yaml", "multirun.yaml"}
    assert not [path for path, text in kept.items() if "geheim7" in text]
    (config, _) = (OmegaConf.load(path) for path in kept if path.name == "config.yaml")
    assert config.path.exp_folder.startswith("https://round:***@host.example/")
    assert "geheim7" not in done.stdout + done.stderr


def test_a_secret_is_not_handed_to_submitit(monkeypatch, capsys):
    arguments = ["hydra/launcher=submitit_local", "path.root=s3://key:geheim7@bucket"]
    monkeypatch.setattr(sys, "argv", ["evaluate.py", *arguments])
    with pytest.raises(SystemExit) as stopped:
        run_main(lambda: None)
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "path.root=s3://key:***@bucket: submitit would write the secret" in said
