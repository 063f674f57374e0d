"""Aggregates and standings against the plain computation over the same rows."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from haaqinet_eval import InputError
from haaqinet_eval.analysis import standings as plain
from haaqinet_eval.analysis.statistics import mean_interval
from haaqinet_eval.audiogram import Audiogram, Listener
from haaqinet_eval.cli.tables import standings_table
from haaqinet_eval.registry import challenge_names, is_ranked
from haaqinet_eval.scores import Score
from haaqinet_eval.store import (
    KINDS,
    StoredScores,
    System,
    TrialFilter,
    claim,
    fail,
    finish,
    group_table,
    refresh,
    register_challenge,
    revision,
    scorer_versions,
    standings,
    standings_json,
    submit,
    withdraw,
)
from haaqinet_eval.trials import Trial

LISTENERS = {
    id: Listener(id, Audiogram.flat(left), Audiogram.flat(right))
    for id, left, right in [("L1", 5, 10), ("L2", 30, 60), ("L3", 45, 45), ("L4", 80, 30)]
}
GENRES = {"A": "jazz", "B": "rock"}
TRIALS = [
    Trial("c", "", f"s{i}", "AB"[i % 2], listener, ear, stem)
    for i in range(8)
    for listener in LISTENERS
    if (i + int(listener[1])) % 3  # a sparse design
    for ear in ("left", "right")
    for stem in ("bass", "drums")
]


@pytest.fixture
def ready(store):
    register_challenge(store, "c", TRIALS, LISTENERS, genres=GENRES)
    return store


def make_rows(system, offset=0.0, seed=0, scorer="haaqi", version="1", lost=()):
    rng = np.random.default_rng(seed)
    shared = np.random.default_rng(99).uniform(0.3, 0.7, len(TRIALS))
    rows = []
    for i, t in enumerate(TRIALS):
        value = float(np.clip(shared[i] + offset + rng.normal(0, 0.01), 0, 1))
        error = lost[i] if i < len(lost) else ""
        rows.append(
            Score(
                *(replace(t, system=system), scorer, version),
                *(None if error else value, {}, 0.5, error, error),
            )
        )
    return rows


def of_challenge(name, rows):
    return [replace(row, trial=replace(row.trial, challenge=name)) for row in rows]


def enter(store, rows, team="T", digest=None, scorers=("haaqi",), **more):
    system = System(team, rows[0].trial.system, **more)
    entry, _ = submit(
        store,
        rows[0].trial.challenge,
        system,
        sha256=digest or f"{team}{rows[0].trial.system}",
        scorers=scorers,
    )
    held = claim(store, "w", id=entry.id)
    StoredScores(store, entry).append(rows)
    finish(store, held)
    refresh(store, [entry.id])
    return entry


def test_aggregates_are_the_plain_means(ready):
    rows = make_rows("a", lost=("", "missing_file", "missing_file", "not_finite"))
    entry = enter(ready, rows)
    scored = [r for r in rows if not r.failed]

    def expect(kind, group):
        names = {group(r) for r in rows}
        table = {g.name: g for g in group_table(ready, entry.id, kind)}
        assert set(table) == names
        for name in names:
            mine = [r for r in scored if group(r) == name]
            ears = {ear: [r.score for r in mine if r.trial.ear == ear] for ear in ("left", "right")}
            found = table[name]
            assert found.scored == len(mine)
            assert found.failed == sum(r.failed for r in rows if group(r) == name)
            assert found.mean == pytest.approx(np.mean([r.score for r in mine]))
            for ear, values in ears.items():
                side = getattr(found, ear)
                assert (side is None) == (not values)
                assert side is None or side == pytest.approx(np.mean(values))

    expect("listener", lambda r: r.trial.listener)
    expect("scene", lambda r: r.trial.scene)
    expect("genre", lambda r: GENRES[r.trial.song])
    expect("severity_humes", lambda r: LISTENERS[r.trial.listener].severity_humes)
    expect("severity_clarity", lambda r: LISTENERS[r.trial.listener].ear(r.trial.ear).severity_clarity)
    errors = {g.name: (g.failed, g.mean) for g in group_table(ready, entry.id, "error")}
    assert errors == {"missing_file": (2, None), "not_finite": (1, None)}
    with pytest.raises(InputError, match=f"known are {', '.join(KINDS)}"):
        group_table(ready, entry.id, "colour")


def test_standings_agree_with_the_plain_ones(ready):
    tables = [
        make_rows("best", 0.1, 1),
        make_rows("good", 0.05, 2),
        make_rows("twin", 0.05, 2),
        make_rows("lossy", 0.2, 3, lost=("silent_output",)),
        make_rows("half", 0.2, 4)[:20],
    ]
    for rows in tables:
        enter(ready, rows)
    found = {e.system: e for e in standings(ready, "c")}
    expected = plain.standings([row for rows in tables for row in rows], len(TRIALS))
    assert set(found) == {e.system for e in expected}
    for entry in expected:
        mine = found[entry.system]
        for name in ("rank", "mean", "left", "right"):
            assert getattr(mine, name) == pytest.approx(getattr(entry, name))
        assert (mine.scored, mine.expected, mine.errors) == (
            entry.scored,
            entry.expected,
            dict(entry.errors),
        )
        assert mine.coverage == entry.coverage
    assert [e.system for e in standings(ready, "c")][:1] == ["best"]
    assert [e.system for e in standings(ready, "c")][-2:] == ["lossy", "half"]
    assert found["lossy"].state == "incomplete"
    assert found["lossy"].reason == f"scored: haaqi {len(TRIALS) - 1} of {len(TRIALS)}"


def test_intervals_are_the_bootstraps_and_ranks_have_ranges(ready):
    for i, (name, offset) in enumerate([("a", 0.2), ("b", 0.1), ("c", 0.1001), ("d", 0.0)]):
        enter(ready, make_rows(name, offset, i))
    table = standings(ready, "c")
    for entry, (name, offset, i) in zip(
        sorted(table, key=lambda e: e.system),
        [("a", 0.2, 0), ("b", 0.1, 1), ("c", 0.1001, 2), ("d", 0.0, 3)],
        strict=True,
    ):
        rows = make_rows(name, offset, i)
        columns = ([r.score for r in rows], [r.trial.scene for r in rows], [r.trial.listener for r in rows])
        expected = mean_interval(*columns)
        assert (entry.mean, entry.low, entry.high) == pytest.approx(
            (expected.value, expected.low, expected.high)
        )
    ranges = {e.system: (e.rank_low, e.rank_high, e.tie_group) for e in table}
    assert ranges["a"] == (1, 1, 1)
    assert ranges["b"] == ranges["c"] == (2, 3, 2)
    assert ranges["d"] == (4, 4, 3)


def test_reference_rows_are_shown_at_their_mean_and_take_no_rank(ready):
    enter(ready, make_rows("a", 0.1))
    enter(ready, make_rows("ideal", 0.2), reference="ideal")
    enter(ready, make_rows("b", 0.0))
    assert [(e.system, e.rank, e.reference) for e in standings(ready, "c")] == [
        ("ideal", None, "ideal"),
        ("a", 1, ""),
        ("b", 2, ""),
    ]
    assert standings(ready, "c")[0].low is not None


def test_what_hears_the_output_alone_takes_no_rank_on_rebalanced_music(store):
    rebalanced = {"cad1_task1", "cad_icassp_2024", "cad2_task2"}
    assert rebalanced <= {name for name in challenge_names() if not is_ranked("haaqinet", name)}
    name = "cad2_task2"
    register_challenge(store, name, [replace(trial, challenge=name) for trial in TRIALS], LISTENERS)
    levels = {  # system -> mean of each scorer; the predicted ones order them wrongly
        "zither": {"haaqi": 0.2, "haaqinet": 0.0, "haaqinet_calibrated": 0.0, "haaqinet_target": 0.1},
        "alto": {"haaqi": 0.0, "haaqinet": 0.1, "haaqinet_calibrated": 0.1, "haaqinet_target": 0.0},
        "middle": {"haaqi": 0.1, "haaqinet": 0.2, "haaqinet_calibrated": 0.2, "haaqinet_target": 0.2},
    }
    for system, means in levels.items():
        rows = [row for scorer, mean in means.items() for row in make_rows(system, mean, scorer=scorer)]
        enter(store, of_challenge(name, rows), scorers=tuple(means))
    enter(
        store,
        of_challenge(name, make_rows("half", scorer="haaqinet")[:5]),
        scorers=("haaqinet",),
    )
    shown = standings(store, name)
    assert [(e.scorer, e.system, e.rank) for e in shown] == [
        *(("haaqi", system, rank) for rank, system in enumerate(("zither", "middle", "alto"), 1)),
        *(("haaqinet_target", system, rank) for rank, system in enumerate(("middle", "zither", "alto"), 1)),
        *(("haaqinet", system, None) for system in ("alto", "middle", "zither", "half")),
        *(("haaqinet_calibrated", system, None) for system in ("alto", "middle", "zither")),
    ]
    predicted = next(e for e in shown if (e.scorer, e.system) == ("haaqinet", "middle"))
    assert (predicted.rank_low, predicted.rank_high, predicted.tie_group) == (None, None, None)
    assert predicted.low < predicted.mean < predicted.high
    tables = standings_table(standings_json(store, name)).split("\n\n")
    assert [table.split("\n")[1].split()[0] for table in tables] == ["rank", "rank", "reference", "reference"]
    assert "Not ranked" not in tables[0]
    assert "may be deceived" in tables[1].splitlines()[-1]
    for table, scorer in zip(tables[2:], ("HAAQI-Net", "HAAQI-Net, calibrated,"), strict=True):
        assert table.splitlines()[-1].startswith(f"Not ranked: {scorer} hears the output alone")


def test_scorers_and_versions_never_mix(ready):
    both = make_rows("a", 0.1) + make_rows("a", 0.2, scorer="haaqinet", version="old")
    one = enter(ready, both, scorers=("haaqi", "haaqinet"))
    rows = make_rows("b", 0.0) + make_rows("b", 0.0, scorer="haaqinet", version="old")
    enter(ready, rows, scorers=("haaqi", "haaqinet"))
    shown = [(e.scorer, e.version, e.system, e.rank) for e in standings(ready, "c")]
    assert shown == [
        ("haaqi", "1", "a", 1),
        ("haaqi", "1", "b", 2),
        ("haaqinet", "old", "a", 1),
        ("haaqinet", "old", "b", 2),
    ]
    # new weights, so far for one system: the board waits until they have caught up
    StoredScores(ready, one).append(make_rows("a", 0.3, scorer="haaqinet", version="new"))
    refresh(ready, [one.id])
    assert {e.version for e in standings(ready, "c", scorer="haaqinet")} == {"old"}
    asked = standings(ready, "c", scorer="haaqinet", version="new")
    assert [(e.system, e.rank, e.scored) for e in asked] == [("a", 1, len(TRIALS)), ("b", None, 0)]
    versions = scorer_versions(ready, "c")
    assert [(v.name, v.version, v.complete) for v in versions] == [
        ("haaqi", "1", 2),
        ("haaqinet", "new", 1),
        ("haaqinet", "old", 2),
    ]


def test_latest_or_best_per_system_or_team(ready):
    enter(ready, make_rows("a", 0.2), digest="1")
    latest = enter(ready, make_rows("a", 0.1), digest="2")
    enter(ready, make_rows("b", 0.0), digest="3")
    enter(ready, make_rows("a", 0.15), team="U")

    def shown(**options):
        return [(e.team, e.system, round(e.mean, 1)) for e in standings(ready, "c", **options)]

    assert len(shown()) == 3
    assert ("T", "a", pytest.approx(0.6, abs=0.06)) in shown()
    best = standings(ready, "c", pick="best")
    assert best[0].submission != latest.id
    assert [(e.team, e.system) for e in standings(ready, "c", pick="best", per="team")] == [
        ("T", "a"),
        ("U", "a"),
    ]
    assert [(e.team, e.system) for e in standings(ready, "c", per="team")] == [("U", "a"), ("T", "b")]
    # a newer submission without scores does not push the older one off the board
    submit(ready, "c", System("T", "a"), sha256="4", scorers=["haaqi"])
    assert standings(ready, "c")[1].submission == latest.id
    with pytest.raises(InputError, match="pick 'worst'"):
        standings(ready, "c", pick="worst")


def test_failed_and_waiting_submissions_are_listed_and_withdrawn_ones_are_not(ready):
    assert standings(ready, "c") == []
    waiting, _ = submit(ready, "c", System("T", "a"), sha256="1", scorers=["haaqi"])
    fail(ready, claim(ready, "w"), "no music")
    submit(ready, "c", System("T", "refused"), sha256="2", scorers=["haaqinet"], state="invalid")
    submit(ready, "c", System("T", "b"), sha256="3", scorers=["haaqi"])
    table = standings(ready, "c")
    assert [(e.system, e.rank, e.state, e.reason) for e in table] == [
        ("a", None, "failed", "no music"),
        ("b", None, "queued", ""),
    ]
    withdraw(ready, waiting.id)
    assert [e.system for e in standings(ready, "c")] == ["b"]


def test_json_is_complete_and_has_no_nan(ready):
    enter(ready, make_rows("a"), causal=True, model_size=7)
    (record,) = json.loads(json.dumps(standings_json(ready, "c"), allow_nan=False))
    assert record["rank"] == record["rank_low"] == record["rank_high"] == record["tie_group"] == 1
    assert (record["coverage"], record["causal"], record["model_size"]) == (1.0, True, 7)
    assert record["low"] < record["mean"] < record["high"]
    assert record["seconds"] == 0.5


def test_an_interval_needs_something_to_resample(store):
    trials = [Trial("tiny", "", "s", "song", "L", ear) for ear in ("left", "right")]
    register_challenge(store, "tiny", trials)
    entry, _ = submit(store, "tiny", System("T", "a"), sha256="1", scorers=["haaqi"])
    held = claim(store, "w")
    rows = [Score(replace(t, system="a"), "haaqi", "1", 0.5) for t in trials]
    StoredScores(store, entry).append(rows)
    finish(store, held)
    refresh(store)
    (found,) = standings(store, "tiny")
    assert (found.rank, found.mean, found.low, found.high) == (1, 0.5, None, None)


@pytest.mark.parametrize(
    ("subset", "belongs"),
    [
        ({"ear": "left"}, lambda r: r.trial.ear == "left"),
        ({"listener": "L3"}, lambda r: r.trial.listener == "L3"),
        ({"severity": "moderate"}, lambda r: LISTENERS[r.trial.listener].severity_humes == "moderate"),
        (
            {"genre": "jazz", "ear": "right"},
            lambda r: GENRES[r.trial.song] == "jazz" and r.trial.ear == "right",
        ),
    ],
)
def test_standings_over_some_of_the_trials(ready, subset, belongs):
    tables = {name: make_rows(name, offset, i) for i, (name, offset) in enumerate([("a", 0.1), ("b", 0.0)])}
    for rows in tables.values():
        enter(ready, rows)
    enter(ready, make_rows("lossy", 0.2, 3, lost=("silent_output",)))
    table = standings(ready, "c", subset=TrialFilter(**subset))
    assert [(e.system, e.rank) for e in table] == [("a", 1), ("b", 2), ("lossy", None)]
    for entry in table[:2]:
        mine = [r for r in tables[entry.system] if belongs(r)]
        assert 0 < len(mine) < len(TRIALS)
        expected = mean_interval(
            [r.score for r in mine], [r.trial.scene for r in mine], [r.trial.listener for r in mine]
        )
        assert (entry.mean, entry.low, entry.high) == pytest.approx(
            (expected.value, expected.low, expected.high)
        )
        for ear in ("left", "right"):
            values = [r.score for r in mine if r.trial.ear == ear]
            assert getattr(entry, ear) == (pytest.approx(np.mean(values)) if values else None)
        assert entry.scored == entry.expected == len(TRIALS)
    with pytest.raises(InputError, match="c: no trial has genre 'polka'"):
        standings(ready, "c", subset=TrialFilter(genre="polka"))


def test_the_revision_changes_with_what_is_shown(ready):
    seen = [revision(ready)]
    entry = enter(ready, make_rows("a"))
    seen.append(revision(ready))
    assert revision(ready) == seen[-1]
    withdraw(ready, entry.id)
    seen.append(revision(ready))
    assert len(set(seen)) == 3


def test_refreshing_all_is_refreshing_each(ready):
    entries = [enter(ready, make_rows(name, seed=i)) for i, name in enumerate("ab")]

    def shown():
        tables = [group_table(ready, e.id, kind) for e in entries for kind in KINDS]
        return [asdict(row) for table in [*tables, standings(ready, "c")] for row in table]

    before = shown()
    refresh(ready)
    for old, new in zip(before, shown(), strict=True):
        for name in ("errors", "ties"):
            assert new.pop(name, None) == old.pop(name, None)
        assert new == pytest.approx(old)  # a database adds in an order of its own
