"""Whether a FLAC stream ends where its file ends (RFC 9639, section 9).

Decoders stop at the number of samples that the header states, so what follows is not seen:
junk, or a whole second stream. A stream's last frame ends with a CRC-16 over the frame; if
the file's last bytes are such a frame, nothing follows it.
"""

from __future__ import annotations

import re

_NEXT_STREAM = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")  # magic and the header of a STREAMINFO block
_WINDOW = 2**19  # bytes; 65,535 stereo samples of 24 bits, not compressed, take 393 kB
_MOST_TRIES = 8  # frame headers whose CRC-8 is right, from the end


def _table(polynomial: int, bits: int) -> tuple[int, ...]:
    top, mask = 1 << (bits - 1), (1 << bits) - 1
    out = []
    for byte in range(256):
        value = byte << (bits - 8)
        for _ in range(8):
            value = (value << 1 ^ (polynomial if value & top else 0)) & mask
        out.append(value)
    return tuple(out)


_CRC8 = _table(0x07, 8)
_CRC16 = _table(0x8005, 16)


def crc8(data: bytes) -> int:
    """CRC of a frame header (section 9.1.8)."""
    value = 0
    for byte in data:
        value = _CRC8[value ^ byte]
    return value


def crc16(data: bytes | memoryview) -> int:
    """CRC of a frame (section 9.3); 0 over a whole frame with its own CRC.

    >>> crc16(b"123456789") == 0xFEE8
    True
    """
    value = 0
    for byte in data:
        value = (value << 8 & 0xFF00) ^ _CRC16[value >> 8 ^ byte]
    return value


def header_length(frame: bytes) -> int | None:
    """Bytes of a frame header with a right CRC-8, or None where there is none (section 9.1)."""
    if len(frame) < 6 or frame[0] != 0xFF or frame[1] not in (0xF8, 0xF9):
        return None
    first = frame[4]  # of a number coded as in UTF-8; its leading ones count its bytes
    extra = 0 if first < 0x80 else 7 - (first ^ 0xFF).bit_length()
    block, rate = frame[2] >> 4, frame[2] & 15
    length = 5 + extra + {6: 1, 7: 2}.get(block, 0) + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if len(frame) <= length or crc8(frame[:length]) != frame[length]:
        return None
    return length + 1


def last_frame(data: bytes, audio_start: int, max_frame_bytes: int) -> int | None:
    """Where the frame begins that ends with the file; None where the file does not end with a frame.

    Args:
        data: the whole file.
        audio_start: where the first frame begins.
        max_frame_bytes: of the header, 0 where unknown.
    """
    start = max(audio_start, len(data) - min(max_frame_bytes or _WINDOW, _WINDOW))
    tail = memoryview(data)[start:]
    at, tries = len(data), 0
    while tries < _MOST_TRIES:
        at = data.rfind(b"\xff", start, at)
        if at < 0:
            break
        frame = tail[at - start :]
        if header_length(bytes(frame[:16])) is not None:
            if crc16(frame) == 0:
                return at
            tries += 1
    return None


def frame_samples(frame: bytes, block: int) -> tuple[int, int]:
    """Samples of a channel before a frame, and in it, by its header (section 9.1).

    Args:
        frame: begins with a header for which `header_length` is not None.
        block: samples of all frames but the last, where frames are numbered; of the stream's header.
    """
    first = frame[4]
    extra = 0 if first < 0x80 else 7 - (first ^ 0xFF).bit_length()
    number = first if not extra else first & (0x3F >> extra)
    for byte in frame[5 : 5 + extra]:
        number = number << 6 | byte & 0x3F
    code, rest = frame[2] >> 4, frame[5 + extra :]
    if code == 1:
        length = 192
    elif code < 6:
        length = 576 << (code - 2)
    elif code < 8:
        length = int.from_bytes(rest[: code - 5], "big") + 1
    else:
        length = 256 << (code - 8)
    return (number if frame[1] & 1 else number * block), length


def second_stream(data: bytes, audio_start: int) -> str:
    """Where another stream follows the first, in words; empty where none does."""
    again = _NEXT_STREAM.search(data, audio_start)
    return f"a second FLAC stream begins at byte {again.start()}" if again else ""


def data_after_end(data: bytes, audio_start: int, max_frame_bytes: int) -> str:
    """What follows the last frame, in words; empty where nothing does; arguments as for `last_frame`."""
    again = second_stream(data, audio_start)
    if again:
        return again
    ended = last_frame(data, audio_start, max_frame_bytes) is not None
    return "" if ended else "the file does not end with a frame"
