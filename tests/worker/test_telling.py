"""Who is told that a submission is finished, and of a private split nothing but that."""

import json
from base64 import b64decode
from email import message_from_bytes
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import StreamRequestHandler, TCPServer
from threading import Thread

import board_store
import pytest
from board_store import CHALLENGE, SPLIT

from haaqinet_eval import InputError
from haaqinet_eval.store import open_store, set_round, set_webhook, submissions, when
from haaqinet_eval.worker import telling


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("telling")
    opened = open_store(str(folder / "store.sqlite"))
    board_store.fill(opened, folder)
    yield opened
    opened.close()


@pytest.fixture
def private(store):
    set_round(store, CHALLENGE, SPLIT, closes=when("2999-01-01"), private=True)
    yield store
    set_webhook(store, CHALLENGE, SPLIT, "")


def test_a_finished_submission_is_told_to_the_webhook(private):
    heard = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args):
            pass

    entry = next(s for s in submissions(private) if s.state == "scored" and s.origin == "submitted")
    assert not telling.tell(private, entry.id)
    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = Thread(target=server.handle_request)
    thread.start()
    set_webhook(private, CHALLENGE, SPLIT, f"http://127.0.0.1:{server.server_port}/hook")
    assert telling.tell(private, entry.id)
    thread.join()
    server.server_close()
    assert not telling.tell(private, entry.id)  # nobody answers: nothing is raised
    set_webhook(private, CHALLENGE, SPLIT, "")
    assert heard == [telling.message(private, entry.id)]
    for wrong in ("file:///etc/passwd", "mailto:nobody", "https://a.example mailto:a@b.example,c@d.example"):
        with pytest.raises(InputError, match="not an address"):
            set_webhook(private, CHALLENGE, SPLIT, wrong)


class Mailbox(StreamRequestHandler):
    """A server of SMTP that takes any mail, without TLS."""

    def handle(self):
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline().strip():
            word = line.split()[0].upper()
            self.server.said.append(line.decode())
            if word == b"DATA":
                self.wfile.write(b"354 go\r\n")
                self.server.mails.append(message_from_bytes(b"".join(iter(self.rfile.readline, b".\r\n"))))
            replies = {
                b"EHLO": b"250-here\r\n250 AUTH PLAIN\r\n",
                b"AUTH": b"235 welcome\r\n",
                b"QUIT": b"221 bye\r\n",
            }
            self.wfile.write(replies.get(word, b"250 fine\r\n"))
            if word == b"QUIT":
                return


def test_a_finished_submission_is_told_by_mail(private, monkeypatch, caplog):
    entry = next(s for s in submissions(private) if s.state == "scored" and s.origin == "submitted")
    server = TCPServer(("127.0.0.1", 0), Mailbox)
    server.said, server.mails = [], []
    thread = Thread(target=server.serve_forever)
    thread.start()
    address = f"127.0.0.1:{server.server_address[1]}"
    set_webhook(private, CHALLENGE, SPLIT, "mailto:round@example.org")
    assert not telling.tell(private, entry.id)
    assert "HAAQINET_SMTP is no server" in caplog.text
    monkeypatch.setenv("HAAQINET_SMTP", f"smtp://team:gehe%20im@{address}")
    monkeypatch.setenv("HAAQINET_MAIL_FROM", "board@example.org")
    assert telling.tell(private, entry.id)
    set_round(private, CHALLENGE, SPLIT, private=False)
    assert telling.tell(private, entry.id)
    server.shutdown()
    server.server_close()
    thread.join()
    hidden, public = server.mails
    assert hidden["To"] == "round@example.org"
    assert hidden["From"] == "board@example.org"
    assert f"{entry.system.name}: scored" in " ".join(
        str(make_header(decode_header(hidden["Subject"]))).split()
    )
    texts = [mail.get_payload(decode=True).decode() for mail in (hidden, public)]
    assert "mean of" not in texts[0]
    assert f"mean of haaqi: {telling.message(private, entry.id)['means']['haaqi']}" in texts[1]
    secret = next(line for line in server.said if line.startswith("AUTH PLAIN")).split()[-1]
    assert b64decode(secret) == b"\0team\0gehe im"
    assert not telling.tell(private, entry.id)  # nobody answers: nothing is raised
    assert "gehe" not in caplog.text
