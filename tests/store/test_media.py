"""A store on a disk that takes nothing: full, read-only, or held by another writer. Reading goes on."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import run as run_command
from places import TESTS
from stored_trials import NAME, hand_in, trials

from haaqinet_eval import InputError
from haaqinet_eval.store import Unwritable, claim, open_store, opening, register_challenge, submissions


def in_a_small_disk(test, folder):
    """Run a function of this file in a process of its own that alone sees a disk of 1 MiB at `folder`."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"]).returncode:
        pytest.skip("no disk of one's own: `unshare -rm` is not allowed here")
    code = "import sys; sys.path.insert(0, sys.argv[1]); from store import test_media; "
    code += f"test_media.{test}(sys.argv[2])"
    command = 'mount -t tmpfs -o size=1m tmpfs "$1" && exec "$0" -c "$2" "$3" "$1"'
    here = str(TESTS)
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", command, sys.executable, str(folder), code, here],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def filled(path):
    store = open_store(str(path))
    register_challenge(store, NAME, trials())
    hand_in(store)
    return store


def fill_disk(folder):
    filler = Path(folder, "filler")
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(512))
        except OSError:
            return filler


def on_a_full_disk(folder):
    path = Path(folder, "store.sqlite")
    filled(path).close()
    filler = fill_disk(folder)
    store = open_store(str(path))
    assert [entry.id for entry in submissions(store)] == [1]
    with pytest.raises(Unwritable, match="its disk is full"):
        hand_in(store, "b")
    filler.unlink()
    assert hand_in(store, "b").id == 2  # the same open store writes again, and sees what it wrote
    assert len(submissions(store)) == 2
    store.close()


def on_a_read_only_disk(folder):
    path = Path(folder, "store.sqlite")
    store = filled(path)
    half = Path(folder, "half")
    half.mkdir()
    for end in ("", "-wal"):
        shutil.copy(f"{path}{end}", half / f"store.sqlite{end}")
    store.close()
    older = shutil.copy(path, Path(folder, "older.sqlite"))
    store = open_store(str(older))
    with store.writing() as session:
        session.execute(opening.sa.text("UPDATE alembic_version SET version_num = '0002'"))
    store.close()
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    store = open_store(str(path))
    assert [entry.id for entry in submissions(store)] == [1]
    with pytest.raises(Unwritable, match="is read-only"):
        hand_in(store, "b")
    store.close()
    with pytest.raises(InputError, match="unable to open"):  # rather than without its last rows
        open_store(str(half / "store.sqlite"))
    with pytest.raises(Unwritable, match="is read-only; it has schema 0002 and must be brought to"):
        open_store(str(older))
    with pytest.raises(InputError, match=r"none\.sqlite: Read-only file system"):
        open_store(str(Path(folder, "none.sqlite")))


@pytest.mark.parametrize("test", ["on_a_full_disk", "on_a_read_only_disk"])
def test_a_disk_that_takes_nothing_does_not_end_reading(test, tmp_path):
    in_a_small_disk(test, tmp_path)


@pytest.fixture
def held(tmp_path, monkeypatch):
    """Path of a store, and a transaction of a writer that does not end."""
    monkeypatch.setattr(opening, "BUSY_TIMEOUT", 0.05)
    monkeypatch.setattr("haaqinet_eval.cli.worker.POLL_SECONDS", 0.01)
    path = tmp_path / "store.sqlite"
    store = filled(path)
    yield path, store
    store.close()


def test_readers_and_idle_workers_need_no_lock(held, capsys):
    path, store = held
    with store.writing():
        code, out, _ = run_command(capsys, "status", "--store", path)
        assert (code, "T1" in out) == (0, True)
        idle = open_store(str(path))
        assert claim(idle, "w", id=2) is None
        idle.close()


def test_a_worker_tries_a_locked_store_again_and_ends_with_3(held, capsys, monkeypatch):
    path, store = held
    with store.writing():
        code, _, error = run_command(capsys, "worker", "--once", "--store", path)
    assert code == 3
    assert error.count("another process has been writing") == 2  # once when it began to try, once at the end
    assert "1 queued; ends when none is left" in error
    assert submissions(store)[0].state == "queued"

    writing = store.writing()
    writing.__enter__()
    tries = []

    def sleep(seconds):
        tries.append(seconds)
        if len(tries) == 2:
            writing.__exit__(None, None, None)

    monkeypatch.setattr(time, "sleep", sleep)
    run_command(capsys, "worker", "--once", "--store", path)
    assert submissions(store)[0].state == "failed"  # for the data are not there: it was taken
    assert len(tries) >= 2
