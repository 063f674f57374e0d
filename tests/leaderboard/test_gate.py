"""The gate before Streamlit's server: strangers fill no memory, freeze nothing and learn nothing."""

import asyncio
import http.client
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from threading import Thread
from types import SimpleNamespace

import pytest

pytest.importorskip("streamlit", reason="streamlit is not installed")

import board_store
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from haaqinet_eval.store import open_store
from leaderboard import desk, gate, labels

PATIENCE = 120.0  # s, for a machine that has other work
MB = 10**6
FOREIGN = "http://b.example"


class Outside:
    """A proxy that stands for all other computers, and counts who comes."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.asked = []
        Thread(target=self._answer, daemon=True).start()

    def _answer(self):
        while True:
            try:
                came, _ = self.socket.accept()
            except OSError:
                return
            self.asked.append(came.recv(1000))
            came.close()


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """A board that takes uploads of 1 MB: its host and port, and what it asked of other computers."""
    folder = tmp_path_factory.mktemp("gate")
    store = open_store(str(folder / "store.sqlite"))
    board_store.fill_failed(store)
    store.close()
    outside = Outside()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    proxy = f"http://127.0.0.1:{outside.socket.getsockname()[1]}"
    names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    command = [sys.executable, "-m", "haaqinet_eval.cli", "leaderboard", "--port", str(port)]
    command += ["--store", str(folder / "store.sqlite"), "--allow-upload", "--upload-limit", "1"]
    with (folder / "log").open("w") as log:
        environment = {**os.environ, **dict.fromkeys(names, proxy), "no_proxy": "", "NO_PROXY": ""}
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
    address = f"127.0.0.1:{port}"
    try:
        end = time.monotonic() + PATIENCE
        while not is_up(address):
            assert server.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < end
            time.sleep(0.2)
        yield address, outside.asked
    finally:
        server.terminate()
        server.wait(PATIENCE)
        outside.socket.close()


def is_up(address):
    try:
        return ask(address, "/_stcore/health")[0] == 200
    except OSError:
        return False


def ask(address, path, method="GET", body=None, **headers):
    """Status and headers of an answer."""
    line = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        line.request(method, path, body, headers)
        answer = line.getresponse()
        answer.read()
        return answer.status, answer.headers
    finally:
        line.close()


@contextmanager
def visit(address, page="", origin=None):
    """A page that is open: its session, and all that came."""
    request, came, session = BackMsg(), [], ""
    request.rerun_script.page_name = page
    about = {"origin": origin or f"http://{address}", "subprotocols": ["streamlit"], "max_size": None}
    with connect(f"ws://{address}/_stcore/stream", **about) as wire:
        wire.send(request.SerializeToString())
        while not came or ForwardMsg.FromString(came[-1]).WhichOneof("type") != "script_finished":
            came.append(wire.recv(PATIENCE))
            session = ForwardMsg.FromString(came[-1]).new_session.initialize.session_id or session
        yield session, came


def put(address, session, file, size):
    """Status of an upload, sent as the page does."""
    cookie = ask(address, "/_stcore/health")[1]["Set-Cookie"].split(";")[0]
    edge = b'--edge\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
    body = edge + b"x" * size + b"\r\n--edge--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=edge", "Cookie": cookie}
    headers["X-Xsrftoken"] = cookie.partition("=")[2]
    return ask(address, f"/_stcore/upload_file/{session}/{file}", "PUT", body, **headers)[0]


@pytest.mark.parametrize(
    "path",
    ["metrics", "script-health-check", "agent/openapi.json", "upload_file/a/b", "Health", "../metrics"],
)
def test_what_the_board_does_not_use_is_closed(board, path):
    assert ask(board[0], f"/_stcore/{path}")[0] in (400, 404)


def test_a_foreign_origin_is_refused_and_nobody_is_asked(board):
    address, asked = board
    for origin in (FOREIGN, "null", "http://[", f"http://{address}.b.example"):
        assert ask(address, "/_stcore/health", Origin=origin)[0] == 403
        with pytest.raises(InvalidStatus, match="403"), visit(address, origin=origin):
            pass
    assert ask(address, "/_stcore/health", Origin=f"http://{address}")[0] == 200
    with visit(address):
        assert asked == []


def test_no_message_has_a_path_of_the_server(board):
    with visit(board[0]) as (_, came):
        assert len(came) > 10
    assert not [data for data in came if str(labels.PAGES.parent).encode() in data]


def test_only_a_page_with_the_form_uploads_and_not_without_end(board):
    address, _ = board
    with ExitStack() as pages:
        stranger, session = (pages.enter_context(visit(address, page))[0] for page in ("", "status"))
        assert put(address, stranger, "a", 10) == 404
        assert put(address, "no-such-session", "a", 10) == 404
        assert put(address, session, "large", 2 * MB) == 413
        found = [put(address, session, f"f{k}", MB - 1000) for k in range(4)]
        assert found == [204] * desk.PER_SESSION + [429] * (4 - desk.PER_SESSION)
        others = [pages.enter_context(visit(address, "status"))[0] for _ in range(desk.IN_ALL)]
        found = [put(address, other, "f", MB - 1000) for other in others]
        left = desk.IN_ALL - desk.PER_SESSION
        assert found == [204] * left + [503] * (desk.IN_ALL - left)


class Kept:
    """In Streamlit's place: files in memory, and sessions."""

    def __init__(self):
        self.files, self.open = {}, set()
        self.uploaded_file_mgr = self

    def get_files(self, session, ids):
        mine = self.files.get(session, {})
        return [SimpleNamespace(file_id=k, data=bytes(mine[k])) for k in ids if k in mine]

    def remove_file(self, session, file):
        self.files[session].pop(file)

    def remove_session_files(self, session):
        self.files.pop(session, None)

    def is_active_session(self, session):
        return session in self.open


@pytest.fixture
def kept(monkeypatch):
    """Streamlit's memory, empty, and a desk for uploads of 2 MB."""
    made = Kept()
    monkeypatch.setattr(desk.runtime, "exists", lambda: True)
    monkeypatch.setattr(desk.runtime, "get_instance", lambda: made)
    monkeypatch.setattr(desk, "get_option", lambda name: 2)
    return made, desk.Desk()


def test_what_is_gone_from_memory_counts_no_more(kept):
    made, table = kept

    def come(session, file, size=2 * MB):
        with table.letting_in(session, file, size):
            made.files.setdefault(session, {})[file] = size

    come("a", "1")
    come("a", "2")
    with pytest.raises(desk.Refused, match="load it anew") as refused:
        come("a", "3")
    assert refused.value.status == 429
    table.drop("a", "1")  # handed in
    come("a", "3")
    coming = table.letting_in("b", "1", 2 * MB), table.letting_in("b", "2", 2 * MB)
    with coming[0], coming[1], pytest.raises(desk.Refused, match="others are uploading"):
        come("c", "1")
    come("c", "1")
    made.open = {"c"}
    table.sweep()
    assert set(made.files) == {"c"}
    with pytest.raises(desk.Refused, match="has at most 2,000,000 bytes"):
        come("d", "1", 3 * MB)


def test_small_uploads_are_bounded_in_number(kept):
    made, table = kept
    for number in range(100):
        try:
            with table.letting_in("a", f"{number}", 1):
                made.files.setdefault("a", {})[f"{number}"] = 1
        except desk.Refused:
            break
    assert len(made.files["a"]) <= desk.PER_SESSION * 2 * MB / desk.LEAST + 1


def test_a_session_may_upload_until_its_page_says_otherwise(kept):
    made, table = kept
    made.open = {"a", "b"}
    table.admit("a", True)
    table.admit("b", True)
    assert table.admits("a")
    table.admit("a", False)
    assert not table.admits("a")
    made.open = {"c"}
    table.admit("c", True)
    assert not table.admits("b")  # closed meanwhile


def through(door, scope, came=()):
    """Status of what a gate answers to a request."""
    sent, parts = [], [*came]
    scope = {"method": "PUT", "headers": [(b"host", b"here")], "path": "/", **scope}

    async def receive():
        return parts.pop(0) if parts else await asyncio.sleep(PATIENCE)

    async def send(message):
        sent.append(message)

    asyncio.run(door(scope, receive, send))
    return sent[0].get("status", sent[0]["type"])


def test_visitors_beyond_a_number_are_refused(kept, monkeypatch):
    monkeypatch.setattr(gate, "VISITORS", 1)

    async def page(scope, receive, send):
        inner = through_later(scope)
        await send({"type": "websocket.accept", "inner": await inner})

    async def through_later(scope):
        seen = []

        async def send(message):
            seen.append(message["type"])

        await door({**scope, "headers": []}, None, send)
        return seen

    door = gate.Gate(page, kept[1], "/srv/board")
    for _ in range(2):  # the first has left when the second comes
        sent = []

        async def send(message, sent=sent):
            sent.append(message)

        asyncio.run(door({"type": "websocket", "path": "/", "headers": []}, None, send))
        assert [message["type"] for message in sent] == ["websocket.accept"]
        assert sent[0]["inner"] == ["websocket.close"]


def test_an_upload_that_never_ends_or_hides_its_length_is_cut_off(kept, monkeypatch):
    made, table = kept
    monkeypatch.setattr(gate, "PATIENCE", 0.01)
    table.admit("a", True)
    made.open = {"a"}
    table.admit("a", True)

    async def waits(scope, receive, send):
        await receive()

    door = gate.Gate(waits, table, "/srv/board")
    place = {"type": "http", "path": "/_stcore/upload_file/a/1"}
    assert through(door, place) == 411
    for length in (b"x", b"-1", b"+5", "²".encode("latin-1")):
        assert through(door, place | {"headers": [(b"content-length", length)]}) == 411
    assert through(door, place | {"headers": [(b"content-length", b"5")]}) == 408
    with table.letting_in("a", "2", 2 * MB):  # what was cut off counts no more
        pass
