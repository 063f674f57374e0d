"""`haaqinet recipe`: pyclarity's own recipes, unchanged, with our evaluator behind them."""

import csv
import inspect
import json
import runpy
import shutil
import sys
from contextlib import nullcontext
from functools import wraps
from pathlib import Path
from types import ModuleType, SimpleNamespace

import cadenza_tree as tree
import numpy as np
import pytest
from scipy.io import wavfile

from haaqinet_eval import pyclarity_recipe as shim
from haaqinet_eval.cadenza import load_challenge
from haaqinet_eval.errors import InputError, Unscorable
from haaqinet_eval.haaqi import HaaqiWarning
from haaqinet_eval.trials import Result

recipes = pytest.importorskip("recipes")
SCRIPTS = {
    "cad_icassp_2024": "cad_icassp_2024/baseline/evaluate.py",
    "cad1_task1": "cad1/task1/baseline/evaluate.py",
    "cad1_task2": "cad1/task2/baseline/evaluate.py",
    "cad2_task2": "cad2/task2/baseline/evaluate.py",
}
MEANS = {"cad_icassp_2024": "score", "cad1_task1": "score", "cad1_task2": "score", "cad2_task2": "avg_haaqi"}
SECONDS = {"cad_icassp_2024": 1.2, "cad1_task1": 0.8, "cad1_task2": 1.2, "cad2_task1": 0.8, "cad2_task2": 1.0}


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
            if name in ("scene", "song", "genre", "listener"):
                assert a == b
            else:
                assert float(a) == pytest.approx(float(b), abs=1e-6), name


def told(name):
    """CAD1 task 2 plays 32 kHz at 44.1 kHz, and the reference is cut to what remains."""
    if name == "cad1_task2":
        return pytest.warns(HaaqiWarning, match="1.20 s, the processed signal 0.88 s: both are cut")
    return nullcontext()


@pytest.mark.parametrize("name", list(SCRIPTS))
def test_three_evaluators(data, name, monkeypatch):
    run_untouched(name, overrides(data, name), monkeypatch)
    theirs = read(data, name)
    with told(name):
        assert shim.run_recipe(script(name), "haaqi", overrides(data, name)) == 0
    assert_same_table(read(data, name), theirs)

    assert shim.run_recipe(script(name), "haaqinet", overrides(data, name)) == 0
    predicted = read(data, name)
    assert predicted[0] == theirs[0]

    with told(name):
        assert shim.run_recipe(script(name), "both", overrides(data, name)) == 0
    both = read(data, name)
    ids = [c for c in theirs[0] if c in ("scene", "song", "genre", "listener")]
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


LYRICS = "cad2/task1/baseline/evaluate.py"


def lyrics(data):
    return Path(recipes.__file__).parent / LYRICS, overrides(data, "cad2_task1")


@pytest.fixture
def stubs(monkeypatch):
    """Whisper and a jiwer that pyclarity 0.9 can use, in as few lines as it needs."""
    hits = {"hits": 1, "substitutions": 1, "deletions": 0}
    model = SimpleNamespace(transcribe=lambda path, **options: {"text": "oh"})
    for name, parts in (
        ("whisper", {"load_model": lambda name: model}),
        ("jiwer", {"compute_measures": lambda reference, hypothesis: hits}),
    ):
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(**parts))


def test_the_recipe_of_lyrics(data, stubs, monkeypatch):
    """It sets no seed; here it has one."""
    place, options = lyrics(data)
    np.random.seed(1)
    monkeypatch.setattr(sys, "argv", [str(place), *options])
    folder = Path.cwd()
    runpy.run_path(str(place), run_name="__main__")
    monkeypatch.chdir(folder)
    head, theirs = read(data, "cad2_task1")
    np.random.seed(1)
    assert shim.run_recipe(place, "both", options) == 0
    both_head, ours = read(data, "cad2_task1")
    row = dict(zip(both_head, ours, strict=True))
    assert [name for name in both_head if name not in head] == [
        f"haaqinet_haaqi_{which}" for which in ("left", "right", "avg")
    ]
    for name, value in zip(head, theirs, strict=True):
        if name.startswith("haaqi") or name == "score":
            assert float(row[name]) == pytest.approx(float(value), abs=1e-6)
        else:
            assert row[name] == value
    assert float(row["score"]) == pytest.approx(0.4 * 0.5 + 0.6 * float(row["haaqi_avg"]))


def test_the_recipe_of_lyrics_without_whisper(data, monkeypatch):
    monkeypatch.setitem(sys.modules, "whisper", None)
    place, options = lyrics(data)
    with pytest.raises(InputError, match=r"wants whisper, .*recipes/cad2_task1 scores HAAQI without it"):
        shim.run_recipe(place, "haaqi", options)


def test_the_recipe_of_lyrics_with_a_jiwer_that_is_too_new(data, stubs, monkeypatch):
    monkeypatch.setitem(sys.modules, "jiwer", ModuleType("jiwer"))
    place, options = lyrics(data)
    with pytest.raises(InputError, match=r"cannot import name 'compute_measures' from 'jiwer'.*'jiwer<4'"):
        shim.run_recipe(place, "haaqi", options)


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


def test_relative_paths_count_from_the_folder_one_stands_in(data, tmp_path, monkeypatch):
    name = "cad_icassp_2024"
    folder = tmp_path / "it's mine, a b"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "data").symlink_to(data[name][0])
    shutil.copytree(data[name][1] / "enhanced_signals", folder / "exp/enhanced_signals")
    more = overrides(data, name)[2:]
    assert shim.run_recipe(script(name), "haaqinet", ["path.root=data", "path.exp_folder=exp", *more]) == 0
    assert (folder / "exp/scores.csv").read_text().count("\n") > 1


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


def test_a_score_that_is_the_mean_by_chance_is_none():
    """CAD2 task 1 with an alpha of 0, where words do not count."""
    row = {"haaqi_left": 0.25, "haaqi_right": 0.5, "haaqi_avg": 0.375, "alpha": 0.0, "score": 0.375}
    found = shim.find_columns(row, [0.25, 0.5])
    assert found == {"haaqi_left": 0, "haaqi_right": 1, "haaqi_avg": None}


def test_wrong_calls(tmp_path):
    with pytest.raises(InputError, match="no such recipe"):
        shim.run_recipe(tmp_path / "none.py", "both", [])
    (tmp_path / "mine.py").write_text("")
    with pytest.raises(InputError, match="known: haaqi, haaqinet, noresqa, both"):
        shim.run_recipe(tmp_path / "mine.py", "peaq", [])


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
        ("haaqinet_eval.pyclarity_recipe.version", lambda name: "0.11.2", "not from 0.8 on and below 0.10"),
        ("haaqinet_eval.pyclarity_recipe.version", lambda name: "1!x", "not from 0.8 on and below 0.10"),
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


def speech_like(sample_rate, seconds, rng):
    """Four syllables a second of a buzz."""
    t = np.arange(int(seconds * sample_rate)) / sample_rate
    phase = 2 * np.pi * np.cumsum(120 * (1 + 0.1 * np.sin(2 * np.pi * 3 * t))) / sample_rate
    buzz = sum(np.sin(k * phase + rng.uniform(0, 6)) / k for k in range(1, 26))
    return 0.15 * buzz * (0.05 + np.sin(2 * np.pi * 2 * t) ** 2)


def write_wav(path, samples, whole=True):
    path.parent.mkdir(parents=True, exist_ok=True)
    wavfile.write(path, 44_100, (32_000 * samples).astype(np.int16) if whole else samples.astype(np.float32))


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    """A scene and a listener as Clarity's recipes want them; 0.9 s, noisy, lower than the reference."""
    root = tmp_path_factory.mktemp("speech")
    rng = np.random.default_rng(0)
    clean = np.stack([speech_like(44_100, 0.9, rng) for _ in range(2)], 1)
    noisy = 0.5 * clean + 0.02 * rng.standard_normal(clean.shape)
    metadata, scenes = root / "clarity_data/metadata", root / "clarity_data/dev/scenes"
    listener = {
        "name": "L1",
        "audiogram_cfs": [250, 500, 1000, 2000, 3000, 4000, 6000, 8000],
        "audiogram_levels_l": [10, 15, 20, 30, 40, 50, 55, 60],
        "audiogram_levels_r": [20, 20, 25, 35, 40, 45, 50, 55],
    }
    tree.write_json(metadata / "listeners.json", {"L1": listener})
    tree.write_json(metadata / "scenes_listeners.dev.json", {"S1": ["L1"]})
    tree.write_json(metadata / "set.json", [{"signal": "S1_L1_E1"}])
    tree.write_json(root / "clarity_data/metadata/set.dev.json", [{"signal": "x", "hearing_loss": "Mild"}])
    for name, samples in (("target_anechoic", clean), ("target", 0.8 * clean), ("mix", noisy)):
        write_wav(scenes / f"S1_{name}_CH1.wav", samples)
    write_wav(root / "clarity_data/scenes/CEC2/S1_target_ref.wav", clean)
    write_wav(root / "clarity_data/HA_outputs/signals/CEC2/S1_L1_E1.wav", noisy)
    here = root / "task1/clarity_data"  # CEC3's
    for name in ("listeners", "scenes_listeners.dev"):
        tree.write_json(here / f"metadata/{name}.json", json.loads((metadata / f"{name}.json").read_text()))
    write_wav(here / "dev/scenes/S1_reference.wav", clean)
    write_wav(root / "exp/amplified_signals/S1_L1_HA-output.wav", noisy, whole=False)
    cpc3 = root / "cpc3"
    tree.write_json(cpc3 / "metadata/CPC3.dev.json", [{"signal": "a1", "hearing_loss": "Moderate"}])
    write_wav(cpc3 / "dev/signals/a1.wav", noisy)
    write_wav(cpc3 / "dev/references/a1_ref.wav", clean)
    write_wav(root / "exp/enhanced_signals/S1_L1_enhanced.wav", noisy, whole=False)
    write_wav(root / "exp/enhanced_signals/S1_L1_HA-output.wav", noisy)
    return root


CLARITY = {
    "icassp_2023": ("icassp_2023/baseline/evaluate.py", ["path.root={root}", "path.exp_folder={root}/exp"]),
    "cec2": ("cec2/baseline/evaluate.py", ["path.root={root}", "path.exp_folder={root}/exp"]),
    "cpc2": (
        "cpc2/baseline/compute_haspi.py",
        ["path.clarity_data_dir={root}", "dataset=set", "hydra.run.dir={root}/exp"],
    ),
    "cec3": (
        "cec3/baseline/evaluate.py",
        ["task=task1", "path.root={root}", "path.exp={root}/exp", "hydra/launcher=basic"],
    ),
    "cpc3": (
        "cpc3/baseline/compute_haspi.py",
        ["clarity_data_root={root}", "dataset=cpc3", "split=dev", "hydra.run.dir={root}/exp"],
    ),
}
WRITTEN = {"icassp_2023": "scores.csv", "cec2": "si.csv", "cpc2": "set.haspi.jsonl"}
WRITTEN |= {"cec3": "scores/scores.0_1.csv", "cpc3": "cpc3.dev.haspi.jsonl"}


def clarity(name, root):
    place, options = CLARITY[name]
    quiet = ["hydra/job_logging=none", "hydra/hydra_logging=none", "hydra.output_subdir=null"]
    return Path(recipes.__file__).parent / place, [*(o.format(root=root) for o in options), *quiet]


def test_haspi_and_hasqi_of_a_clarity_recipe_are_ours_and_the_same(speech, monkeypatch):
    place, options = clarity("icassp_2023", speech)
    table = speech / "exp" / "scores.csv"
    monkeypatch.setattr(sys, "argv", [str(place), *options])
    folder = Path.cwd()
    runpy.run_path(str(place), run_name="__main__")
    monkeypatch.chdir(folder)
    theirs = list(csv.reader(table.open(newline="")))
    table.unlink()
    assert shim.run_recipe(place, "haaqi", options) == 0
    ours = list(csv.reader(table.open(newline="")))
    assert ours[0] == theirs[0] == ["scene", "listener", "combined", "haspi", "hasqi"]
    assert [float(x) for x in ours[1][2:]] == pytest.approx([float(x) for x in theirs[1][2:]], abs=1e-6)
    assert 0.01 < float(ours[1][3]) < 1


@pytest.mark.parametrize("name", ["cec2", "cpc2", "cec3", "cpc3"])
def test_clarity_recipes_that_write_their_own_files_run(name, speech, monkeypatch):
    """HASPI of a wrong level is a number, too: that ours was asked is seen by its calls."""
    place, options = clarity(name, speech)
    called = []
    monkeypatch.setattr("haaqinet_eval.haspi.haspi_v2_be", spied(called))
    assert shim.run_recipe(place, "both", options) == 0
    assert len(called) == (2 if name == "cec2" else 1)
    assert f"{called[0]}" in (speech / "exp" / WRITTEN[name]).read_text()


def spied(called):
    from haaqinet_eval.haspi import haspi_v2_be

    @wraps(haspi_v2_be)
    def spy(*args, **options):
        called.append(haspi_v2_be(*args, **options))
        return called[-1]

    return spy


def test_a_prediction_of_haaqi_is_no_haspi(speech):
    place, options = clarity("icassp_2023", speech)
    with pytest.raises(InputError, match="asks for haspi_v2_be, and haaqinet predicts HAAQI: use evaluator="):
        shim.run_recipe(place, "haaqinet", options)


def test_a_recipe_that_asks_for_nothing_is_told(tmp_path, capsys):
    (tmp_path / "mine.py").write_text("print('done')\n")
    assert shim.run_recipe(tmp_path / "mine.py", "haaqi", []) == 0
    assert "asked for no HAAQI, HASPI or HASQI, so it ran as it is" in capsys.readouterr().err
