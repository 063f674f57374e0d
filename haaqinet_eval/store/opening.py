"""Opening a store: SQLite by default, PostgreSQL by URL; its schema is brought up to date."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session

from ..errors import InputError
from ..io.redaction import redact
from .clock import database_now
from .sqlite import Reader, sqlite_engine

VARIABLE = "HAAQINET_STORE"
MIGRATIONS = Path(__file__).with_name("migrations")
SMALL = 16 * 2**20  # bytes of a file that is looked through whenever it is opened
BUSY_TIMEOUT = 30.0  # s that a writer waits for another one
_LOCK = 0x6861617169  # "haaqi", key of PostgreSQL's advisory lock


READ_ONLY, FULL = "is read-only", "its disk is full"
_UNWRITABLE = {  # in SQLite's and PostgreSQL's messages
    "locked": f"another process has been writing for {BUSY_TIMEOUT:g} s; try again",
    "readonly": READ_ONLY,
    "read-only": READ_ONLY,
    "disk is full": FULL,
    "No space left": FULL,
    "disk I/O error": "its disk fails",
}


_DAMAGED = ("malformed", "not a database")  # in SQLite's messages

_UNDER_WAY: ContextVar[tuple[Any, Any]] = ContextVar("_UNDER_WAY", default=(None, None))


class Unwritable(InputError):
    """The store takes nothing now: locked, read-only, or its disk is full."""

    exit_code = 3


@dataclass(frozen=True, eq=False)
class Store:
    """An open store. Each use of it is one transaction, see `reading` and `writing`."""

    url: URL
    engine: sa.Engine

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file; else it is PostgreSQL."""
        return self.engine.dialect.name == "sqlite"

    @property
    def name(self) -> str:
        """The URL, for messages: without secrets."""
        return redact(self.url.render_as_string(hide_password=True))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the store and changes nothing; within `writing`, that one."""
        if (session := self._under_way()) is not None:
            yield session
            return
        isolation = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self._in_words(), Session(self.engine.execution_options(**isolation)) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are kept together, or not at all where an error leaves it.

        On SQLite it waits for other writers at its start, so it never fails half-way for a lock.
        Within another such block of the same thread it is that one: all is kept when that ends, or nothing.

        Raises:
            Unwritable: where the database takes nothing now.
        """
        if (session := self._under_way()) is not None:
            yield session
            return
        with (
            self._in_words(),
            Session(self.engine.execution_options(begin="BEGIN IMMEDIATE")) as session,
            session.begin(),
        ):
            if isinstance(session.connection().connection.driver_connection, Reader):
                raise self._unwritable(READ_ONLY)
            mark = _UNDER_WAY.set((self.engine, session))
            try:
                yield session
            finally:
                _UNDER_WAY.reset(mark)

    def _under_way(self) -> Session | None:
        """The session of a transaction that this thread has begun, with all that it changed so far."""
        engine, session = _UNDER_WAY.get()
        if engine is not self.engine:
            return None
        session.flush()
        return session

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Say in a sentence why the database takes nothing now."""
        try:
            yield
        except DatabaseError as error:
            said = str(error.orig)
            if any(word in said for word in _DAMAGED):
                raise self.damaged(said) from None
            reason = next((why for word, why in _UNWRITABLE.items() if word in said), None)
            if reason is None or not isinstance(error, OperationalError):
                raise
            raise self._unwritable(reason) from None

    def damaged(self, reason: str) -> InputError:
        """What to say of a file that SQLite cannot make out."""
        return InputError(f"store {self.name}: the file is damaged ({reason}); restore a backup")

    def _unwritable(self, reason: str) -> Unwritable:
        if reason == READ_ONLY and self.is_sqlite and not disk_usage(self.url.database).free:
            reason = FULL  # what is read only for that
        return Unwritable(f"store {self.name}: {reason}")

    def lock(self, session: Session) -> None:
        """Let one transaction at a time through, until it ends; on SQLite writers queue anyway."""
        if not self.is_sqlite:
            session.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))

    def insert(self, table: sa.Table | type) -> sqlite.Insert | postgresql.Insert:
        """An insert of this database's dialect, which has `on_conflict_…`."""
        table = getattr(table, "__table__", table)
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def now(self, session: Session) -> float:
        """Seconds since 1970 by the database's clock, which all workers share."""
        return float(session.scalar(sa.select(database_now())))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def default_path() -> Path:
    """Where the store lies that nobody named: in the user's data folder."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "haaqinet" / "store.sqlite"


def _named(url: str | None) -> str | None:
    """The store's name as the user gave it; None for the default."""
    return url or os.environ.get(VARIABLE) or None


def _parse(text: str | None) -> URL:
    text = _named(text) or str(default_path())
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).expanduser().absolute()))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise InputError("store: that is neither a path nor a URL such as postgresql://host/name") from None
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise InputError(f"store {url.render_as_string()}: SQLite and PostgreSQL are known, {backend} is not")
    if url.database in (None, "", ":memory:"):
        raise InputError(f"store {text}: a store in memory would be lost; give a file")
    return url.set(database=str(Path(url.database).expanduser().absolute()))


def make_private(path: Path) -> None:
    """Make a file that only its owner may read, if it is not there; SQLite's files beside it are so too."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _engine(url: URL) -> sa.Engine:
    try:
        if url.get_backend_name() == "sqlite":
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            make_private(Path(url.database))
            return sqlite_engine(url, BUSY_TIMEOUT)
        return sa.create_engine(url, pool_pre_ping=True)
    except (ImportError, NoSuchModuleError):
        raise InputError(
            "store: PostgreSQL needs psycopg: pip install 'haaqinet-eval[store-postgresql]'"
        ) from None
    except OSError as error:
        raise InputError(f"store {url.database}: {error.strerror}") from None


def _check_file(store: Store, session: Session) -> None:
    """Look through the whole file for damage."""
    broken = session.scalar(sa.text("PRAGMA quick_check(1)"))
    if broken != "ok":
        raise store.damaged(broken)


def _revision(store: Store, session: Session) -> tuple[str | None, str]:
    """Revision of the schema that is there, None for an empty database, and the one that this code knows.

    Raises:
        InputError: for another program's database, or a store of newer code.
    """
    connection = session.connection()
    scripts = ScriptDirectory(str(MIGRATIONS))
    known = {script.revision for script in scripts.walk_revisions()}
    present, head = MigrationContext.configure(connection).get_current_revision(), scripts.get_current_head()
    if present is None and sa.inspect(connection).get_table_names():
        raise InputError(f"store {store.name}: holds a database that is no store of haaqinet-eval")
    if present is not None and present not in known:
        raise InputError(
            f"store {store.name}: was made by a newer haaqinet-eval (schema {present}; this one knows "
            f"{head}); install that version, or use another store"
        )
    return present, head


def _migrate(store: Store) -> None:
    """Bring the schema up to date, one process at a time; a store that is up to date is only read."""
    with store.reading() as session:
        present, head = _revision(store, session)
    if present == head:
        return
    try:
        with store.writing() as session:
            store.lock(session)
            present, head = _revision(store, session)  # another process may have been here meanwhile
            if present != head:
                config = Config(attributes={"connection": session.connection()})
                config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
                command.upgrade(config, "head")
    except Unwritable as error:
        raise Unwritable(
            f"{error}; it has schema {present or 'none'} and must be brought to {head}"
        ) from None


def schema_version(store: Store) -> str:
    """Revision of the store's schema."""
    with store.reading() as session:
        return MigrationContext.configure(session.connection()).get_current_revision() or ""


def open_store(url: str | None = None, *, make: bool = True, thorough: bool = False) -> Store:
    """Open a store, make it where there is none, and bring an older one up to date.

    Its connections are closed by `close`, or else when nothing refers to it any more.

    Args:
        url: a path, `sqlite:///…` or `postgresql://…`; default: the environment's
            HAAQINET_STORE, else a SQLite file in the user's data folder.
        make: whether to make a SQLite file that was named and is not there; the default one is made anyway.
        thorough: whether to look through a SQLite file of any size for damage, which takes some 5 s for each
            GB. A file of more than 16 MiB is else taken as it is: who reads what is damaged is told so.

    Raises:
        InputError: for a store that is damaged, foreign, newer than this code, or out of reach.
    """
    parsed, named = _parse(url), _named(url)
    if not make and named and parsed.get_backend_name() == "sqlite" and not Path(parsed.database).exists():
        raise InputError(f"{named}: no such store")
    store = Store(parsed, _engine(parsed))
    weakref.finalize(store, store.engine.dispose)
    try:
        if store.is_sqlite:
            with store.reading() as session:
                if thorough or Path(parsed.database).stat().st_size <= SMALL:
                    _check_file(store, session)
        _migrate(store)
    except DBAPIError as error:
        store.close()
        reason = " ".join(str(error.orig).split())
        raise InputError(f"store {store.name}: cannot be opened: {reason}") from None
    except InputError:
        store.close()
        raise
    return store
