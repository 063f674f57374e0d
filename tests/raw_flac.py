"""A FLAC writer with verbatim subframes only (RFC 9639), so that every field can be set."""

import hashlib

import numpy as np

from haaqinet_eval.io.containers.flac import sample_bytes
from haaqinet_eval.io.containers.flac_end import crc8, crc16


def coded_number(n: int) -> bytes:
    """A frame number, coded as in UTF-8."""
    if n < 0x80:
        return bytes([n])
    extra = 1
    while n >= 1 << (5 * extra + 6):
        extra += 1
    head = (0xFF00 >> (extra + 1) & 0xFF) | n >> (6 * extra)
    return bytes([head, *(0x80 | n >> (6 * i) & 0x3F for i in reversed(range(extra)))])


def big_endian(samples: np.ndarray, bits: int) -> bytes:
    """Samples [T] as so many bits each, the most significant first."""
    if bits in (8, 16, 24, 32):
        four = samples.astype(">i4").view(np.uint8).reshape(-1, 4)
        return four[:, 4 - bits // 8 :].tobytes()
    digits = (samples.astype(np.int64)[:, None] >> np.arange(bits)[::-1]) & 1
    return np.packbits(digits.astype(np.uint8)).tobytes()


def frame(block: np.ndarray, number: int, bits: int) -> bytes:
    """One frame of samples [T, C]; constant subframes where a channel does not change."""
    length, channels = block.shape
    head = (
        bytes([0xFF, 0xF8, 0x70, (channels - 1) << 4])
        + coded_number(number)
        + (length - 1).to_bytes(2, "big")
    )
    out = head + bytes([crc8(head)])
    for channel in block.T:
        constant = (channel == channel[0]).all()
        out += b"\0" + big_endian(channel[:1], bits) if constant else b"\2" + big_endian(channel, bits)
    return out + crc16(out).to_bytes(2, "big")


def metadata_block(kind: int, body: bytes, last: bool = False) -> bytes:
    return bytes([kind | 0x80 * last]) + len(body).to_bytes(3, "big") + body


def streaminfo(rate: int, channels: int, bits: int, total: int, md5: bytes, block: int = 4096) -> bytes:
    packed = rate << 44 | (channels - 1) << 41 | (bits - 1) << 36 | total
    return block.to_bytes(2, "big") * 2 + bytes(6) + packed.to_bytes(8, "big") + md5


def raw_flac(samples, rate=32000, bits=16, block=4096, total=None, md5=None, blocks=()) -> bytes:
    """A stream of integer samples [T, C].

    Args:
        total, md5: stated instead of the right ones.
        blocks: further metadata blocks, (type, bytes).
    """
    samples = np.asarray(samples)
    total = len(samples) if total is None else total
    md5 = hashlib.md5(sample_bytes(samples, bits)).digest() if md5 is None else md5
    parts = [(0, streaminfo(rate, samples.shape[1], bits, total, md5, block)), *blocks]
    out = [b"fLaC"]
    out += [metadata_block(kind, body, i == len(parts) - 1) for i, (kind, body) in enumerate(parts)]
    out += [frame(samples[i : i + block], i // block, bits) for i in range(0, len(samples), block)]
    return b"".join(out)
