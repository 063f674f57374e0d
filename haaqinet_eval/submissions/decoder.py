"""The child process that decodes FLAC: `python -m haaqinet_eval.submissions.decoder`.

It reads requests from stdin and answers on stdout, one after another, until stdin ends. It
limits its own memory and CPU time, gives up files, network and processes (`sealing`), all where the
system can, and may crash: it is alone with one submission's bytes.
"""

from __future__ import annotations

import hashlib
import io
import sys

import numpy as np
import soundfile

from ..io.containers.flac import sample_bytes
from .limits import DECODE_CPU_SECONDS, DECODE_MEMORY_BYTES
from .sealing import seal
from .wire import CORRUPT, DONE, NO_MEMORY, REPLY, REQUEST

try:
    import resource
except ImportError:  # Windows; the parent says that nothing limits this process but its clock
    resource = None

_BLOCK = 2**16  # samples of a channel


def decode(data: bytes, most: int, bits: int) -> tuple[int, int, bytes, list[bytes]]:
    """Channels, samples of a channel, MD5 and the samples' bytes, block by block."""
    wide = bits > 16
    dtype, shift = ("int32", 32 - bits) if wide else ("int16", 16 - bits)  # libsndfile fills from the top
    md5, blocks, count = hashlib.md5(usedforsecurity=False), [], 0
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        if file.format != "FLAC":
            raise ValueError(f"the format is {file.format}")
        while count < most:
            block = file.read(min(_BLOCK, most - count), dtype=dtype, always_2d=True) >> shift
            if not len(block):
                break
            count += len(block)
            md5.update(sample_bytes(block, bits))
            blocks.append(block.astype("<i4" if wide else "<i2").tobytes())
        return file.channels, count, md5.digest(), blocks


def answer(data: bytes, most: int, bits: int) -> list[bytes]:
    """The parts of the answer to one request."""
    try:
        channels, count, md5, blocks = decode(data, most, bits)
    except (soundfile.LibsndfileError, ValueError) as error:
        message = getattr(error, "error_string", str(error)).encode("utf-8", "replace")[:500]
        return [REPLY.pack(CORRUPT, 0, 0, bytes(16), len(message)), message]
    except MemoryError:
        return [REPLY.pack(NO_MEMORY, 0, 0, bytes(16), 0)]
    return [REPLY.pack(DONE, channels, count, md5, 0), *blocks]


def limit_process() -> None:
    """No core dumps, no new files, bounded memory."""
    if resource is None:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (DECODE_MEMORY_BYTES, DECODE_MEMORY_BYTES))


def limit_cpu() -> None:
    """So many seconds of CPU time from now on."""
    if resource is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + DECODE_CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))


def warm_up() -> None:
    """Decode something sound and something broken, so that all code that decoding needs is loaded."""
    sound = io.BytesIO()
    soundfile.write(sound, np.zeros((16, 1), np.int16), 8000, format="FLAC", subtype="PCM_16")
    for data in (sound.getvalue(), b""):
        answer(data, 16, 16)


def main() -> None:
    """Answer requests until stdin ends."""
    warm_up()
    limit_process()
    seal()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while len(head := source.read(REQUEST.size)) == REQUEST.size:
        limit_cpu()
        size, most, bits = REQUEST.unpack(head)
        for part in answer(source.read(size), most, bits):
            sink.write(part)
        sink.flush()


if __name__ == "__main__":
    main()
