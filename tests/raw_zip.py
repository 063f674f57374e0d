"""A zip writer that writes whatever it is told: headers that lie, contradict or are missing.

Written from APPNOTE.TXT; Python's `zipfile` only makes good archives.
"""

import struct
import zlib
from dataclasses import dataclass

_FULL32 = 0xFFFFFFFF


@dataclass
class Raw:
    """One member; fields that are None are filled in honestly."""

    name: str | bytes
    data: bytes = b""
    method: int = 0
    flags: int = 1 << 11
    crc: int | None = None
    size: int | None = None  # stated, uncompressed
    compressed: int | None = None  # stated
    attributes: int = 0o100644 << 16
    local: dict | None = None  # fields of the local header that differ
    zip64: bool = False  # sizes and offset in extra fields
    zip64_extra: bytes | None = None  # instead of the right one, in the central directory
    disk: int = 0

    @property
    def raw_name(self) -> bytes:
        return self.name.encode() if isinstance(self.name, str) else self.name


def packed(member: Raw) -> bytes:
    if member.method != 8:
        return member.data
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(member.data) + deflate.flush()


def stated(member: Raw, body: bytes) -> tuple[int, int, int]:
    """Checksum, compressed and uncompressed size."""
    crc = zlib.crc32(member.data) if member.crc is None else member.crc
    compressed = len(body) if member.compressed is None else member.compressed
    return crc, compressed, len(member.data) if member.size is None else member.size


def local_header(member: Raw, body: bytes) -> bytes:
    crc, compressed, size = stated(member, body)
    field = {"name": member.raw_name, "method": member.method, "flags": member.flags, "crc": crc}
    field |= {"compressed": compressed, "size": size, **(member.local or {})}
    extra = b""
    if member.zip64:
        extra = struct.pack("<2H2Q", 1, 16, field["size"], field["compressed"])
        field |= {"size": _FULL32, "compressed": _FULL32}
    sizes = field["crc"], field["compressed"], field["size"]
    head = struct.pack("<4s5H3L2H", b"PK\3\4", 45, field["flags"], field["method"], 0, 33, *sizes,
                       len(field["name"]), len(extra))  # fmt: skip
    return head + field["name"] + extra


def central_header(member: Raw, body: bytes, offset: int) -> bytes:
    crc, compressed, size = stated(member, body)
    extra = b""
    if member.zip64:
        extra = struct.pack("<2H3Q", 1, 24, size, compressed, offset)
        size = compressed = offset = _FULL32
    if member.zip64_extra is not None:
        extra = member.zip64_extra
    lengths = len(member.raw_name), len(extra), 0
    fields = 3 << 8 | 45, 45, member.flags, member.method, 0, 33, crc, compressed, size, *lengths
    places = member.disk, 0, member.attributes, offset
    return struct.pack("<4s6H3L5H2L", b"PK\1\2", *fields, *places) + member.raw_name + extra


def end_record(total: int, length: int, start: int, zip64: bool = False, **field) -> bytes:
    """The end of the central directory; `field` replaces values of the short record."""
    long = b""
    if zip64:
        long = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, total, total, length, start)
        long += struct.pack("<4sLQL", b"PK\6\7", 0, start + length, 1)
        total, length, start = 0xFFFF, _FULL32, _FULL32
    value = {"disk": 0, "first": 0, "here": total, "count": total, "size": length, "offset": start, **field}
    return long + struct.pack("<4s4H2LH", b"PK\5\6", *value.values(), 0)


def raw_zip(members: list[Raw], zip64: bool = False, **end) -> bytes:
    """A whole archive; `end` replaces fields of the end record."""
    body, directory = b"", b""
    for member in members:
        data = packed(member)
        directory += central_header(member, data, len(body))
        body += local_header(member, data) + data
    return body + directory + end_record(len(members), len(directory), len(body), zip64, **end)
