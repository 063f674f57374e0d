"""`haaqinet plan`: commands of an evaluation in batches."""

import shlex

import cadenza_tree as tree
import pytest
from commands import run as command
from places import ROOT
from scripts import run_script

from haaqinet_eval.cadenza import load_challenge
from haaqinet_eval.scores import read_scores

RECIPES = ROOT / "recipes"


@pytest.fixture(scope="module")
def challenge(tmp_path_factory):
    """The ICASSP challenge, enhanced by one system."""
    folder = tmp_path_factory.mktemp("challenge")
    root = tree.icassp(folder / "root", 0.6)
    config = tree.config("cad_icassp_2024", root, folder / "exp")
    tree.enhance(load_challenge("cad_icassp_2024", config), folder / "exp/ours/enhanced_signals")
    return folder


def test_a_plan_prints_commands_that_make_the_whole(challenge, tmp_path, capsys):
    root, exp = challenge / "root", challenge / "exp"
    script, given = (
        str(RECIPES / "cad_icassp_2024/evaluate.py"),
        (f"path.root={root}", f"path.exp_folder={exp}"),
    )
    code, out, told = command(capsys, "plan", script, *given, "--batches", 2, "--price", 36)
    assert code == 0, told
    *jobs, merging = out.strip().splitlines()
    assert len(jobs) == 2
    assert merging == f"haaqinet merge {exp}  # after all the others"
    for job in jobs:
        python, named, *options = shlex.split(job)
        assert (python, named) == ("python", script)
        done = run_script(RECIPES / "cad_icassp_2024/evaluate.py", *options, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    code, _, _ = command(capsys, "merge", exp)
    assert code == 0
    rows = read_scores(exp / "results.csv")
    assert told.startswith(f"{len(rows)} rows: {len(rows) // 2} pairs of a scene and a listener, 1 system\n")
    hours = estimate_of(told)
    assert hours > 0
    code, out, _ = command(capsys, "plan", script, *given, "--batches", 2, "--to", "slurm")
    assert "#SBATCH --array=0-1" in out
    assert "evaluate.batch=$SLURM_ARRAY_TASK_ID evaluate.batch_size=2" in out


def estimate_of(told):
    """Hours of one processor, from the price at 36 an hour."""
    return float(told.partition("price ")[2].partition(",")[0]) / 36


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("none/evaluate.py",), "its folder is no challenge; there are: cad_icassp_2024"),
        (("cad_icassp_2024/evaluate.py",), "option path.root: Missing mandatory value"),
        (("cad_icassp_2024/evaluate.py", "evaluator=nix"), "'evaluator/nix'"),
        (("cad_icassp_2024/evaluate.py", "--to", "moon"), "--to 'moon' is unknown; known: shell, slurm"),
        (
            ("cad_icassp_2024/evaluate.py", "{root}", "{exp}", "--batches", "9"),
            "pairs of a scene and a listener to divide",
        ),
    ],
)
def test_a_plan_that_cannot_be_made_is_refused_in_one_line(challenge, given, message, capsys):
    names = {"root": f"path.root={challenge}/root", "exp": f"path.exp_folder={challenge}/exp"}
    script, *options = (str(part).format(**names) for part in given)
    code, out, told = command(capsys, "plan", RECIPES / script, *options)
    assert (code, out) == (2, "")
    assert message in told
    assert len(told.splitlines()) == 1
