"""Where uploads come in: which sessions may send one, and how much all may have in memory.

Streamlit takes what any session sends, whether or not a form was shown to it, and keeps it in memory
until the session ends. Here a page admits a session to which it shows the form; all others are turned
away, and bytes are counted before they come in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from streamlit import get_option, runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

PER_SESSION = (
    2  # uploads of the largest size that a session may have in memory: one, and the one that it replaces
)
IN_ALL = 4  # that all sessions together may have
FRAME = 2**16  # bytes of a request around its file
LEAST = 2**20  # bytes that a file counts as at least, so that small ones are bounded in number


class Refused(Exception):
    """An upload that is not let in, with the status of the answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def largest() -> int:
    """Bytes of the largest upload: Streamlit's `server.maxUploadSize`, which the command line sets."""
    return int(get_option("server.maxUploadSize")) * 10**6


class Desk:
    """Who may upload, and what was let in and is still in memory; used by all threads of the board."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._admitted: set[str] = set()  # sessions
        self._coming: list[tuple[str, int]] = []  # session and bytes of what comes in now
        self._files: dict[str, set[str]] = defaultdict(set)  # by session; some are gone meanwhile

    def admit(self, session: str, may: bool) -> None:
        """Let a session upload from now on, or no more."""
        with self._lock:
            self._admitted = {known for known in self._admitted if _is_open(known)} - {session}
            if may:
                self._admitted.add(session)

    def admits(self, session: str) -> bool:
        """Whether a session may upload."""
        return session in self._admitted

    @contextmanager
    def letting_in(self, session: str, file: str, size: int) -> Iterator[None]:
        """Count an upload while it comes in; afterwards what Streamlit kept of it counts.

        Raises:
            Refused: where it is too large, or the session or all of them have too much in memory.
        """
        coming = (session, max(size, LEAST))
        with self._lock:
            self._check(*coming)
            self._coming.append(coming)
        try:
            yield
        finally:
            with self._lock:
                self._coming.remove(coming)
                self._files[session].add(file)

    def _check(self, session: str, size: int) -> None:
        if size > largest() + FRAME:
            raise Refused(413, f"an upload has at most {largest():,} bytes")
        held = {known: self._held(known) for known in [*self._files]}
        for known, coming in self._coming:
            held[known] = held.get(known, 0) + coming
        if held.get(session, 0) + size > PER_SESSION * (largest() + FRAME):
            raise Refused(429, "this page holds other uploads already; load it anew")
        if sum(held.values()) + size > IN_ALL * (largest() + FRAME):
            raise Refused(503, "others are uploading; come back in some minutes")

    def _held(self, session: str) -> int:
        found = runtime.get_instance().uploaded_file_mgr.get_files(session, [*self._files[session]])
        self._files[session] = {file.file_id for file in found}
        if not found:
            del self._files[session]
        return sum(max(len(file.data), LEAST) for file in found)

    def drop(self, session: str, file: str) -> None:
        """Forget a file that was handed in, or is not wanted."""
        if runtime.exists():
            runtime.get_instance().uploaded_file_mgr.remove_file(session, file)

    def sweep(self) -> None:
        """Forget the files of sessions whose page was closed."""
        with self._lock:
            for session in [known for known in self._files if not _is_open(known)]:
                del self._files[session]
                runtime.get_instance().uploaded_file_mgr.remove_session_files(session)


def _is_open(session: str) -> bool:
    return not runtime.exists() or runtime.get_instance().is_active_session(session)


def this_session() -> str:
    """The session whose page is being made."""
    return get_script_run_ctx().session_id


DESK = Desk()  # of this process
