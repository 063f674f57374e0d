"""Neighbours on the board: further columns of a system, in their own units, never ranked; correlations."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("streamlit", reason="streamlit is not installed")

import board_store
from board_store import CHALLENGE, LISTENERS, SPLIT
from scipy import stats
from streamlit.testing.v1 import AppTest

from haaqinet_eval.store import (
    StoredScores,
    System,
    claim,
    end_run,
    finish,
    open_store,
    refresh,
    register_challenge,
    standings,
    start_run,
    submit,
)
from leaderboard import charts, labels

NAMES = ("haaqi", "estoi", "si_sdr")
LEVELS = {"good": 0.8, "bad": 0.4}


def rows_of(system):
    """HAAQI's invented rows, and of two neighbours: one that goes with it, one in dB that goes against it."""
    rng = np.random.default_rng(len(system))
    made = board_store.make_rows(system, LEVELS[system], board_store.make_trials())
    rows = [row for row in made if row.scorer == "haaqi"]
    for row in tuple(rows):
        near, against = row.score + 0.01 * rng.standard_normal(), -40 * row.score + rng.normal()
        rows.append(replace(row, scorer="estoi", version="1", score=near, parts={}))
        rows.append(replace(row, scorer="si_sdr", version="1", score=against, parts={}))
    return rows


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('beside') / 'store.sqlite'}")
    trials = board_store.make_trials()
    register_challenge(store, CHALLENGE, trials, LISTENERS, split=SPLIT, genres=board_store.GENRES)
    for name in LEVELS:
        entry, _ = submit(store, CHALLENGE, System("t", name), sha256=name, scorers=list(NAMES), split=SPLIT)
        held = claim(store, "worker", id=entry.id)
        run = start_run(store, entry.id, {}, "worker")
        StoredScores(store, entry, run).append(rows_of(name))
        end_run(store, run)
        finish(store, held)
    refresh(store)
    yield store
    store.close()


@pytest.fixture
def show(store, monkeypatch):
    def run(page):
        monkeypatch.setenv("HAAQINET_STORE", str(store.name))
        test = AppTest.from_file(str(labels.PAGES.with_name("app.py")), default_timeout=60).run()
        if page != "standings":
            test.switch_page(str(labels.PAGES / f"{page}.py")).run()
        assert not test.exception, test.exception[0].message
        return test

    return run


def table(test, column):
    return next(frame.value for frame in test.dataframe if column in frame.value)


def test_a_neighbour_is_a_column_and_has_no_rank(store, show):
    entries = {(e.scorer, e.system): e for e in standings(store, CHALLENGE, SPLIT)}
    assert [entries["haaqi", name].rank for name in LEVELS] == [1, 2]
    assert {entries[scorer, name].rank for scorer in NAMES[1:] for name in LEVELS} == {None}
    test = show("standings")
    shown = table(test, "SI-SDR (neighbour) mean").set_index("System")
    for name in LEVELS:
        mean = shown.loc[name, "SI-SDR (neighbour) mean"]
        assert mean == pytest.approx(entries["si_sdr", name].mean)
        assert mean < -10
    ours = [column for column in shown.columns if "neighbour" in column]
    assert ours == ["ESTOI (neighbour) mean", "SI-SDR (neighbour) mean"]
    assert any("Not ranked" in c.value and "ESTOI, SI-SDR" in c.value for c in test.caption)


def test_the_page_of_correlations_has_scipys_numbers(show):
    shown = table(show("correlations"), "SRCC within").set_index("Scorer")
    rows = [row for name in LEVELS for row in rows_of(name)]
    true, against = ([r.score for r in rows if r.scorer == scorer] for scorer in ("haaqi", "si_sdr"))
    line = shown.loc["SI-SDR (neighbour)"]
    assert line["n"] == len(true) == 96
    assert line["SRCC"] == pytest.approx(stats.spearmanr(against, true)[0], abs=1e-3)
    assert line["LCC"] == pytest.approx(stats.pearsonr(against, true)[0], abs=1e-3)
    assert line["SRCC 95 % from"] <= line["SRCC"] <= line["SRCC 95 % to"] < 0
    centred = [np.array(v) - np.repeat([np.mean(v[:48]), np.mean(v[48:])], 48) for v in (against, true)]
    assert line["SRCC within"] == pytest.approx(stats.spearmanr(*centred)[0], abs=1e-3)


def test_scores_in_db_are_drawn_as_wide_as_they_are(show):
    show("system")
    assert charts.score_scale([-20.0, -3.0]).to_dict() == {"zero": False}
    assert charts.score_scale([0.2, 1.0]).to_dict() == {"domain": [0, 1]}
