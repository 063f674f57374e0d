"""What the bad inputs are made of: a small challenge, a good submission, ways to spoil it."""

import io
import os
import struct
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np
import soundfile
from raw_zip import Raw, central_header, end_record, local_header, raw_zip

from haaqinet_eval.cadenza.options import SCENE_NAMES
from haaqinet_eval.submissions.challenges import identify
from haaqinet_eval.submissions.expected import REMIX, SCALE, STEM, Expectation, ExpectedFiles, Sounds

RATE, SECONDS = 32000, 1.5
FRAMES = int(RATE * SECONDS)
PAIRS = [("S10001", "L0001"), ("S10001", "L0002"), ("S10002", "L0001"), ("S10002", "L0003")]
FIRST = "S10001_L0001_remix.flac"
LISTENERS = frozenset({"L0001", "L0002", "L0003", "L0004"})


@cache
def source(scene: str, part: int) -> np.ndarray:
    """One of a scene's two sources [T, 2], ears alike but not the same."""
    rng = np.random.default_rng([int(scene[1:]), part])
    noise = np.cumsum(rng.standard_normal((FRAMES + 400, 3)), axis=0)
    coloured = np.diff(noise, axis=0)[:FRAMES] + 0.8 * np.diff(noise, axis=0)[1 : FRAMES + 1]
    both = coloured[:, :2] + 0.5 * coloured[:, 2:]
    return 0.06 * both


def mixture(scene: str) -> np.ndarray:
    return source(scene, 0) + source(scene, 1)


def reference(scene: str) -> np.ndarray:
    return 0.5 * source(scene, 0) + source(scene, 1)


@cache
def output(scene: str, listener: str) -> np.ndarray:
    """What a fair system makes of a scene [T, 2]."""
    gain = 0.8 + 0.05 * int(listener[1:])
    return gain * (0.65 * source(scene, 0) + source(scene, 1))


def flac(samples: np.ndarray, rate: int = RATE, subtype: str = "PCM_16") -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format="FLAC", subtype=subtype)
    return buffer.getvalue()


@cache
def good_files() -> dict[str, bytes]:
    return {f"{scene}_{listener}_remix.flac": flac(output(scene, listener)) for scene, listener in PAIRS}


def challenge(side_cars: bool = False, compare: bool = True) -> ExpectedFiles:
    """The corpus's own challenge; with side-cars, each file may have one."""
    files = {}
    for scene, listener in PAIRS:
        name = f"{scene}_{listener}_remix.flac"
        files[name] = Expectation(scene, listener, STEM if side_cars else REMIX, RATE, 2, SECONDS)
        if side_cars:
            files[name.replace(".flac", ".txt")] = Expectation(scene, listener, SCALE, required=False)

    def sounds(name: str) -> Sounds:
        scene = name.split("_")[0]
        return Sounds(RATE, mixture(scene), mixture(scene), (reference(scene),))

    identified = partial(identify, SCENE_NAMES)
    return ExpectedFiles("test challenge", files, LISTENERS, identified, sounds if compare else None)


def write(folder: Path, content: bytes, name: str = "submission.zip") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def with_files(changes: dict[str, bytes | None], **zip_options) -> Callable[[Path], Path]:
    """The good submission with files added, replaced or (None) left out."""

    def build(folder: Path) -> Path:
        files = {k: v for k, v in {**good_files(), **changes}.items() if v is not None}
        return write(folder, raw_zip([Raw(k, v) for k, v in files.items()], **zip_options))

    return build


def with_members(*members: Raw, **zip_options) -> Callable[[Path], Path]:
    """The good submission and further members; one with a good file's name stands in its place."""

    def build(folder: Path) -> Path:
        names = [member.name for member in members]
        good = [Raw(name, data) for name, data in good_files().items() if name not in names]
        return write(folder, raw_zip([*good, *members], **zip_options))

    return build


def first(content: bytes | Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    """The good submission with other content in its first file."""

    def build(folder: Path) -> Path:
        data = content(good_files()[FIRST]) if callable(content) else content
        return with_files({FIRST: data})(folder)

    return build


def renamed(name: str) -> Callable[[Path], Path]:
    """The good submission with its first file under another name."""

    def build(folder: Path) -> Path:
        return with_files({FIRST: None, name: good_files()[FIRST]})(folder)

    return build


def whole(change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    """The good submission's zip, changed as a whole."""
    return lambda folder: write(folder, change(with_files({})(folder).read_bytes()))


def signal(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], Path]:
    """The good submission with its first file's samples changed."""
    return first(lambda _: flac(change(output("S10001", "L0001").copy())))


def patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def poked(data: bytes, at: int, mask: int = 0x10) -> bytes:
    return patched(data, at, bytes([data[at] ^ mask]))


def total_samples(data: bytes, total: int) -> bytes:
    """A stream that states another length: 36 bits, from the low half of byte 21."""
    return patched(data, 21, bytes([data[21] & 0xF0 | total >> 32]) + (total & 0xFFFFFFFF).to_bytes(4, "big"))


def rate(data: bytes, hz: int) -> bytes:
    """A stream that states another rate: 20 bits from byte 18."""
    return patched(data, 18, (hz << 4 | data[20] & 15).to_bytes(3, "big"))


# -- archives that need more than a member


def overlapping(folder: Path) -> Path:
    """Every entry refers to the bytes of the first: one kilobyte read many times over."""
    files = [Raw(name, data) for name, data in good_files().items()]
    body = local_header(files[0], files[0].data) + files[0].data
    copies = [Raw(member.name, files[0].data) for member in files]
    directory = b"".join(central_header(member, member.data, 0) for member in copies)
    return write(folder, body + directory + end_record(len(copies), len(directory), len(body)))


def a_million_entries(folder: Path) -> Path:
    one = Raw("a")
    body = local_header(one, b"")
    directory = central_header(one, b"", 0) * 1_000_000
    return write(folder, body + directory + end_record(1_000_000, len(directory), len(body), zip64=True))


def truncated_directory(folder: Path) -> Path:
    return whole(lambda data: data[: data.index(b"PK\1\2") + 80])(folder)


def above_4_gib(folder: Path) -> Path:
    """A sparse file whose audio lies beyond 4 GiB, in zip64: large, and nothing wrong with it."""
    path = folder / "submission.zip"
    entries = []
    with path.open("wb") as file:
        for i in range(17):
            hole = Raw(f"notes/{i}.bin", crc=0, size=255 * 2**20, compressed=255 * 2**20, zip64=True)
            entries.append((hole, file.tell()))
            file.write(local_header(hole, b""))
            file.seek(255 * 2**20, os.SEEK_CUR)
        for name, data in good_files().items():
            member = Raw(name, data, zip64=True)
            entries.append((member, file.tell()))
            file.write(local_header(member, data) + data)
        directory = b"".join(central_header(member, member.data, at) for member, at in entries)
        start = file.tell()
        file.write(directory + end_record(len(entries), len(directory), start, zip64=True))
    return path


def folder_with(make: Callable[[Path], None]) -> Callable[[Path], Path]:
    """The good submission as a folder, with something more in it."""

    def build(folder: Path) -> Path:
        root = folder / "enhanced_signals"
        root.mkdir()
        for name, data in good_files().items():
            (root / name).write_bytes(data)
        make(root)
        return root

    return build


def ima_adpcm() -> bytes:
    """A WAV with the block sizes that overflow in libsndfile 1.2.2 (CVE-2026-37555)."""
    fmt = struct.pack("<2H2L2H2H", 0x11, 2, RATE, RATE, 0xFFFF, 4, 2, 0xFFFF)
    body = b"WAVE" + b"fmt " + struct.pack("<L", len(fmt)) + fmt + b"data" + struct.pack("<L", 0x7FFFFFFF)
    return b"RIFF" + struct.pack("<L", 0x7FFFFFFF) + body + bytes(64)


def wav(format: str) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, output("S10001", "L0001"), RATE, format=format)
    return buffer.getvalue()


def pcm(bits: int = 16, channels: int = 2, frames: int = FRAMES) -> np.ndarray:
    """The first file's samples as integers [T, C]."""
    both = np.resize(output("S10001", "L0001"), (frames, 2))
    return np.round(both * (2 ** (bits - 1) - 1)).astype(np.int64)[:, [i % 2 for i in range(channels)]]


def stretched(samples: np.ndarray, share: float) -> np.ndarray:
    at = np.arange(int(len(samples) / (1 + share))) * (1 + share)
    return np.stack([np.interp(at, np.arange(len(samples)), channel) for channel in samples.T], axis=1)
