"""Export, import, backup and check of a store."""

from __future__ import annotations

import errno
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError
from sqlalchemy.orm import Session

from ..errors import InputError
from ..io.files import folder_beside
from ..io.jsonfile import json_text
from ..io.names import counted
from .aggregates import refresh
from .opening import Store, make_private, open_store, schema_version
from .schema import CARRIED, Aggregates, Frames, Scores, Submissions, Trials
from .tables import BATCH, FORMATS, Row, batches, read_table, write_table
from .validity import Validity, check_ranges

INDEX = "store.json"  # in an exported folder: format, schema, number of rows


def store_export(store: Store, folder: str | Path, format: str = "jsonl") -> dict[str, int]:
    """Write all tables to a new folder, one file each; nothing is lost but the tokens of organisers.

    Args:
        format: "csv", "jsonl" or "parquet" (needs pyarrow).

    Returns:
        The number of rows of each table.

    Raises:
        InputError: for another format, or a folder that is there already or cannot be written.
        Stopped: the disk is full.
    """
    if format not in FORMATS:
        raise InputError(f"format {format!r}: known are {', '.join(FORMATS)}")
    folder = Path(folder)
    if folder.exists():
        raise InputError(f"{folder}: is there already; an export makes a new folder")
    with folder_beside(folder) as own:
        part = own / "export"
        part.mkdir(mode=0o700)  # all that the store knows
        with store.reading() as session:
            counts = {
                table.name: write_table(part / f"{table.name}.{format}", table, _read(session, table))
                for table in CARRIED
            }
        record = {"format": format, "schema": schema_version(store), "tables": counts}
        (part / INDEX).write_text(json_text(record) + "\n", encoding="utf-8")
        part.rename(folder)
    return counts


def _read(session: Session, table: sa.Table) -> Iterator[Row]:
    statement = sa.select(table).order_by(*table.primary_key.columns)
    rows = session.connection().execute(statement, execution_options={"yield_per": BATCH})
    return (dict(row) for row in rows.mappings())


def store_import(store: Store, folder: str | Path) -> dict[str, int]:
    """Fill an empty store from an exported folder; it is then equal to the one exported.

    Raises:
        InputError: for a store that is not empty, or a folder that is damaged or of another schema.
    """
    folder = Path(folder)
    try:
        if not (folder / INDEX).is_file():
            raise ValueError(f"it has no {INDEX}")
        record = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        format, schema, counts = (record[name] for name in ("format", "schema", "tables"))
        counts = dict(counts)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{folder}: is no exported store: {error}") from None
    if format not in FORMATS or schema != schema_version(store):
        raise InputError(
            f"{folder}: has schema {schema} as {format}; this store has schema {schema_version(store)}. "
            "Import it with the version that exported it, and open that store with this one"
        )
    return _fill(
        store, lambda table: read_table(folder / f"{table.name}.{format}", table), str(folder), counts
    )


def _fill(
    store: Store, source: Callable[[sa.Table], Iterator[Row]], where: str, counts: dict[str, int] | None
) -> dict[str, int]:
    """Insert all tables in one transaction."""
    done, validity = {}, Validity()
    with store.writing() as session:
        store.lock(session)
        for table in CARRIED:
            if session.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
                raise InputError(
                    f"store {store.name}: holds {table.name} already; an import needs an empty one"
                )
        for table in CARRIED:
            done[table.name] = 0
            for batch in batches(validity.checked(table, source(table), where)):
                try:
                    session.execute(sa.insert(table), batch)
                except (IntegrityError, DataError) as error:
                    raise InputError(f"{where}: {table.name}: {error.orig}") from None
                done[table.name] += len(batch)
        if counts is not None and done != counts:
            wrong = [name for name in done if done[name] != counts.get(name)]
            raise InputError(f"{where}: {', '.join(wrong)}: not as many rows as were exported")
        _set_sequences(store, session)
        if strangers := _check_trials(session):
            raise InputError(f"{where}: {strangers[0]}")
        if _check_aggregates(session):  # of a store that was in use, or was changed
            refresh(store)
    return done


def _set_sequences(store: Store, session: Session) -> None:
    """Let PostgreSQL number new rows after the ones that were inserted."""
    if store.is_sqlite:
        return
    for table in CARRIED:
        if "id" in table.columns:
            session.execute(
                sa.text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "
                    f"(SELECT coalesce(max(id), 0) + 1 FROM {table.name}), false)"
                )
            )


def copy_store(source: Store, target: Store) -> dict[str, int]:
    """Copy all rows into an empty store, e.g. from SQLite to PostgreSQL; gives their number per table."""
    with source.reading() as session:
        return _fill(target, lambda table: _read(session, table), source.name, None)


def store_backup(store: Store, path: str | Path) -> Path:
    """Copy a store, also while it is in use, into a new SQLite file that opens as a store.

    Raises:
        InputError: for a file that is there already or cannot be written.
        Stopped: the disk is full.
    """
    path = Path(path)
    if path.exists():
        raise InputError(f"{path}: is there already; a backup makes a new file")
    with folder_beside(path) as own:
        part = own / "backup.sqlite"
        make_private(part)
        if store.is_sqlite:
            _copy_pages(store, part)
        else:
            target = open_store(str(part))
            copy_store(store, target)
            with target.engine.connect() as connection:
                connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            target.close()
        open_store(str(part), thorough=True).close()
        part.rename(path)
    return path


def _copy_pages(store: Store, part: Path) -> None:
    with store.reading() as session, closing(sqlite3.connect(part)) as target:
        try:
            session.connection().connection.driver_connection.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                raise
            raise OSError(errno.ENOSPC, "its disk is full") from None


def store_check(store: Store) -> list[str]:
    """What is wrong with a store, in sentences; none where it is sound."""
    findings = []
    with store.reading() as session:
        if store.is_sqlite:
            findings += _check_file(session)
            if findings:
                return findings  # what else there is cannot be read
            findings += [
                f"{row[0]}: row {row[1]} refers to a row of {row[2]} that is not there"
                for row in session.execute(sa.text("PRAGMA foreign_key_check"))
            ]
        findings += _check_aggregates(session)
        findings += _check_trials(session)
        findings += _check_frames(session)
        findings += check_ranges(session)
    return findings


def _check_file(session: Session) -> list[str]:
    try:
        said = session.scalars(sa.text("PRAGMA integrity_check(20)")).all()
    except DatabaseError as error:  # where it cannot even look further
        said = [str(error.orig)]
    return [f"the file is damaged: {damage}" for damage in said if damage != "ok"]


def _check_aggregates(session: Session) -> list[str]:
    keys = (Scores.submission_id, Scores.scorer_id)
    figures = sa.func.count(Scores.score), sa.func.count(), sa.func.avg(Scores.score)
    rows: dict[tuple[int, int], tuple[Any, ...]] = {
        (submission, scorer): (scored, total - scored, _rounded(mean))
        for submission, scorer, scored, total, mean in session.execute(
            sa.select(*keys, *figures).group_by(*keys)
        )
    }
    kept: dict[Any, Any] = {
        (a.submission_id, a.scorer_id): (a.scored, a.failed, _rounded(a.mean))
        for a in session.scalars(sa.select(Aggregates))
    }
    running = set(session.scalars(sa.select(Submissions.id).where(Submissions.state == "scoring")))
    return [
        f"submission {key[0]}, scorer {key[1]}: the aggregates say {kept.get(key)} (scored, failed, mean), "
        f"the rows {rows.get(key)}; refresh them"
        for key in sorted(rows.keys() | kept.keys())
        if rows.get(key) != kept.get(key) and key[0] not in running
    ]


def _rounded(mean: float | None) -> float | None:
    return None if mean is None else round(float(mean), 6)


def _check_trials(session: Session) -> list[str]:
    strangers = session.execute(
        sa.select(Scores.submission_id, sa.func.count())
        .join(Submissions, Submissions.id == Scores.submission_id)
        .join(Trials, Trials.id == Scores.trial_id)
        .where(Trials.challenge_id != Submissions.challenge_id)
        .group_by(Scores.submission_id)
    )
    return [f"submission {id}: {counted(n, 'row')} of trials of another challenge" for id, n in strangers]


def _check_frames(session: Session) -> list[str]:
    size = sa.func.length(Frames.scores)
    damaged = session.execute(
        sa.select(Frames.submission_id, sa.func.count())
        .where(sa.or_(size == 0, size % 2 == 1, Frames.step < 0))
        .group_by(Frames.submission_id)
    )
    return [f"submission {id}: {counted(n, 'row')} with damaged frame scores" for id, n in damaged]
