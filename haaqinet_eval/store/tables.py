"""Tables as files: CSV, JSON lines and Parquet, without loss.

In CSV a missing value is `\\N`, so that it differs from an empty text, and a text that
starts with a backslash gets one more. JSON stands as text, bytes as base64.
"""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ..errors import InputError

FORMATS = ("csv", "jsonl", "parquet")
BATCH = 10_000  # rows that are held at once
NULL = r"\N"
_FIELD_LIMIT = 2**31 - 1  # characters in a CSV field; Python's own limit is 131,072

Row = dict[str, Any]


def batches(rows: Iterable[Row], size: int = BATCH) -> Iterator[list[Row]]:
    """Rows in lists of at most `size`."""
    rows = iter(rows)
    while batch := list(islice(rows, size)):
        yield batch


def kind_of(column: sa.Column) -> str:
    """The kind of a column's values, by SQLAlchemy's type."""
    for kind, types in (
        ("json", sa.JSON),
        ("bytes", sa.LargeBinary),
        ("bool", sa.Boolean),
        ("int", sa.Integer),
        ("float", (sa.Double, sa.Float)),
    ):
        if isinstance(column.type, types):
            return kind
    return "str"


def _to_text(value: Any, kind: str) -> str:
    if value is None:
        return NULL
    match kind:
        case "json":
            text = json.dumps(value)
        case "bytes":
            text = base64.b64encode(value).decode("ascii")
        case "bool":
            text = "true" if value else "false"
        case _:
            text = str(value)  # for a float its shortest exact form
    return "\\" + text if text.startswith("\\") else text


def _from_text(text: str, kind: str) -> Any:
    if text == NULL:
        return None
    text = text.removeprefix("\\")
    match kind:
        case "json":
            return json.loads(text)
        case "bytes":
            return base64.b64decode(text, validate=True)
        case "bool":
            return {"true": True, "false": False}[text]
        case "int":
            return int(text)
        case "float":
            return float(text)
    return text


def write_table(path: Path, table: sa.Table, rows: Iterable[Row]) -> int:
    """Write the rows of a table to a file, by the file's suffix; gives their number."""
    kinds = {column.name: kind_of(column) for column in table.columns}
    write = {".csv": _write_csv, ".jsonl": _write_jsonl, ".parquet": _write_parquet}[path.suffix]
    count = 0

    def counted() -> Iterator[Row]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    write(path, kinds, counted())
    return count


def read_table(path: Path, table: sa.Table) -> Iterator[Row]:
    """Rows of a table from a file.

    Raises:
        InputError: names the file, and the line where there are lines.
    """
    kinds = {column.name: kind_of(column) for column in table.columns}
    read = {".csv": _read_csv, ".jsonl": _read_jsonl, ".parquet": _read_parquet}[path.suffix]
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    return read(path, kinds)


def _write_csv(path: Path, kinds: dict[str, str], rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(kinds)
        writer.writerows([_to_text(row[name], kind) for name, kind in kinds.items()] for row in rows)


def _read_csv(path: Path, kinds: dict[str, str]) -> Iterator[Row]:
    csv.field_size_limit(_FIELD_LIMIT)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            if next(reader, None) != list(kinds):
                raise ValueError(f"expected the columns {', '.join(kinds)}")
            for row in reader:
                values = zip(kinds.items(), row, strict=True)
                yield {name: _from_text(text, kind) for (name, kind), text in values}
        except (ValueError, KeyError, RecursionError, csv.Error) as error:
            raise InputError(f"{path}, line {reader.line_num}: {error}") from None


def _write_jsonl(path: Path, kinds: dict[str, str], rows: Iterable[Row]) -> None:
    binary = [name for name, kind in kinds.items() if kind == "bytes"]
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            shown = {name: row[name] for name in kinds}
            for name in binary:
                if row[name] is not None:
                    shown[name] = base64.b64encode(row[name]).decode("ascii")
            file.write(json.dumps(shown) + "\n")


def _read_jsonl(path: Path, kinds: dict[str, str]) -> Iterator[Row]:
    binary = [name for name, kind in kinds.items() if kind == "bytes"]
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line)
                if not isinstance(row, dict) or list(row) != list(kinds):
                    raise ValueError(f"expected an object with {', '.join(kinds)}")
                for name in binary:
                    if row[name] is not None:
                        row[name] = base64.b64decode(row[name], validate=True)
            except (ValueError, TypeError, RecursionError) as error:
                raise InputError(f"{path}, line {number}: {error}") from None
            yield row


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError("Parquet needs pyarrow: pip install 'haaqinet-eval[parquet]'") from None
    return pyarrow, pyarrow.parquet


def _write_parquet(path: Path, kinds: dict[str, str], rows: Iterable[Row]) -> None:
    arrow, parquet = _arrow()
    types = {"int": arrow.int64(), "float": arrow.float64(), "bool": arrow.bool_(), "bytes": arrow.binary()}
    schema = arrow.schema([(name, types.get(kind, arrow.string())) for name, kind in kinds.items()])
    texts = [name for name, kind in kinds.items() if kind == "json"]
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches(rows, 10 * BATCH):
            shown = [
                {**row, **{n: None if row[n] is None else json.dumps(row[n]) for n in texts}} for row in batch
            ]
            writer.write_table(arrow.Table.from_pylist(shown, schema=schema))


def _read_parquet(path: Path, kinds: dict[str, str]) -> Iterator[Row]:
    arrow, parquet = _arrow()
    texts = [name for name, kind in kinds.items() if kind == "json"]
    try:
        file = parquet.ParquetFile(path)
        if file.schema_arrow.names != list(kinds):
            raise InputError(f"{path}: expected the columns {', '.join(kinds)}")
        for batch in file.iter_batches(BATCH):
            for row in batch.to_pylist():
                yield {**row, **{n: None if row[n] is None else json.loads(row[n]) for n in texts}}
    except (arrow.ArrowException, OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: is no Parquet file of this table: {error}") from None
