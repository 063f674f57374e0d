"""The frames of a FLAC stream, from header to header (RFC 9639, section 9.1).

Decoders are lenient: they skip what stands between frames, go on where a frame's own header
contradicts the stream's, and do not look beyond the last sample. A frame's length is told by
nothing but its content, so frames are found by their headers, whose numbers must run on.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..io.containers.flac_end import crc8
from ..io.names import counted
from .findings import Fault
from .flac import FlacHeader

_RATES = (None, 88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)  # Hz
_BITS = {1: 8, 2: 12, 4: 16, 5: 20, 6: 24, 7: 32}
_LONGEST = 16  # bytes of a frame header


@dataclass(frozen=True)
class Frame:
    """What a frame says of itself."""

    start: int  # byte of the file
    number: int  # of the frame; of its first sample where blocks have several sizes
    block: int  # samples of a channel
    rate: int | None  # Hz; None: the stream's
    channels: int
    bits: int | None  # None: the stream's
    variable: bool  # whether blocks have several sizes


def read_frame(data: bytes, at: int) -> Frame | None:
    """The frame whose header begins at a byte; None where none does."""
    head = data[at : at + _LONGEST]
    if len(head) < 6 or head[0] != 0xFF or head[1] not in (0xF8, 0xF9):
        return None
    size, rate, layout, bits = head[2] >> 4, head[2] & 15, head[3] >> 4, head[3] >> 1 & 7
    number, length = _coded_number(head[4:])
    if size == 0 or rate == 15 or layout > 10 or bits == 3 or head[3] & 1 or not length:
        return None
    end = 4 + length
    block, end = _block(size, head, end)
    hertz, end = _rate(rate, head, end)
    if len(head) <= end or crc8(head[:end]) != head[end]:
        return None
    channels = layout + 1 if layout < 8 else 2
    return Frame(at, number, block, hertz, channels, _BITS.get(bits), head[1] == 0xF9)


def _coded_number(data: bytes) -> tuple[int, int]:
    """A number coded as in UTF-8, and its bytes; 0 bytes where it is none."""
    first = data[0]
    if first < 0x80:
        return first, 1
    count = 8 - (first ^ 0xFF).bit_length()
    if not 2 <= count <= 7 or len(data) < count or any(byte >> 6 != 2 for byte in data[1:count]):
        return 0, 0
    number = first & (0x7F >> count)
    for byte in data[1:count]:
        number = number << 6 | byte & 0x3F
    return number, count


def _block(code: int, head: bytes, at: int) -> tuple[int, int]:
    if code in (6, 7):
        wide = code - 5
        return int.from_bytes(head[at : at + wide], "big") + 1, at + wide
    return (192 if code == 1 else 144 << code if code < 6 else 1 << code), at


def _rate(code: int, head: bytes, at: int) -> tuple[int | None, int]:
    if code < 12:
        return _RATES[code], at
    wide, unit = {12: (1, 1000), 13: (2, 1), 14: (2, 10)}[code]
    return int.from_bytes(head[at : at + wide], "big") * unit, at + wide


def last_frame(data: bytes, header: FlacHeader) -> Frame:
    """The last frame, to which all others lead.

    Raises:
        Fault: `corrupt_audio` where the frames are not one after another, as many as the header states,
            and of its kind; `trailing_data` where one comes again.
    """
    frame = read_frame(data, header.audio_start)
    if frame is None:
        raise Fault("corrupt_audio", f"no frame begins where the header ends, at byte {header.audio_start}")
    count = 0
    while True:
        _check_kind(frame, header)
        count += frame.block
        step = frame.block if frame.variable else 1
        if count >= header.frames:
            break
        following = _find(data, frame.start + 6, frame.number + step, frame.variable)
        if following is None:
            raise Fault("corrupt_audio", f"frames end at sample {count} of {header.frames}")
        frame = following
    if count != header.frames:
        raise Fault("corrupt_audio", f"frames have {count} samples, the header states {header.frames}")
    again = _find(data, frame.start + 6, frame.number, frame.variable)
    if again is not None:
        raise Fault("trailing_data", f"frame {frame.number} comes again at byte {again.start}")
    return frame


def _check_kind(frame: Frame, header: FlacHeader) -> None:
    said = (frame.rate or header.sample_rate, frame.channels, frame.bits or header.bits)
    if said != (header.sample_rate, header.channels, header.bits):
        told = f"{said[0]} Hz, {counted(said[1], 'channel')}, {said[2]} bits"
        raise Fault("corrupt_audio", f"frame {frame.number} has {told}, unlike the header")


def _find(data: bytes, start: int, number: int, variable: bool) -> Frame | None:
    """The first frame with a number from a byte on."""
    sign = b"\xff\xf9" if variable else b"\xff\xf8"
    at = data.find(sign, start)
    while at >= 0:
        frame = read_frame(data, at)
        if frame is not None and frame.number == number:
            return frame
        at = data.find(sign, at + 1)
    return None


def shortened(data: bytes, header: FlacHeader, frame: Frame) -> bytes:
    """A stream of the last frame without the file's last byte; sound only if that byte is no part of it."""
    info = bytearray(data[: header.audio_start])
    info[21] &= 0xF0  # the upper 4 of 36 bits of the number of samples (section 8.2)
    info[22:26] = frame.block.to_bytes(4, "big")
    info[26:42] = bytes(16)
    return bytes(info) + data[frame.start : -1]
