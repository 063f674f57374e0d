"""Blind pairs by ear: which are heard, what is kept, and what the answers come to."""

import re
from collections import Counter
from dataclasses import replace

import pytest

pytest.importorskip("streamlit", reason="streamlit is not installed")

import board_store
from board_store import CHALLENGE, FRAMED, LISTENERS, SPLIT
from streamlit.testing.v1 import AppTest

from haaqinet_eval import InputError
from haaqinet_eval.store import (
    Heard,
    System,
    add_judgement,
    challenge,
    next_pair,
    open_store,
    panel,
    refresh,
    set_round,
    submissions,
)
from leaderboard import labels

APP = str(labels.PAGES.with_name("app.py"))


@pytest.fixture
def store(tmp_path):
    opened = open_store(str(tmp_path / "store.sqlite"))
    board_store.fill(opened, tmp_path)
    zipped = next(tmp_path.glob("*.zip"))
    rows = board_store.make_rows("other", 0.6, board_store.make_trials())
    board_store.enter(opened, System("example", "other"), rows, path=zipped)
    refresh(opened)
    yield opened
    opened.close()


def test_pairs_are_balanced_and_their_order_tells_nothing(store):
    known = challenge(store, CHALLENGE, SPLIT)
    ids = [s.id for s in submissions(store, challenge=CHALLENGE)][:3]
    pairs, orders = Counter(), Counter()
    for _ in range(30):
        heard = next_pair(store, known, ids, [("S1", "L1", "")], "P01")
        assert heard == next_pair(store, known, ids, [("S1", "L1", "")], "P01")  # until it is answered
        pairs[frozenset((heard.first, heard.second))] += 1
        orders[heard.first < heard.second] += 1
        add_judgement(store, known, heard, "P01", 1.0 if heard.first == max(ids) else 0.5)
    assert set(pairs.values()) == {10}
    assert min(orders.values()) > 5
    found = panel(store, known)
    assert (found.answers, found.judges) == (30, 1)
    best = max(range(3), key=lambda k: found.strengths[k].value)
    assert found.submissions[best] == max(ids)
    composed, decomposed = "Zo\u00eb", "Zoe\u0308"  # one code in two spellings
    first = next_pair(store, known, ids, [("S1", "L1", "")], decomposed)
    add_judgement(store, known, first, decomposed, 1.0)
    second = next_pair(store, known, ids, [("S1", "L1", "")], decomposed)
    assert second == next_pair(store, known, ids, [("S1", "L1", "")], composed) != first
    with pytest.raises(InputError, match="compared with itself"):
        add_judgement(store, known, replace(first, second=first.first), "P01", 1.0)
    with pytest.raises(InputError, match=r"it is 1, 0\.5 or 0"):
        add_judgement(store, known, heard, "P01", 0.7)
    with pytest.raises(InputError):
        add_judgement(store, known, heard, "", 1.0)
    with pytest.raises(InputError, match=r"submission 999 is none of"):
        add_judgement(store, known, replace(heard, second=999), "P01", 1.0)
    hidden = set_round(store, CHALLENGE, SPLIT, private=True)
    with pytest.raises(InputError, match="private until it closes"):
        add_judgement(store, hidden, heard, "P01", 1.0)
    assert panel(store, known).answers == 31


def test_the_page_wants_consent_hides_names_and_keeps_answers(store, monkeypatch):
    monkeypatch.setenv("HAAQINET_STORE", f"sqlite:///{store.url.database}")
    app = AppTest.from_file(APP, default_timeout=60).run()
    with pytest.raises(ValueError, match="Could not find"):
        app.switch_page(str(labels.PAGES / "listening.py"))  # off, unless audio is allowed
    monkeypatch.setenv(labels.AUDIO, "everybody")
    page = AppTest.from_file(APP, default_timeout=60).run()
    page.switch_page(str(labels.PAGES / "listening.py")).run()
    assert "Volume" in page.warning[0].value
    assert not [b for b in page.button if b.label == "A is better"]
    page.text_input(key="judge").set_value("P07").run()
    page.toggle(key="volume").set_value(True).run()
    page.checkbox(key="consent").set_value(True).run()
    assert not page.exception
    text = "".join(str(part.proto) for part in page.main)
    assert not re.search("example / (stream|other)", text)
    known = challenge(store, CHALLENGE, SPLIT)
    assert panel(store, known) is None
    next(b for b in page.button if b.label == "A is better").click().run()
    assert not page.exception
    assert panel(store, known).answers == 1
    again = Heard(*panel(store, known).submissions, FRAMED[0], next(iter(LISTENERS)), "")
    add_judgement(store, known, again, "P08", 0.5)
    page = AppTest.from_file(APP, default_timeout=60).run()
    page.switch_page(str(labels.PAGES / "listening.py"))
    page.query_params["tab"] = "Panel"
    page.run()
    assert not page.exception
    assert any("2 answers of 2 people" in text.value for text in page.markdown)
