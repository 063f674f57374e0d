"""Ogg pages (RFC 3533), and FLAC in them (the mapping that RFC 9639, section 10.1, describes)."""

from __future__ import annotations

from collections.abc import Iterator

_HEAD = 27  # bytes of a page's header before its table of segments
_MAPPING = b"\x7fFLAC"
_NATIVE = 9  # bytes of the first packet before the native stream


def _page(data: bytes, at: int) -> tuple[int, bytes, int]:
    """Where a page's body begins, its table of segments, and where the page ends."""
    count = data[at + 26] if at + 26 < len(data) else 0
    table = data[at + _HEAD : at + _HEAD + count]
    body = at + _HEAD + count
    return body, table, body + sum(table)


def incomplete(data: bytes) -> bool:
    """Whether an Ogg file ends within a page."""
    at = data.rfind(b"OggS")
    return at >= 0 and _page(data, at)[2] > len(data)


def _packets(data: bytes) -> Iterator[bytes]:
    """The packets of the first stream."""
    at, serial, parts = 0, data[14:18], []
    while data[at : at + 4] == b"OggS":
        body, table, end = _page(data, at)
        if data[at + 14 : at + 18] == serial:
            for size in table:
                parts.append(data[body : body + size])
                body += size
                if size < 255:
                    yield b"".join(parts)
                    parts = []
        at = end


def is_ogg_flac(data: bytes) -> bool:
    """Whether a file is Ogg with FLAC in it."""
    return data[:4] == b"OggS" and data[_page(data, 0)[0] :][:5] == _MAPPING


def native_flac(data: bytes) -> bytes:
    """The FLAC stream in an Ogg file, as a FLAC file."""
    first, *others = _packets(data)
    return b"".join((first[_NATIVE:], *others))
