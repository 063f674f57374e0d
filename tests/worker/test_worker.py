"""Handing in and scoring: whatever happens on the way, the rows are those of an undisturbed run."""

import os
import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import sqlalchemy as sa
from cadenza_tree import config
from noisy_round import QUIET, Noisy, make, zipped
from places import TESTS

from haaqinet_eval import InputError, Unscorable
from haaqinet_eval.cadenza import CHALLENGES
from haaqinet_eval.cadenza.run import run_evaluation
from haaqinet_eval.scores import read_scores
from haaqinet_eval.store import (
    System,
    Unwritable,
    events,
    open_store,
    read_rows,
    rescore,
    runs,
    standings,
    store_check,
    submission,
    withdraw,
)
from haaqinet_eval.worker import accept_submission, digest, open_split, work_once

E1 = System("T1", "E1", causal=True)


@pytest.fixture(autouse=True)
def noisy(monkeypatch):
    """HAAQI is `Noisy` here; its tests are elsewhere."""
    monkeypatch.setattr("haaqinet_eval.scorers.haaqi.HaaqiScorer", Noisy)
    monkeypatch.setattr(Noisy, "calls", 0)
    return lambda before: monkeypatch.setattr(Noisy, "before", staticmethod(before))


@pytest.fixture(scope="module", params=CHALLENGES)
def made(request, tmp_path_factory):
    return request.param, *make(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def icassp(tmp_path_factory):
    """Root and zip of the ICASSP challenge."""
    folder = tmp_path_factory.mktemp("icassp")
    root, signals = make("cad_icassp_2024", folder)
    return root, zipped(signals, folder / "e1.zip")


@pytest.fixture
def store(tmp_path):
    opened = open_store(str(tmp_path / "store.sqlite"))
    yield opened
    opened.close()


def give(store, icassp, **options):
    """Hand the ICASSP zip in."""
    root, path = icassp
    return accept_submission(
        store, path, open_split("cad_icassp_2024", root), E1, ["haaqi"], **options
    ).submission


def work(store, **options):
    return work_once(store, "worker", console=QUIET, **options)


def plain(rows):
    """Rows without the time they took."""
    return [replace(row, seconds=0.0) for row in rows]


def test_scores_from_a_zip_are_those_of_the_recipe_on_the_folder(made, store, tmp_path):
    name, root, signals = made
    path = zipped(signals, tmp_path / "a.zip", "submission_T1/enhanced_signals/")
    split = open_split(name, root)
    given = accept_submission(store, path, split, E1, ["haaqi"])
    assert given.new
    assert not given.refused
    done = work(store)
    assert (done.id, done.state) == (given.submission.id, "scored")
    run_evaluation(name, config(name, root, signals.parents[1]), QUIET)
    expected = {row.key: row.score for row in read_scores(signals.parents[1] / "results.csv")}
    rows = read_rows(store, done.id)
    assert {row.key: row.score for row in rows} == expected
    [entry] = standings(store, name)
    assert (entry.team, entry.rank, entry.coverage, entry.causal) == ("T1", 1, 1.0, True)
    assert entry.mean == pytest.approx(np.mean(list(expected.values())))
    assert store_check(store) == []
    assert work(store) is None


def test_a_folder_can_be_handed_in_and_equals_its_zip(icassp, store, tmp_path):
    root, path = icassp
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "folder")
    split = open_split("cad_icassp_2024", root)
    first = accept_submission(store, tmp_path / "folder", split, E1, ["haaqi"]).submission
    second = give(store, icassp)
    assert (work(store).state, work(store).state) == ("scored", "scored")
    assert plain(read_rows(store, first.id)) == plain(read_rows(store, second.id))


def test_the_run_tells_how_its_rows_were_made(icassp, store):
    entry = give(store, icassp)
    work(store)
    [run] = runs(store, entry.id)
    made = run["provenance"]
    assert run["ended"] >= run["started"]
    assert made["submission"]["sha256"] == digest(icassp[1])[0] == entry.sha256
    assert made["scorers"] == {"haaqi": "noisy"}
    assert (made["scored"], made["failed"], made["references"]["files"]) == (6, {}, 10)
    assert made["settings"]["evaluate.set_random_seed"] is True
    assert {"python", "numpy"} <= made["versions"].keys()


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
import haaqinet_eval.scorers.haaqi
from noisy_round import QUIET, Noisy
from haaqinet_eval.store import open_store
from haaqinet_eval.worker import work_once

haaqinet_eval.scorers.haaqi.HaaqiScorer = Noisy
Noisy.before = staticmethod(lambda call: call == 4 and os.kill(os.getpid(), signal.SIGKILL))
work_once(open_store(sys.argv[1]), "first", lease=0.5, console=QUIET)
"""


def test_after_kill_9_another_worker_ends_with_the_rows_of_an_undisturbed_run(icassp, store_url, tmp_path):
    store = open_store(store_url)
    entry = give(store, icassp)
    command = [sys.executable, "-c", KILLED, store_url, str(TESTS)]
    assert subprocess.run(command).returncode == -9
    assert submission(store, entry.id).state == "scoring"
    assert len(read_rows(store, entry.id)) == 2  # of the first pair; the second died half-way
    assert standings(store, "cad_icassp_2024")[0].rank is None
    while (done := work(store)) is None:
        time.sleep(0.1)  # until the lease of the dead one runs out
    assert done.state == "scored"
    assert "taken over from first, whose lease ran out" in [e.message for e in events(store, entry.id)]
    assert [run["ended"] is None for run in runs(store, entry.id)] == [True, False]
    assert Noisy.calls == 4  # what the dead one had scored is not scored again
    undisturbed = open_store(str(tmp_path / "other.sqlite"))
    other = give(undisturbed, icassp)
    work(undisturbed)
    assert plain(read_rows(store, entry.id)) == plain(read_rows(undisturbed, other.id))
    assert standings(store, "cad_icassp_2024")[0].mean == standings(undisturbed, "cad_icassp_2024")[0].mean
    assert store_check(store) == []
    store.close(), undisturbed.close()


def test_what_has_errors_is_refused_with_all_findings_and_kept(icassp, store, tmp_path):
    root, path = icassp
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "folder")
    files = sorted((tmp_path / "folder").iterdir())
    files[0].unlink()
    files[1].write_bytes(b"RIFF")
    given = accept_submission(store, tmp_path / "folder", open_split("cad_icassp_2024", root), E1, ["haaqi"])
    assert given.refused
    assert {"missing_file", "not_flac"} <= {item["code"] for item in given.findings}
    kept = submission(store, given.submission.id)
    assert (kept.state, list(kept.findings)) == ("invalid", list(given.findings))
    assert [e.state for e in events(store, kept.id)] == ["invalid"]
    assert work(store) is None


def test_what_was_checked_fast_is_decoded_by_the_worker_before_it_scores(icassp, store, tmp_path):
    root, path = icassp
    split = open_split("cad_icassp_2024", root)
    swapped = tmp_path / "swapped"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(swapped)
    first, second, _ = sorted(swapped.iterdir())
    samples, rate = soundfile.read(first)
    soundfile.write(first, np.zeros_like(samples), rate, subtype="PCM_16")
    fast = accept_submission(store, swapped, split, E1, ["haaqi"], deep=False).submission
    assert [item["code"] for item in fast.findings] == ["not_decoded"]
    assert work(store).state == "scored"
    expected = accept_submission(store, zipped(swapped, tmp_path / "b.zip"), split, E1, ["haaqi"]).findings
    assert submission(store, fast.id).findings == expected
    assert "silent_file" in {item["code"] for item in expected}
    withdraw(store, 2)

    data = bytearray(second.read_bytes())
    data[-100] ^= 0xFF
    second.write_bytes(data)
    calls = Noisy.calls
    bad = accept_submission(store, swapped, split, E1, ["haaqi"], deep=False)
    assert not bad.refused
    done = work(store)
    assert (done.id, done.state, Noisy.calls) == (bad.submission.id, "invalid", calls)
    assert done.reason in ("bad_md5 1", "corrupt_audio 1")
    assert "the worker's check of the audio" in [e.message for e in events(store, done.id)]
    assert work(store) is None


def test_the_same_bytes_give_the_earlier_submission(icassp, store, tmp_path):
    first = give(store, icassp)
    again = shutil.copy(icassp[1], tmp_path / "again.zip")
    split = open_split("cad_icassp_2024", icassp[0])
    second = accept_submission(store, again, split, replace(E1, name="E2"), ["haaqi"])
    assert (second.submission.id, second.new) == (first.id, False)
    other = accept_submission(store, again, split, System("T2", "E1"), ["haaqi"])
    assert (other.submission, other.refused, other.findings[0]["code"]) == (None, True, "other_team")
    work(store)
    assert give(store, icassp).state == "scored"
    withdraw(store, first.id)
    assert give(store, icassp).state == "queued"
    work(store)
    assert Noisy.calls == 6  # nothing is scored twice


def test_a_zip_that_changed_or_went_is_not_scored_and_can_be_scored_later(icassp, store, tmp_path):
    root, original = icassp
    path = Path(shutil.copy(original, tmp_path / "a.zip"))
    entry = give(store, (root, path))
    with path.open("ab") as file:
        file.write(b"\0")
    failed = work(store)
    assert failed.state == "failed"
    assert "has changed since it was handed in" in failed.reason
    path.unlink()
    rescore(store, entry.id)
    assert "cannot be read" in work(store).reason
    shutil.copy(original, path)
    rescore(store, entry.id)
    assert work(store).state == "scored"


def test_a_zip_that_changes_while_it_is_scored_gets_no_more_rows(icassp, store, noisy, tmp_path):
    root, original = icassp
    path = Path(shutil.copy(original, tmp_path / "a.zip"))
    entry = give(store, (root, path))

    def change(call):
        if call == 3:
            with path.open("ab") as file:
                file.write(b"\0")

    noisy(change)
    done = work(store)
    assert (done.state, len(read_rows(store, entry.id))) == ("failed", 2)
    assert "has changed since it was handed in" in done.reason


def test_a_store_that_becomes_read_only_loses_nothing(icassp, store, noisy):
    entry = give(store, icassp)

    def forbid(connection, *_):
        connection.execute("PRAGMA query_only = ON")

    noisy(lambda call: call == 3 and sa.event.listen(store.engine, "checkout", forbid))
    with pytest.raises(Unwritable, match="is read-only"):
        work(store, lease=0.5)
    sa.event.remove(store.engine, "checkout", forbid)
    store.engine.dispose()
    assert (submission(store, entry.id).state, len(read_rows(store, entry.id))) == ("scoring", 2)
    noisy(lambda call: None)
    while (done := work(store)) is None:
        time.sleep(0.1)  # until its lease has run out
    assert (done.state, len(read_rows(store, entry.id))) == ("scored", 6)


def test_a_kept_zip_outlives_the_original(icassp, store, tmp_path):
    root, original = icassp
    path = Path(shutil.copy(original, tmp_path / "a.zip"))
    entry = give(store, (root, path), keep=True)
    path.unlink()
    assert Path(entry.path).parent == tmp_path / "submissions"
    assert work(store).state == "scored"


def test_other_metadata_are_no_basis_for_comparison(icassp, store, tmp_path, caplog):
    root = tmp_path / "root"
    shutil.copytree(icassp[0], root)
    entry = give(store, (root, icassp[1]))
    gains = root / "metadata/gains.json"
    gains.write_text(gains.read_text().replace("-10", "-9"))
    with pytest.raises(InputError, match=r"sha256 of gains\.json .* scores would not be comparable"):
        give(store, (root, icassp[1]))
    done = work(store)
    assert (done.id, done.state) == (entry.id, "failed")
    assert "gains.json" in done.reason
    shutil.rmtree(root)
    rescore(store, entry.id)
    caplog.clear()
    gone = work(store)
    assert str(tmp_path) not in gone.reason  # which everybody may read
    assert "at_mic_music is no folder" in gone.reason
    assert str(root) in caplog.text
    give(store, icassp)  # the data have moved: the same ones are elsewhere
    rescore(store, entry.id)
    assert work(store).state == "scored"


def test_a_trial_that_has_no_score_keeps_its_reason_and_is_tried_again(icassp, store, noisy):
    def silent(call):
        if call == 1:
            raise Unscorable("silent", f"{icassp[0]}/audio/a.wav: nothing to hear")

    noisy(silent)
    entry = give(store, icassp)
    done = work(store)
    assert done.state == "incomplete"
    assert "haaqi 5 of 6" in done.reason
    assert [row.message for row in read_rows(store, entry.id) if row.failed] == [
        "audio/a.wav: nothing to hear"
    ]
    noisy(lambda call: None)
    rescore(store, entry.id)
    assert work(store).state == "scored"


def test_a_bug_stops_the_worker_and_only_the_log_says_which(icassp, store, noisy, caplog):
    def fault(call):
        raise ZeroDivisionError("of a scorer")

    noisy(fault)
    entry = give(store, icassp)
    with pytest.raises(ZeroDivisionError):
        work(store)
    left = submission(store, entry.id)
    assert left.state == "failed"
    assert left.reason == "internal_error: a fault of the program ended the scoring"
    assert "ZeroDivisionError: of a scorer" in caplog.text


def test_a_worker_that_is_stopped_gives_its_submission_back(icassp, store, noisy):
    def stop(call):
        if call == 3:
            raise KeyboardInterrupt

    noisy(stop)
    entry = give(store, icassp)
    with pytest.raises(KeyboardInterrupt):
        work(store)
    left = submission(store, entry.id)
    assert (left.state, left.attempts, len(read_rows(store, entry.id))) == ("queued", 0, 2)
    assert work(store).state == "scored"


def test_a_withdrawn_submission_is_left_alone(icassp, store, noisy):
    entry = give(store, icassp)

    def take_back(call):
        if call == 1:
            withdraw(store, entry.id)
            time.sleep(0.5)  # several heartbeats

    noisy(take_back)
    assert work(store, lease=0.15).state == "withdrawn"
    assert Noisy.calls == 2  # it ended with the pair that was being scored
    assert store_check(store) == []


def test_mistakes_of_the_call_are_named(icassp, store, tmp_path):
    root, path = icassp
    split = open_split("cad_icassp_2024", root)
    with pytest.raises(InputError, match="scorers peaq; known: haaqi"):
        accept_submission(store, path, split, E1, ["peaq"])
    with pytest.raises(InputError, match="cannot be read"):
        accept_submission(store, tmp_path / "none.zip", split, E1, ["haaqi"])
    with pytest.raises(InputError, match="team name"):
        accept_submission(store, path, split, System("a\x1b[2J", "E1"), ["haaqi"])
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "folder")
    with pytest.raises(InputError, match="only a zip can be kept"):
        accept_submission(store, tmp_path / "folder", split, E1, ["haaqi"], keep=True)
    with pytest.raises(InputError, match="is unknown"):
        open_split("cad9", root)


def test_genres_come_from_musdb18s_list(icassp, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(icassp[0], root)
    split = open_split("cad_icassp_2024", root)
    assert split.genres == {}
    (root / "metadata/musdb18.train.json").write_text('[{"Track Name": "Artist - One", "Genre": "Jazz"}]')
    music = root / "metadata/at_mic_music.train.json"
    music.write_text(
        music.read_text().replace('"Split"', '"Original Track Name": "Artist - One", "Split"', 1)
    )
    assert open_split("cad_icassp_2024", root).genres == {"Artist - One-hlp_0001": "Jazz"}


def test_a_folders_digest_is_that_of_its_content(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        (folder / "a").mkdir(parents=True)
        (folder / "a/b.flac").write_bytes(b"1")
    assert digest(one) == digest(two)
    os.rename(two / "a/b.flac", two / "a/c.flac")
    assert digest(one) != digest(two)
