"""Reads the tensors of a TensorFlow checkpoint (V2: `.index` and `.data-00000-of-00001`) without TensorFlow.

The index is a sorted table in LevelDB's format, uncompressed: blocks of keys with shared beginnings, whose
values are protocol buffers (`BundleEntryProto`) with shape, offset and size in the data file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError

MAGIC = 0xDB4775248B80FB57  # ends the file
FOOTER = 48  # bytes
FLOAT = 1  # DT_FLOAT


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _block(data: bytes, start: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a block."""
    if data[start + size]:
        raise InputError("is compressed, which no checkpoint's index is")
    block = data[start : start + size]
    end = size - 4 * (1 + int.from_bytes(block[-4:], "little"))  # restarts and their number
    key, place = b"", 0
    while place < end:
        shared, place = _varint(block, place)
        own, place = _varint(block, place)
        length, place = _varint(block, place)
        key = key[:shared] + block[place : place + own]
        yield key, block[place + own : place + own + length]
        place += own + length


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Numbers and values of a protocol buffer's fields."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        if tag & 7 == 0:
            value, at = _varint(message, at)
            yield tag >> 3, value
        elif tag & 7 == 2:
            size, at = _varint(message, at)
            yield tag >> 3, message[at : at + size]
            at += size
        else:
            size = 4 if tag & 7 == 5 else 8
            yield tag >> 3, message[at : at + size]
            at += size


def read_checkpoint(index: str | Path) -> dict[str, np.ndarray]:
    """Float tensors by name.

    Args:
        index: the `.index` file; the data file lies beside it.

    Raises:
        InputError: where one is missing, or is no such file.
    """
    index = Path(index)
    place = index.with_name(f"{index.name.removesuffix('.index')}.data-00000-of-00001")
    try:
        table, data = index.read_bytes(), place.read_bytes()
    except OSError as error:
        raise InputError(f"{error.filename}: {error.strerror}") from None
    if int.from_bytes(table[-8:], "little") != MAGIC:
        raise InputError(f"{index}: is no index of a TensorFlow checkpoint")
    try:
        return dict(_tensors(table, data))
    except (IndexError, ValueError) as error:
        raise InputError(f"{index}: damaged, or {place.name} is another checkpoint's: {error}") from None


def _handle(data: bytes, at: int) -> tuple[int, int, int]:
    """Offset and size of a block, and the place behind them."""
    start, at = _varint(data, at)
    size, at = _varint(data, at)
    return start, size, at


def _tensors(table: bytes, data: bytes) -> Iterator[tuple[str, np.ndarray]]:
    at = _handle(table, len(table) - FOOTER)[2]  # past the metaindex
    for _, handle in _block(table, *_handle(table, at)[:2]):
        for key, value in _block(table, *_handle(handle, 0)[:2]):
            fields: dict[int, Any] = dict(_fields(value))
            if not key or fields.get(1) != FLOAT:
                continue
            shape = [dict(_fields(dim)).get(1, 0) for n, dim in _fields(fields.get(2, b"")) if n == 2]
            offset = fields.get(4, 0)
            values = np.frombuffer(data[offset : offset + fields.get(5, 0)], "<f4")
            yield key.decode(), values.reshape(shape).copy()
