"""Several workers on one store: claims, leases, heartbeats; on SQLite and PostgreSQL."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from haaqinet_eval import InputError
from haaqinet_eval.scores import Score
from haaqinet_eval.store import (
    StoredScores,
    System,
    claim,
    events,
    fail,
    finish,
    heartbeat,
    open_store,
    read_rows,
    register_challenge,
    release,
    rescore,
    schema_version,
    start_run,
    submission,
    submissions,
    submit,
    withdraw,
)
from haaqinet_eval.trials import Trial

TRIALS = [Trial("c", "", f"s{i}", "song", "L1", ear) for i in range(5) for ear in ("left", "right")]

WORKER = """
import sys, time
from dataclasses import replace
from haaqinet_eval.scores import Score
from haaqinet_eval.store import StoredScores, claim, expected_trials, challenge, finish, heartbeat, open_store

url, name, wait = sys.argv[1:]
store = open_store(url)
trials = expected_trials(store, challenge(store, "c"))
while held := claim(store, name, lease=60):
    mine = held.submission
    scores = StoredScores(store, mine)
    for i, t in enumerate(trials):
        row = Score(replace(t, system=mine.system.name), "haaqi", "1", i / 10)
        if row.key not in scores:
            scores.append([row])
        if i == 4 and wait == "hang":
            print("half", flush=True)
            time.sleep(600)
    assert heartbeat(store, held)
    finish(store, held)
"""


def start_worker(store, name, wait="no"):
    url = store.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", WORKER, url, name, wait]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def rows_of(system):
    return [Score(replace(t, system=system), "haaqi", "1", i / 10) for i, t in enumerate(TRIALS)]


def hand_in(store, *systems, team="T"):
    return [submit(store, "c", System(team, s), sha256=s, scorers=["haaqi"])[0] for s in systems]


@pytest.fixture
def ready(store):
    register_challenge(store, "c", TRIALS)
    return store


@pytest.fixture
def clock(monkeypatch):
    """Moves the database's clock."""
    from haaqinet_eval.store import Store

    now, shift = Store.now, [0.0]
    monkeypatch.setattr(Store, "now", lambda self, session: now(self, session) + shift[0])

    def advance(seconds):
        shift[0] += seconds

    return advance


def test_the_queue_is_first_come_first_served(ready):
    first, second = hand_in(ready, "a", "b")
    one, two = claim(ready, "w1"), claim(ready, "w2")
    assert [one.submission.id, two.submission.id] == [first.id, second.id]
    assert (one.submission.state, one.submission.worker) == ("scoring", "w1")
    assert claim(ready, "w3") is None
    assert release(ready, one)
    assert submission(ready, first.id).state == "queued"
    assert claim(ready, "w3").submission.id == first.id


def test_several_processes_share_the_work_and_none_does_it_twice(ready):
    hand_in(ready, *"abcdef")
    workers = [start_worker(ready, f"w{i}") for i in range(3)]
    for worker in workers:
        _, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, errors
    for entry in submissions(ready):
        assert entry.state == "scored"
        assert read_rows(ready, entry.id) == rows_of(entry.system.name)
        assert [e.state for e in events(ready, entry.id)] == ["queued", "scoring", "scored"]


def test_a_killed_worker_is_replaced_and_the_rows_are_as_if_nothing_had_happened(ready, clock):
    (entry,) = hand_in(ready, "a")
    worker = start_worker(ready, "doomed", "hang")
    assert worker.stdout.readline() == "half\n"
    worker.kill()
    worker.communicate()
    assert len(read_rows(ready, entry.id)) == 5
    assert claim(ready, "next") is None  # the lease still holds
    clock(61)
    held = claim(ready, "next")
    assert held.submission.id == entry.id
    scores = StoredScores(ready, held.submission)
    missing = [row for row in rows_of("a") if row.key not in scores]
    assert len(missing) == 5
    scores.append(missing)
    assert finish(ready, held).state == "scored"
    assert read_rows(ready, entry.id) == rows_of("a")
    assert "taken over from doomed, whose lease ran out" in [e.message for e in events(ready, entry.id)]


def test_a_heartbeat_keeps_a_claim_and_a_lost_claim_can_do_nothing(ready, clock):
    (entry,) = hand_in(ready, "a")
    slow = claim(ready, "slow", lease=10)
    clock(8)
    assert heartbeat(ready, slow)
    clock(8)
    assert claim(ready, "other") is None
    clock(8)
    other = claim(ready, "other")
    assert other.submission.id == entry.id
    assert not heartbeat(ready, slow)
    assert not release(ready, slow)
    assert not fail(ready, slow, "x")
    assert finish(ready, slow) is None
    assert submission(ready, entry.id).worker == "other"
    assert heartbeat(ready, other)


def test_a_clock_that_is_set_back_locks_nothing_up(ready, clock):
    (entry,) = hand_in(ready, "a")
    claim(ready, "doomed", lease=60)
    clock(-86400)
    assert claim(ready, "next").submission.id == entry.id


def test_withdrawing_stops_the_worker(ready):
    (entry,) = hand_in(ready, "a")
    held = claim(ready, "w")
    withdraw(ready, entry.id, "T", "wrong files")
    assert not heartbeat(ready, held)
    assert finish(ready, held) is None
    assert submission(ready, entry.id).state == "withdrawn"
    assert claim(ready, "w") is None


def test_a_submission_that_kills_its_workers_is_given_up_and_may_be_tried_again(ready, clock):
    bad, good = hand_in(ready, "bad", "good")
    for attempt in range(5):
        assert claim(ready, f"w{attempt}", lease=1).submission.id == bad.id
        clock(2)
    assert claim(ready, "w").submission.id == good.id
    assert submission(ready, bad.id).state == "failed"
    assert "5 workers took it and none came back" in submission(ready, bad.id).reason
    rescore(ready, bad.id)
    assert claim(ready, "w").submission.id == bad.id


def test_releasing_costs_neither_the_place_nor_an_attempt(ready):
    first, _ = hand_in(ready, "a", "b")
    for _ in range(7):
        held = claim(ready, "w")
        assert held.submission.id == first.id
        release(ready, held, "the worker was told to stop")


@pytest.mark.parametrize("lease", ["0", "-1", "nan", "inf", "1e300"])
def test_a_lease_is_a_time_that_ends(ready, lease):
    hand_in(ready, "a")
    with pytest.raises(InputError, match="is not above 0 and at most"):
        claim(ready, "w", lease=float(lease))


def test_a_clock_that_jumps_fails_no_submission_that_gets_on(ready, clock):
    (entry,) = hand_in(ready, "a")
    for attempt, row in enumerate(rows_of("a")):
        held = claim(ready, f"w{attempt}", lease=60)
        assert held.submission.id == entry.id
        StoredScores(ready, held.submission, start_run(ready, entry.id, {})).append([row])
        clock(3600)  # and its worker, which is well, has lost its claim
    assert len(rows_of("a")) > 5
    assert claim(ready, "last").submission.id == entry.id


def test_the_same_bytes_from_many_at_once_are_one_submission(ready):
    def hand_in_once(number):
        return submit(ready, "c", System("T", f"E{number}"), sha256="same", scorers=["haaqi"])

    with ThreadPoolExecutor(6) as pool:
        taken = list(pool.map(hand_in_once, range(6)))
    assert sum(new for _, new in taken) == 1
    assert len({entry.id for entry, _ in taken}) == 1


def test_a_store_that_many_open_at_once_is_made_once(store_url):
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(open_store, [store_url] * 4))
    assert len({schema_version(store) for store in opened}) == 1
    for store in opened:
        store.close()
