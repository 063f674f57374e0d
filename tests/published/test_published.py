"""Published results: the figures, and that they stay apart from scores made here."""

import json
from importlib.resources import files

import pytest

from haaqinet_eval.published import CHALLENGES, published_results
from haaqinet_eval.published.rules import Rules, challenge_rules
from haaqinet_eval.registry import challenge_records, prediction_records
from haaqinet_eval.store import load_published, published, revision, standings_json, store_check, submissions


@pytest.mark.parametrize("challenge", CHALLENGES)
def test_files_say_where_the_figures_are_from_and_hold_no_odd_ones(challenge):
    record = json.loads(files(f"haaqinet_eval.cadenza.{challenge}").joinpath("published.json").read_text())
    assert record["challenge"] == challenge
    assert record["metric"] == "HAAQI"
    assert "adenza" in record["source"]
    results = published_results(challenge)
    assert len({(r.split, r.team, r.system) for r in results}) == len(results)
    for r in results:
        assert 0 < r.mean < 1
        assert r.baseline == (r.team == "Baseline")
        if r.left is not None:
            assert (r.left + r.right) / 2 == pytest.approx(r.mean, abs=0.0011)  # as rounded there
        assert r.panel is None or 0 < r.panel < 100
        assert (r.joint is not None) == (challenge == "cad2_task1")
    assert {r.split for r in results} == ({"valid"} if challenge == "cad1_task2" else {"test", "valid"})


def test_the_order_is_the_published_one():
    test = [r for r in published_results("cad_icassp_2024") if r.split == "test"]
    assert len(test) == 19
    assert [(r.team, r.system, r.mean) for r in test[:3]] == [
        ("T022", "E047", 0.6317),
        ("T022", "E022", 0.6309),
        ("T003", "E003_sup", 0.5929),
    ]
    assert [i for i, r in enumerate(test, 1) if r.baseline] == [10, 16]
    classical = [r for r in published_results("cad2_task2") if r.split == "test"]
    assert [(r.team, r.causal) for r in classical][:4] == [
        ("T002", False),
        ("T040", False),
        ("T019", False),
        ("T002", True),
    ]
    lyrics = [r for r in published_results("cad2_task1") if r.split == "test"]
    assert [(r.team, r.joint) for r in lyrics][:3] == [
        ("T003", 0.7103),
        ("T002", 0.6859),
        ("Baseline", 0.6787),
    ]
    assert max(lyrics, key=lambda r: r.mean).team == "T025"  # best HAAQI, seventh
    assert [(r.system, r.panel) for r in published_results("cad1_task1") if r.split == "test"][:2] == [
        ("Demucs", 41.676),
        ("E012", 41.474),
    ]


@pytest.mark.parametrize("name", [*challenge_records(), *prediction_records()])
def test_every_challenge_has_its_rules(name):
    rules = challenge_rules(name)
    assert len(rules.lines) >= 10
    assert rules.ranking.endswith(".")
    said = " ".join(rules.lines)
    assert "Rank" in said or "rank" in said
    assert "](" not in said
    if name != "clip1" and name != "clip2":
        assert any(line.startswith("Level") for line in rules.lines)
    assert challenge_rules("cad9") == Rules("cad9", "", ())


def test_loading_twice_is_loading_once_and_nothing_is_ranked(store):
    before = revision(store)
    assert load_published(store) == load_published(store) == 56
    assert revision(store) != before
    for challenge in CHALLENGES:
        expected = [r for r in published_results(challenge) if r.split == "test"]
        assert published(store, challenge) == expected
        assert len(published(store, challenge, "valid")) == (1 if challenge == "cad1_task2" else 2)
    assert submissions(store) == []
    assert store_check(store) == []
    with pytest.raises(ValueError, match="the store has none"):
        standings_json(store, "cad_icassp_2024")
