"""A zip's end records and central directory, read without trust (APPNOTE.TXT 6.3.10).

Python's `zipfile` is made to read what it can; this is made to say what is wrong: it keeps
raw names, compares redundant fields, and knows how much it is going to read before it
reads it. Values are little-endian; offsets count from the file's begin.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .findings import Fault
from .limits import MAX_DIRECTORY_BYTES, MAX_MEMBERS
from .untrusted_files import read_at

_END = struct.Struct("<4s4H2LH")  # 4.3.16 end of central directory record
_END64 = struct.Struct("<4sQ2H2L4Q")  # 4.3.14 zip64 end of central directory record
_LOCATOR = struct.Struct("<4sLQL")  # 4.3.15 zip64 end of central directory locator
_CENTRAL = struct.Struct("<4s6H3L5H2L")  # 4.3.12 central directory header
_LOCAL = struct.Struct("<4s5H3L2H")  # 4.3.7 local file header
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_ENCRYPTED = 1 | 1 << 6 | 1 << 13  # flag bits: encrypted, strong encryption, masked headers
_DESCRIPTOR = 1 << 3  # sizes and checksum follow the data, so the local header has none
_UTF8 = 1 << 11
STORED, DEFLATED = 0, 8

OTHER_KINDS = {  # first bytes -> what such a file is
    b"\x1f\x8b": "gzip (.tar.gz)",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!": "RAR",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}


@dataclass(frozen=True)
class Entry:
    """One member as the central directory describes it."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    compressed: int  # bytes
    size: int  # bytes, uncompressed
    offset: int  # of the local header
    mode: int  # Unix file type bits, 0 where the archive has none

    @property
    def is_folder(self) -> bool:
        """Whether the name stands for a folder."""
        return self.name.endswith("/")


@dataclass(frozen=True)
class End:
    """Where the central directory is and how many entries it states."""

    entries: int
    size: int  # bytes
    offset: int  # where it begins in the file
    shift: int  # bytes before the zip: to be added to all offsets within
    trailing: int  # bytes after the zip


def read_end(fd: int, length: int) -> End:
    """Find the end record.

    Raises:
        Fault: `empty_file`, `not_a_zip`, `truncated_archive`, `multi_disk`,
            `zip64_inconsistent` or `damaged_directory`.
    """
    if length == 0:
        raise Fault("empty_file", "the file has no bytes")
    tail_start = max(0, length - _END.size - _FULL16)
    tail = read_at(fd, length - tail_start, tail_start)
    at = _find_end(tail)
    if at is None:
        _refuse_other_kind(read_at(fd, 8, 0))
    _, disk, first_disk, here, entries, size, offset, comment = _END.unpack_from(tail, at)
    position = tail_start + at
    trailing = length - position - _END.size - comment
    locator = read_at(fd, _LOCATOR.size, position - _LOCATOR.size) if position >= _LOCATOR.size else b""
    if locator.startswith(b"PK\x06\x07"):
        position, fields = _read_zip64(fd, locator, position, (here, entries, size, offset))
        here, entries, size, offset = fields
    elif _FULL32 in (size, offset):
        raise Fault("zip64_inconsistent", "the end record refers to a zip64 record that is missing")
    if disk not in (0, _FULL16) or first_disk not in (0, _FULL16) or here != entries:
        raise Fault("multi_disk", f"disk {disk} of several; {here} of {entries} entries are in this part")
    start = position - size
    if start < 0 or offset > start:
        raise Fault("damaged_directory", f"a directory of {size} bytes at {offset} cannot end at {position}")
    return End(entries, size, start, start - offset, max(0, trailing))


def _find_end(tail: bytes) -> int | None:
    """The last end record whose comment reaches the end of the file; else the last one."""
    last = None
    at = tail.rfind(b"PK\x05\x06")
    while at >= 0:
        if at + _END.size <= len(tail):
            comment = _END.unpack_from(tail, at)[-1]
            if at + _END.size + comment == len(tail):
                return at
            last = at if last is None else last
        at = tail.rfind(b"PK\x05\x06", 0, at)
    return last


def _refuse_other_kind(start: bytes) -> None:
    if start.startswith(b"PK\x03\x04"):
        raise Fault("truncated_archive", "the file begins like a zip, but has no end record: upload it again")
    for magic, kind in OTHER_KINDS.items():
        if start.startswith(magic):
            raise Fault("not_a_zip", f"the file is {kind}; make a zip")
    raise Fault("not_a_zip", f"the file is no zip; it begins with {start!r}")


def _read_zip64(
    fd: int, locator: bytes, end: int, short: tuple[int, int, int, int]
) -> tuple[int, tuple[int, int, int, int]]:
    """Position of the zip64 end record, and its entries here, entries, size and offset."""
    _, disk, offset, disks = _LOCATOR.unpack(locator)
    if disk != 0 or disks > 1:
        raise Fault("multi_disk", f"the zip64 locator states {disks} disks")
    for position in (offset, end - _LOCATOR.size - _END64.size):
        record = read_at(fd, _END64.size, position) if 0 <= position <= end - _END64.size else b""
        if record.startswith(b"PK\x06\x06") and len(record) == _END64.size:
            break
    else:
        raise Fault("zip64_inconsistent", f"there is no zip64 end record at {offset}")
    _, length, _, _, disk, first, *fields = _END64.unpack(record)
    if disk or first:
        raise Fault("multi_disk", f"the zip64 record is on disk {disk}")
    if position + 12 + length != end - _LOCATOR.size:
        raise Fault(
            "zip64_inconsistent", f"the zip64 end record of {length} bytes does not reach its locator"
        )
    for value, long, full in zip(short, fields, (_FULL16, _FULL16, _FULL32, _FULL32), strict=True):
        if value not in (full, long):
            raise Fault("zip64_inconsistent", f"the end record states {value}, the zip64 record {long}")
    return position, tuple(fields)


def read_entries(fd: int, end: End) -> Iterator[Entry | Fault]:
    """Each entry of the central directory, or the fault of one that has no sense.

    Raises:
        Fault: `too_many_members` or `damaged_directory`, where the whole has no sense.
    """
    if end.entries > MAX_MEMBERS or end.size > MAX_DIRECTORY_BYTES:
        raise Fault("too_many_members", f"{end.entries} members; {MAX_MEMBERS} are allowed")
    data = read_at(fd, end.size, end.offset)
    at = count = 0
    while at + _CENTRAL.size <= len(data) and data.startswith(b"PK\x01\x02", at):
        fields = _CENTRAL.unpack_from(data, at)
        name, extra, comment = fields[10:13]
        stop = at + _CENTRAL.size + name + extra + comment
        if stop > len(data) or count == MAX_MEMBERS:
            break
        start = at + _CENTRAL.size
        yield _entry(fields, data[start : start + name], data[start + name : start + name + extra])
        at = stop
        count += 1
    rest = data[at:]
    if count != end.entries or (rest and not rest.startswith(b"PK\x05\x05")):  # 4.3.13 digital signature
        raise Fault(
            "damaged_directory", f"{count} of {end.entries} entries can be read, {len(rest)} bytes are left"
        )


def _entry(fields: tuple, raw_name: bytes, extra: bytes) -> Entry | Fault:
    flags, method, crc, size_compressed, size = fields[3], fields[4], *fields[7:10]
    disk, attributes, offset = fields[13], fields[15], fields[16]
    name = decode_name(raw_name, flags)
    try:
        size, size_compressed, offset, disk = _wide(extra, (size, size_compressed, offset, disk))
    except Fault as fault:
        return Fault(fault.code, f"{name}: {fault.message}")
    if disk != 0:
        return Fault("multi_disk", f"{name}: lies on disk {disk}")
    mode = stat.S_IFMT(attributes >> 16)
    return Entry(name, raw_name, flags, method, crc, size_compressed, size, offset, mode)


def _wide(extra: bytes, narrow: tuple[int, ...]) -> tuple[int, ...]:
    """Values with those that are full replaced from the zip64 extra field (4.5.3)."""
    full = (_FULL32, _FULL32, _FULL32, _FULL16)
    widths = (8, 8, 8, 4)
    if not any(map(int.__eq__, narrow, full)):
        return narrow
    field = find_extra(extra, 1)
    if field is None:
        raise Fault("zip64_inconsistent", "sizes are left to a zip64 field that is missing")
    out, at = [], 0
    for value, mark, width in zip(narrow, full, widths, strict=True):
        if value == mark:
            if at + width > len(field):
                raise Fault("zip64_inconsistent", f"its zip64 field has {len(field)} bytes, too few")
            value = int.from_bytes(field[at : at + width], "little")
            at += width
        out.append(value)
    return tuple(out)


def find_extra(extra: bytes, wanted: int) -> bytes | None:
    """The content of one extra field (4.5.1), or None."""
    at = 0
    while at + 4 <= len(extra):
        id, length = struct.unpack_from("<2H", extra, at)
        if id == wanted:
            return extra[at + 4 : at + 4 + length]
        at += 4 + length
    return None


def decode_name(raw: bytes, flags: int) -> str:
    """A member's name: UTF-8 where flagged or possible, else code page 437 (appendix D).

    What is flagged UTF-8 and is not keeps unpaired characters, which no name may have.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "surrogateescape") if flags & _UTF8 else raw.decode("cp437")


def data_start(fd: int, entry: Entry, shift: int, limit: int) -> int:
    """Where an entry's data begin; compares its local header with the central one.

    Args:
        limit: where the central directory begins.

    Raises:
        Fault: `header_mismatch`.
    """
    at = entry.offset + shift
    name_length = len(entry.raw_name)
    header = read_at(fd, _LOCAL.size + name_length, at) if at < limit else b""
    if len(header) < _LOCAL.size or not header.startswith(b"PK\x03\x04"):
        raise Fault("header_mismatch", f"{entry.name}: there is no local header at {at}")
    _, _, flags, method, _, _, crc, compressed, size, name, extra = _LOCAL.unpack_from(header)
    if name != name_length or header[_LOCAL.size :] != entry.raw_name:
        raise Fault("header_mismatch", f"{entry.name}: the local header has another name")
    if method != entry.method or (flags ^ entry.flags) & (_ENCRYPTED | _DESCRIPTOR):
        raise Fault("header_mismatch", f"{entry.name}: the local header has another method or flags")
    start = at + _LOCAL.size + name + extra
    if not flags & _DESCRIPTOR:
        wide = (size, compressed)
        if _FULL32 in wide:
            field = find_extra(read_at(fd, extra, at + _LOCAL.size + name), 1) or b""
            if len(field) < 16:
                raise Fault(
                    "zip64_inconsistent", f"{entry.name}: the local header's zip64 field is too short"
                )
            wide = struct.unpack_from("<2Q", field)
        if (crc, *wide) != (entry.crc, entry.size, entry.compressed):
            raise Fault("header_mismatch", f"{entry.name}: the local header has another size or checksum")
    if start + entry.compressed > limit:
        raise Fault("header_mismatch", f"{entry.name}: its data would reach into the central directory")
    return start


def is_encrypted(entry: Entry) -> bool:
    """Whether a password would be needed."""
    return bool(entry.flags & _ENCRYPTED) or entry.method == 99  # 99: AES, appendix E
