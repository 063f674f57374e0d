"""Rankings among some of the submissions: as if the others had never come."""

import board_store
import pytest
import sqlalchemy as sa
from board_store import CHALLENGE, LISTENERS, SPLIT, make_rows, make_trials

from haaqinet_eval import InputError
from haaqinet_eval.store import SubmissionFilter, System, open_store, refresh, register_challenge, standings

DAYS = {"a": 1, "b": 2, "c": 3, "d": 4}  # of March 2024
SYSTEMS = {
    "a": System("T1", "a", causal=True),
    "b": System("T2", "b", causal=False, augmented=True),
    "c": System("T3", "c", causal=True, augmented=False),
    "d": System("T4", "d"),
}
LEVELS = {"a": 0.60, "b": 0.80, "c": 0.605, "d": 0.50}


def enter(store, name, level, day, sha=""):
    """A submission of a system with invented scores, received on a day."""
    entry = board_store.enter(store, SYSTEMS[name], make_rows(name, level, make_trials()))
    with store.writing() as session:
        moment = sa.text("UPDATE submissions SET received = :s, sha256 = :h WHERE id = :i")
        session.execute(moment, {"s": 1709251200 + 86400 * (day - 1), "h": f"{name}{sha}", "i": entry})
    return entry


def fill(store, names):
    register_challenge(store, CHALLENGE, make_trials(), LISTENERS, split=SPLIT)
    ids = {name: enter(store, name, LEVELS[name], DAYS[name]) for name in names}
    refresh(store)
    return ids


@pytest.mark.parametrize(
    ("among", "left"),
    [
        (SubmissionFilter(), "abcd"),
        (SubmissionFilter(causal="yes"), "ac"),
        (SubmissionFilter(causal="not said"), "d"),
        (SubmissionFilter(augmented="no"), "c"),
        (SubmissionFilter(since="2024-03-02"), "bcd"),
        (SubmissionFilter(until="2024-03-03"), "abc"),
        (SubmissionFilter("yes", since="2024-03-02", until="2024-03-03"), "c"),
        (SubmissionFilter(causal="no", augmented="no"), ""),
    ],
)
def test_it_is_the_ranking_of_a_store_that_has_no_others(store, tmp_path, among, left):
    fill(store, "abcd")
    alone = open_store(str(tmp_path / "alone.sqlite"))
    fill(alone, left)
    entries = standings(store, CHALLENGE, SPLIT, among=among)
    others = standings(alone, CHALLENGE, SPLIT)
    assert {entry.system for entry in entries} == set(left)
    for entry, other in zip(entries, others, strict=True):
        for name in ("team", "system", "rank", "rank_low", "rank_high", "tie_group", "mean", "low", "high"):
            assert getattr(entry, name) == pytest.approx(getattr(other, name)), name
    alone.close()


def test_a_date_leaves_an_earlier_submission_in_its_place(store):
    first = fill(store, "ab")["a"]
    later = enter(store, "a", 0.9, 9, "again")
    refresh(store)

    def own(**options):
        return [e for e in standings(store, CHALLENGE, SPLIT, **options) if e.system == "a"]

    assert {entry.submission for entry in own()} == {later}
    assert {entry.submission for entry in own(among=SubmissionFilter(until="2024-03-08"))} == {first}
    assert [entry.rank for entry in own(among=SubmissionFilter(until="2024-03-08"))] == [
        2,
        None,
    ]  # HAAQI ranks alone
    assert [entry.rank for entry in own()] == [1, None]


def test_another_word_is_refused():
    with pytest.raises(InputError, match="causal is 'maybe'"):
        SubmissionFilter(causal="maybe")
