"""Who may act: tokens in the store, a proxy's header, and what the board lets organisers do."""

import shutil

import pytest
from typer.testing import CliRunner

from haaqinet_eval import InputError
from haaqinet_eval.cli.commands import app
from haaqinet_eval.store import (
    add_token,
    copy_store,
    events,
    open_store,
    opening,
    revoke_token,
    schema,
    schema_version,
    store_backup,
    submissions,
    token_name,
    tokens,
)


@pytest.fixture
def without_tokens(store):
    with store.writing() as session:
        session.execute(schema.Tokens.__table__.delete())
    return store


def test_a_token_opens_until_it_is_revoked(without_tokens):
    store = without_tokens
    text, other = add_token(store, "Ada"), add_token(store, "Grace")
    assert token_name(store, text) == "Ada"
    assert token_name(store, other) == "Grace"
    for wrong in ("", "Ada", text[:-1], text + "=", text.swapcase(), "ü", "\ud800"):
        assert token_name(store, wrong) is None
    with pytest.raises(InputError, match="'Ada' is there already"):
        add_token(store, "Ada")
    revoke_token(store, "Ada")
    assert token_name(store, text) is None
    assert [token.name for token in tokens(store)] == ["Grace"]
    with pytest.raises(InputError, match="has none of that name"):
        revoke_token(store, "Ada")


def test_the_store_keeps_no_token_and_hands_none_on(tmp_path):
    path = tmp_path / "store.sqlite"
    store = open_store(str(path))
    text = add_token(store, "Ada")
    copy = open_store(str(tmp_path / "copy.sqlite"))
    copy_store(store, copy)
    assert tokens(copy) == []
    backup = open_store(str(store_backup(store, tmp_path / "backup.sqlite")))
    assert token_name(backup, text) == "Ada"
    for opened in (store, copy, backup):
        opened.close()
    assert all(text.encode() not in file.read_bytes() for file in tmp_path.iterdir())
    assert len(text) >= 43  # 256 bit in base64


def test_a_store_of_the_first_schema_gets_the_table(tmp_path, monkeypatch):
    path, folder = tmp_path / "store.sqlite", tmp_path / "0001"
    later = shutil.ignore_patterns("000[2-9]*", "__pycache__")
    with monkeypatch.context() as patch:
        shutil.copytree(opening.MIGRATIONS, folder, ignore=later)
        patch.setattr(opening, "MIGRATIONS", folder)
        store = open_store(str(path))
        assert schema_version(store) == "0001"
        store.close()
    store = open_store(str(path))
    assert schema_version(store) != "0001"
    assert tokens(store) == []
    store.close()


def test_commands(tmp_path):
    def call(*words):
        return CliRunner().invoke(app, ["store", "token", *words, "--store", str(tmp_path / "s.sqlite")])

    open_store(str(tmp_path / "s.sqlite")).close()
    assert call("list").stdout == "no tokens\n"
    text = call("add", "Ada").stdout.strip()
    listed = call("list").stdout
    assert "Ada" in listed
    assert text not in listed
    store = open_store(str(tmp_path / "s.sqlite"))
    assert token_name(store, text) == "Ada"
    assert call("revoke", "Ada").exit_code == 0
    assert token_name(store, text) is None
    store.close()


@pytest.fixture
def board(tmp_path, monkeypatch):
    """A store with failures, and its status page."""
    pytest.importorskip("streamlit", reason="streamlit is not installed")
    import board_store
    from streamlit.testing.v1 import AppTest

    from leaderboard import labels

    url = f"sqlite:///{tmp_path / 'board.sqlite'}"
    store = open_store(url)
    board_store.fill_failed(store)
    monkeypatch.setenv("HAAQINET_STORE", url)
    page = AppTest.from_file(str(labels.PAGES.with_name("app.py")), default_timeout=60).run()
    page.switch_page(str(labels.PAGES / "status.py")).run()
    yield store, page
    store.close()


def buttons(page):
    return [button.label for button in page.button if "submission" in button.label]


@pytest.fixture
def waited(monkeypatch):
    """Seconds that wrong tokens would have taken; they are not waited."""
    slept = []
    monkeypatch.setattr("leaderboard.access.sleep", slept.append)
    return slept


def test_a_wrong_token_is_logged_and_slow_but_once(board, waited, caplog):
    store, page = board
    for guess in ("guess", "guess", "another"):
        page.text_input(key="token").set_value(guess).run()
        page.run()
    said = [record.getMessage() for record in caplog.records if "token" in record.getMessage()]
    assert len(waited) == len(said) == 2
    assert min(waited) > 0
    assert not [text for text in said if "guess" in text or "another" in text]
    page.text_input(key="token").set_value(add_token(store, "Ada")).run()
    assert buttons(page)
    assert len(waited) == 2


def test_names_of_workers_are_for_organisers(board, waited):
    store, page = board
    failed = next(s for s in submissions(store) if s.state == "failed")
    page.selectbox(key="submission").set_value(f"{failed.id}: example / crashed").run()

    def shown():
        return " ".join(frame.value.to_csv() for frame in page.dataframe)

    assert "example worker" in {event.actor for event in events(store, failed.id)}
    assert "worker 1" in shown()
    assert "example worker" not in shown()
    page.text_input(key="token").set_value(add_token(store, "Ada")).run()
    assert "example worker" in shown()


def test_the_board_acts_for_a_token_only(board, waited):
    store, page = board
    newest = submissions(store)[0]
    assert buttons(page) == []
    page.text_input(key="token").set_value("guess").run()
    assert page.error[0].value == "This token is not known."
    assert buttons(page) == []
    page.text_input(key="token").set_value(add_token(store, "Ada")).run()
    assert buttons(page) == [f"Withdraw submission {newest.id}", f"Score submission {newest.id} again"]
    page.text_input(key=f"reason-{newest.id}").set_value("wrong files").run()
    next(b for b in page.button if b.label.startswith("Withdraw")).click().run()
    assert not page.exception
    happened = events(store, newest.id)[-1]
    assert (happened.state, happened.actor, happened.message) == ("withdrawn", "organiser Ada", "wrong files")
    assert "**withdrawn**" in " ".join(m.value for m in page.markdown)
    next(b for b in page.button if b.label.startswith("Score")).click().run()
    assert [e.state for e in events(store, newest.id)][-1] == "queued"
    revoke_token(store, "Ada")
    page.run()
    assert buttons(page) == []


def test_a_proxys_header_counts_only_where_it_is_named(board, monkeypatch):
    from leaderboard.access import HEADER_VARIABLE, organiser

    headers = {"X-Organiser": " Grace "}
    assert organiser(headers, "") is None
    monkeypatch.setenv(HEADER_VARIABLE, "X-Organiser")
    assert organiser(headers, "") == "Grace"
    assert organiser({"X-Organiser": " "}, "") is None
    assert organiser({}, "") is None
