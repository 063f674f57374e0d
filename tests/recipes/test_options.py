"""Options of the recipes that make and train networks: a mistake is one line that names the option."""

import pytest
from places import ROOT
from scripts import run_script

from haaqinet_eval import InputError
from haaqinet_eval.synthesis.clips import read_rows
from haaqinet_eval.synthesis.options import chosen, natural, naturals, number, several, writable
from haaqinet_eval.synthesis.render import Plan
from haaqinet_eval.training.rendering import read_plan

RECIPES = ROOT / "recipes" / "haaqinet"
SHARES = ("augment", "procedural", "production", "mixing", "vary")
PLAN = {**dict.fromkeys(SHARES, 0.5), "seconds": 2, "conditions": 3}
PLAN |= {"only": ["white"], "seed": 1}
INDEX = "path,genre,title,artist,source_repo,split,licence,duration_s\n"


def test_a_list_may_be_one_name():
    assert several("a.csv") == ["a.csv"]
    assert several(["a.csv", "b.csv"]) == ["a.csv", "b.csv"]
    assert several(None) == []
    assert chosen("test", "splits", ("train", "test")) == ["test"]
    with pytest.raises(InputError, match=r"^splits=dev: none of train, test$"):
        chosen(["test", "dev"], "splits", ("train", "test"))


@pytest.mark.parametrize("value", ["3", 2.5, True, 0, None])
def test_what_is_no_whole_number_is_told(value):
    with pytest.raises(InputError, match=rf"^groups={value}: no whole number from 1 on$"):
        natural(value, "groups", 1)
    with pytest.raises(InputError, match=rf"^settings\.epochs={value}: no whole number"):
        naturals({"epochs": value}, "settings", "epochs")
    assert natural(1, "groups", 1) == 1


@pytest.mark.parametrize("value", ["3", True, -0.1, 1.1, float("nan"), None])
def test_what_is_no_number_is_told(value):
    with pytest.raises(InputError, match=rf"^share={value}: no number from 0 to 1$"):
        number(value, "share", 0, 1)
    assert number(1, "share", 0, 1) == 1


def test_a_plan_is_checked_option_by_option():
    assert read_plan(PLAN) == Plan(2, 3, **dict.fromkeys(SHARES, 0.5), only=("white",), seed=1)
    wrong = {"seconds": 0.4, "conditions": 0, "augment": 2, "procedural": -1, "production": "x", "seed": -1}
    for name, value in wrong.items():
        with pytest.raises(InputError, match=rf"^plan\.{name}={value}: no "):
            read_plan({**PLAN, name: value})


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    assert writable(tmp_path / "a" / "b", "out").is_dir()
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "b"):
        with pytest.raises(InputError, match=rf"^out={path}: "):
            writable(path, "out")


def test_an_index_that_is_no_table_is_told(tmp_path):
    path = tmp_path / "index.csv"
    for content, said in (
        (b"path\nx\xff", ", line 2: byte 0xFF is not UTF-8 text"),
        (b"\xff\xfe", ", line 1: lacks the columns path; it has none"),
        (b'path\n"x', ", line 2: unexpected end of data"),
        (b"kind;path\nx;y\n", ", line 1: its columns are separated by semicolons"),
    ):
        path.write_bytes(content)
        with pytest.raises(InputError, match=f"^{path}{said}"):
            read_rows(path, ("path",))
    with pytest.raises(InputError, match=f"^{tmp_path}: is a folder"):
        read_rows(tmp_path, ("path",))


@pytest.mark.parametrize(
    ("script", "options", "said"),
    [
        ("render.py", ["data.root=.", "splits=[dev]"], "splits=dev: none of train, validation, test"),
        ("render.py", ["data.root=.", "groups=x"], "groups=x: no whole number from 1 on"),
        ("render.py", ["data.root=.", "plan.seconds=0"], "plan.seconds=0: no number from 0.5 to 600"),
        ("train.py", ["settings.patience=0"], "settings.patience=0: no whole number from 1 on"),
        ("join.py", ["weights=[]", "out=x.safetensors"], "weights: there are none to join"),
    ],
)
def test_recipes_tell_it_in_one_line(tmp_path, script, options, said):
    (tmp_path / "index.csv").write_text(INDEX)
    done = run_script(RECIPES / script, *options, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, f"error: {said}\n")
