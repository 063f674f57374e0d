"""Stores to test with: a SQLite file, and a database of a PostgreSQL server that the tests start."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

collect_ignore_glob = ["golden/*"]  # generators of stored numbers, which are no tests


def postgresql_programs() -> Path | None:
    """Folder of initdb and pg_ctl: on the path, or where Debian puts them."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


@pytest.fixture(scope="session")
def postgresql():
    """Folder with the socket of a fresh server; skipped by name where there is none."""
    programs = postgresql_programs()
    if programs is None or not (programs / "initdb").exists():
        pytest.skip("PostgreSQL is not installed: no initdb on the path or under /usr/lib/postgresql")
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    # a server refuses to run as root
    if os.geteuid() == 0 and not any(entry.pw_name == "postgres" for entry in pwd.getpwall()):
        pytest.skip("PostgreSQL does not run as root, and there is no user 'postgres'")
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        if user:
            shutil.chown(folder, "postgres", "postgres")
        options = {"check": True, "capture_output": True, "cwd": folder, **user}
        data = f"{folder}/data"
        init = [programs / "initdb", "-D", data, "-U", "haaqinet", "-A", "trust", "-N", "-E", "UTF8"]
        subprocess.run([*init, "--no-locale"], **options)
        server = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        control = [programs / "pg_ctl", "-D", data, "-w"]
        subprocess.run([*control, "-l", f"{folder}/log", "-o", server, "start"], **options)
        try:
            yield folder
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **options)


def statement(folder: str, text: str) -> None:
    """Run SQL on the server."""
    import psycopg

    with psycopg.connect(host=folder, user="haaqinet", dbname="postgres", autocommit=True) as connection:
        connection.execute(text)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request, tmp_path):
    """URL of a place for a new store, on either database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite'}"
    folder = request.getfixturevalue("postgresql")
    statement(folder, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return f"postgresql://haaqinet@/postgres?host={folder}"


@pytest.fixture(scope="session")
def postgresql_store(postgresql):
    """A store that the tests share, since making its tables takes longer than most tests."""
    from haaqinet_eval.store import open_store

    statement(postgresql, "CREATE SCHEMA kept")
    opened = open_store(f"postgresql://haaqinet@/postgres?host={postgresql}&options=-csearch_path%3Dkept")
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    """An empty store, on either database."""
    from haaqinet_eval.store import open_store, schema

    if request.param == "postgresql":
        opened = request.getfixturevalue("postgresql_store")
        with opened.writing() as session:
            names = ", ".join(table.name for table in schema.TABLES)
            session.connection().exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
        yield opened
        return
    opened = open_store(str(tmp_path / "store.sqlite"))
    yield opened
    opened.close()
