"""Uploads: bounded, kept under their digest, checked as the command line checks, deleted when refused."""

import hashlib
import io
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason="streamlit is not installed")

from cadenza_tree import enhance, icassp
from streamlit.testing.v1 import AppTest

from haaqinet_eval import InputError
from haaqinet_eval.store import (
    System,
    add_token,
    challenge,
    events,
    open_store,
    revoke_token,
    submissions,
)
from haaqinet_eval.worker import open_split, register
from leaderboard import desk, labels, upload_form, uploads

NAME = "cad_icassp_2024"
HARD = "--help =1+1 <b>$x$</b> [a](http://b.example) `d`"  # as an option, a formula, markup
MB = 10**6
SESSION = "test session id"  # AppTest's


def zipped(files) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in files:
            archive.write(path, path.name)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Root of a tiny challenge and a whole submission to it."""
    folder = tmp_path_factory.mktemp("icassp")
    root = icassp(folder / "root", 1.0)
    files = enhance(open_split(NAME, root).challenge, folder / "enhanced_signals", noise=0.3)
    return root, zipped(files)


@pytest.fixture
def store(made, tmp_path):
    opened = open_store(str(tmp_path / "round" / "store.sqlite"))
    register(opened, open_split(NAME, made[0]))
    yield opened
    opened.close()


def give(store, data, team="T1", line=None, **options):
    """Hand bytes in and wait for the answer."""
    known = challenge(store, NAME, "train")
    upload = uploads.Upload(known, System(team, "E1", causal=True, note="n"), "upload", **options)
    return (line or uploads.UploadQueue()).give(store, memoryview(data), upload, MB).result()


def kept(store):
    folder = uploads.folder(store)
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_whole_zip_is_queued_and_kept_under_its_digest(store, made):
    answer = give(store, made[1], HARD)
    digest = hashlib.sha256(made[1]).hexdigest()
    [entry] = submissions(store)
    assert (answer.complaint, answer.record["state"], answer.record["id"]) == ("", "queued", entry.id)
    assert (entry.system.team, entry.system.causal, entry.system.note) == (HARD, True, "n")
    assert (entry.sha256, entry.scorers) == (digest, ("haaqi", "haaqinet"))
    assert entry.path == str(uploads.folder(store) / f"{digest}.zip")
    assert kept(store) == [f"{digest}.zip"]
    assert events(store, entry.id)[0].actor == "upload"
    other = give(store, made[1], "T2").record
    assert (other["id"], other["state"], other["findings"][0]["code"]) == (None, "invalid", "other_team")
    assert HARD not in str(other)
    assert kept(store) == [f"{digest}.zip"]


def test_a_visitor_is_told_from_an_organiser(store):
    known, who = challenge(store, NAME, "train"), System("T1", "E1")
    for options in ({}, {"scorer": "haaqi"}):  # a zip, a table
        visitor = uploads.Upload(known, who, uploads.VISITOR, **options)
        organiser = uploads.Upload(known, who, "organiser Ada, by upload", **options)
        assert "--visitor" in uploads.command(Path("a"), visitor)
        assert "--visitor" not in uploads.command(Path("a"), organiser)


def test_a_zip_with_errors_is_refused_with_findings_and_deleted(store, made):
    with zipfile.ZipFile(io.BytesIO(made[1])) as archive:
        name = archive.namelist()[0]
    broken = io.BytesIO()
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr(name, b"no audio")
    answer = give(store, broken.getvalue())
    codes = {item["code"] for item in answer.record["findings"]}
    assert answer.record["state"] == "invalid"
    assert {"not_flac", "missing_file"} <= codes
    assert [s.state for s in submissions(store)] == ["invalid"]
    assert kept(store) == []


@pytest.mark.parametrize(
    ("code", "said", "told"),
    [
        (2, "haaqinet: /srv/my data/gains.json: no such file", "gains.json: no such file"),
        (3, "haaqinet: store /srv/a b/x.sqlite: another process has been writing for 30 s; try again",
         "store x.sqlite: another process has been writing for 30 s; try again"),
        (1, "Traceback (most recent call last):\n  File '/srv/x.py'", "the check broke off"),
    ],
)  # fmt: skip
def test_what_the_server_says_is_told_without_its_places_and_logged_whole(code, said, told, store, caplog):
    upload = uploads.Upload(challenge(store, NAME, "train"), System("T1", "E1"), "upload")
    assert uploads._complaint(uploads.Path("/srv/up/ab.zip"), upload, code, said) == told
    assert said in caplog.text


def test_a_mistake_is_told_without_the_servers_paths(store, made):
    answer = give(store, made[1], team="  ")
    assert answer.record is None
    assert "team name" in answer.complaint
    table = give(store, b"scene,song\n1,2\n", scorer="haaqi")
    assert "the columns" in table.complaint or "lacks" in table.complaint
    stray = give(store, b"scene,song,listener,left_score,right_score,score\nx,y,z,1,1,1\n", scorer="haaqi")
    assert stray.complaint.startswith("the file, line 2")  # not the digest that it is kept under
    for text in (answer.complaint, table.complaint):
        assert str(made[0]) not in text
        assert str(uploads.folder(store)) not in text
    assert kept(store) == []
    assert submissions(store) == []


def test_a_control_character_in_a_field_is_told_or_taken_out(store, made):
    for field in ("team", "system"):
        names = {"team": "T1", "system": "E1", field: "a\0b"}
        upload = uploads.Upload(challenge(store, NAME, "train"), System(*names.values()), "upload")
        answer = uploads.UploadQueue().give(store, memoryview(made[1]), upload, MB).result()
        assert answer == uploads.Answer(None, f"{field} name 'a\\x00b' has the character U+0000")
    upload = uploads.Upload(challenge(store, NAME, "train"), System("T1", "E1", note="n\0\nm"), "upload")
    assert "--note=n  m" in uploads.command(uploads.folder(store), upload)
    assert kept(store) == []


def test_only_the_owner_reads_what_was_uploaded(store):
    path = uploads.keep(memoryview(b"x"), ".zip", uploads.folder(store), MB)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_table_of_scores_is_taken_and_stands_apart(store):
    rows = [("scene_1", "Artist - One-hlp_0001", "L2"), ("scene_1", "Artist - One-hlp_0001", "L1")]
    rows.append(("scene_2", "Artist - Two-hlp_0001", "L1"))
    text = "scene,song,listener,left_score,right_score,score\n"
    text += "".join(f"{','.join(row)},0.4,0.6,0.5\n" for row in rows)
    answer = give(store, text.encode(), scorer="haaqi", version="theirs")
    assert answer.complaint == ""
    assert (answer.record["state"], answer.record["origin"]) == ("scored", "external")
    assert len(kept(store)) == 1


def test_size_room_and_line_are_bounded(store, made, monkeypatch):
    for data in (b"", b"x" * (MB + 1)):
        with pytest.raises(InputError, match="are taken here"):
            give(store, data)
    monkeypatch.setattr(uploads, "KEPT", 2)
    folder = uploads.folder(store)
    folder.mkdir()
    (folder / "old").write_bytes(b"x" * (2 * MB - 10))
    with pytest.raises(InputError, match="no room"):
        give(store, b"x" * 100)
    (folder / "old").unlink()
    monkeypatch.setattr(uploads, "WAITING", 0)
    with pytest.raises(InputError, match="wait already"):
        give(store, b"x" * 100)
    assert kept(store) == []


def test_what_takes_too_long_is_stopped(store, made):
    path = uploads.keep(memoryview(made[1]), ".zip", uploads.folder(store), MB)
    upload = uploads.Upload(challenge(store, NAME, "train"), System("T1", "E1"), "upload")
    answer = uploads.hand_in(store, path, upload, seconds=0.01)
    assert "not checked within" in answer.complaint
    assert kept(store) == []


def test_they_are_handed_in_one_after_the_other(store, monkeypatch):
    at_once, seen = [], []

    def slow(store, path, upload):
        at_once.append(path)
        seen.append(len(at_once))
        time.sleep(0.05)
        at_once.remove(path)
        return uploads.Answer(None)

    monkeypatch.setattr(uploads, "hand_in", slow)
    line = uploads.UploadQueue()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda k: give(store, b"no zip %d" % k, line=line), range(3)))
    assert seen == [1, 1, 1]


@pytest.fixture
def page(store, monkeypatch):
    """The status page of the store; its text."""
    monkeypatch.setenv("HAAQINET_STORE", store.url.render_as_string())
    monkeypatch.delenv(uploads.EVERYBODY_VARIABLE, raising=False)

    def show():
        test = AppTest.from_file(str(labels.PAGES.with_name("app.py")), default_timeout=60).run()
        test.switch_page(str(labels.PAGES / "status.py")).run()
        assert not test.exception
        return test

    return show


def has_form(test):
    return any(box.key == "upload-team" for box in test.text_input)


def test_only_organisers_see_the_form_unless_everybody_may(page, store, monkeypatch):
    test = page()
    assert not has_form(test)
    assert "Only organisers upload here" in " ".join(m.value for m in test.markdown)
    test.text_input(key="token").set_value(add_token(store, "Ada")).run()
    assert has_form(test)
    monkeypatch.setenv(uploads.EVERYBODY_VARIABLE, "1")
    assert has_form(page())


def test_a_page_is_admitted_while_it_shows_the_form_and_gives_the_memory_back(page, store, monkeypatch):
    door, dropped = desk.Desk(), []
    monkeypatch.setattr(upload_form, "DESK", door)
    monkeypatch.setattr(door, "drop", lambda session, file: dropped.append(session))
    monkeypatch.setattr(uploads, "hand_in", lambda *given: uploads.Answer(None, "not taken"))
    test = page()
    assert not door.admits(SESSION)
    token = add_token(store, "Ada")
    test.text_input(key="token").set_value(token).run()
    assert door.admits(SESSION)
    test.file_uploader[0].set_value(("a.zip", b"x", "application/zip"))
    next(b for b in test.button if b.label == "Check and hand in").click().run()
    assert not test.exception
    assert dropped == [SESSION]
    assert len(kept(store)) == 1
    revoke_token(store, "Ada")
    test.run()
    assert not door.admits(SESSION)


def test_every_reason_code_is_on_the_page(page):
    codes = next(frame.value for frame in page().dataframe if "Code" in frame.value)
    assert {"silent_file", "swapped_ears", "too_short"} <= set(codes.Code)
    assert codes.Meaning.str.len().min() > 10
