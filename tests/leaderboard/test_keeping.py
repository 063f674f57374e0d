"""What all visitors of the board share: made once, the same for all, bounded, and never changed."""

import gc
import runpy
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

pytest.importorskip("streamlit", reason="streamlit is not installed")

import board_store
import pandas as pd
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from haaqinet_eval.store import challenges, open_store, refresh, revision
from leaderboard import agreeing, exports, labels, reading, uncertainty
from leaderboard.keeping import Shelf

APP = str(labels.PAGES.with_name("app.py"))
PAGES = ("standings", "listeners", "system", "compare", "agreement")


def test_of_many_who_ask_at_once_one_makes_it():
    shelf, made, begun = Shelf(10**6), [], Event()

    def make():
        begun.wait(10)
        made.append(1)
        return "thing"

    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(shelf.get, "key", make) for _ in range(8)]
        begun.set()
        assert {job.result() for job in found} == {"thing"}
    assert made == [1]


def test_bytes_are_bounded_and_what_was_used_last_stays():
    shelf = Shelf(2500)
    for key in ("a", "b", "a", "c"):
        shelf.get(key, lambda: bytes(1000))
    assert shelf.held <= 2500
    assert [shelf.get(key, lambda: "made again") != "made again" for key in ("a", "c")] == [True, True]
    assert shelf.get("b", lambda: "made again") == "made again"
    shelf.get("huge", lambda: bytes(10**6))  # is not kept, and drives nothing out
    assert len(shelf.get("a", lambda: b"")) == 1000
    shelf.clear()
    assert shelf.held == 0


def test_what_fails_is_made_again():
    shelf = Shelf(1000)
    with pytest.raises(ZeroDivisionError):
        shelf.get("key", lambda: 1 / 0)
    assert shelf.get("key", lambda: "thing") == "thing"


def test_a_table_or_a_closure_is_no_key():
    with pytest.raises(TypeError, match="DataFrame is no argument"):
        reading.shared(board_store.make_trials, pd.DataFrame())
    with pytest.raises(TypeError, match="more to go by"):
        reading.shared(lambda: 1)


def test_visitors_share_until_the_store_changes_and_change_nothing(tmp_path, monkeypatch):
    store = open_store(str(tmp_path / "store.sqlite"))
    board_store.fill(store, tmp_path)
    monkeypatch.setenv("HAAQINET_STORE", f"sqlite:///{tmp_path / 'store.sqlite'}")
    made, sent = [], []
    convert = exports.convert_pandas_df_to_arrow_table
    monkeypatch.setattr(
        exports, "convert_pandas_df_to_arrow_table", lambda frame: sent.append(frame) or convert(frame)
    )

    class Counting(Shelf):
        def _put(self, key, thing, size):
            made.append((key, thing, thing.copy() if isinstance(thing, pd.DataFrame) else None))
            super()._put(key, thing, size)

    monkeypatch.setattr(reading, "_shelf", Counting(reading.KEPT))
    asked = []
    sa.event.listen(reading.the_store().engine, "before_cursor_execute", lambda *args: asked.append(args[2]))

    def visit():
        asked.clear()
        for name in PAGES:
            page = AppTest.from_file(APP, default_timeout=60).run()
            page.switch_page(str(labels.PAGES / f"{name}.py")).run()
            assert not page.exception
        return len(made)

    first = visit()
    tables = len(sent)
    assert tables
    assert visit() == first  # all of it was there
    asked = [statement for statement in asked if statement != "BEGIN"]
    assert len(asked) <= 3 * len(PAGES)  # one question a run: whether the store has changed
    assert len({*asked}) == 1
    assert len(sent) == tables  # as browsers get it, too
    assert len({key for key, _, _ in made}) == first
    for _, thing, copy in made:
        if copy is not None:
            pd.testing.assert_frame_equal(thing, copy)
    before = revision(store)
    refresh(store)
    assert revision(store) != before
    assert visit() == 2 * first
    store.close()


def test_what_a_page_sends_does_not_grow_with_the_trials(tmp_path, monkeypatch):
    store = open_store(str(tmp_path / "store.sqlite"))
    board_store.fill(store, tmp_path)
    monkeypatch.setenv("HAAQINET_STORE", f"sqlite:///{tmp_path / 'store.sqlite'}")
    monkeypatch.setattr(agreeing, "DOTS", 12)
    monkeypatch.setattr(uncertainty, "LISTED", 12)
    sent = []
    for name in ("_arrow", "convert_pandas_df_to_arrow_table"):
        convert = getattr(exports, name)
        monkeypatch.setattr(
            exports, name, lambda frame, convert=convert: sent.append(len(frame)) or convert(frame)
        )
    for name in ("standings", "system", "compare", "agreement"):
        page = AppTest.from_file(APP, default_timeout=60).run()
        page.switch_page(str(labels.PAGES / f"{name}.py")).run()
        assert not page.exception
    assert len(sent) > 10
    bins, frames, furthest = 2 * 20, 2 * board_store.FRAMES, 50
    assert {number for number in sent if number > bins} <= {frames, furthest}  # 48 trials a system
    store.close()


def test_two_systems_are_paired_on_the_trials_that_both_have(tmp_path, monkeypatch):
    store = open_store(str(tmp_path / "store.sqlite"))
    board_store.fill(store, tmp_path)
    monkeypatch.setenv("HAAQINET_STORE", f"sqlite:///{tmp_path / 'store.sqlite'}")
    trials = board_store.make_trials()
    (challenge,) = reading.read(challenges)
    half, whole = (reading.system(challenge, f"example / {name}") for name in ("half", "stream"))
    frame = reading.paired(challenge, half.entries["haaqi"], whole.entries["haaqi"])
    rows = [board_store.make_rows(*made)[::2] for made in (("half", 0.6, trials), ("stream", 0.69, trials))]
    assert list(frame["first"]) == [row.score for row in rows[0][9:]]
    assert list(frame["second"]) == [row.score for row in rows[1][9:]]
    assert list(zip(frame.scene, frame.listener, frame.ear, strict=True)) == [
        (t.scene, t.listener, t.ear) for t in trials[9:]
    ]
    store.close()


def test_a_table_goes_to_browsers_as_it_is_and_is_forgotten_with_it():
    frame = pd.DataFrame({"name": ["a", "b"], "value": [0.5, None]})
    there = len(exports._as_arrow)
    assert exports.arrow(frame) is exports.arrow(frame)
    pd.testing.assert_frame_equal(exports.arrow(frame).to_pandas(), frame, check_dtype=False)
    assert len(exports._as_arrow) == there + 1
    del frame
    assert len(exports._as_arrow) == there


def test_the_server_collects_no_garbage_among_what_the_pages_are_made_of(monkeypatch):
    monkeypatch.delenv("HAAQINET_STORE", raising=False)
    try:
        runpy.run_path(str(labels.PAGES.with_name("server.py")))
        frozen = gc.get_freeze_count()
        assert len(gc.get_objects()) < frozen / 20
    finally:
        gc.unfreeze()
