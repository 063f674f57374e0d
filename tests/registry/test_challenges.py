"""A challenge of somebody's own: a module with a record, an adapter and a mini challenge, and one line."""

import csv
import sys
from dataclasses import replace
from types import ModuleType

import cadenza_tree as tree
import pytest

from haaqinet_eval import InputError
from haaqinet_eval.cadenza import CHALLENGES as NAMES
from haaqinet_eval.cadenza import load_challenge, run
from haaqinet_eval.cadenza.cad_icassp_2024.adapter import CadIcassp2024
from haaqinet_eval.cadenza.mini import make_mini
from haaqinet_eval.registry import (
    CHALLENGES,
    ChallengeRecord,
    OfficialTable,
    Registry,
    challenge_record,
    is_ranked,
)
from haaqinet_eval.store.imports import read_official_table
from haaqinet_eval.submissions import expected_files

NAME = "own_2027"


class Own(CadIcassp2024):
    """The ICASSP challenge with a table of its own: HAAQI of the better ear and its prediction."""

    name = NAME
    columns = ("scene", "song", "listener", "better", "predicted")

    def row(self, pair, scores):
        ears = ("left", "right")
        better = max(ears, key=scores.value)
        predicted = scores.value(better, scorer="haaqinet")
        if predicted is None:
            return None
        about = {"scene": pair.scene, "song": pair.song, "listener": pair.listener}
        return {**about, "better": scores.value(better), "predicted": predicted}


@pytest.fixture
def record(monkeypatch):
    module = ModuleType(NAME)
    module.Own = Own
    module.write = lambda root: (root / "note.txt").write_text("mini")
    module.RECORD = replace(
        challenge_record("cad_icassp_2024"),
        name=NAME,
        adapter=f"{NAME}:Own",
        mini=f"{NAME}:write",
        table=OfficialTable("scene", {"better": ("left", "")}, "better"),
        rebalanced=False,
        published="",
    )
    monkeypatch.setitem(sys.modules, NAME, module)
    read = Registry("challenge", ChallengeRecord, (f"{NAME}:RECORD",))  # its line
    monkeypatch.setitem(CHALLENGES.ours, NAME, read.record(NAME))
    return module.RECORD


class Other(tree.FakeScorer):
    """Scores of its own for each scorer, so that a mix-up shows."""

    def __call__(self, stimulus):
        result = super().__call__(stimulus)
        return replace(result, value=result.value / 2) if self.name == "haaqinet" else result


def test_its_table_has_numbers_of_several_scorers(record, monkeypatch, tmp_path):
    root, exp = tree.icassp(tmp_path / "root", 0.5), tmp_path / "exp"
    config = tree.config("cad_icassp_2024", root, exp, **{"evaluator.scorers": ["haaqi", "haaqinet"]})
    tree.enhance(load_challenge(NAME, config), exp / "sys" / "enhanced_signals")
    monkeypatch.setattr(run, "load_scorer", Other)
    assert run.run_evaluation(NAME, config) == 0
    with (exp / "sys" / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3
    for row in rows:
        assert float(row["predicted"]) == pytest.approx(float(row["better"]) / 2)
    assert set(expected_files(NAME, root).files) == {
        f"{row['scene']}_{row['listener']}_remix.flac" for row in rows
    }


def test_everything_reads_its_record(record, tmp_path):
    assert (make_mini(NAME, tmp_path / "mini") / "note.txt").read_text() == "mini"
    assert is_ranked("haaqinet", NAME)
    trials = [("s", "song", "L1", "left", "")]
    table = b"scene,song,listener,better\ns,song,L1,0.5\n"
    assert read_official_table("t.csv", table, NAME, trials) == {trials[0]: 0.5}
    with pytest.raises(InputError, match=f"challenge {NAME!r} has no renderer"):
        replace(record, renderer="").find("renderer")


@pytest.mark.parametrize("name", NAMES)
def test_records_and_adapters_agree(name):
    record = challenge_record(name)
    adapter = record.find("adapter")
    assert (adapter.name, set(adapter.columns)) == (
        name,
        {*record.table.columns, *record.table.notes, *(one.column for one in record.table.others.values())},
    )
    assert {stem for _, stem in record.table.scores.values()} == set(adapter.stems)
    assert hasattr(record.find("renderer"), "files")
    assert callable(record.find("mini"))
