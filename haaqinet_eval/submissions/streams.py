"""Reading one member's bytes, never more than were promised."""

from __future__ import annotations

import os
import zlib
from typing import Protocol

from .findings import Fault
from .untrusted_files import read_at
from .zip_directory import STORED, Entry

_CHUNK = 2**16


class Stream(Protocol):
    """A member that is being read."""

    def read(self, count: int) -> bytes:
        """Up to `count` more bytes; fewer at the end only. Raises `Fault`."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class ZipStream:
    """A member of a zip, unpacked as it is read; size and checksum are verified at its end."""

    def __init__(self, fd: int, start: int, entry: Entry) -> None:
        self._fd, self._at, self._entry = fd, start, entry
        self._packed = entry.compressed
        self._left = entry.size
        self._crc = 0
        self._inflate = None if entry.method == STORED else zlib.decompressobj(-zlib.MAX_WBITS)

    def read(self, count: int) -> bytes:
        """Up to `count` more bytes.

        Raises:
            Fault: `corrupt_member`, `lying_size` or `crc_mismatch`.
        """
        parts = []
        while count > 0 and self._left > 0:
            part = self._more(min(count, self._left))
            if not part:
                raise Fault(
                    "lying_size", f"{self._entry.name}: {self._left} of {self._entry.size} bytes are missing"
                )
            parts.append(part)
            self._crc = zlib.crc32(part, self._crc)
            self._left -= len(part)
            count -= len(part)
            if not self._left:
                self._check_end()
        return b"".join(parts)

    def close(self) -> None:
        """Nothing to give back: the archive holds the file."""

    def _packed_bytes(self, count: int) -> bytes:
        data = read_at(self._fd, min(count, self._packed), self._at)
        self._at += len(data)
        self._packed -= len(data)
        return data

    def _more(self, count: int) -> bytes:
        if self._inflate is None:
            return self._packed_bytes(count)
        try:
            while not self._inflate.eof:
                data = self._inflate.unconsumed_tail or self._packed_bytes(_CHUNK)
                out = self._inflate.decompress(data, count)
                if out or not data:
                    return out
        except zlib.error as error:
            raise Fault("corrupt_member", f"{self._entry.name}: cannot be unpacked: {error}") from None
        return b""

    def _check_end(self) -> None:
        name = self._entry.name
        more = self._more(1)
        unused = self._packed or (self._inflate and (self._inflate.unused_data or not self._inflate.eof))
        if more or unused:
            raise Fault("lying_size", f"{name}: there is more than the {self._entry.size} bytes stated")
        if self._crc != self._entry.crc:
            raise Fault("crc_mismatch", f"{name}: checksum {self._crc:08x}, not {self._entry.crc:08x}")


class FileStream:
    """A file of a folder; its size is the one it had when it was listed."""

    def __init__(self, fd: int, name: str, size: int) -> None:
        self._fd, self._name, self._left = fd, name, size

    def read(self, count: int) -> bytes:
        """Up to `count` more bytes. Raises `Fault`: `corrupt_member`."""
        parts = []
        count = min(count, self._left)
        while count > 0:
            try:
                part = os.read(self._fd, count)
            except OSError as error:
                raise Fault("corrupt_member", f"{self._name}: cannot be read: {error.strerror}") from None
            if not part:
                raise Fault("corrupt_member", f"{self._name}: became shorter while it was read")
            parts.append(part)
            self._left -= len(part)
            count -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)
