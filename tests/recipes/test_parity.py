"""Our recipes against pyclarity's own, untouched `evaluate.py`: same rows, same columns, same scores."""

import csv
from importlib.resources import files
from pathlib import Path

import cadenza_tree as tree
import pytest
from places import ROOT
from scripts import run_script

from haaqinet_eval.cadenza import CHALLENGES, load_challenge

OURS = ROOT / "recipes"
THEIRS = {
    "cad_icassp_2024": "cad_icassp_2024/baseline",
    "cad1_task1": "cad1/task1/baseline",
    "cad1_task2": "cad1/task2/baseline",
    "cad2_task1": "cad2/task1/baseline",
    "cad2_task2": "cad2/task2/baseline",
}


OLD = {"cad1_task2": ["acoustics=pyclarity"], "cad2_task1": ["scoring=pyclarity"]}  # as 0.9 has it
SAID = "scene,listener,ear,text\nS10001,L2,left, I think you're\nS10001,L2,right,\n"
STUBS = {  # the recipe of 0.9 sets no seed; with that of 0.6.2 its HAAQI can be compared
    "whisper": """
import hashlib
import sys
import numpy
def load_model(name):
    numpy.random.seed(int(hashlib.md5(b"S10001").hexdigest(), 16) % 10**8)
    return sys.modules[__name__]
def transcribe(path, fp16):
    return {"text": " I think you're" if path.endswith("_left.flac") else ""}
""",
    "jiwer": """
def compute_measures(reference, hypothesis):
    hits = len(set(reference.split()) & set(hypothesis.split()))
    return {"hits": hits, "substitutions": 0, "deletions": len(reference.split()) - hits}
""",
}


def with_stubs(script: Path, folder: Path) -> Path:
    """The recipe in a folder of its own, with what it imports beside it."""
    folder.mkdir()
    for name, text in STUBS.items():
        (folder / f"{name}.py").write_text(text)
    for file in (script, script.with_name("config.yaml")):
        (folder / file.name).write_text(file.read_text())
    return folder / script.name


def run(script: Path, *overrides: str, cwd: Path) -> None:
    done = run_script(script, *overrides, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr


def table(path: Path) -> tuple[list[str], list[list[str]]]:
    with path.open(newline="") as file:
        head, *rows = csv.reader(file)
    return head, rows


def write_challenge(name: str, root: Path) -> None:
    """A small challenge: two pairs of ICASSP 2024, one of the others, since pyclarity is slow."""
    tree.BUILDERS[name](root, 0.8)
    if name == "cad_icassp_2024":
        tree.write_json(root / "metadata/scene_listeners.train.json", {"scene_1": ["L2"], "scene_2": ["L1"]})
    if name == "cad1_task2":
        tree.write_json(root / "metadata/scenes_listeners.json", {"S500001": ["L2"], "S500002": ["L1"]})
    if name == "cad2_task1":
        tree.write_json(root / "metadata/scene_listeners.valid.json", {"S10001": ["L2"]})
    if name == "cad2_task2":
        tree.write_json(root / "metadata/scene_listeners.valid.json", {"S50001": ["L2"]})


@pytest.mark.slow
@pytest.mark.parametrize("name", CHALLENGES)
def test_same_table_as_pyclarity(name, tmp_path, monkeypatch):
    if name == "cad1_task1":
        monkeypatch.setattr(tree, "LISTENERS", {"L1": tree.LISTENERS["L1"]})
    root, exp = tmp_path / "root", tmp_path / "exp"
    write_challenge(name, root)
    challenge = load_challenge(name, tree.config(name, root, exp), {})
    paths = tree.enhance(challenge, exp / "ours/enhanced_signals")
    if name == "cad1_task1":
        paths[0].with_suffix(".txt").write_text("0.62")  # the peak that a baseline scaled to 1
    theirs = Path(str(files("recipes"))) / THEIRS[name] / "evaluate.py"
    if name == "cad2_task1":
        theirs = with_stubs(theirs, tmp_path / "lyrics")
    run(theirs, f"path.root={root}", f"path.exp_folder={exp / 'ours'}", cwd=tmp_path)
    table_of_theirs = tmp_path / "theirs.csv"
    (exp / "ours/scores.csv").rename(table_of_theirs)
    more = OLD.get(name, [])
    if name == "cad2_task1":
        pytest.importorskip("jiwer")
        (tmp_path / "t.csv").write_text(SAID)
        more = [*more, "recogniser=transcripts", f"transcripts={tmp_path / 't.csv'}"]
    run(OURS / name / "evaluate.py", f"path.root={root}", f"path.exp_folder={exp}", *more, cwd=tmp_path)

    (their_head, their_rows), (head, rows) = table(table_of_theirs), table(exp / "ours/scores.csv")
    assert head[: len(their_head)] == their_head
    assert head[len(their_head) :] == [option.partition("=")[0] for option in OLD.get(name, [])]
    assert len(rows) == len(their_rows) == len(challenge.pairs())
    for row, their_row in zip(rows, their_rows, strict=True):
        assert row[len(their_head) :] == ["pyclarity"] * len(OLD.get(name, []))
        for column, value, their_value in zip(their_head, row, their_row, strict=False):
            if column in ("scene", "song", "genre", "listener", "lyrics") or column.startswith("hypothesis"):
                assert value == their_value
            else:
                assert float(value) == pytest.approx(float(their_value), rel=0, abs=1e-6), column


def test_multiband_compressor_is_pyclaritys():
    import numpy as np
    from clarity.enhancer.multiband_compressor import MultibandCompressor as Theirs

    from haaqinet_eval.cadenza.compressor import MultibandCompressor as Ours

    signal = tree.sound(0, 0.5, level_db=-15)[:, 0]
    signal[:2000] = 0
    crossover = [353.55, 707.11, 1414.21, 2828.43, 5656.85]
    settings = {
        "attack": [11, 11, 14, 13, 11, 11],
        "release": [80, 80, 80, 80, 100, 100],
        "threshold": [-30, -30, -35, -30, -25, -30],
        "ratio": [1.0, 1.3, 1.5, 2.0, 2.5, 3.0],
        "makeup_gain": [0, 1, 3, 6, 9, 12.5],
    }
    theirs = Theirs(crossover, 44100)
    theirs.set_compressors(**settings)
    ours = Ours(44100, tuple(crossover), **{key: tuple(value) for key, value in settings.items()})
    np.testing.assert_allclose(ours(signal), theirs(signal.copy())[0], rtol=0, atol=1e-13)
