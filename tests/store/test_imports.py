"""Runs and tables of scores that come from elsewhere."""

import csv
import json
import math
import os
from dataclasses import replace

import numpy as np
import pytest

from haaqinet_eval import InputError
from haaqinet_eval.audiogram import Audiogram, Listener
from haaqinet_eval.scores import Score, ScoreFile, write_scores
from haaqinet_eval.store import (
    OFFICIAL_TABLES,
    Refused,
    StoredScores,
    System,
    challenge,
    challenge_listeners,
    challenges,
    frame_scores,
    import_results,
    import_scores,
    open_store,
    read_rows,
    register_challenge,
    runs,
    scorer_versions,
    standings,
    submission,
    submissions,
    submit,
    withdraw,
)
from haaqinet_eval.trials import Trial

PEOPLE = {"L1": Listener("L1", Audiogram.flat(10), Audiogram.flat(40))}


@pytest.fixture
def store(tmp_path):
    """What is imported is the same on any database."""
    opened = open_store(str(tmp_path / "store.sqlite"))
    yield opened
    opened.close()


def run_rows(systems=("ideal", "passthrough"), scorers=("haaqi", "haaqinet"), scenes=3):
    return [
        Score(
            *(Trial("cad_icassp_2024", system, f"s{i}", "song", "L1", ear), scorer, "1"),
            *(0.1 * i + (ear == "left") / 20, {"linear": 0.5}, 0.1),
        )
        for system in systems
        for i in range(scenes)
        for ear in ("left", "right")
        for scorer in scorers
    ]


@pytest.fixture
def results(tmp_path):
    """results.csv and run.json as the evaluate recipe writes them."""
    listeners = tmp_path / "listeners.json"
    listeners.write_text(json.dumps({id: person.to_dict() for id, person in PEOPLE.items()}))

    def write(rows, **changes):
        folder = tmp_path / "exp"
        write_scores(folder / "results.csv", rows)
        run = {
            "started": "2024-06-01T10:00:00+00:00",
            "versions": {"numpy": "2.0"},
            "config": {"path": {"listeners_file": str(listeners)}},
            "systems": list(dict.fromkeys(r.trial.system for r in rows)),
            "scorers": {r.scorer: r.version for r in rows},
            "expected": len(rows),
            **changes,
        }
        record = {"challenge": "cad_icassp_2024", "settings": {"sha256 of x": "0"}, "runs": [run]}
        (folder / "run.json").write_text(json.dumps(record))
        return folder / "results.csv"

    return write


@pytest.mark.parametrize(
    "change",
    [
        {"score": 9.0},
        {"score": -1e308},
        {"seconds": math.inf},
        {"low": 0.5, "high": 7.0},
        {"parts": {"linear": math.nan}},
        {"scene": "x" * 100_000},
        {"error": "x" * 100_000, "score": None},
    ],
)
def test_rows_that_no_scorer_gives_are_refused_at_every_door(store, results, change):
    rows = run_rows()
    bad = rows[-1]
    bad = replace(bad, trial=replace(bad.trial, **change)) if "scene" in change else replace(bad, **change)
    with pytest.raises(InputError):
        import_results(store, results([*rows[:-1], bad]), "T")
    assert (submissions(store), challenges(store)) == ([], [])
    register_challenge(store, bad.trial.challenge, [bad.trial])
    entry, _ = submit(store, bad.trial.challenge, System("T", bad.trial.system), sha256="1")
    with pytest.raises(InputError) as told:
        StoredScores(store, entry).append([bad])
    assert len(str(told.value)) < 500
    assert read_rows(store, entry.id) == []


def test_of_a_file_all_systems_come_in_or_none(store, results):
    rows = run_rows(systems=("ideal", "🎻"))
    with pytest.raises(InputError, match="neither a letter nor a digit"):
        import_results(store, results(rows), "T")
    assert (submissions(store), challenges(store)) == ([], [])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_record_that_names_a_pipe_does_not_wait_for_it(store, results, tmp_path):
    os.mkfifo(tmp_path / "listeners.train.json")
    path = results(run_rows(), config={"path": {"listeners_file": str(tmp_path / "listeners.train.json")}})
    (entry, _) = import_results(store, path, "T")
    assert entry.split == "train"
    os.mkfifo(tmp_path / "run.json")
    with pytest.raises(InputError, match="is no file"):
        import_results(store, path, "T", run=tmp_path / "run.json")


@pytest.mark.parametrize(
    "record",
    [
        {"runs": [{"config": [1], "systems": 3, "scorers": 4, "expected": {}}]},
        {"runs": {"a": 1}, "listeners_file": 7},
        {"expected_trials_per_system": "many"},
        {"expected_trials_per_system": -1},
    ],
)
def test_a_record_of_nonsense_is_a_mistake_and_no_crash(store, results, record):
    path = results(run_rows())
    path.with_name("run.json").write_text(json.dumps(record))
    with pytest.raises(InputError):
        import_results(store, path, "T")


def test_a_finished_run_becomes_submissions_and_a_challenge(store, results):
    rows = run_rows()
    path = results(rows)
    entries = import_results(
        store, path, "T", systems={"ideal": System("T", "ideal", reference="ideal")}, genres={"song": "jazz"}
    )
    assert [(e.system.name, e.state, e.origin) for e in entries] == [
        ("ideal", "scored", "imported"),
        ("passthrough", "scored", "imported"),
    ]
    assert challenge(store, "cad_icassp_2024").expected == 6
    assert challenge_listeners(store, challenge(store, "cad_icassp_2024")) == PEOPLE
    for entry in entries:
        mine = [r for r in rows if r.trial.system == entry.system.name]
        assert sorted(read_rows(store, entry.id), key=lambda r: r.key) == sorted(mine, key=lambda r: r.key)
        (run,) = runs(store, entry.id)
        assert run["provenance"]["runs"][0]["versions"] == {"numpy": "2.0"}
        assert len(run["provenance"]["sha256"]) == 64
    assert [(e.scorer, e.system, e.rank) for e in standings(store, "cad_icassp_2024")] == [
        ("haaqi", "ideal", None),
        ("haaqi", "passthrough", 1),
        ("haaqinet", "ideal", None),
        ("haaqinet", "passthrough", None),  # rebalanced music
    ]
    assert import_results(store, path, "T") == entries
    assert import_results(store, path.parent, "T") == entries  # a run's folder stands for its results
    assert len(submissions(store)) == 2


def test_intervals_and_frames_of_a_run_come_along(store, results):
    times = 0.064 + 0.128 * np.arange(3)
    rows = [
        replace(r, low=0.25, high=0.75, unfamiliar=True, frames=(np.array([0, 0.5, 1]), times))
        if r.scorer == "haaqinet"
        else r
        for r in run_rows(systems=("ideal",))
    ]
    path = results(rows)
    path.unlink()
    ScoreFile(path).append(rows)  # as a recipe writes them
    (entry,) = import_results(store, path, "T")
    assert sorted(read_rows(store, entry.id), key=lambda r: r.key) == sorted(rows, key=lambda r: r.key)
    for version in scorer_versions(store, "cad_icassp_2024"):
        found = frame_scores(store, entry.id, version.id, "s1", "L1")
        assert len(found) == (2 if version.name == "haaqinet" else 0)
        for scores, at in found.values():
            assert scores.tolist() == [0, 0.5, 1]
            assert at == pytest.approx(times)


def test_an_import_that_broke_off_is_completed(store, results, monkeypatch):
    path = results(run_rows(systems=("ideal",)))

    def broken(self, rows):
        raise OSError("no space left on device")

    monkeypatch.setattr(StoredScores, "append", broken)
    with pytest.raises(OSError, match="no space"):
        import_results(store, path, "T")
    monkeypatch.undo()
    (entry,) = import_results(store, path, "T")
    assert entry.state == "scored"
    assert len(read_rows(store, entry.id)) == 12


def test_failed_rows_come_along_and_a_longer_file_is_a_new_submission(store, results):
    rows = run_rows(systems=("a",), scorers=("haaqi",))
    failed = [replace(rows[0], score=None, parts={}, error="missing_file", message="x"), *rows[1:]]
    (entry,) = import_results(store, results(failed), "T")
    assert (entry.state, entry.reason) == ("incomplete", "scored: haaqi 5 of 6")
    (entry,) = import_results(store, results(rows), "T")
    assert entry.state == "scored"
    assert [e.rank for e in standings(store, "cad_icassp_2024")] == [1]


def test_a_partial_run_cannot_tell_what_the_challenge_expects(store, results):
    rows = run_rows(systems=("a",), scorers=("haaqi",))
    with pytest.raises(InputError, match=r"has 6 of 8 trials, so it does not tell what cad_icassp_2024"):
        import_results(store, results(rows, expected=8), "T")
    path = results(rows)
    path.with_name("run.json").unlink()
    with pytest.raises(InputError, match=r"no run\.json says how many trials"):
        import_results(store, path, "T")
    (entry,) = import_results(store, path, "T", expected=6)
    assert entry.state == "scored"


def test_a_run_with_other_trials_is_refused(store, results):
    import_results(store, results(run_rows()), "T")
    with pytest.raises(InputError, match="does not expect scene 's3'"):
        import_results(store, results(run_rows(scenes=4)), "T")
    first = run_rows()[0]
    two = [*run_rows(), replace(first, trial=replace(first.trial, challenge="cad2_task2"))]
    with pytest.raises(InputError, match="rows of 2 challenges"):
        import_results(store, results(two), "T")


# tables in the challenges' own columns

PAIRS = [("s1", "Song, with comma", "L1"), ("s1", "Song, with comma", "L2"), ("s2", "B & C's", "L1")]


def register(store, name):
    stems = ("bass", "drums", "other", "vocals") if name == "cad1_task1" else ("",)
    trials = [
        Trial(name, "", song if name == "cad1_task1" else scene, song, listener, ear, stem)
        for scene, song, listener in PAIRS
        for ear in ("left", "right")
        for stem in stems
    ]
    register_challenge(store, name, trials)
    return trials


def table_rows(name, value=0.5):
    dialect = OFFICIAL_TABLES[name]
    rows = []
    for i, (scene, song, listener) in enumerate(PAIRS):
        row = {"scene": scene, "song": song, "listener": listener}
        scores = {c: round(value + 0.01 * i + 0.001 * k, 6) for k, c in enumerate(dialect.scores)}
        row |= {**scores, dialect.mean: sum(scores.values()) / len(scores)}
        rows.append({c: row[c] for c in dialect.columns})
    return rows


def write_table(path, rows, **options):
    with path.open("w", encoding=options.pop("encoding", "utf-8"), newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), **options)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize("name", OFFICIAL_TABLES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_each_challenges_table_is_read(store, tmp_path, name, encoding):
    trials = register(store, name)
    rows = table_rows(name)
    path = write_table(tmp_path / "scores.csv", rows, encoding=encoding)
    entry = import_scores(store, path, name, System("T", "E1"), scorer="haaqi", version="0.4.1")
    assert (entry.state, entry.origin) == ("scored", "external")
    assert submission(store, entry.id) == entry
    assert read_rows(store, entry.id) == []  # nothing that was scored here
    found = read_rows(store, entry.id, "external")
    assert len(found) == len(trials)
    first = {
        (r.trial.ear, r.trial.stem): r.score
        for r in found
        if (r.trial.scene, r.trial.listener) == (found[0].trial.scene, "L1")
    }
    assert first == {place: rows[0][c] for c, place in OFFICIAL_TABLES[name].scores.items()}
    (shown,) = standings(store, name)
    assert (shown.scorer, shown.version, shown.origin, shown.rank) == ("haaqi", "0.4.1", "external", 1)
    assert import_scores(store, path, name, System("T", "E1"), version="0.4.1").id == entry.id


@pytest.mark.parametrize("right", ["whisper_rigth", "whisper_right"])
def test_a_table_of_lyrics_is_read_with_either_spelling(store, tmp_path, right):
    """The official evaluator writes the first; whoever mends the table writes the second."""
    register(store, "cad2_task1")
    words = {"whisper_left": 0.25, right: 0.75, "whisper_be": 0.75}
    rows = [{**row, **words, "score": 0.5} for row in table_rows("cad2_task1")]
    path = write_table(tmp_path / "scores.csv", rows)
    entry = import_scores(store, path, "cad2_task1", System("T", "E1"), version="0.6.2")
    found = {(row.scorer, row.mean) for row in standings(store, "cad2_task1") if row.submission == entry.id}
    assert {("joint_score", 0.5), ("words_better_ear", 0.75)} < found


def test_external_rows_never_stand_beside_scores_made_here(store, tmp_path):
    name = "cad_icassp_2024"
    trials = register(store, name)
    path = write_table(tmp_path / "scores.csv", table_rows(name, 0.9))
    import_scores(store, path, name, System("T", "made elsewhere"), version="1")
    entry, _ = submit(store, name, System("T", "here"), sha256="1", scorers=["haaqi"])
    rows = [Score(replace(t, system="here"), "haaqi", "1", 0.2) for t in trials]
    StoredScores(store, entry).append(rows)
    from haaqinet_eval.store import refresh

    refresh(store)
    assert [(e.origin, e.system, e.rank) for e in standings(store, name)] == [
        ("here", "here", 1),
        ("external", "made elsewhere", 1),
    ]


def test_every_version_of_scores_made_elsewhere_is_shown(store, tmp_path):
    name = "cad_icassp_2024"
    register(store, name)
    for team, version in (("T1", "0.9"), ("T2", "0.10"), ("T3", "0.9")):
        path = write_table(tmp_path / f"{team}.csv", table_rows(name, 0.1 * int(team[1])))
        import_scores(store, path, name, System(team, "E1"), version=version, visitor=True)
    assert {(e.team, e.version, e.rank) for e in standings(store, name)} == {
        ("T1", "0.9", 2),
        ("T2", "0.10", 1),
        ("T3", "0.9", 1),
    }
    assert [e.team for e in standings(store, name, version="0.10")] == ["T2"]
    with pytest.raises(Refused, match="by another team"):
        import_scores(store, path, name, System("T4", "E1"), version="0.9")


def test_an_import_under_the_wrong_team_can_be_withdrawn_and_made_again(store, results):
    path = results(run_rows())
    wrong = import_results(store, path, "T9")
    with pytest.raises(Refused, match="by another team"):
        import_results(store, path, "T1")
    for entry in wrong:
        withdraw(store, entry.id)
    right = import_results(store, path, "T1")
    assert [(e.id, e.state, e.system.team) for e in right] == [(e.id, "scored", "T1") for e in wrong]
    assert {e.team for e in standings(store, right[0].challenge)} == {"T1"}


def test_a_table_may_lack_pairs_and_is_then_incomplete(store, tmp_path):
    register(store, "cad2_task2")
    path = write_table(tmp_path / "scores.csv", table_rows("cad2_task2")[:2])
    entry = import_scores(store, path, "cad2_task2", System("T", "E1"), scorer="haaqinet")
    assert (entry.state, entry.reason) == ("incomplete", "scored: haaqinet 4 of 6")


BAD = {
    "nan": ({"left_score": "nan"}, "line 2: left_score is 'nan', not in"),
    "infinite": ({"left_score": "1e400"}, "line 2: left_score is '1e400', not in"),
    "above one": ({"left_score": "1.2"}, "line 2: left_score is '1.2', not in"),
    "word": ({"right_score": "good"}, "line 2: right_score is 'good', not a number"),
    "empty": ({"right_score": ""}, "line 2: right_score is '', not a number"),
    "locale": ({"score": "0,5"}, "line 2: score is '0,5', not a number"),
    "mean": ({"score": "0.9"}, r"line 2: score is 0\.9, but the mean of its scores is 0\.5005"),
    "scene": ({"scene": "s9"}, "line 2: scene 's9' and listener 'L1' are no pair of cad_icassp_2024"),
    "pair": ({"scene": "s2", "listener": "L2"}, "line 2: scene 's2' and listener 'L2' are no pair"),
    "song": ({"song": "x"}, "line 2: song 'x'; scene s1 has 'Song, with comma'"),
}


@pytest.mark.parametrize(("change", "message"), BAD.values(), ids=BAD)
def test_bad_values_are_refused_with_line_and_value(store, tmp_path, change, message):
    register(store, "cad_icassp_2024")
    rows = table_rows("cad_icassp_2024")
    path = write_table(tmp_path / "scores.csv", [{**rows[0], **change}, *rows[1:]])
    with pytest.raises(InputError, match=rf"scores\.csv, {message}"):
        import_scores(store, path, "cad_icassp_2024", System("T", "E1"))
    assert submissions(store) == []


def test_all_bad_lines_are_told_at_once(store, tmp_path):
    register(store, "cad_icassp_2024")
    rows = table_rows("cad_icassp_2024")
    path = write_table(tmp_path / "scores.csv", [rows[0], {**rows[1], "score": "x"}, *[rows[0]] * 30])
    with pytest.raises(InputError) as error:
        import_scores(store, path, "cad_icassp_2024", System("T", "E1"))
    lines = str(error.value).splitlines()
    assert lines[0] == "scores.csv, line 3: score is 'x', not a number"
    assert lines[1] == "scores.csv, line 4: s1, L1 stood in line 2 already"
    assert lines[-1] == "and 11 more"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1: lacks the columns scene, song"),
        (
            b"scene;song;listener;left_score;right_score;score\n",
            "line 1: its columns are separated by semicolons",
        ),
        (b"scene,song,listener,left_score,right_score\n", "lacks the columns score; it has scene"),
        (b"scene,song,listener,left_score,right_score,score,score\n", "line 1: names a column twice"),
        (b"scene,song,listener,left_score,right_score,score\n", "holds no rows"),
        (b"scene,song,listener,left_score,right_score,score\ns1,x\n", "line 2: 2 fields, not 6"),
        (b"scene,song,listener,left_score,right_score,score\n1,2,3,4,5,6,7\n", "line 2: 7 fields, not 6"),
        (
            b"scene,song,listener,left_score,right_score,score\ns1,\xff\n",
            "line 2: byte 0xFF is not UTF-8 text",
        ),
        (b'scene,song,listener,left_score,right_score,score\n"s1,x\n', r"line \d: unexpected end of data"),
        (b"scene,song,listener,left_score,right_score,score\ns\x001,x\n", "holds NUL bytes"),
    ],
)
def test_files_that_are_no_table_are_refused(store, tmp_path, content, message):
    register(store, "cad_icassp_2024")
    path = tmp_path / "scores.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        import_scores(store, path, "cad_icassp_2024", System("T", "E1"))


def test_a_missing_file_and_an_unknown_challenge_are_named(store, tmp_path):
    register(store, "cad_icassp_2024")
    with pytest.raises(InputError, match=r"none\.csv: No such file"):
        import_scores(store, tmp_path / "none.csv", "cad_icassp_2024", System("T", "E1"))
    with pytest.raises(InputError, match="'cad9': the store has cad_icassp_2024"):
        import_scores(store, tmp_path / "none.csv", "cad9", System("T", "E1"))
