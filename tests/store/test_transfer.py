"""Export, import, backup and check: nothing is lost, and damage is told."""

import errno
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from haaqinet_eval import InputError
from haaqinet_eval.audiogram import Audiogram, Listener
from haaqinet_eval.errors import Stopped
from haaqinet_eval.scores import Score
from haaqinet_eval.site import export_site
from haaqinet_eval.store import (
    Evaluation,
    Heard,
    StoredScores,
    System,
    add_judgement,
    challenge,
    claim,
    copy_store,
    end_run,
    finish,
    finish_evaluation,
    load_published,
    open_store,
    refresh,
    register_challenge,
    register_predictions,
    schema,
    standings,
    start_run,
    store_backup,
    store_check,
    store_export,
    store_import,
    submit,
    tables,
)
from haaqinet_eval.trials import Trial

ODD = ["", "\\N", "\\", 'a "b", c', "line\nbreak\r\n", " =cmd()", "שלום 🎻", "null", "1e5"]


def fill(store):
    """A store with a row, or several, in each table, and with values that files tend to change."""
    people = {"L1": Listener("L1", Audiogram.flat(1 / 3), Audiogram.flat(40))}
    trials = [Trial("c", "", f"s{i}", ODD[i] or "song", "L1", e) for i in range(9) for e in ("left", "right")]
    register_challenge(store, "c", trials, people, settings={"root": "/dat\\a"}, quota=3)
    for number, note in enumerate(ODD):
        system = System("T", f"E{number}", note=note, causal=[None, True, False][number % 3])
        entry, _ = submit(
            store,
            "c",
            system,
            sha256=f"{number}",
            size=23 * 10**9,
            scorers=["haaqi"],
            findings=[{"code": "stray_file", "severity": "warning", "file": note, "message": note}],
        )
        if number < 3:
            held = claim(store, "w")
            run = start_run(store, entry.id, {"seed": number, "note": note})
            StoredScores(store, entry, run).append(
                Score(
                    *(replace(t, system=system.name), "haaqi", "1"),
                    *((0.1 + 0.2) / (i + 1) if i or number else None, {"x": 1e-300} if i or number else {}),
                    *(1e-9 * i, "" if i or number else "lost", note if not (i or number) else ""),
                    *((0.1, 1 / 3, bool(i % 2)) if number else ()),
                    frames=(np.array([0.1, 1 / 3]), np.array([0.064, 0.16])) if number else None,
                )
                for i, t in enumerate(trials)
            )
            end_run(store, run)
            finish(store, held)
    register_predictions(store, "p", "", {"root": "/", "signals": 2, "sha256": "", "private": True})
    submit(store, "p", System("T", "E0"), sha256="p", scorers=["rmse"])
    measures = {"rmse": 1 / 3, "ncc": None}
    finish_evaluation(store, claim(store, "w", id=len(ODD) + 1), [Evaluation("all", 2, measures)], {})
    add_judgement(store, challenge(store, "c"), Heard(1, 2, "s1", "L1", ""), "P01", 0.5)
    refresh(store)
    load_published(store)
    return store


def contents(store):
    with store.reading() as session:
        return {
            table.name: session.execute(sa.select(table).order_by(*table.primary_key.columns)).all()
            for table in schema.TABLES
        }


@pytest.mark.parametrize("format", tables.FORMATS)
def test_an_exported_and_imported_store_is_equal(store, tmp_path, format):
    if format == "parquet":
        pytest.importorskip("pyarrow")
    fill(store)
    counts = store_export(store, tmp_path / "out", format)
    assert all(counts.values()), "a table is not tested"
    other = open_store(str(tmp_path / "other.sqlite"))
    assert store_import(other, tmp_path / "out") == counts
    assert contents(other) == contents(store)
    assert standings(other, "c") == standings(store, "c")
    assert store_check(other) == []
    store_export(other, tmp_path / "again", format)
    for path in (tmp_path / "out").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name
    with pytest.raises(InputError, match=r"holds challenges already; an import needs an empty one"):
        store_import(other, tmp_path / "out")
    other.close()


def test_scores_that_no_scorer_gives_are_found(store):
    fill(store)
    assert store_check(store) == []
    with store.writing() as session:
        mine = schema.Scores.submission_id == 2
        first = session.scalar(sa.select(sa.func.min(schema.Scores.trial_id)).where(mine))
        session.execute(sa.update(schema.Scores).where(mine).values(high=1.5))
        wrong = sa.update(schema.Scores).where(mine, schema.Scores.trial_id == first)
        session.execute(wrong.values(score=4.95e15))
    (finding,) = (text for text in store_check(store) if "out of" in text)
    assert finding.startswith("submission 2, scorer haaqi 1: 18 rows out of [0, 1], with scores from ")
    assert finding.endswith(" to 4.95e+15")


def test_a_store_can_move_to_another_database_and_go_on(store, tmp_path):
    source = fill(open_store(str(tmp_path / "source.sqlite")))
    copy_store(source, store)
    assert contents(store) == contents(source)
    entry, new = submit(store, "c", System("new team", "E"), sha256="new", scorers=["haaqi"])
    assert new
    assert entry.id == 11
    source.close()


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """An empty store, and a filled one that was exported once."""
    folder = tmp_path_factory.mktemp("exported")
    source = fill(open_store(str(folder / "source.sqlite")))
    store_export(source, folder / "lines")
    source.close()
    empty = open_store(str(folder / "empty.sqlite"))
    yield empty, folder / "lines"
    empty.close()


@pytest.fixture
def exported(tmp_path):
    source = fill(open_store(str(tmp_path / "source.sqlite")))
    store_export(source, tmp_path / "out", "csv")
    store_export(source, tmp_path / "lines", "jsonl")
    source.close()
    return tmp_path


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("out/store.json", '"0007"', '"0009"', "has schema 0009 as csv; this store has schema 0007"),
        ("out/store.json", "{", "", "is no exported store"),
        ("out/scores.csv", "seconds", "minutes", r"scores\.csv, line 1: expected the columns"),
        ("out/scores.csv", "1,1,2,1,0.15", "1,1,2,1,x", r"scores\.csv, line 3: could not convert"),
        ("out/scores.csv", "\n1,1,2,", "\n1,1,1,", "scores: .*(UNIQUE|unique)"),
        ("out/systems.csv", "true", "yes", r"systems\.csv, line 3: 'yes'"),
        ("out/runs.csv", "\n2,2,", "\n2,99,", "runs: .*FOREIGN KEY"),
        ("lines/scores.jsonl", '{"submission_id": 1', '["submission_id": 1', r"scores\.jsonl, line 1: "),
    ],
)
def test_a_damaged_export_is_refused_and_nothing_is_imported(exported, file, old, new, message):
    path = exported / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    store = open_store(str(exported / "target.sqlite"))
    with pytest.raises(InputError, match=message):
        store_import(store, path.parent)
    assert not any(contents(store).values())
    store.close()


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("scores", "score", 5.0),
        ("scores", "score", "0.5"),
        ("scores", "seconds", -1),
        ("scores", "parts", {"linear": "x"}),
        ("scores", "low", 2.0),
        ("submissions", "state", "won"),
        ("submissions", "origin", "heaven"),
        ("submissions", "size", "big"),
        ("submissions", "size", -1),
        ("submissions", "scorers", "haaqi"),
        ("submissions", "findings", [1]),
        ("submissions", "findings", [{"code": "x", "severity": "worst", "file": "", "message": ""}]),
        ("submissions", "findings", {"code": "x"}),
        ("submissions", "lease", 1e300),
        ("submissions", "lease", "NaN"),
        ("submissions", "received", None),
        ("events", "state", "won"),
        ("teams", "name", "x" * 100_000),
        ("teams", "name", "\x1b[2J"),
        ("systems", "model_size", 2**70),
        ("systems", "note", "a\0b"),
        ("scenes", "name", "x" * 100_000),
        ("listeners", "audiogram", {"audiogram_cfs": 3}),
        ("trials", "ear", "third"),
        ("scorers", "origin", "elsewhere"),
        ("runs", "provenance", [1]),
        ("frames", "scores", "AAAA"),
        ("published", "mean", 7),
    ],
)
def test_no_row_comes_in_that_the_program_would_not_have_written(lines, table, column, value):
    empty, exported = lines
    path = exported / f"{table}.jsonl"
    whole = path.read_text()
    first, *rest = whole.splitlines()
    path.write_text("\n".join([json.dumps({**json.loads(first), column: value}), *rest]) + "\n")
    try:
        with pytest.raises(InputError, match=table) as told:
            store_import(empty, exported)
    finally:
        path.write_text(whole)
    assert len(str(told.value)) < 400
    assert not any(contents(empty).values())


def test_means_that_the_rows_do_not_have_are_made_again(exported):
    path = exported / "lines/aggregates.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps({**row, "mean": 0.99}) + "\n" for row in rows))
    store = open_store(str(exported / "target.sqlite"))
    store_import(store, path.parent)
    means = [row.mean for row in contents(store)["aggregates"]]
    assert means == [row["mean"] for row in rows]
    store.close()


def test_a_shortened_or_missing_file_is_noticed(exported):
    store = open_store(str(exported / "target.sqlite"))
    path = exported / "out" / "events.csv"
    whole = path.read_text()
    path.write_text("".join(whole.splitlines(keepends=True)[:-1]))
    with pytest.raises(InputError, match="events: not as many rows as were exported"):
        store_import(store, exported / "out")
    path.unlink()
    with pytest.raises(InputError, match=r"events\.csv: no such file"):
        store_import(store, exported / "out")
    store.close()


def test_exports_do_not_overwrite(exported, tmp_path):
    store = open_store(str(tmp_path / "source.sqlite"))
    with pytest.raises(InputError, match="is there already"):
        store_export(store, tmp_path / "out")
    with pytest.raises(InputError, match="known are csv, jsonl, parquet"):
        store_export(store, tmp_path / "other", "xls")
    store.close()


def test_neighbours_are_left_alone_and_what_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    store = fill(open_store(str(tmp_path / "source.sqlite")))
    (tmp_path / "b.sqlite.part").write_text("keep")
    (tmp_path / "out.part").mkdir()
    (tmp_path / "out.part/thesis.txt").write_text("keep")
    store_backup(store, tmp_path / "b.sqlite")
    store_export(store, tmp_path / "out")
    assert (
        (tmp_path / "b.sqlite.part").read_text() == (tmp_path / "out.part/thesis.txt").read_text() == "keep"
    )
    for write in (store_backup, store_export, export_site):
        with pytest.raises(InputError, match="/proc/nowhere: cannot be written: "):
            write(store, "/proc/nowhere")
    there = sorted(tmp_path.iterdir())

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    for write in (store_backup, store_export, export_site):
        with pytest.raises(Stopped, match="new: cannot be written: No space left"):
            write(store, tmp_path / "new")
    assert sorted(tmp_path.iterdir()) == there
    store.close()


def test_a_backup_opens_as_a_store_and_is_one_file(store, tmp_path):
    fill(store)
    with store.reading() as session:  # in use meanwhile
        session.scalar(sa.select(sa.func.count()).select_from(schema.Scores))
        path = store_backup(store, tmp_path / "backups" / "monday.sqlite")
    assert [p.name for p in path.parent.iterdir()] == ["monday.sqlite"]
    copy = open_store(str(path))
    assert contents(copy) == contents(store)
    copy.close()
    with pytest.raises(InputError, match=r"monday\.sqlite: is there already"):
        store_backup(store, path)


def test_check_is_silent_on_a_sound_store_and_names_what_is_wrong(store):
    assert store_check(store) == []
    fill(store)
    assert store_check(store) == []
    with store.writing() as session:
        session.execute(sa.delete(schema.Scores).where(schema.Scores.submission_id == 2))
    (finding,) = store_check(store)
    assert finding == (
        "submission 2, scorer 1: the aggregates say (18, 0, 0.058252) (scored, failed, mean), the rows None; "
        "refresh them"
    )
    refresh(store)
    assert store_check(store) == []
    with store.writing() as session:
        session.execute(sa.update(schema.Frames).values(scores=b"odd"))
    assert store_check(store) == ["submission 3: 18 rows with damaged frame scores"]


def test_check_finds_rows_that_refer_to_nothing_and_damage(tmp_path):
    path = tmp_path / "store.sqlite"
    fill(open_store(str(path))).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM systems WHERE id = 9")
    store = open_store(str(path))
    assert "submissions: row 9 refers to a row of systems that is not there" in store_check(store)
    store.close()


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    store = open_store(str(tmp_path / "store.sqlite"))
    with pytest.raises(InputError, match=r"Parquet needs pyarrow: pip install"):
        store_export(store, tmp_path / "out", "parquet")
    store.close()


def test_json_lines_are_plain_json(exported):
    folder = exported / "lines"
    rows = [json.loads(line) for line in (folder / "systems.jsonl").read_text().splitlines()]
    assert [r["note"] for r in rows] == ODD
    shutil.rmtree(folder)
