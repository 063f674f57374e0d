"""Rounds on the board: a private split's scores stay private everywhere until it closes."""

import asyncio
import io
import json
import re
import zipfile
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest

pytest.importorskip("streamlit", reason="streamlit is not installed")

import board_store
from board_store import CHALLENGE, SPLIT
from starlette.applications import Starlette
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from haaqinet_eval import InputError
from haaqinet_eval.cli.commands import app as commands
from haaqinet_eval.site import records, site_files
from haaqinet_eval.store import (
    System,
    add_token,
    challenge,
    is_hidden,
    open_store,
    phase,
    register_predictions,
    revision,
    set_round,
    standings,
    submissions,
    submit,
    token_name,
    token_team,
    when,
)
from haaqinet_eval.worker import telling
from leaderboard import labels
from leaderboard.api import ROUTES

APP = str(labels.PAGES.with_name("app.py"))
TITLE = f"{CHALLENGE} ({SPLIT})"
FAR = when("2999-01-01")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("round")
    opened = open_store(str(folder / "store.sqlite"))
    board_store.fill(opened, folder)
    yield opened
    opened.close()


@pytest.fixture
def private(store):
    set_round(store, CHALLENGE, SPLIT, closes=FAR, private=True)
    yield store
    set_round(store, CHALLENGE, SPLIT, opens=None, closes=None, private=False)


@pytest.fixture
def show(store, monkeypatch):
    monkeypatch.setenv("HAAQINET_STORE", f"sqlite:///{store.url.database}")

    def run(page, token="", **address):
        test = AppTest.from_file(APP, default_timeout=60)
        if token:
            test.session_state["token"] = token
        test.run()
        if page:
            test.switch_page(str(labels.PAGES / f"{page}.py"))
        test.query_params.update({"challenge": TITLE, **address})
        test.run()
        return test

    return run


@pytest.fixture
def api(store, monkeypatch):
    monkeypatch.setenv("HAAQINET_STORE", f"sqlite:///{store.url.database}")
    return Client(Starlette(routes=ROUTES))


@dataclass
class Answer:
    status_code: int
    content: bytes

    @property
    def text(self):
        return self.content.decode()

    def json(self):
        return json.loads(self.content)


@dataclass
class Client:
    """Asks an ASGI app, without a server."""

    app: object

    def get(self, path, params=None, method="GET"):
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "root_path": "",
            "scheme": "http",
            "query_string": urlencode(params or {}).encode(),
            "headers": [(b"host", b"board.example")],
        }
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        return Answer(sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:]))


def leaks(text, store):
    """Means and their intervals' ends that stand in a text, however many digits they have there."""
    rows = [e for e in standings(store, CHALLENGE, SPLIT) if e.mean is not None]
    values = {value for e in rows for value in (e.mean, e.low, e.high, e.left, e.right) if value is not None}
    there = {round(float(figure), 3) for figure in re.findall(r"(?<![\d.])\d\.\d{3,}", text)}
    return sorted({round(value, 3) for value in values} & there)


def whole(test):
    """All that a page sends to a browser."""
    return "".join(str(part.proto) for part in test.main) + "".join(f.value.to_csv() for f in test.dataframe)


OPEN = ("round", "status", "rules", "elsewhere")  # pages that a private split has
SCORED = ("standings", "best", "listeners", "system", "compare", "against", "agreement", "correlations")
OTHERS = ("predictions", "empty", "method", "listening")  # without scores of trials, or for who may hear


def test_scores_of_a_public_split_are_found_by_what_looks_for_leaks(show, store, api):
    assert leaks(whole(show("")), store)
    assert leaks(api.get("/api/standings", params={"challenge": CHALLENGE}).text, store)
    assert leaks("".join(site_files(store).values()), store)
    assert leaks("".join(texts(api).values()), store)


def texts(api):
    """Files of the zip with everything."""
    data = api.get("/api/everything.zip")
    archive = zipfile.ZipFile(io.BytesIO(data.content))
    return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.mark.parametrize("page", ["", "round", "status", "rules"])
def test_no_page_shows_a_private_score(show, private, page):
    test = show(page)
    assert not test.exception
    assert [title.value for title in test.title] != ["Standings"]
    assert leaks(whole(test), private) == []


@pytest.mark.parametrize("view", SCORED)
def test_other_pages_are_not_there_and_would_show_nothing(show, private, view):
    with pytest.raises(ValueError, match="Could not find a navigation page"):
        show(view)
    alone = AppTest.from_file(str(labels.PAGES / f"{view}.py"), default_timeout=60)
    alone.session_state["_challenge"] = challenge(private, CHALLENGE, SPLIT)
    alone.run()  # as if the frame had let it through
    assert alone.exception[0].message.endswith("scores are private")
    assert leaks(whole(alone), private) == []


def test_every_page_is_known_to_show_scores_or_not():
    assert {path.stem for path in labels.PAGES.glob("*.py")} == {*OPEN, *SCORED, *OTHERS}


def test_api_export_and_site_tell_no_private_score_until_the_close(api, private):
    public = {"challenge": CHALLENGE, "split": SPLIT}
    for path in ("standings", "groups", "best"):
        answer = api.get(f"/api/{path}", params=public)
        assert answer.status_code == 403
        assert "private until 2999-01-01" in answer.json()["error"]
    (one,) = (c for c in api.get("/api/challenges").json() if c["split"] == SPLIT)
    assert (one["scores"], one["phase"]) == ("private", "open")
    everything = texts(api)
    assert leaks("".join(everything.values()), private) == []
    assert not [name for name in everything if SPLIT in name]
    files = site_files(private)
    assert leaks("".join(files.values()), private) == []
    assert not [name for name in files if name.startswith(("systems/", "standings/", "cadenza/"))]
    assert "private until 2999-01-01" in files["index.html"]
    assert leaks("".join(site_files(private, now=FAR).values()), private)
    entry = next(s for s in submissions(private) if s.state == "scored" and s.origin == "submitted")
    assert "means" not in telling.message(private, entry.id)
    set_round(private, CHALLENGE, SPLIT, closes=when("2020-01-01"))
    assert api.get("/api/standings", params=public).status_code == 200
    assert leaks("".join(texts(api).values()), private)
    assert telling.message(private, entry.id)["means"]["haaqi"] is not None


def test_organisers_see_what_is_private_and_teams_do_not(show, private):
    organiser = add_token(private, "Ada")
    team = add_token(private, "team example", "example")
    assert (token_name(private, organiser), token_team(private, organiser)) == ("Ada", None)
    assert (token_name(private, team), token_team(private, team)) == (None, "example")
    with pytest.raises(InputError, match="has handed nothing in"):
        add_token(private, "nobody", "nobody")
    assert leaks(whole(show("", token=organiser)), private)
    assert leaks(whole(show("", token=team)), private) == []
    test = show("round")
    test.text_input(key="team-token").set_value(team).run()
    assert not test.exception
    own = next(f.value for f in test.dataframe if "Place in the queue" in f.value)
    assert set(own.Mean) == {"private until it closes"}
    assert set(own.Submission) == {s.id for s in submissions(private, team="example")}
    assert leaks(whole(test), private) == []
    test.text_input(key="team-token").set_value(organiser).run()
    assert "no team's" in test.error[0].value


def test_a_round_takes_what_is_handed_in_while_it_is_open(private):
    known = challenge(private, CHALLENGE, SPLIT)
    assert [phase(known, now) for now in (0, FAR - 1, FAR)] == ["open", "open", "closed"]
    assert [is_hidden(known, now) for now in (0, FAR - 1, FAR)] == [True, True, False]

    def hand_in(name):
        return submit(private, CHALLENGE, System("late", name), sha256=name, scorers=["haaqi"], split=SPLIT)

    command = ["store", "round", "--challenge", CHALLENGE, "--split", SPLIT, "--opens", "2998-01-01"]
    told = CliRunner().invoke(commands, [*command, "--store", private.url.database])
    assert told.output == f"{TITLE}: not yet open; scores are private until it closes\n"
    with pytest.raises(InputError, match="opens at 2998-01-01 00:00 UTC"):
        hand_in("early")
    set_round(private, CHALLENGE, SPLIT, opens=None, closes=when("2020-01-01"))
    with pytest.raises(InputError, match="closed at 2020-01-01 00:00 UTC"):
        hand_in("late")
    with pytest.raises(InputError, match="closed at 2020-01-01 00:00 UTC"):
        submit(
            private, CHALLENGE, System("late", "import"), sha256="import", scorers=["haaqi"], split=SPLIT,
            state="scoring", visitor=True,
        )  # fmt: skip
    with pytest.raises(InputError, match="close before it opens"):
        set_round(private, CHALLENGE, SPLIT, opens=FAR)


def test_only_an_organisers_click_changes_who_sees_the_scores(show, private):
    page = show("round", token=add_token(private, "Eve"))
    (button,) = (b for b in page.button if "public" in b.label)
    set_round(private, CHALLENGE, SPLIT, private=False)  # by the command line, beside the page
    page.run()
    assert not challenge(private, CHALLENGE, SPLIT).private
    set_round(private, CHALLENGE, SPLIT, private=True)
    page.run()
    assert challenge(private, CHALLENGE, SPLIT).private
    (button,) = (b for b in page.button if "public" in b.label)
    button.click().run()
    assert not challenge(private, CHALLENGE, SPLIT).private
    given = ["store", "round", "--challenge", CHALLENGE, "--split", SPLIT, "--private", "--public"]
    told = CliRunner().invoke(commands, [*given, "--store", private.url.database])
    assert "--private/--public is given twice" in str(told.exception or told.output)


def test_two_splits_that_change_places_change_the_revision(tmp_path):
    store = open_store(str(tmp_path / "s.sqlite"))
    for split, hidden in (("valid", False), ("eval", True)):
        settings = {"root": str(tmp_path), "signals": 15, "sha256": "", "private": hidden}
        register_predictions(store, "clip1", split, settings)
    known = [revision(store)]
    for split, hidden in (("valid", True), ("eval", False)):
        set_round(store, "clip1", split, private=hidden)
    known.append(revision(store))
    for split, day in (("valid", "2990-01-02"), ("eval", "2990-01-01")):
        set_round(store, "clip1", split, closes=when(day))
    known.append(revision(store))
    for split, day in (("valid", "2990-01-01"), ("eval", "2990-01-02")):
        set_round(store, "clip1", split, closes=when(day))
    assert len({*known, revision(store)}) == 4
    store.close()


def test_the_api_gives_what_the_board_shows(api, store):
    assert api.get("/api/nothing").status_code == 404
    assert "/api lists them" in api.get("/api/nothing").json()["error"]
    public = {"challenge": CHALLENGE, "split": SPLIT}
    found = api.get("/api/standings", params=public).json()
    assert [(e["system"], e["mean"]) for e in found] == [
        (e.system, e.mean) for e in standings(store, CHALLENGE, SPLIT)
    ]
    best = api.get("/api/best", params={**public, "by": "severity"}).json()
    assert {b["severity"] for b in best} == {p.severity_humes for p in board_store.LISTENERS.values()}
    groups = api.get("/api/groups", params={**public, "by": "genre"}).json()
    assert {g["name"] for g in groups} == set(board_store.GENRES.values())
    assert api.get("/api/groups", params={**public, "by": "colour"}).status_code == 400
    assert api.get("/api/standings", params={"challenge": "nobody"}).status_code == 400
    assert api.get("/api/standings", method="POST").status_code == 405
    everything = texts(api)
    assert "@misc{haaqi_leaderboard_" in everything["CITE.bib"]
    rows = records.to_csv([{"system": "=1+1", "score": -0.5}])
    assert rows == "system,score\n'=1+1,-0.5\n"
    scored = [name for name in everything if name.startswith("scores/")]
    assert len(scored) == sum(e.scored > 0 for e in standings(store, CHALLENGE, SPLIT))
