"""Opening a store, what it takes in, and what may happen to a submission; on SQLite and PostgreSQL."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC

import numpy as np
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from stored_trials import LISTENERS, NAME, hand_in, score_of, trials

from haaqinet_eval import InputError
from haaqinet_eval.evaluate import evaluate
from haaqinet_eval.store import (
    Refused,
    StoredScores,
    System,
    challenge,
    challenge_listeners,
    challenges,
    claim,
    default_path,
    end_run,
    events,
    expected_trials,
    fail,
    finish,
    frame_scores,
    open_store,
    opening,
    part_means,
    read_rows,
    refresh,
    register_challenge,
    rescore,
    runs,
    schema,
    schema_version,
    score_columns,
    scorer_versions,
    standings,
    start_run,
    store_check,
    submission,
    submissions,
    submit,
    trial_columns,
    withdraw,
)
from haaqinet_eval.trials import Result

LATEST = "0007"  # revision of the schema


@pytest.fixture
def registered(store):
    register_challenge(store, NAME, trials(), LISTENERS)
    return store


def test_the_migrations_make_the_tables_of_the_schema(store):
    with store.reading() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, schema.Base.metadata) == []
        checks = {
            check["name"]
            for table in ("scores", "trials")
            for check in sa.inspect(session.connection()).get_check_constraints(table)
        }
    assert {
        "ck_scores_finite",
        "ck_scores_interval",
        "ck_scores_score_or_error",
        "ck_trials_ear",
    } <= checks


def test_opening_again_finds_what_was_there(store_url):
    first = open_store(store_url)
    register_challenge(first, NAME, trials(), LISTENERS)
    first.close()
    again = open_store(store_url)
    assert [c.name for c in challenges(again)] == [NAME]
    again.close()


@pytest.fixture
def newer_code(tmp_path, monkeypatch):
    """The code as it will be after one more migration, which may be made to fail."""

    def install(statement="ALTER TABLE teams ADD COLUMN motto VARCHAR"):
        folder = tmp_path / "migrations"
        shutil.copytree(opening.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "versions" / "9999_next.py").write_text(
            f"from alembic import op\nrevision = '9999'\ndown_revision = {LATEST!r}\n\n"
            f"def upgrade():\n    op.execute('ALTER TABLE teams ADD COLUMN flag VARCHAR')\n"
            f"    op.execute({statement!r})\n"
        )
        monkeypatch.setattr(opening, "MIGRATIONS", folder)

    return install


def test_an_older_store_is_brought_up_to_date_and_keeps_its_rows(store_url, newer_code):
    open_store(store_url).close()
    store = open_store(store_url)
    register_challenge(store, NAME, trials(), LISTENERS)
    assert schema_version(store) == LATEST
    store.close()
    newer_code()
    store = open_store(store_url)
    assert schema_version(store) == "9999"
    assert [c.expected for c in challenges(store)] == [8]
    store.close()


def test_an_upgrade_that_breaks_off_leaves_the_older_store(store_url, newer_code, monkeypatch):
    open_store(store_url).close()
    newer_code("ALTER TABLE there_is_none ADD COLUMN motto VARCHAR")
    with pytest.raises(InputError, match=r"cannot be opened: .*there_is_none"):
        open_store(store_url)
    monkeypatch.undo()
    store = open_store(store_url)
    assert schema_version(store) == LATEST
    with store.reading() as session:
        columns = sa.inspect(session.connection()).get_columns("teams")
    assert "flag" not in [c["name"] for c in columns]
    store.close()


def test_a_newer_store_is_refused(store_url, newer_code, monkeypatch):
    newer_code()
    open_store(store_url).close()
    monkeypatch.undo()
    newer = rf"made by a newer haaqinet-eval \(schema 9999; this one knows {LATEST}\)"
    with pytest.raises(InputError, match=newer):
        open_store(store_url)


def test_another_programs_database_is_refused(tmp_path):
    path = tmp_path / "music.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE albums (id INTEGER)")
    with pytest.raises(InputError, match="no store of haaqinet-eval"):
        open_store(str(path))


def test_damaged_files_are_refused_with_a_sentence(tmp_path):
    path = tmp_path / "store.sqlite"
    store = open_store(str(path))
    register_challenge(store, NAME, trials([f"s{i}" for i in range(200)]), LISTENERS)
    store.close()
    whole = path.read_bytes()
    for name, content in {
        "text": b"this is no database at all, but it is long enough to look at" * 20,
        "torn": whole[: len(whole) // 2],
        "overwritten": whole[:16384] + b"\xff" * 8192 + whole[24576:],
    }.items():
        path.with_name(name).write_bytes(content)
        with pytest.raises(InputError, match=r"store sqlite.*(not a database|damaged|malformed)"):
            open_store(str(path.with_name(name)))


def test_a_large_file_is_not_looked_through_at_each_opening_and_damage_is_told_when_met(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(opening, "SMALL", 0)
    path = tmp_path / "store.sqlite"
    store = open_store(str(path))
    register_challenge(store, NAME, trials([f"s{i}" for i in range(200)]), LISTENERS)
    store.close()
    asked = []

    def ask(*args):
        asked.append(args[2])

    sa.event.listen(sa.Engine, "before_cursor_execute", ask)
    open_store(str(path)).close()
    sa.event.remove(sa.Engine, "before_cursor_execute", ask)
    assert asked
    assert not any("check" in statement for statement in asked)
    whole = path.read_bytes()
    page = whole.index(b"Song of s150") // 4096 * 4096
    path.write_bytes(whole[:page] + b"\xff" * 4096 + whole[page + 4096 :])
    with pytest.raises(InputError, match=r"store sqlite.*damaged"):
        open_store(str(path), thorough=True)
    store = open_store(str(path))
    with pytest.raises(InputError, match=r"store sqlite.*damaged .*restore a backup"):
        expected_trials(store, challenge(store, NAME))
    assert any("damaged" in finding for finding in store_check(store))
    store.close()


def test_where_a_store_lies(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("HAAQINET_STORE", raising=False)
    open_store().close()
    assert default_path() == tmp_path / "data" / "haaqinet" / "store.sqlite"
    assert default_path().exists()
    monkeypatch.setenv("HAAQINET_STORE", str(tmp_path / "mine"))
    open_store().close()
    assert (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://x/y", "SQLite and PostgreSQL are known, mysql is not"),
        ("sqlite://", "a store in memory would be lost"),
        ("://", "neither a path nor a URL"),
        ("postgresql://me:secret@127.0.0.1:1/none?connect_timeout=2", r"postgresql\+psycopg://me:\*\*\*@127"),
        ("sqlite:////proc/nowhere/store.sqlite", "store /proc/nowhere/store.sqlite: "),
    ],
)
def test_a_bad_url_is_a_sentence_without_the_password(url, message):
    with pytest.raises(InputError, match=message) as error:
        open_store(url)
    assert "secret" not in str(error.value)


def test_a_writer_that_waits_too_long_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "BUSY_TIMEOUT", 0.05)
    store = open_store(str(tmp_path / "store.sqlite"))
    other = open_store(str(tmp_path / "store.sqlite"))
    with (
        store.writing(),
        pytest.raises(InputError, match="another process has been writing"),
        other.writing(),
    ):
        pass


def test_a_challenge_is_registered_once(store):
    first = register_challenge(store, NAME, trials(), quota=3, settings={"root": "/data"})
    assert (first.expected, first.scenes, first.listeners, first.quota) == (8, 2, 2, 3)
    again = register_challenge(store, NAME, reversed(trials()), LISTENERS, genres={"Song of s1": "jazz"})
    assert again == first
    assert challenge_listeners(store, first) == LISTENERS  # told later
    assert expected_trials(store, first) == trials()
    with pytest.raises(InputError, match=r"4 differ, e\.g\. s3 Song of s3"):
        register_challenge(store, NAME, trials(("s1", "s2", "s3")))
    with pytest.raises(InputError, match="a trial stands twice"):
        register_challenge(store, "other", trials() + trials())
    with pytest.raises(InputError, match="has two songs"):
        register_challenge(store, "other", [trials()[0], replace(trials()[1], song="x")])


def test_splits_are_told_apart(store):
    register_challenge(store, NAME, trials(), split="valid")
    assert challenge(store, NAME).split == "valid"
    register_challenge(store, NAME, trials(("s9",)), split="eval")
    assert challenge(store, NAME, "eval").expected == 4
    with pytest.raises(InputError, match="which split\\? The store has eval, valid"):
        challenge(store, NAME)
    with pytest.raises(InputError, match="'x': the store has cad_icassp_2024 \\(eval\\)"):
        challenge(store, "x")


def test_rows_come_back_as_they_went_in(registered):
    entry = hand_in(registered)
    rows = [score_of(t, 1 / 3 if i else None) for i, t in enumerate(trials())]
    scores = StoredScores(registered, entry)
    scores.append(rows[:3])
    scores.append(rows)
    assert read_rows(registered, entry.id) == rows
    assert len(scores) == 7
    assert rows[0].key not in scores  # failed, so it is tried again
    assert rows[1].key in StoredScores(registered, entry)
    assert list(StoredScores(registered, entry)) == rows[1:]
    version = scorer_versions_id(registered, entry)
    columns = score_columns(registered, entry.id, version)
    assert columns["score"] == [r.score for r in rows]
    assert score_columns(registered, entry.id, 99)["score"] == []
    assert set(score_columns(registered, entry.id, version, "trial", "low")) == {"trial", "low"}
    known = trial_columns(registered, challenge(registered, NAME).id)
    assert known["trial"] == columns["trial"]
    assert list(zip(*(known[n] for n in ("scene", "song", "listener", "ear", "stem")), strict=True)) == [
        (t.scene, t.song, t.listener, t.ear, t.stem) for t in trials()
    ]
    assert known["severity_humes"] == [LISTENERS[t.listener].severity_humes for t in trials()]
    assert known["severity_clarity"] == [LISTENERS[t.listener].ear(t.ear).severity_clarity for t in trials()]
    assert part_means(registered, entry.id, version) == {"linear": 0.25}


def scorer_versions_id(store, entry):
    refresh(store, [entry.id])
    return scorer_versions(store, NAME)[0].id


def test_intervals_and_flags_come_back_and_frames_stand_apart(registered):
    entry = hand_in(registered)
    times = np.append(0.064 + 0.128 * np.arange(4), 0.53)  # the last frame is cut short
    frames = {ear: (np.linspace(low, 1, 5), times) for ear, low in (("left", 0.2), ("right", 0.4))}
    rows = [
        replace(score_of(trial, 0.5, "haaqinet"), low=0.1 + 0.2, high=0.9, unfamiliar=trial.ear == "left")
        for trial in trials()
    ]
    mine = [
        replace(r, frames=frames[r.trial.ear]) if (r.trial.scene, r.trial.listener) == ("s2", "L1") else r
        for r in rows
    ]
    StoredScores(registered, entry).append(mine)
    StoredScores(registered, entry).append(rows)  # what is there stays
    assert read_rows(registered, entry.id) == rows
    version = scorer_versions_id(registered, entry)
    columns = score_columns(registered, entry.id, version)
    assert columns["low"] == [0.1 + 0.2] * 8
    assert columns["unfamiliar"] == [True, False] * 4
    found = frame_scores(registered, entry.id, version, "s2", "L1")
    assert set(found) == {("left", ""), ("right", "")}
    for (ear, _), (values, at) in found.items():
        np.testing.assert_allclose(values, frames[ear][0], atol=2.5e-4)
        np.testing.assert_allclose(at, times, atol=1e-9)
    assert frame_scores(registered, entry.id, version, "s1", "L1") == {}
    assert store_check(registered) == []


def test_a_round_of_rows_is_one_transaction_however_many_there_are(registered):
    entry = hand_in(registered)
    scores, kept, asked = StoredScores(registered, entry), [], []
    scores.append([score_of(trials()[0])])  # what is new is made: the scorer's version
    engine = registered.engine
    sa.event.listen(engine, "commit", kept.append)
    sa.event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    counts = []
    for rows in (trials()[1:2], trials()[2:]):
        asked.clear()
        scores.append([score_of(trial) for trial in rows])
        counts.append(len(asked))
    assert len(kept) == 2
    assert counts[0] == counts[1] <= 2  # its begin, and the rows
    assert len(read_rows(registered, entry.id)) == 8


class Predictor:
    """A scorer that says how sure it is, and when."""

    name, version = "haaqinet", "1"

    def __call__(self, stimulus):
        times = 0.064 + 0.128 * np.arange(3)
        return Result(0.5, frames=np.full(3, 0.5), frame_times=times, interval=(0.25, 0.75), unfamiliar=True)


def test_the_loop_writes_all_that_a_scorer_says(registered):
    entry = hand_in(registered)
    group = tuple(replace(t, system="E1") for t in trials())
    assert evaluate([group], lambda trial: None, [Predictor()], StoredScores(registered, entry)) == []
    rows = read_rows(registered, entry.id)
    assert {(r.score, r.low, r.high, r.unfamiliar) for r in rows} == {(0.5, 0.25, 0.75, True)}
    version = scorer_versions_id(registered, entry)
    found = frame_scores(registered, entry.id, version, "s1", "L2")
    assert [scores.tolist() for scores, _ in found.values()] == [[0.5] * 3] * 2


def test_uneven_frames_are_refused_with_their_rows(registered):
    entry = hand_in(registered)
    row = replace(score_of(trials()[0]), frames=(np.ones(4), np.array([0.1, 0.2, 0.35, 0.4])))
    with pytest.raises(InputError, match=r"times are uneven, by up to 0\.05 s"):
        StoredScores(registered, entry).append([row])
    assert read_rows(registered, entry.id) == []


LATER = {  # columns that today's code wants to hand something in
    "challenges": (
        "opens FLOAT",
        "closes FLOAT",
        "private BOOLEAN DEFAULT false",
        "webhook VARCHAR DEFAULT ''",
    ),
    "systems": ("trained_on VARCHAR DEFAULT ''", "look_ahead FLOAT", "speed FLOAT"),
}
OLD_ROWS = """
    INSERT INTO scorers (name, version, origin) VALUES ('haaqinet', 'old', 'here');
    INSERT INTO scores (submission_id, scorer_id, trial_id, score, seconds, error, message)
    SELECT submissions.id, 1, trials.id, 0.5, 0.25, '', '' FROM submissions, trials;
    INSERT INTO aggregates (submission_id, scorer_id, expected, scored, failed, mean, seconds, refreshed)
    SELECT id, 1, 8, 8, 0, 0.5, 2.0, 0.0 FROM submissions"""


def test_a_store_from_before_intervals_and_frames_goes_on(store_url, tmp_path, monkeypatch):
    folder = tmp_path / "0002"
    with monkeypatch.context() as patch:
        shutil.copytree(
            opening.MIGRATIONS,
            folder,
            ignore=shutil.ignore_patterns("0003*", "0004*", "0005*", "0006*", "0007*", "__pycache__"),
        )
        patch.setattr(opening, "MIGRATIONS", folder)
        store = open_store(store_url)
        assert schema_version(store) == "0002"
    later = [(table, column) for table, columns in LATER.items() for column in columns]
    with store.writing() as session:
        for table, column in later:
            session.execute(sa.text(f"ALTER TABLE {table} ADD COLUMN {column}"))
    register_challenge(store, NAME, trials(), LISTENERS)
    entry = hand_in(store)
    with store.writing() as session:
        for table, column in later:
            session.execute(sa.text(f"ALTER TABLE {table} DROP COLUMN {column.split()[0]}"))
        for statement in OLD_ROWS.split(";"):
            session.execute(sa.text(statement))
    store.close()
    store = open_store(store_url)
    assert schema_version(store) == LATEST
    rows = read_rows(store, entry.id)
    assert {(r.score, r.low, r.high, r.unfamiliar) for r in rows} == {(0.5, None, None, False)}
    (old,) = standings(store, NAME, scorer="haaqinet")
    assert (old.mean, old.unfamiliar) == (0.5, 0)
    assert frame_scores(store, entry.id, 1, "s1", "L1") == {}
    frames = (np.array([0.5]), np.array([0.064]))
    new = [
        replace(score_of(t, 0.5, "haaqinet", "new"), low=0.25, high=0.75, unfamiliar=True, frames=frames)
        for t in trials()
    ]
    StoredScores(store, entry).append(new)
    refresh(store)
    assert store_check(store) == []
    newest = scorer_versions(store, NAME)[0]
    assert newest.version == "new"
    (entry,) = standings(store, NAME, scorer="haaqinet", version="new")
    assert entry.unfamiliar == 8
    assert frame_scores(store, entry.submission, newest.id, "s1", "L1")["left", ""][0].tolist() == [0.5]
    store.close()


def test_a_failed_row_is_replaced_by_a_success_and_by_nothing_else(registered):
    entry = hand_in(registered)
    trial = trials()[0]
    for given, kept in [
        (replace(score_of(trial, None), error="first"), "first"),
        (replace(score_of(trial, None), error="second"), "first"),
        (score_of(trial, 0.25), 0.25),
        (score_of(trial, 0.75), 0.25),
        (score_of(trial, None), 0.25),
    ]:
        StoredScores(registered, entry).append([given])
        (row,) = read_rows(registered, entry.id)
        assert kept in (row.score, row.error)
    assert (row.parts, row.message) == ({"linear": 0.25}, "")


def test_new_weights_make_new_rows(registered):
    entry = hand_in(registered)
    scores = StoredScores(registered, entry)
    scores.append([score_of(trials()[0], 0.1, version="old"), score_of(trials()[0], 0.9, version="new")])
    assert {(r.version, r.score) for r in read_rows(registered, entry.id)} == {("new", 0.9), ("old", 0.1)}
    assert [r.score for r in read_rows(registered, entry.id, version="old")] == [0.1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scene": "s9"}, "does not expect scene 's9'"),
        ({"song": "x"}, "does not expect scene 's1' \\('x'\\)"),
        ({"stem": "bass"}, "stem bass"),
        ({"system": "E2"}, "a row of cad_icassp_2024, system E2, in submission"),
    ],
)
def test_rows_that_do_not_belong_are_refused_together(registered, change, message):
    entry = hand_in(registered)
    scores = StoredScores(registered, entry)
    good = score_of(trials()[0], version="9")
    with pytest.raises(InputError, match=message):
        scores.append([good, replace(good, trial=replace(good.trial, **change))])
    assert read_rows(registered, entry.id) == []
    scores.append([good])  # the failed write left nothing half-done behind
    assert read_rows(registered, entry.id) == [good]


@pytest.mark.parametrize(
    "values",
    [
        {"score": float("inf")},
        {"score": None},
        {"score": 0.5, "error": "x"},
        {"low": 0.1},
        {"low": 0.9, "high": 0.1},
        {"low": 0.1, "high": float("inf")},
    ],
)
def test_the_database_itself_refuses_impossible_rows(registered, values):
    entry = hand_in(registered)
    StoredScores(registered, entry).append([score_of(trials()[0])])
    with pytest.raises(sa.exc.IntegrityError), registered.writing() as session:
        session.execute(sa.update(schema.Scores).values(**values))


def test_the_same_bytes_give_the_earlier_submission(registered):
    first, new = submit(registered, NAME, System("T1", "E1", causal=True), sha256="a", scorers=["haaqi"])
    again, again_new = submit(registered, NAME, System("T1", "E9"), sha256="a", scorers=["haaqi"])
    assert (new, again_new) == (True, False)
    assert again == first
    withdraw(registered, first.id, "T1")
    revived, new = submit(registered, NAME, System("T1", "E1"), sha256="a")
    assert (revived.id, revived.state, new) == (first.id, "queued", False)
    assert [e.state for e in events(registered, first.id)] == ["queued", "withdrawn", "queued"]


def test_the_same_bytes_of_another_team_are_refused_without_its_name(registered):
    first = hand_in(registered)
    for state in ("queued", "scoring", "invalid"):  # "scoring": rows that are imported
        with pytest.raises(Refused, match=r"by another team$") as error:
            hand_in(registered, team="T2", state=state)
        assert error.value.code == "other_team"
    assert submissions(registered) == [first]
    assert submissions(registered, team="T2") == []


def test_what_an_organiser_withdrew_only_an_organiser_brings_back(registered):
    first = hand_in(registered)
    withdraw(registered, first.id, "organiser Ada", "the wrong team")
    for team in ("T1", "T2"):
        with pytest.raises(Refused, match="only organisers can bring them back"):
            hand_in(registered, team=team, actor="upload", visitor=True)
    assert submission(registered, first.id).state == "withdrawn"
    back = hand_in(registered, team="T2", system="E2", actor="command line")
    assert (back.id, back.state, back.system.team, back.system.name) == (first.id, "queued", "T2", "E2")
    withdraw(registered, first.id)
    assert hand_in(registered, team="T1", state="scoring", origin="imported").state == "scoring"


def test_what_is_known_of_a_system_changes_by_what_is_accepted_and_not_by_visitors(registered):
    known = System("T1", "E1", causal=True, note="ours")
    entry, _ = submit(registered, NAME, known, sha256="a", scorers=["haaqi"])
    other = System("T1", "E1", causal=False, augmented=True, model_size=5, note="theirs")
    refused, new = submit(registered, NAME, other, sha256="bad", state="invalid", visitor=True)
    assert new
    assert refused.system == submission(registered, entry.id).system == known
    submit(registered, NAME, replace(other, model_size=None), sha256="b", visitor=True)
    assert submission(registered, entry.id).system == replace(known, augmented=True)
    submit(registered, NAME, other, sha256="c")
    assert submission(registered, entry.id).system == other


def test_a_submission_of_a_dead_worker_says_so(registered):
    entry = hand_in(registered)
    held = claim(registered, "host 7", lease=1e-3)
    while not submission(registered, entry.id).lapsed:
        pass  # until the lease has run out
    assert "not heard of its worker host 7 since" in submission(registered, entry.id).reason
    assert finish(registered, held).reason == "scored: haaqi 0 of 8"


def test_an_invalid_submission_is_kept_with_its_findings_and_never_claimed(registered):
    found = [{"code": "missing_file", "severity": "error", "file": "a.flac", "message": "not there"}]
    entry = hand_in(registered, state="invalid", findings=found)
    assert submission(registered, entry.id).findings == tuple(found)
    assert submission(registered, entry.id).reason == "missing_file 1"
    assert claim(registered, "w") is None
    with pytest.raises(InputError, match="is invalid; it cannot become queued"):
        rescore(registered, entry.id)


def test_what_a_system_says_of_itself_may_be_told_later(registered):
    submit(registered, NAME, System("T1", "E1", causal=False, note="first"), sha256="a")
    system = System("T1", "E1", model_size=4_000_000_000)
    entry, _ = submit(registered, NAME, system, sha256="b", size=23 * 10**9)
    assert entry.system == System("T1", "E1", causal=False, model_size=4_000_000_000, note="first")
    assert submission(registered, entry.id).size == 23 * 10**9


def test_names_that_no_board_can_show_are_refused(registered):
    for name in ["", "  ", "x" * 101, "a\nb", "a\x00b", "a\u202eb"]:
        with pytest.raises(
            InputError, match=r"is empty|101 characters; 80 are allowed|has the character U\+"
        ):
            hand_in(registered, team=name)


def test_odd_names_survive(registered):
    for i, name in enumerate(["<b>Team</b>", "=cmd()", "שלום", "naïve", "🎻 & 'co'"]):
        entry = hand_in(registered, digest=f"{i}", team=name)
        assert submission(registered, entry.id).system.team == name
    assert hand_in(registered, digest="x", team="nai\u0308ve").system.team == "naïve"  # normalised


def test_a_submission_from_queue_to_board(registered):
    entry = hand_in(registered)
    held = claim(registered, "w1")
    run = start_run(registered, entry.id, {"versions": {"numpy": "2"}, "seed": 1}, "w1")
    StoredScores(registered, held.submission, run).append(map(score_of, trials()))
    end_run(registered, run)
    done = finish(registered, held)
    assert (done.state, done.reason) == ("scored", "")
    assert done.scored.tzinfo == UTC
    assert [e.state for e in events(registered, entry.id)] == ["queued", "scoring", "scored"]
    (kept,) = runs(registered, entry.id)
    assert kept["provenance"] == {"versions": {"numpy": "2"}, "seed": 1}
    assert kept["started"] <= kept["ended"]
    again = rescore(registered, entry.id, "organiser", ["haaqi", "haaqinet"])
    assert (again.state, again.scorers, again.scored) == ("queued", ("haaqi", "haaqinet"), done.scored)
    done = finish(registered, claim(registered, "w1"))
    assert (done.state, done.reason) == ("incomplete", "scored: haaqinet 0 of 8")


def test_a_submission_with_a_failed_trial_is_incomplete_and_a_crash_is_failed(registered):
    entry = hand_in(registered)
    held = claim(registered, "w1")
    rows = [score_of(t, None if i == 0 else 0.5) for i, t in enumerate(trials())]
    StoredScores(registered, held.submission).append(rows)
    assert finish(registered, held).reason == "scored: haaqi 7 of 8"
    assert submission(registered, entry.id).scored is None
    rescore(registered, entry.id)
    assert fail(registered, claim(registered, "w1"), "reference music is missing")
    failed = submission(registered, entry.id)
    assert (failed.state, failed.reason) == ("failed", "reference music is missing")
    assert [s.id for s in submissions(registered, state="failed", team="T1")] == [entry.id]
    assert submissions(registered, team="T2") == []


def complete(store, entry, worker="w"):
    held = claim(store, worker, id=entry.id)
    StoredScores(store, entry).append(score_of(t, system=entry.system.name) for t in trials())
    return finish(store, held)


def test_the_quota_counts_scored_submissions_of_today_only(store, monkeypatch):
    register_challenge(store, NAME, trials(), quota=2)
    hand_in(store, "bad", state="invalid")
    lost = hand_in(store, "lost")
    fail(store, claim(store, "w", id=lost.id), "disk full")
    first = hand_in(store, "a")
    assert complete(store, first).state == "scored"
    queued = [hand_in(store, digest) for digest in "bc"]  # neither is scored yet
    assert complete(store, queued[0]).state == "scored"
    assert claim(store, "w", id=queued[1].id) is None  # waits until tomorrow
    with pytest.raises(InputError, match="2 scored submissions today; cad_icassp_2024 allows 2"):
        hand_in(store, "d")
    assert hand_in(store, "a").id == first.id  # the same bytes cost nothing
    rescore(store, first.id)
    assert complete(store, first).state == "scored"  # nor does scoring again
    assert hand_in(store, "other", team="T2").state == "queued"
    monkeypatch.setattr(type(store), "now", later(type(store).now, 86400))
    assert complete(store, queued[1]).state == "scored"


def later(now, seconds):
    return lambda self, session: now(self, session) + seconds


def test_an_unknown_submission_is_named(registered):
    for action in (submission, withdraw, rescore):
        with pytest.raises(InputError, match="submission 7: the store has none of that number"):
            action(registered, 7)
