"""Opening a store: SQLite by default, PostgreSQL by URL; its schema is brought up to date."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session

from ..errors import InputError

VARIABLE = "HAAQINET_STORE"
MIGRATIONS = Path(__file__).with_name("migrations")
BUSY_TIMEOUT = 30.0  # s that a writer waits for another one
_LOCK = 0x6861617169  # "haaqi", key of PostgreSQL's advisory lock


_UNWRITABLE = {  # in SQLite's and PostgreSQL's messages
    "locked": f"another process has been writing for {BUSY_TIMEOUT:g} s; try again",
    "readonly": "is read-only",
    "read-only": "is read-only",
    "disk is full": "its disk is full",
    "No space left": "its disk is full",
}


class Unwritable(InputError):
    """The store takes nothing now: locked, read-only, or its disk is full."""


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
        """The URL, for messages: without the password."""
        return self.url.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the store and changes nothing."""
        isolation = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with Session(self.engine.execution_options(**isolation)) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are kept together, or not at all where an error leaves it.

        On SQLite it waits for other writers at its start, so it never fails half-way for a lock.

        Raises:
            Unwritable: where the database takes nothing now.
        """
        try:
            with Session(self.engine.execution_options(begin="BEGIN IMMEDIATE")) as session, session.begin():
                session.connection()
                yield session
        except OperationalError as error:
            reason = next((why for word, why in _UNWRITABLE.items() if word in str(error.orig)), None)
            if reason is None:
                raise
            raise Unwritable(f"store {self.name}: {reason}") from None

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
        if self.is_sqlite:
            return float(session.scalar(sa.text("SELECT (julianday('now') - 2440587.5) * 86400.0")))
        return float(session.scalar(sa.text("SELECT extract(epoch FROM clock_timestamp())")))

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


def _sqlite_engine(url: URL) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_TIMEOUT})

    @sa.event.listens_for(engine, "connect")
    def _connected(connection, record) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")  # with WAL a crash cannot corrupt the file
        cursor.execute("PRAGMA cache_size = -65536")  # KiB
        cursor.execute("PRAGMA temp_store = MEMORY")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine


def _engine(url: URL) -> sa.Engine:
    try:
        if url.get_backend_name() == "sqlite":
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            return _sqlite_engine(url)
        return sa.create_engine(url, pool_pre_ping=True)
    except (ImportError, NoSuchModuleError):
        raise InputError(
            "store: PostgreSQL needs psycopg: pip install 'haaqinet-eval[store-postgresql]'"
        ) from None
    except OSError as error:
        raise InputError(f"store {url.database}: {error.strerror}") from None


def _check_file(store: Store, session: Session) -> None:
    broken = session.scalar(sa.text("PRAGMA quick_check(1)"))
    if broken != "ok":
        raise InputError(f"store {store.name}: the file is damaged ({broken}); restore a backup")


def _migrate(store: Store, session: Session) -> None:
    """Bring the schema up to date, in the transaction that is open, one process at a time."""
    connection = session.connection()
    store.lock(session)
    scripts = ScriptDirectory(str(MIGRATIONS))
    known = {script.revision for script in scripts.walk_revisions()}
    present = MigrationContext.configure(connection).get_current_revision()
    if present is None and sa.inspect(connection).get_table_names():
        raise InputError(f"store {store.name}: holds a database that is no store of haaqinet-eval")
    if present is not None and present not in known:
        raise InputError(
            f"store {store.name}: was made by a newer haaqinet-eval (schema {present}; this one knows "
            f"{scripts.get_current_head()}); install that version, or use another store"
        )
    if present != scripts.get_current_head():
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        command.upgrade(config, "head")


def schema_version(store: Store) -> str:
    """Revision of the store's schema."""
    with store.reading() as session:
        return MigrationContext.configure(session.connection()).get_current_revision() or ""


def open_store(url: str | None = None, *, make: bool = True) -> Store:
    """Open a store, make it where there is none, and bring an older one up to date.

    Args:
        url: a path, `sqlite:///…` or `postgresql://…`; default: the environment's
            HAAQINET_STORE, else a SQLite file in the user's data folder.
        make: whether to make a SQLite file that was named and is not there; the default one is made anyway.

    Raises:
        InputError: for a store that is damaged, foreign, newer than this code, or out of reach.
    """
    parsed, named = _parse(url), _named(url)
    if not make and named and parsed.get_backend_name() == "sqlite" and not Path(parsed.database).exists():
        raise InputError(f"{named}: no such store")
    store = Store(parsed, _engine(parsed))
    try:
        if store.is_sqlite:
            with store.reading() as session:
                _check_file(store, session)
        with store.writing() as session:
            _migrate(store, session)
    except DBAPIError as error:
        store.close()
        reason = " ".join(str(error.orig).split())
        raise InputError(f"store {store.name}: cannot be opened: {reason}") from None
    except InputError:
        store.close()
        raise
    return store
