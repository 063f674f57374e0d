"""How long a submission of 20,000 files takes to check, and how much memory.

python benchmarks/validate.py

Names, archive and headers of all 20,000; decoding of 200 files of 10 s, stereo at 32 kHz. The
last line gives decoding as a share of what plain `soundfile.read` takes for the same files.
"""

import io
import resource
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import soundfile

from haaqinet_eval.submissions import validate
from haaqinet_eval.submissions.expected import REMIX, Expectation, ExpectedFiles

RATE, SECONDS, SCENES, LISTENERS, DECODED = 32000, 10.0, 1000, 20, 200


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
    wanted = Expectation("S", "L", REMIX, RATE, 2, SECONDS)
    return ExpectedFiles("benchmark", dict.fromkeys(names, wanted), frozenset("L"), lambda name: None)


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
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "submission.zip"
        head = data[: 2**12]  # headers are all that is read, so the zip need not be 13 GB
        shallow = timed(path, make_zip(path, names, head), deep=False)
        deep = timed(path, make_zip(path, names[:DECODED], data), deep=True)
    start = time.perf_counter()
    for _ in range(DECODED):
        soundfile.read(io.BytesIO(data), dtype="int16")
    plain = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(f"{len(names)} files, headers only: {shallow:.1f} s")
    print(f"{DECODED} files, decoded and verified: {1000 * deep / DECODED:.1f} ms a file")
    print(f"peak memory: {memory:.0f} MiB")
    print(f"decoding and verifying takes {deep / plain:.1f} times soundfile.read alone")


if __name__ == "__main__":
    main()
