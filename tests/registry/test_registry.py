"""The registry of scorers, and a scorer of another package: in a recipe, in the store, on the board."""

import os
import re
import subprocess
import sys
from importlib.metadata import EntryPoint

import cadenza_tree as tree
import pytest
from places import ROOT

from haaqinet_eval import InputError, registry
from haaqinet_eval.scores import read_scores

SHOW_BOARD = """
import sys
from streamlit.testing.v1 import AppTest
page = AppTest.from_file(sys.argv[1], default_timeout=100).run()
assert not page.exception, page.exception
print(*(column for table in page.dataframe for column in table.value.columns), sep="\\n")
"""


@pytest.mark.parametrize("record", registry.SCORERS.ours.values(), ids=lambda record: record.name)
def test_a_record_says_what_the_scorer_says(record):
    try:
        scorer = record.load()
    except InputError as error:
        pytest.skip(str(error))
    facts = ("name", "needs", "limits", *(["sample_rate"] if record.sample_rate else []))
    assert [getattr(scorer, fact) for fact in facts] == [getattr(record, fact) for fact in facts]
    assert all(predicted in registry.scorer_names() for predicted in filter(None, [record.predicts]))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("name", "My Scorer", "'My Scorer'"), ("kind", "blind", "'blind'"), ("limits", (1.0, 1.0), "are equal")],
)
def test_a_wrong_record_is_refused(field, value, said):
    facts = {"name": "mine", "title": "Mine", "label": "Mine", "kind": "predicted", "factory": "a:B"}
    with pytest.raises(InputError, match=said):
        registry.ScorerRecord(**{**facts, "summary": "", field: value})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("haaqi", "haaqinet_eval.registry:KINDS", "is taken"),
        ("broken", "no_such_package:RECORD", "ModuleNotFoundError"),
        ("other", "haaqinet_eval.registry:KINDS", "is no ScorerRecord of that name"),
    ],
)
def test_a_broken_package_is_named_and_the_others_go_on(monkeypatch, name, value, said):
    scorers = registry.Registry("scorer", registry.ScorerRecord, tuple(registry.SCORERS.ours.values()))
    entry = EntryPoint(name, value, scorers.group)
    monkeypatch.setattr(
        "haaqinet_eval.registry.registry.entry_points",
        lambda group: [entry] if group == scorers.group else [],
    )
    with pytest.warns(RuntimeWarning, match=said):
        assert list(scorers.records()) == list(scorers.ours)
    if name != "haaqi":
        with pytest.raises(InputError, match=said):
            scorers.record(name)


def test_a_missing_package_is_named_with_the_extra():
    facts = {"title": "Mine", "label": "Mine", "kind": "predicted", "summary": "", "extra": "net"}
    record = registry.ScorerRecord(name="mine", factory="no_such_package:Scorer", **facts)
    with pytest.raises(InputError, match=r"needs no_such_package: pip install 'haaqinet-eval\[net\]'"):
        record.load()


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> dict[str, str]:
    """This environment, and the example package beside it."""
    folder = tmp_path_factory.mktemp("packages")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    source = tmp_path_factory.mktemp("source") / "example"
    subprocess.run(["cp", "-r", ROOT / "examples/plugin", source], check=True)
    subprocess.run([*install, "--target", str(folder), str(source)], check=True, capture_output=True)
    inherited = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(folder), str(ROOT), inherited]))}


def test_another_packages_system_and_scorer_run_in_recipes_and_show_on_the_board(environment, tmp_path):
    root = tree.icassp(tmp_path / "root", 0.6)
    tree.write_json(root / "metadata/scene_listeners.train.json", {"scene_1": ["L1"]})
    exp, store = tmp_path / "exp", tmp_path / "store.sqlite"

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    options, recipes = [f"path.root={root}", f"path.exp_folder={exp}"], ROOT / "recipes/cad_icassp_2024"
    assert "1 rendered from 1 song" in run(str(recipes / "enhance.py"), *options, "system=softer")
    evaluate = [str(recipes / "evaluate.py"), *options, "executor=inline"]
    assert "Unclipped samples" in run(*evaluate, "evaluator=[haaqi,unclipped]")
    rows = [row for row in read_scores(exp / "results.csv") if row.scorer == "unclipped"]
    assert [(row.trial.ear, row.version, row.score) for row in rows] == [
        ("left", "1", 1.0),
        ("right", "1", 1.0),
    ]

    command = ("-m", "haaqinet_eval.cli")
    assert re.search(r"^unclipped +predicted", run(*command, "scorers"), re.MULTILINE)
    run(*command, "import-results", str(exp / "results.csv"), "--team", "T1", "--store", str(store))
    environment["HAAQINET_STORE"] = str(store)
    shown = run("-c", SHOW_BOARD, str(ROOT / "leaderboard/app.py")).splitlines()
    assert "Unclipped samples (output alone) mean" in shown
