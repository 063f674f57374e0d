"""Processes that are started: none runs Python code of the current folder, and the decoder is walled off."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from bad_parts import good_files

from haaqinet_eval.cli.board import _environment, streamlit_command
from haaqinet_eval.distribute.worker_process import WorkerProcess
from haaqinet_eval.io.programs import search_path
from haaqinet_eval.submissions.decoding import Decoder

NAME = "S10001_L0001_remix.flac"


@pytest.fixture
def trap(tmp_path, monkeypatch):
    """Stand in a folder as a team could hand it in, with modules that leave a mark when they are imported."""
    mark = tmp_path / "mark"
    for name in ("soundfile", "numpy", "click", "typer", "tornado", "pickle", "haaqinet_eval"):
        (tmp_path / f"{name}.py").write_text(f"open({str(mark)!r}, 'a').write({name!r})\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep + os.environ.get("PYTHONPATH", ""))
    return mark


def test_the_decoder_runs_no_code_of_the_current_folder_and_knows_no_secret(trap, monkeypatch):
    monkeypatch.setenv("HAAQINET_STORE", "postgresql://round:secret@db/round")
    with Decoder() as decoder:
        pcm = decoder.decode(good_files()[NAME], 99, 2, 16)
        place = Path(f"/proc/{decoder._child.pid}/environ")
        known = place.read_bytes() if place.exists() else b""
    assert len(pcm.samples) == 100
    assert not trap.exists()
    assert b"secret" not in known


def test_a_worker_process_runs_no_code_of_the_current_folder(trap):
    child = WorkerProcess(b"", timeout=60, memory=0)
    try:
        child.connection.send_bytes(b"no job")
        kind, said = child.connection.recv()
    finally:
        child.kill()
    assert kind == "bug"
    assert "UnpicklingError" in said  # it came so far as to read its job
    assert not trap.exists()


def test_the_board_runs_no_code_of_the_current_folder(trap):
    pytest.importorskip("streamlit", reason="streamlit is not installed")
    command = streamlit_command("127.0.0.1", 8501, 1)
    command = [*command[: command.index("run")], "version"]
    done = subprocess.run(command, env=_environment("x.sqlite"), capture_output=True, text=True, check=True)
    assert "Streamlit" in done.stdout
    assert not trap.exists()


def test_an_upload_runs_no_code_of_the_current_folder(trap):
    pytest.importorskip("streamlit", reason="streamlit is not installed")
    from haaqinet_eval.io.programs import environment
    from haaqinet_eval.store import Challenge, System
    from leaderboard.uploads import Upload, command

    upload = Upload(Challenge(1, "c", "", None, 1, 1, 1, {}), System("T", "E"), "upload", scorer="haaqi")
    words = command(Path("none.csv"), upload)
    subprocess.run([*words[:4], "--version"], env=environment(), capture_output=True, check=True)
    assert not trap.exists()


def test_no_search_path_has_the_current_folder(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", "/a", "", "/b"]))
    assert search_path().split(os.pathsep)[1:] == ["/a", "/b"]
    assert "" not in search_path(["", "/c"]).split(os.pathsep)


SEALED = """
import os, socket, sys
from haaqinet_eval.submissions.decoder import warm_up
from haaqinet_eval.submissions.sealing import seal
warm_up()
stands = seal()
def tried(act):
    try:
        act()
    except OSError:
        return False
    return True
def fork():
    if not os.fork():
        os._exit(0)
done = {
    "files": [tried(lambda: open(sys.argv[1]).read()), tried(lambda: open(sys.argv[1] + "2", "w")),
              tried(lambda: os.unlink(sys.argv[1]))],
    "network": [tried(lambda: socket.socket().connect(("127.0.0.1", int(sys.argv[2]))))],
    "processes": [tried(fork)],
}
print([(name, done[name]) for name in stands if name in done])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces and Landlock are Linux's")
def test_where_a_wall_stands_nothing_passes_it(tmp_path):
    file = tmp_path / "store.sqlite"
    file.write_text("scores")
    tmp_path.chmod(0o777)
    file.chmod(0o666)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        out = subprocess.run(
            [sys.executable, "-c", SEALED, str(file), port], capture_output=True, text=True, check=True
        ).stdout
    walls = dict(eval(out))
    assert "processes" in walls  # the others need a kernel that has them
    assert not any(any(tries) for tries in walls.values()), walls
    assert file.exists()
