"""Connections to a SQLite file: to write, or only to read where its disk is full or read-only.

SQLite writes a little even to read: a store in WAL mode keeps an index of the log in a file
beside it. Where that cannot be made, the file is opened as it stands (`immutable=1`). Such a
connection is closed after each use, so that the next one sees what was written since, and
may write again once there is room.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import URL

_FOR_ALL = (
    "foreign_keys = ON",
    "cache_size = -65536",  # KiB
    "temp_store = MEMORY",
)
_TO_WRITE = (
    "journal_mode = WAL",
    "synchronous = NORMAL",  # with WAL a crash cannot corrupt the file
)
_NOTHING_TAKEN = {  # primary result codes of a medium that takes nothing
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}


class Reader(sqlite3.Connection):
    """A connection that cannot write."""


def _prepared(connection: sqlite3.Connection, *pragmas: str) -> sqlite3.Connection:
    """The connection with its settings, once it has read something; closed where it cannot."""
    try:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("SELECT count(*) FROM sqlite_master")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: str, timeout: float) -> sqlite3.Connection:
    options: dict[str, Any] = {"timeout": timeout, "isolation_level": None, "check_same_thread": False}
    try:
        return _prepared(sqlite3.connect(path, **options), *_FOR_ALL, *_TO_WRITE)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _NOTHING_TAKEN:
            raise
        for query in ("mode=ro", "mode=ro&immutable=1"):
            if "immutable" in query and _has_log(path):
                break  # as it stands, the file lacks what is in its log
            with suppress(sqlite3.Error):
                where = f"file:{quote(path)}?{query}"
                return _prepared(sqlite3.connect(where, uri=True, factory=Reader, **options), *_FOR_ALL)
        raise


def _has_log(path: str) -> bool:
    """Whether changes that are not in the file yet lie beside it."""
    logs = (Path(path + end) for end in ("-wal", "-journal"))
    return any(log.exists() and log.stat().st_size for log in logs)


def sqlite_engine(url: URL, timeout: float) -> sa.Engine:
    """An engine whose transactions are begun as their execution option `begin` says.

    Args:
        timeout: seconds that a writer waits for another one.
    """
    engine = sa.create_engine(url, creator=partial(_connect, url.database, timeout))

    @sa.event.listens_for(engine, "checkin")
    def _used(connection: sqlite3.Connection | None, record: Any) -> None:
        if isinstance(connection, Reader):
            record.invalidate()

    @sa.event.listens_for(engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine
