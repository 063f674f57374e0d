"""How long a submission takes to check, how much memory, and how both grow with its size.

python benchmarks/validate.py [GB ...]           default: 0.25 0.5 1

Names, archive and headers of 20,000 files; decoding of 200 files of 10 s, stereo at 32 kHz, also as a
multiple of what plain `soundfile.read` takes; then whole zips of growing size, each in a process of
its own, and a zip64 of 4.3 GB of which headers alone are read. Times are CPU seconds, so that other
work on the machine counts little. The largest official submission, 23 GB, is drawn from the straight line
through the sizes, unless one of them is as large. Zips are written to a temporary folder.
"""

import io
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import soundfile

from haaqinet_eval.submissions import validate
from haaqinet_eval.submissions.expected import REMIX, Expectation, ExpectedFiles

RATE, SECONDS, SCENES, LISTENERS, DECODED = 32000, 10.0, 1000, 20, 200
SIZES = (0.25, 0.5, 1.0)  # GB of the zips that are wholly checked
ZIP64, OFFICIAL = 4.3, 23.0  # GB: headers of a zip64; CAD1 task 1's 49 songs for 50 listeners


def encoded() -> bytes:
    """A FLAC file of noise with music's spectral slope."""
    noise = np.cumsum(np.random.default_rng(0).standard_normal((int(RATE * SECONDS), 2)), axis=0)
    noise -= np.linspace(noise[0], noise[-1], len(noise))
    buffer = io.BytesIO()
    soundfile.write(buffer, 0.5 * noise / np.abs(noise).max(), RATE, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def make_zip(path: Path, names: list[str], data: bytes) -> ExpectedFiles:
    """A zip with the same audio under all names, and the challenge that expects them."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, data)
    return expected(names)


def expected(names: list[str]) -> ExpectedFiles:
    """The challenge that expects these names."""
    wanted = Expectation("S", "L", REMIX, RATE, 2, SECONDS)
    return ExpectedFiles("benchmark", dict.fromkeys(names, wanted), frozenset("L"), lambda name: None)


def cost(path: Path, names: list[str], deep: bool) -> tuple[float, float]:
    """CPU seconds and peak memory (MiB) of a check and its decoder, in a process that does nothing else."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        return pool.submit(_cost, path, names, deep).result()


def _cost(path: Path, names: list[str], deep: bool) -> tuple[float, float]:
    timed(path, expected(names), deep)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used), sum(u.ru_maxrss for u in used) / 2**10


def growth(folder: Path, data: bytes, sizes: list[float]) -> None:
    """Print cost by size, and what the straight line through it says of the largest submission."""
    rows = []
    for size, deep in (*((size, True) for size in sizes), (ZIP64, False)):
        if shutil.disk_usage(folder).free < 1.5 * size * 1e9:
            sys.exit(f"{folder}: {size} GB and half as much again must be free")
        names = [f"S{i}_L_remix.flac" for i in range(round(size * 1e9 / len(data)))]
        path = folder / "grown.zip"
        make_zip(path, names, data)
        seconds, memory = cost(path, names, deep)
        print(f"{size:g} GB, {len(names)} files, {'whole' if deep else 'zip64, headers'}: "
              f"{seconds:.1f} s of CPU, {memory:.0f} MiB")  # fmt: skip
        path.unlink()
        if deep:
            rows.append((size, seconds, memory))
    gb, seconds, memory = np.array(rows).T
    slope, begin = np.polyfit(gb, seconds, 1)
    more = np.polyfit(gb, memory, 1)[0]
    print(f"each GB: {slope:.0f} s of CPU and {more:+.1f} MiB")
    if gb.max() >= OFFICIAL:
        return
    minutes = (begin + slope * OFFICIAL) / 60
    total = memory[-1] + max(more, 0) * (OFFICIAL - gb[-1])
    print(f"drawn from the line, not run: {OFFICIAL:g} GB takes {minutes:.0f} min of CPU, {total:.0f} MiB")


def timed(path: Path, expected: ExpectedFiles, deep: bool) -> float:
    """Seconds that validation takes; there must be no error."""
    start = time.perf_counter()
    findings = validate(path, expected, deep)
    assert all(item.severity != "error" for item in findings), findings[0]
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    data = encoded()
    names = [f"S{scene}_L{listener}_remix.flac" for scene in range(SCENES) for listener in range(LISTENERS)]
    sizes = [float(size) for size in sys.argv[1:]] or list(SIZES)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "submission.zip"
        head = data[: 2**12]  # headers are all that is read, so the zip need not be 13 GB
        shallow = timed(path, make_zip(path, names, head), deep=False)
        deep = timed(path, make_zip(path, names[:DECODED], data), deep=True)
        path.unlink()
        growth(Path(folder), data, sizes)
    start = time.perf_counter()
    for _ in range(DECODED):
        soundfile.read(io.BytesIO(data), dtype="int16")
    plain = time.perf_counter() - start
    print(f"{len(names)} files, headers only: {shallow:.1f} s")
    print(f"{DECODED} files, decoded and verified: {1000 * deep / DECODED:.1f} ms a file")
    print(f"decoding and verifying takes {deep / plain:.1f} times soundfile.read alone")


if __name__ == "__main__":
    main()
