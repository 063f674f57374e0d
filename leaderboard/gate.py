"""What is let through to Streamlit's server, and what is not.

Streamlit serves more than the board needs, and does more for a stranger than it should. Here end
requests of other sites (Streamlit would ask a computer outside for its own address first), paths that
the board does not use, uploads of sessions that may not, and visitors beyond a number. No message has a
path of this computer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from .desk import Desk, Refused

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CORE = "/_stcore/"  # below it is what Streamlit serves besides pages and files
USED = ("health", "host-config", "stream")  # of these paths, by the board
UPLOAD = "upload_file/"  # session/file
VISITORS = 500  # pages that may be open at once
AWAY = 60.0  # s after which the uploads of a page that was closed are dropped
PATIENCE, SLOWEST = 60.0, 100_000.0  # an upload may take so many s, and 1 s for each so many bytes
log = logging.getLogger(__name__)


class Gate:
    """ASGI middleware around Streamlit's server.

    Args:
        desk: says which sessions may upload.
        hidden: a text, such as a folder, that is blotted out of all messages.
        origins: of other sites that may use the board, such as `https://board.example.org`.
    """

    def __init__(self, app: App, desk: Desk, hidden: str, origins: Collection[str] = ()) -> None:
        self._app, self._desk, self._hidden, self._origins = app, desk, hidden.encode(), frozenset(origins)
        self._visitors = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        if not self._from_here(scope):
            return await refuse(scope, send, 403, "the board is used from its own address only")
        # the origin was looked at: without it, Streamlit asks nobody whether it is its own
        scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"origin"]}
        if scope["type"] == "websocket":
            return await self._visit(scope, receive, send)
        _, core, rest = scope["path"].partition(CORE)
        if core and rest.startswith(UPLOAD):
            return await self._upload(scope, receive, send, rest.removeprefix(UPLOAD))
        if core and rest not in USED:
            return await refuse(scope, send, 404, "Not Found")
        return await self._app(scope, receive, send)

    def _from_here(self, scope: Scope) -> bool:
        hosts = header(scope, b"host")
        return all(
            origin in self._origins or (len(hosts) == 1 and place(origin) == hosts[0].lower())
            for origin in header(scope, b"origin")
        )

    async def _visit(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._visitors >= VISITORS:
            log.warning("%d pages are open; another one was refused", VISITORS)
            return await refuse(scope, send, 503, "too many visitors")
        blot = b"." * len(self._hidden)  # as long, since messages have the lengths of their parts

        async def send_without(message: Scope) -> None:
            if message.get("bytes"):
                message = {**message, "bytes": message["bytes"].replace(self._hidden, blot)}
            await send(message)

        self._visitors += 1
        try:
            await self._app(scope, receive, send_without)
        finally:
            self._visitors -= 1
            asyncio.get_running_loop().call_later(AWAY, self._desk.sweep)

    async def _upload(self, scope: Scope, receive: Receive, send: Send, place: str) -> None:
        session, _, file = place.partition("/")
        if not self._desk.admits(session):
            return await refuse(scope, send, 404, "Not Found")
        if scope["method"] != "PUT":
            return await self._app(scope, receive, send)
        answered = False

        async def send_once(message: Scope) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            size = length(scope)
            with self._desk.letting_in(session, file, size):
                async with asyncio.timeout(PATIENCE + size / SLOWEST):
                    await self._app(scope, receive, send_once)
        except Refused as refused:
            await refuse(scope, send, refused.status, str(refused))
        except TimeoutError:
            if not answered:
                await refuse(scope, send, 408, "the upload was too slow")


def header(scope: Scope, name: bytes) -> list[str]:
    """All values of a header; names in a scope are in small letters."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def place(origin: str) -> str:
    """Host and port of an origin, as they stand in it; empty for none.

    >>> place("https://board.example.org"), place("http://[::1]:8501"), place("null"), place("http://[")
    ('board.example.org', '[::1]:8501', '', '')
    """
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def length(scope: Scope) -> int:
    """Bytes that a request says it has.

    Raises:
        Refused: where it does not say so.
    """
    values = header(scope, b"content-length")
    if len(values) != 1 or not values[0].isdecimal():
        raise Refused(411, "an upload says how long it is")
    return int(values[0])


async def refuse(scope: Scope, send: Send, status: int, reason: str) -> None:
    """Answer with a status and a line of text; a WebSocket is closed before it opens."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": reason})
        return
    body = f"{reason}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
