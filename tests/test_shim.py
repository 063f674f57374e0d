"""`haaqinet recipe`: pyclarity's own recipes, unchanged, with our evaluator behind them."""

import csv
import inspect
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import cadenza_tree as tree
import numpy as np
import pytest

from haaqinet_eval import shim
from haaqinet_eval.cadenza import load_challenge
from haaqinet_eval.errors import InputError, Unscorable
from haaqinet_eval.trials import Result

recipes = pytest.importorskip("recipes")
SCRIPTS = {
    "cad_icassp_2024": "cad_icassp_2024/baseline/evaluate.py",
    "cad1_task1": "cad1/task1/baseline/evaluate.py",
    "cad2_task2": "cad2/task2/baseline/evaluate.py",
}
MEANS = {"cad_icassp_2024": "score", "cad1_task1": "score", "cad2_task2": "avg_haaqi"}
SECONDS = {"cad_icassp_2024": 1.2, "cad1_task1": 0.8, "cad2_task2": 1.0}


def script(name):
    return Path(recipes.__file__).parent / SCRIPTS[name]


class FakeNet:
    """In HAAQI-Net's place: a number that depends on all that the net is given."""

    name, version = "haaqinet", "fake"

    def __call__(self, stimulus):
        loss = np.mean(stimulus.audiogram.levels)
        level = 20 * np.log10(np.sqrt(np.mean(stimulus.processed**2)) + 1e-9) + stimulus.level1
        return Result(float(1 / (1 + np.exp(-(level + loss) / 100))))


@pytest.fixture(autouse=True)
def fake_net(monkeypatch):
    monkeypatch.setattr(shim, "load_scorer", lambda name: FakeNet())


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Per challenge: data of one pair, and a folder with a system's files."""
    made = {}
    for name, build in tree.BUILDERS.items():
        root, exp = tmp_path_factory.mktemp(name), tmp_path_factory.mktemp(f"{name}_exp")
        build(root, seconds=SECONDS[name])
        challenge = load_challenge(name, tree.config(name, root, exp), {})
        tree.enhance(challenge, exp / "enhanced_signals", noise=0.3)
        made[name] = root, exp
    return made


def overrides(data, name, *more):
    root, exp = data[name]
    quiet = ["hydra/job_logging=none", "hydra/hydra_logging=none", "hydra.output_subdir=null"]
    return [f"path.root={root}", f"path.exp_folder={exp}", "evaluate.small_test=true", *quiet, *more]


def run_untouched(name, arguments, monkeypatch):
    monkeypatch.setattr(sys, "argv", [str(script(name)), *arguments])
    runpy.run_path(str(script(name)), run_name="__main__")


def read(data, name):
    with (data[name][1] / "scores.csv").open(newline="") as file:
        return list(csv.reader(file))


def assert_same_table(got, expected):
    assert got[0] == expected[0]
    assert len(got) == len(expected)
    for row, wanted in zip(got[1:], expected[1:], strict=True):
        for name, a, b in zip(got[0], row, wanted, strict=True):
            if name in ("scene", "song", "listener"):
                assert a == b
            else:
                assert float(a) == pytest.approx(float(b), abs=1e-6), name


@pytest.mark.parametrize("name", list(SCRIPTS))
def test_three_evaluators(data, name, monkeypatch):
    run_untouched(name, overrides(data, name), monkeypatch)
    theirs = read(data, name)
    assert shim.run_recipe(script(name), "haaqi", overrides(data, name)) == 0
    assert_same_table(read(data, name), theirs)

    assert shim.run_recipe(script(name), "haaqinet", overrides(data, name)) == 0
    predicted = read(data, name)
    assert predicted[0] == theirs[0]

    assert shim.run_recipe(script(name), "both", overrides(data, name)) == 0
    both = read(data, name)
    ids = [c for c in theirs[0] if c in ("scene", "song", "listener")]
    scores = [c for c in theirs[0] if c not in ids]
    assert both[0] == ids + [c for score in scores for c in (score, f"haaqinet_{score}")]
    for row, true, net in zip(both[1:], theirs[1:], predicted[1:], strict=True):
        row, true, net = (
            dict(zip(t[0], r, strict=True)) for t, r in ((both, row), (theirs, true), (predicted, net))
        )
        ears = [c for c in scores if c != MEANS[name]]
        for column in scores:
            assert float(row[column]) == pytest.approx(float(true[column]), abs=1e-6)
            assert float(row[f"haaqinet_{column}"]) == pytest.approx(float(net[column]), abs=1e-12)
        mean = np.mean([float(row[f"haaqinet_{c}"]) for c in ears])
        assert float(row[f"haaqinet_{MEANS[name]}"]) == pytest.approx(mean)


def test_an_edited_copy_and_a_path_beside_it(data, tmp_path):
    source = script("cad_icassp_2024")
    text = source.read_text().replace('"left_score"', '"ear_1"').replace('"right_score"', '"ear_2"')
    text = text.replace(
        "from clarity.evaluator.haaqi import", "import helper\nfrom clarity.evaluator.haaqi.haaqi import"
    )
    (tmp_path / "mine.py").write_text(text)
    (tmp_path / "helper.py").write_text("")
    (tmp_path / "config.yaml").write_text(source.with_name("config.yaml").read_text())
    before = sys.path[:], Path.cwd(), sys.argv
    assert shim.run_recipe(tmp_path / "mine.py", "both", overrides(data, "cad_icassp_2024")) == 0
    header = read(data, "cad_icassp_2024")[0]
    assert header[3:] == ["ear_1", "haaqinet_ear_1", "ear_2", "haaqinet_ear_2", "score", "haaqinet_score"]
    assert (sys.path[:], Path.cwd(), sys.argv) == before


def test_pyclarity_is_put_back(tmp_path):
    from clarity.evaluator import haaqi
    from clarity.utils import results_support

    before = haaqi.compute_haaqi, haaqi.haaqi.compute_haaqi, results_support.ResultsFile
    (tmp_path / "mine.py").write_text(
        "import sys\nimport clarity.evaluator.haaqi as h\n"
        "assert type(h.compute_haaqi).__name__ == 'Evaluator'\nsys.exit(3)\n"
    )
    assert shim.run_recipe(tmp_path / "mine.py", "haaqi", []) == 3
    (tmp_path / "mine.py").write_text("1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        shim.run_recipe(tmp_path / "mine.py", "both", [])
    assert before == (haaqi.compute_haaqi, haaqi.haaqi.compute_haaqi, results_support.ResultsFile)


def test_a_signal_that_cannot_be_scored_stops_the_recipe_with_its_place(data, monkeypatch):
    def refuse(self, stimulus):
        raise Unscorable("silent_processed", "all samples are 0")

    monkeypatch.setattr(FakeNet, "__call__", refuse)
    with pytest.raises(
        InputError, match=r"evaluate\.py: .*row 1, call 1 of compute_haaqi: all samples are 0"
    ):
        shim.run_recipe(script("cad_icassp_2024"), "haaqinet", overrides(data, "cad_icassp_2024"))


def write_recipe(folder, body):
    (folder / "mine.py").write_text(
        "from clarity.evaluator.haaqi import compute_haaqi\n"
        "from clarity.utils.results_support import ResultsFile\n"
        "from clarity.utils.audiogram import Audiogram\n"
        "import numpy as np\n"
        "ear = Audiogram(levels=[20] * 8, frequencies=[250, 500, 1000, 2000, 3000, 4000, 6000, 8000])\n"
        "def score(k):\n"
        "    x = np.random.default_rng(k).standard_normal(8000) * 0.1 * (1 + k)\n"
        "    return compute_haaqi(x, x, 16000, 16000, ear)\n" + body
    )
    return folder / "mine.py"


def test_a_row_without_haaqi_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mine = write_recipe(tmp_path, "ResultsFile('s.csv', ['score']).add_result({'score': 0.5})\n")
    with pytest.raises(InputError, match="did not ask pyclarity for HAAQI"):
        shim.run_recipe(mine, "haaqi", [])


def test_scores_without_a_row_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no row was written by pyclarity's ResultsFile"):
        shim.run_recipe(write_recipe(tmp_path, "score(0)\n"), "haaqinet", [])


def test_a_recipe_that_changes_its_scores_is_refused_with_both(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mine = write_recipe(tmp_path, "ResultsFile('s.csv', ['s']).add_result({'s': 7 * score(0)})\n")
    with pytest.raises(InputError, match="no column holds what compute_haaqi returned"):
        shim.run_recipe(mine, "both", [])
    rows = "".join(f"    f.add_result({{'a': {row}}})\n" for row in ("score(0)", "2 * score(1)"))
    mine = write_recipe(tmp_path, f"f = ResultsFile('s.csv', ['a'])\nif 1:\n{rows}")
    with pytest.raises(InputError, match=r"row 3.*column 'a'|column 'a' does not hold"):
        shim.run_recipe(mine, "both", [])


def test_columns_with_equal_scores():
    row = {"song": "S", "score": 1.0, "left": 1.0, "right": 1.0}
    assert shim.find_columns(row, [1.0, 1.0]) == {"left": 0, "right": 1, "score": None}


def test_wrong_calls(tmp_path):
    with pytest.raises(InputError, match="no such recipe"):
        shim.run_recipe(tmp_path / "none.py", "both", [])
    (tmp_path / "mine.py").write_text("")
    with pytest.raises(InputError, match="known: haaqi, haaqinet, both"):
        shim.run_recipe(tmp_path / "mine.py", "pesq", [])


def moved_haaqi(processed_signal, reference_signal, audiogram):
    """What a later pyclarity might have."""


class MovedResults:
    def __init__(self, file_name, header_columns, append_results=False):
        pass

    def add_row(self, row_values):
        pass


@pytest.mark.parametrize(
    ("target", "value", "message"),
    [
        (
            "clarity.evaluator.haaqi.compute_haaqi",
            moved_haaqi,
            "compute_haaqi takes processed_signal, reference",
        ),
        ("clarity.utils.results_support.ResultsFile", MovedResults, "no ResultsFile.add_result"),
        ("clarity.utils.results_support.ResultsFile", lambda path: None, "ResultsFile takes path"),
        ("haaqinet_eval.shim.version", lambda name: "0.11.2", "not from 0.8 on and below 0.10"),
        ("haaqinet_eval.shim.version", lambda name: "1!x", "not from 0.8 on and below 0.10"),
    ],
)
def test_a_pyclarity_that_has_moved_is_refused(tmp_path, monkeypatch, target, value, message):
    (tmp_path / "mine.py").write_text("raise AssertionError('the recipe was started')")
    monkeypatch.setattr(target, value)
    with pytest.raises(InputError, match=f"does not fit pyclarity .*{message}"):
        shim.run_recipe(tmp_path / "mine.py", "haaqi", [])


def test_a_name_that_is_gone_is_refused(monkeypatch):
    from clarity.evaluator import haaqi

    monkeypatch.delattr(haaqi, "compute_haaqi")
    with pytest.raises(InputError, match=r"clarity\.evaluator\.haaqi has no compute_haaqi"):
        shim.check_pyclarity()


def test_the_signature_that_is_checked_is_ours_too():
    parameters = inspect.signature(shim.Evaluator.__call__).parameters
    given = {name: value.default for name, value in list(parameters.items())[1:]}
    assert given == shim.HAAQI_PARAMETERS


def test_prediction_gets_what_the_recipe_gave(monkeypatch):
    seen = []
    monkeypatch.setattr(FakeNet, "__call__", lambda self, stimulus: seen.append(stimulus) or Result(0.25))
    ear = SimpleNamespace(levels=np.array([10.0, 20, 30]), frequencies=np.array([500, 1000, 2000]))
    x = np.ones(100)
    assert shim.Evaluator("haaqinet")(x, None, 24000, 24000, ear, level1=71.5) == 0.25
    [stimulus] = seen
    assert stimulus.processed is x
    assert (stimulus.sample_rate, stimulus.level1) == (24000, 71.5)
    assert (stimulus.audiogram.levels, stimulus.audiogram.frequencies) == ((10, 20, 30), (500, 1000, 2000))
