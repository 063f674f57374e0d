"""The header of a FLAC stream, read without trust (RFC 9639).

Only the header: samples are decoded elsewhere, in a process of their own. The first four
bytes are checked here so that no other format's reader is ever reached: libsndfile goes by
content, and takes a WAV named `.flac` for what it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..cadenza.enhanced import LENGTH_TOLERANCE
from ..io.containers import kind_of
from ..io.names import counted
from .expected import Expectation
from .findings import Fault
from .limits import LENGTH_MARGIN_SECONDS, MAX_METADATA_BLOCKS, MAX_METADATA_BYTES, MAX_SECONDS

BITS = 16  # of every challenge's files
_STREAMINFO, _SEEKTABLE, _INVALID = 0, 3, 127  # block types, section 8.1
_STREAMINFO_BYTES, _SEEKPOINT_BYTES = 34, 18
_PLACEHOLDER = 2**64 - 1


@dataclass(frozen=True)
class FlacHeader:
    """What a stream says of itself (section 8.2)."""

    sample_rate: int  # Hz
    channels: int
    bits: int  # per sample
    frames: int  # samples of each channel; 0 where unknown
    md5: bytes  # of the samples; zeros where unknown
    max_frame_bytes: int  # of an encoded frame; 0 where unknown
    audio_start: int  # bytes before the first frame
    seek_beyond: bool  # whether a seek point lies beyond the end


def parse_header(read: Callable[[int], bytes]) -> FlacHeader:
    """Read a header from a stream's `read`.

    Raises:
        Fault: `empty_file`, `not_flac`, `truncated_header`, `damaged_header` or
            `metadata_too_large`; what the stream itself raises passes through.
    """
    magic = read(4)
    if not magic:
        raise Fault("empty_file", "the file has no bytes")
    if magic != b"fLaC":
        kind = kind_of(magic + read(12)) or f"begins with {magic!r}"
        raise Fault("not_flac", f"not a FLAC stream: {kind}")
    last, kind, length = _block_header(read)
    if kind != _STREAMINFO or length != _STREAMINFO_BYTES:
        raise Fault("damaged_header", f"the first metadata block has type {kind} and {length} bytes")
    info = _exactly(read, _STREAMINFO_BYTES)
    position, blocks, seek_points = 8 + _STREAMINFO_BYTES, 1, b""
    while not last:
        last, kind, length = _block_header(read)
        blocks += 1
        if position + length > MAX_METADATA_BYTES or blocks > MAX_METADATA_BLOCKS:
            raise Fault(
                "metadata_too_large", f"{blocks} metadata blocks with {position + length} bytes or more"
            )
        if kind in (_STREAMINFO, _INVALID):
            raise Fault("damaged_header", f"metadata block {blocks} has type {kind}")
        body = _exactly(read, length)
        seek_points = body if kind == _SEEKTABLE else seek_points
        position += 4 + length
    return _from_streaminfo(info, position, seek_points)


def _exactly(read: Callable[[int], bytes], count: int) -> bytes:
    data = read(count)
    if len(data) < count:
        raise Fault("truncated_header", "the file ends within its FLAC header")
    return data


def _block_header(read: Callable[[int], bytes]) -> tuple[bool, int, int]:
    """Whether a block is the last, its type and its length (bytes)."""
    header = _exactly(read, 4)
    return bool(header[0] & 0x80), header[0] & 0x7F, int.from_bytes(header[1:], "big")


def _from_streaminfo(info: bytes, audio_start: int, seek_points: bytes) -> FlacHeader:
    min_block, max_block = int.from_bytes(info[0:2], "big"), int.from_bytes(info[2:4], "big")
    if not 16 <= min_block <= max_block:
        raise Fault("damaged_header", f"block sizes from {min_block} to {max_block} samples")
    packed = int.from_bytes(info[10:18], "big")  # 20 bits rate, 3 channels, 5 bits, 36 samples
    frames = packed & (2**36 - 1)
    bits = (packed >> 36 & 31) + 1
    if bits < 4:
        raise Fault("damaged_header", f"{bits} bits per sample")
    numbers = (
        int.from_bytes(seek_points[i : i + 8], "big") for i in range(0, len(seek_points), _SEEKPOINT_BYTES)
    )
    beyond = any(frames <= number != _PLACEHOLDER for number in numbers)
    return FlacHeader(
        sample_rate=packed >> 44,
        channels=(packed >> 41 & 7) + 1,
        bits=bits,
        frames=frames,
        md5=info[18:34],
        max_frame_bytes=int.from_bytes(info[7:10], "big"),
        audio_start=audio_start,
        seek_beyond=beyond and frames > 0,
    )


def header_faults(header: FlacHeader, wanted: Expectation) -> Iterator[Fault]:
    """All that is wrong with a header by what the challenge expects."""
    if header.sample_rate != wanted.sample_rate:
        yield Fault("wrong_sample_rate", f"{header.sample_rate} Hz, not {wanted.sample_rate} Hz")
    if header.channels != wanted.channels:
        yield Fault("wrong_channels", f"{counted(header.channels, 'channel')}, not {wanted.channels}")
    if header.bits != BITS:
        yield Fault("wrong_bits", f"{header.bits} bits per sample, not {BITS}")
    if header.frames == 0:
        yield Fault("unknown_length", "the header states no number of samples")
    else:
        yield from _length_faults(header, wanted)
    if not any(header.md5):
        yield Fault("zero_md5", "the header has no MD5 of the samples")
    if header.seek_beyond:
        yield Fault("bad_seek_table", f"a seek point lies beyond the {header.frames} samples")


def _length_faults(header: FlacHeader, wanted: Expectation) -> Iterator[Fault]:
    seconds = header.frames / (header.sample_rate or wanted.sample_rate)
    if wanted.seconds is None:
        if seconds > MAX_SECONDS:
            yield Fault("wrong_length", f"{seconds:.1f} s; no music here is longer than {MAX_SECONDS:g} s")
        return
    off = abs(seconds - wanted.seconds)
    if off > LENGTH_TOLERANCE * wanted.seconds:
        yield Fault("wrong_length", f"{seconds:.4g} s, but the reference has {wanted.seconds:.4g} s")
    elif off > LENGTH_MARGIN_SECONDS:
        yield Fault("length_differs", f"{seconds:.4g} s; the reference has {wanted.seconds:.4g} s")


def most_frames(wanted: Expectation) -> int:
    """How many samples of a channel are decoded at all.

    Twice what the rate asks for, so that a file with a wrong rate is looked into as well.
    """
    seconds = MAX_SECONDS if wanted.seconds is None else (1 + LENGTH_TOLERANCE) * wanted.seconds
    return math.ceil(seconds * 2 * wanted.sample_rate)
