"""What a FLAC stream states of its samples, and what it holds (RFC 9639)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from .flac_end import frame_samples, last_frame

DECODABLE_BITS = (8, 16, 24)  # what libsndfile reads without loss
_INFO = 8  # bytes before the body of STREAMINFO, which is 34 long
_TOTAL = 2**36 - 1
_BLOCK = 2**18  # samples of a channel


@dataclass(frozen=True)
class Stated:
    """What a stream says of itself (section 8.2)."""

    at: int  # where `fLaC` stands: after an ID3 tag, if there is one
    bits: int  # per sample
    total: int  # samples of each channel; 0 where unknown
    md5: bytes  # of the samples; zeros where unknown
    block: int  # samples of a frame, the last one excepted
    max_frame_bytes: int  # of an encoded frame; 0 where unknown
    audio_start: int  # where the first frame begins


def stated(data: bytes) -> Stated | None:
    """A FLAC file's own account; None for what is none, or is damaged there."""
    at = 0
    if data[:3] == b"ID3" and len(data) > 10:  # four bytes of seven bits
        at = 10 + sum((byte & 0x7F) << 7 * i for i, byte in enumerate(reversed(data[6:10])))
    head = data[at : at + _INFO + 34]
    if len(head) < _INFO + 34 or head[:4] != b"fLaC" or head[4] & 0x7F or head[5:8] != b"\0\0\x22":
        return None
    info = head[_INFO:]
    packed = int.from_bytes(info[10:18], "big")
    audio_start, last = at + 4, False
    while not last and audio_start + 4 <= len(data):
        last = bool(data[audio_start] & 0x80)
        audio_start += 4 + int.from_bytes(data[audio_start + 1 : audio_start + 4], "big")
    return Stated(
        at=at,
        bits=(packed >> 36 & 31) + 1,
        total=packed & _TOTAL,
        md5=info[18:34],
        block=int.from_bytes(info[2:4], "big"),
        max_frame_bytes=int.from_bytes(info[7:10], "big"),
        audio_start=audio_start,
    )


def held(data: bytes, flac: Stated) -> int | None:
    """Samples of each channel by the last frame; None where the file does not end with a frame."""
    if data[-128:-125] == b"TAG":  # ID3's first version
        data = data[:-128]
    at = last_frame(data, flac.audio_start, flac.max_frame_bytes)
    return None if at is None else sum(frame_samples(data[at : at + 16], flac.block))


def with_total(data: bytes, flac: Stated, total: int) -> tuple[bytes, Stated]:
    """The file with another number of samples in its header."""
    at = flac.at + _INFO + 10
    packed = int.from_bytes(data[at : at + 8], "big") & ~_TOTAL | total
    return data[:at] + packed.to_bytes(8, "big") + data[at + 8 :], replace(flac, total=total)


def sample_bytes(samples: np.ndarray, bits: int) -> bytes:
    """Samples as FLAC's MD5 sees them: little-endian, in whole bytes (section 8.2)."""
    if bits <= 8:
        return samples.astype("<i1").tobytes()
    if bits <= 16:
        return samples.astype("<i2").tobytes()
    four = np.ascontiguousarray(samples, dtype="<i4").view(np.uint8).reshape(-1, 4)
    return four[:, :3].tobytes()


def md5_of(samples: np.ndarray, bits: int) -> bytes:
    """The MD5 that a header has of samples [T, C], so many bits at the top of 32."""
    md5 = hashlib.md5(usedforsecurity=False)
    for first in range(0, len(samples), _BLOCK):
        md5.update(sample_bytes(samples[first : first + _BLOCK] >> 32 - bits, bits))
    return md5.digest()
