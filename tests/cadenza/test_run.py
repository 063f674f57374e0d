"""A run: which systems, what is written, resuming, batches, and what makes a result out of date."""

import csv
import hashlib
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import cadenza_tree as tree
import numpy as np
import pytest
from places import TESTS
from typer.testing import CliRunner

from haaqinet_eval import InputError
from haaqinet_eval.analysis.report import load_run
from haaqinet_eval.analysis.standings import standings
from haaqinet_eval.cadenza import load_challenge, run
from haaqinet_eval.cadenza.loaders import official_seed, pair_loaders
from haaqinet_eval.cli.commands import app
from haaqinet_eval.model import Dimensions, HaaqiNet, model_version, save_model
from haaqinet_eval.scorers.own import Loader
from haaqinet_eval.scores import read_scores

NAME = "cad_icassp_2024"


class Setup:
    """A challenge with a system's files, and the scorers of its last run."""

    def __init__(self, folder: Path, name: str = NAME, systems=("sys",)) -> None:
        self.name, self.exp = name, folder / "exp"
        self.root = tree.BUILDERS[name](folder / "root", 1.0 if name == "cad1_task1" else 0.5)
        self.scorers: list[tree.FakeScorer] = []
        for k, system in enumerate(systems):
            tree.enhance(load_challenge(name, self.config(), {}), self.signals(system), 0.05 * (k + 1))

    def signals(self, system: str = "sys") -> Path:
        return self.exp / system / "enhanced_signals"

    def config(self, **overrides) -> dict:
        return tree.config(self.name, self.root, self.exp, **overrides)

    def run(self, **overrides) -> int:
        self.scorers = []
        return run.run_evaluation(self.name, self.config(**overrides))

    def load_scorer(self, name: str) -> tree.FakeScorer:
        self.scorers.append(tree.FakeScorer(name))
        return self.scorers[-1]

    @property
    def calls(self) -> int:
        return sum(len(scorer.stimuli) for scorer in self.scorers)


@pytest.fixture
def make(tmp_path, monkeypatch):
    def made(**options) -> Setup:
        setup = Setup(tmp_path, **options)
        monkeypatch.setattr(run, "load_scorer", setup.load_scorer)
        return setup

    return made


def table(path: Path) -> list[dict]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_results_tables_and_record(make):
    setup = make(systems=("a", "b"))
    assert setup.run(**{"evaluator.scorers": ["haaqi", "haaqinet"]}) == 0
    rows = read_scores(setup.exp / "results.csv")
    assert len(rows) == 3 * 2 * 2 * 2  # pairs, ears, systems, scorers
    for system in "ab":
        own, predicted = (table(setup.exp / system / f) for f in ("scores.csv", "scores_haaqinet.csv"))
        assert [(r["scene"], r["listener"]) for r in own] == [
            ("scene_1", "L2"),
            ("scene_1", "L1"),
            ("scene_2", "L1"),
        ]
        assert own == predicted  # the stand-in's scores do not depend on its name
        for r in own:
            assert float(r["score"]) == (float(r["left_score"]) + float(r["right_score"])) / 2
    record = json.loads((setup.exp / "run.json").read_text())
    assert record["challenge"] == NAME
    (this,) = record["runs"]
    assert (this["expected"], this["scored"], this["failed"]) == (24, 24, {})
    assert this["scorers"] == {"haaqi": "1", "haaqinet": "1"}
    assert this["systems"] == ["a", "b"]
    assert this["started"] <= this["ended"]
    assert {"python", "numpy", "soxr"} <= this["versions"].keys()
    assert this["config"]["path"]["root"] == str(setup.root)
    gains = hashlib.sha256((setup.root / "metadata/gains.json").read_bytes()).hexdigest()
    assert record["settings"]["sha256 of gains.json"] == gains


def test_a_second_run_scores_nothing(make):
    setup = make()
    assert setup.run() == 0
    assert setup.calls == 6
    before = (setup.exp / "results.csv").read_bytes()
    assert setup.run() == 0
    assert setup.calls == 0
    assert (setup.exp / "results.csv").read_bytes() == before
    assert len(json.loads((setup.exp / "run.json").read_text())["runs"]) == 2


def test_a_larger_run_adds_what_is_missing(make):
    setup = make(systems=("a", "b"))
    assert setup.run(**{"evaluate.small_test": True, "system": "a"}) == 0
    assert setup.calls == 2
    assert setup.run(system="a") == 0
    assert setup.calls == 4
    assert setup.run(**{"evaluator.scorers": ["haaqi", "haaqinet"]}) == 0
    assert [len(scorer.stimuli) for scorer in setup.scorers] == [6, 12]


def test_each_scorer_has_the_trials_that_it_was_asked_for(make, capsys):
    """A whole run of one scorer, then parts for another: never 12/4, and never whole before it is."""
    setup = make()

    def shown(**overrides):
        assert setup.run(**overrides) == 0
        run = load_run(setup.exp)
        return {e.scorer: (e.scored, e.expected) for e in standings(run.scores, run.expected)}

    asked = {"evaluator.scorers": ["haaqi"]}
    assert shown(**{"evaluator.scorers": ["haaqinet"]}) == {"haaqinet": (6, 6)}
    assert shown(**asked, **{"evaluate.limit": 1}) == {"haaqi": (2, 2), "haaqinet": (6, 6)}
    assert shown(**asked, **{"evaluate.scenes": "scene_2"})["haaqi"] == (4, 4)
    record = json.loads((setup.exp / "run.json").read_text())
    assert record["asked"]["haaqi"]["pairs"] == {"scene_1": ["L2"], "scene_2": ["L1"]}
    for entry in (record["asked"]["haaqi"], record["runs"][-1]):  # a run for the rest that was killed at once
        entry.update(trials=6, expected=6)
    (setup.exp / "run.json").write_text(json.dumps(record))
    run = load_run(setup.exp)
    assert [e.rank for e in standings(run.scores, run.expected) if e.scorer == "haaqi"] == [None]
    del record["asked"]  # an earlier version's record
    (setup.exp / "run.json").write_text(json.dumps(record))
    assert load_run(setup.exp).expected == {"haaqi": 6, "haaqinet": 6}
    assert (
        capsys.readouterr().out.count(
            f"next: haaqinet report {setup.exp}/results.csv --out {setup.exp}/report.html"
        )
        == 3
    )


def test_a_changed_file_is_scored_again_and_a_copied_one_is_not(make, capsys):
    setup = make()
    setup.run()
    first, second, third = sorted(setup.signals().iterdir())
    before = {row.key: row.score for row in read_scores(setup.exp / "results.csv")}
    second.write_bytes(third.read_bytes())
    os.utime(first, ns=(1, 1))  # the same content under another time
    third.unlink()  # gone, but its scores are still those of the file that was scored
    assert setup.run() == 0
    assert setup.calls == 2
    assert "2 rows scored again" in capsys.readouterr().out
    after = {row.key: row.score for row in read_scores(setup.exp / "results.csv")}
    assert before.keys() == after.keys()
    assert sum(before[key] != after[key] for key in before) == 2


def test_other_settings_or_metadata_are_refused(make):
    setup = make()
    setup.run()
    with pytest.raises(InputError, match=r"made with evaluate\.set_random_seed True, now it is False"):
        setup.run(**{"evaluate.set_random_seed": False})
    with pytest.raises(InputError, match=r"made with nalr .*220.* now it is .*200"):
        setup.run(**{"nalr.nfir": 200})
    path = setup.root / "metadata/gains.json"
    path.write_text(path.read_text().replace("10", "6"))
    with pytest.raises(InputError, match=r"sha256 of gains\.json .* use another path\.exp_folder"):
        setup.run()
    (setup.exp / "results.csv").unlink()
    assert setup.run() == 0


def test_pyclaritys_own_layout_is_one_system(make):
    setup = make(systems=())
    tree.enhance(load_challenge(NAME, setup.config()), setup.exp / "enhanced_signals")
    assert setup.run() == 0
    assert {row.trial.system for row in read_scores(setup.exp / "results.csv")} == {"exp"}
    assert len(table(setup.exp / "scores.csv")) == 3


def test_which_systems(make):
    setup = make(systems=("a", "b"))
    (setup.exp / "notes").mkdir()
    assert setup.run(system=["b"]) == 0
    assert {row.trial.system for row in read_scores(setup.exp / "results.csv")} == {"b"}
    with pytest.raises(InputError, match=r"option system: .* has no c/enhanced_signals; there are: a, b"):
        setup.run(system=["a", "c"])
    with pytest.raises(InputError, match=r"'\.\./a', which cannot be part of a file name"):
        setup.run(system="../a")
    with pytest.raises(InputError, match=r"nowhere is no folder; run enhance\.py first"):
        setup.run(**{"path.exp_folder": str(setup.exp / "nowhere")})
    with pytest.raises(InputError, match=r"notes has no enhanced_signals; run enhance\.py first"):
        setup.run(**{"path.exp_folder": str(setup.exp / "notes")})


@pytest.mark.parametrize("challenge", [NAME, "cad1_task2"])
def test_batches_and_merge_give_the_whole_run(make, challenge):
    setup = make(name=challenge, systems=("a", "b"))
    setup.run()
    whole = {row.key: row.score for row in read_scores(setup.exp / "results.csv")}
    tables = [(setup.exp / s / "scores.csv").read_bytes() for s in "ab"]
    for name in ("results.csv", "run.json", "enhanced.csv", "a/scores.csv", "b/scores.csv"):
        (setup.exp / name).unlink()
    for batch in range(2):
        assert setup.run(**{"evaluate.batch": batch, "evaluate.batch_size": 2}) == 0
        assert (setup.exp / f"a/scores_{batch + 1}-2.csv").exists()
    assert len(read_scores(setup.exp / "results_1-2.csv")) == 8
    assert len(read_scores(setup.exp / "results_2-2.csv")) == 4
    assert run.find_batches(setup.exp) == (challenge, 2)
    assert CliRunner().invoke(app, ["merge", str(setup.exp)]).exit_code == 0
    merged = read_scores(setup.exp / "results.csv")
    assert {row.key: row.score for row in merged} == whole
    assert [(setup.exp / s / "scores.csv").read_bytes() for s in "ab"] == tables
    assert setup.run() == 0
    assert setup.calls == 0  # a whole run goes on from the merged one


def test_merge_wants_to_know_which_batches(make):
    setup = make()
    with pytest.raises(InputError, match="has no such batches to merge"):
        run.find_batches(setup.exp)
    for number in (2, 3):
        setup.run(**{"evaluate.batch": 0, "evaluate.batch_size": number})
    with pytest.raises(InputError, match="has batches 1 to 2 and 1 to 3; say how many with --batches"):
        run.find_batches(setup.exp)
    assert run.find_batches(setup.exp, 3) == (NAME, 3)


def test_merge_refuses_gaps_duplicates_and_strangers(make):
    setup = make()
    with pytest.raises(InputError, match=r"run_1-2\.json: no such file"):
        run.run_merge(NAME, setup.exp, 2)
    with pytest.raises(InputError, match=r"batch_size is 1; there is nothing to merge"):
        run.run_merge(NAME, setup.exp, 1)
    setup.run(**{"evaluate.batch": 0, "evaluate.batch_size": 2})
    with pytest.raises(InputError, match=r"the batch evaluate\.batch=1 evaluate\.batch_size=2 was not run"):
        run.run_merge(NAME, setup.exp, 2)
    setup.run(**{"evaluate.batch": 1, "evaluate.batch_size": 2})
    with pytest.raises(InputError, match="a batch of challenge 'cad_icassp_2024', not 'cad2_task2'"):
        run.run_merge("cad2_task2", setup.exp, 2)
    one, two = (setup.exp / f"results_{b}-2.csv" for b in (1, 2))
    kept = two.read_text()
    two.write_text("\n".join(kept.splitlines()[:-1]) + "\n")
    with pytest.raises(InputError, match=r"missing: 1 of 6 rows; first: .* scene_1 .* right"):
        run.run_merge(NAME, setup.exp, 2)
    two.write_text(kept + one.read_text().splitlines()[-1] + "\n")
    with pytest.raises(InputError, match=r"is already in .*results_1-2\.csv"):
        run.run_merge(NAME, setup.exp, 2)
    two.write_text(kept)
    record = json.loads((setup.exp / "run_2-2.json").read_text())
    record["runs"][-1]["scorers"]["haaqi"] = "2"
    (setup.exp / "run_2-2.json").write_text(json.dumps(record))
    with pytest.raises(InputError, match=r"run_2-2\.json: its scorers differ"):
        run.run_merge(NAME, setup.exp, 2)


def test_official_seeding_is_one_stream_per_pair_and_system(make):
    setup = make(systems=("a", "b"))
    setup.run()
    rngs = [stimulus.rng for stimulus in setup.scorers[0].stimuli]
    assert len({id(rng) for rng in rngs}) == 6  # 3 pairs, 2 systems; both ears share one
    assert all(rngs[i] is rngs[i + 1] for i in range(0, 12, 2))
    expected = np.random.RandomState(int(hashlib.md5(b"scene_1").hexdigest(), 16) % 10**8)
    np.testing.assert_array_equal(rngs[0].standard_normal(3), expected.standard_normal(3))
    assert official_seed("scene_1") < 10**8


def test_references_are_shared_by_systems(make):
    setup = make(systems=("a", "b"))
    setup.run(**{"evaluate.set_random_seed": False})
    stimuli = setup.scorers[0].stimuli
    assert [s.rng for s in stimuli[0:2]] == [s.rng for s in stimuli[2:4]]
    assert len({s.rng for s in stimuli}) == 6  # each ear has a seed of its own
    heard = [s.reference.heard("a scorer", lambda signal: object()) for s in stimuli]
    assert heard[0:2] == heard[2:4]
    assert len(set(heard)) == 6


def test_nothing_is_read_before_it_is_needed(make):
    setup = make()
    challenge = load_challenge(NAME, setup.config())
    challenge.music_dir = Path("nowhere")
    for pair in challenge.pairs():
        assert len(list(pair_loaders(challenge, pair, {"sys": Path("nowhere")}, True))) == 1


def cad1_segments(make, value, folder="evaluation"):
    setup = make(name="cad1_task1", systems=())
    config = setup.config(**{"evaluate.segments": True})
    tree.enhance(load_challenge("cad1_task1", config, {}), setup.signals() / folder)
    return setup, setup.run(**{"evaluate.segments": value})


@pytest.mark.parametrize(("value", "folder"), [("auto", "evaluation"), (True, "evaluation"), (True, ".")])
def test_cad1_segments_are_compared_with_the_segment(make, value, folder):
    setup, code = cad1_segments(make, value, folder)
    assert code == 0
    stimulus = setup.scorers[0].stimuli[0]
    assert len(stimulus.processed) == round(0.5 * 24000)
    whole = load_challenge("cad1_task1", setup.config(**{"evaluate.segments": False}), {})
    stem = whole.true_stem("Band - Song", "drums")
    cut = load_challenge("cad1_task1", setup.config(**{"evaluate.segments": True}), {})
    np.testing.assert_array_equal(
        cut.true_stem("Band - Song", "drums"), stem[int(0.25 * 44100) : int(0.75 * 44100)]
    )


def test_cad1_segments_against_the_whole_song_are_refused(make):
    setup, code = cad1_segments(make, False, ".")
    assert code == 1
    assert {row.error for row in read_scores(setup.exp / "results.csv")} == {"wrong_length"}


def test_cad1_both_layouts_at_once_must_be_told_apart(make):
    setup = make(name="cad1_task1")
    (setup.signals() / "evaluation").mkdir()
    with pytest.raises(InputError, match=r"set evaluate\.segments to true or false"):
        setup.run()
    assert setup.run(**{"evaluate.segments": False}) == 0
    with pytest.raises(InputError, match=r"evaluate\.segments is 'sometimes', not auto, true or false"):
        setup.run(**{"evaluate.segments": "sometimes"})


def test_cad1_segments_are_checked(make):
    setup, _ = cad1_segments(make, "auto")
    path = setup.root / "metadata/musdb18.segments.test.json"
    for segment, said in (
        ({"start": 2, "end": 1}, "'start' 2.0 and 'end' 1.0 are no segment"),
        ({"start": "0", "end": 1}, "field 'start' is '0', not a number"),
    ):
        tree.write_json(path, {"Band - Song": {"objective_evaluation": segment}})
        with pytest.raises(InputError, match=said):
            setup.run()
    tree.write_json(path, {})
    with pytest.raises(InputError, match="there is no 'Band - Song'"):
        setup.run()


KILLED = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
import cadenza_tree as tree
from haaqinet_eval.cadenza import run

class Slow(tree.FakeScorer):
    def __call__(self, stimulus):
        with open(sys.argv[3], "a") as log:
            log.write("x")
        time.sleep(0.1)
        return super().__call__(stimulus)

run.load_scorer = Slow
sys.exit(run.run_evaluation("cad_icassp_2024", json.loads(sys.argv[2])))
"""


def test_a_killed_run_goes_on_and_scores_nothing_twice(make, tmp_path):
    setup = make(systems=("a", "b", "c"))
    log, results = tmp_path / "log", setup.exp / "results.csv"
    command = [sys.executable, "-c", KILLED, str(TESTS), json.dumps(setup.config()), str(log)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None and not (results.exists() and results.read_bytes().count(b"\n") >= 5):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    with results.open("a") as file:
        file.write("cad_icassp_2024,a,sce")  # a row that the crash tore
    kept = {row.key: row for row in read_scores(results, torn=True)}
    assert 4 <= len(kept) < 18
    log.unlink()
    assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0
    rows = read_scores(results)
    assert len({row.key for row in rows}) == len(rows) == 18
    assert len(log.read_text()) == 18 - len(kept)
    assert all(row == kept[row.key] for row in rows if row.key in kept)


def test_weights_of_ones_own_are_in_the_rows_and_reach_other_processes(tmp_path):
    own = tmp_path / "mine.safetensors"
    save_model(HaaqiNet(Dimensions(members=0, clips=1, clip_channels=8)), own, "mine")
    setup = Setup(tmp_path)
    names = {"evaluator.scorers": ["haaqinet"]}
    overrides = {**names, "evaluator.weights": str(own), "executor": {"name": "inline"}}
    assert setup.run(**overrides) == 0
    assert {row.version for row in read_scores(setup.exp / "results.csv")} == {model_version(own)}
    loader = Loader.from_option(["haaqi", "haaqinet"], {"haaqinet": own}, "option")
    assert pickle.loads(pickle.dumps(loader))("haaqinet").version == loader("haaqinet").version
    for wrong, said in {
        "evaluator.weight": r"option evaluator.weight is unknown; known: .*weights",
        "evaluator.weights": r"option evaluator.weights: .*none.pt: no such file",
    }.items():
        with pytest.raises(InputError, match=said):
            setup.run(**names, **{wrong: "none.pt"})
    with pytest.raises(InputError, match="no scorer here takes weights; known: none"):
        setup.run(**{"evaluator.weights": str(own)})


@pytest.mark.parametrize(
    ("name", "scorer"), [("cad1_task1", "hasqi"), ("cad1_task1", "haspi"), (NAME, "hasqi")]
)
def test_speech_indices_score_in_recipes(tmp_path, name, scorer):
    setup = Setup(tmp_path, name)
    one = {"evaluator.scorers": [scorer], "evaluate.limit": 1, "executor": {"name": "inline"}}
    assert setup.run(**one) == 0
    rows = read_scores(setup.exp / "results.csv")
    assert rows
    assert all(0 <= row.score <= 1 for row in rows)
